//! A real browser for tests: headless Chromium, driven through ChromeDriver.
//!
//! Helpers speak of what a person sees: the words on a button, the label of a field.
//! They panic, saying where the browser was and what it showed, so that a test reads
//! as the walk it makes. `scripts/test` installs what this needs.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

#[path = "browser/checks.rs"]
mod checks;
#[path = "browser/chromedriver.rs"]
mod chromedriver;
#[path = "browser/find.rs"]
mod find;

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};

/// How long a page may take to come, or an element to show, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// Headless, as root if need be, and without Chromium's own talk to the outside.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
];

/// Whether the pages' own scripts run. The helpers work either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    On,
    Off,
}

/// What the browser tells pages that its user prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// What the browser looks like to a page.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    pub scheme: Scheme,
    pub script: Script,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, height: 800, scheme: Scheme::Light, script: Script::On }
    }
}

/// One browser with an empty profile of its own. It closes when dropped, also by a panic;
/// end a test with [`Browser::close`], which looks at the console too.
pub struct Browser {
    driver: WebDriver,
    base: String,
    _profile: TempDir,
}

impl Browser {
    /// Opens a browser for the portal at `base`, such as `http://127.0.0.1:8080`.
    pub async fn open(base: &str, look: Look) -> Self {
        let chromedriver = chromedriver::running();
        let profile = tempfile::tempdir_in(&chromedriver.profiles).expect("a profile's folder");
        let capabilities = capabilities(profile.path(), look.script).expect("capabilities");
        let driver = WebDriver::new(chromedriver.url(), capabilities).await.expect("Chromium starts");
        // The library's own end of a session waits two minutes on the runtime of a test that
        // panicked; `drop` below needs no runtime.
        driver.clone().leak().expect("a session that has not ended");
        let browser = Self { driver, base: base.trim_end_matches('/').to_owned(), _profile: profile };
        browser.appear(look.width, look.height, look.scheme).await;
        browser
    }

    /// The driver below, for what has no helper here.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Changes the size and the preferred scheme, for this page and those that follow.
    pub async fn appear(&self, width: u32, height: u32, scheme: Scheme) {
        let scheme = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        // Not the window's size: a window has a least width that is wider than a phone.
        let devtools = self.driver.cdp();
        devtools
            .emulation()
            .set_device_metrics_override(width, height, 1.0, false)
            .await
            .expect("the size is set");
        devtools.send_raw("Emulation.setEmulatedMedia", media).await.expect("the scheme is set");
    }

    /// Goes to a path of the portal, as if typed into the address bar.
    pub async fn visit(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        self.driver.goto(url.as_str()).await.unwrap_or_else(|error| panic!("{url} does not open: {error}"));
    }

    /// Where the browser is: the path, and the query if there is one.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.expect("a URL");
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    pub async fn title(&self) -> String {
        self.driver.title().await.expect("a title")
    }

    /// The visible text of the first element that the selector finds.
    pub async fn text_of(&self, css: &str) -> String {
        self.element(css).await.text().await.expect("text")
    }

    /// Whether the page, as it is now, has such an element.
    pub async fn has(&self, css: &str) -> bool {
        let found = self.driver.find_all(By::Css(css)).await.expect("a selector");
        !found.is_empty()
    }

    /// Waits until the page shows these words; fails if they do not come.
    pub async fn sees(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.visible_text().await.contains(words) {
            if Instant::now() > deadline {
                self.lost(&format!("the words {words:?}")).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Replaces what a field holds. The field is named by its label's words or its `name`.
    pub async fn fill(&self, field: &str, value: &str) {
        let element = self.field(field).await;
        element.clear().await.expect("the field can be cleared");
        element.send_keys(value).await.expect("the field takes text");
    }

    /// Chooses a file of this machine in a file field.
    pub async fn attach(&self, field: &str, file: &Path) {
        let path = file.to_str().expect("a path in UTF-8");
        let element = self.field(field).await;
        element.send_keys(path).await.expect("the field takes a file");
    }

    /// Chooses an option of a `<select>` by its words.
    pub async fn select(&self, field: &str, option: &str) {
        let list = self.field(field).await;
        for candidate in list.find_all(By::Css("option")).await.expect("options") {
            if candidate.text().await.expect("text") == option {
                return candidate.click().await.expect("the option can be chosen");
            }
        }
        self.lost(&format!("the option {option:?} of {field:?}")).await;
    }

    /// Ticks a checkbox or chooses a radio button; leaves it so if it is already.
    pub async fn tick(&self, field: &str) {
        let element = self.field(field).await;
        if !element.is_selected().await.expect("a checkbox or radio button") {
            element.click().await.expect("it can be clicked");
        }
    }

    /// Presses a button by its words and waits for the page that follows.
    pub async fn press(&self, button: &str) {
        let page = self.element("html").await;
        self.press_here(button).await;
        self.left(&page, &format!("pressing {button:?}")).await;
    }

    /// Presses a button, or opens a `<details>`, and stays on the page.
    pub async fn press_here(&self, button: &str) {
        let element = self.button(button).await;
        element.click().await.expect("the button can be clicked");
    }

    /// Follows a link by its words and waits for the page that follows.
    pub async fn follow(&self, link: &str) {
        let page = self.element("html").await;
        let element = self.link(link).await;
        element.click().await.expect("the link can be clicked");
        self.left(&page, &format!("following {link:?}")).await;
    }

    /// Presses Tab until the element in focus has this accessible name.
    pub async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..150 {
            self.keys(Key::Tab).await;
            let focused = self.focused().await;
            if focused == name {
                return;
            }
            passed.push(focused);
        }
        let stops = passed.join(" | ");
        self.lost(&format!("by Tab {name:?}, but {stops};")).await;
    }

    /// The accessible name of the element in focus, as assistive technology says it.
    pub async fn focused(&self) -> String {
        let element = self.driver.active_element().await.expect("a focus");
        self.accessible_name(&element).await
    }

    /// Types into whatever is in focus: text, or a [`Key`].
    pub async fn keys(&self, keys: impl Into<TypingData>) {
        let typing = self.driver.action_chain().send_keys(keys);
        typing.perform().await.expect("the keys are taken");
    }

    /// Presses Enter on whatever is in focus and waits for the page that follows.
    pub async fn enter(&self) {
        let page = self.element("html").await;
        self.keys(Key::Enter).await;
        self.left(&page, "pressing Enter").await;
    }

    /// Saves the whole page, beyond the window too, as a PNG.
    pub async fn screenshot(&self, file: &Path) {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let devtools = self.driver.cdp();
        let answer = devtools.send_raw("Page.captureScreenshot", whole).await;
        let answer = answer.expect("a screenshot");
        let data = answer["data"].as_str().expect("base64");
        let png = base64::prelude::BASE64_STANDARD.decode(data);
        std::fs::write(file, png.expect("base64")).expect("the PNG is written");
    }

    /// Ends the browser; fails if its console held a complaint (S22).
    pub async fn close(self) {
        self.assert_quiet_console().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        chromedriver::running().end(self.driver.session_id());
    }
}

fn capabilities(profile: &Path, script: Script) -> WebDriverResult<ChromeCapabilities> {
    let mut chromium = DesiredCapabilities::chrome();
    for flag in FLAGS {
        chromium.add_arg(flag)?;
    }
    chromium.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    chromium.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    match script {
        Script::On => {}
        Script::Off => {
            let blocked = json!({ "profile.managed_default_content_settings.javascript": 2 });
            chromium.add_experimental_option("prefs", blocked)?;
        }
    }
    Ok(chromium)
}
