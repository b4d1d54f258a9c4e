//! Somebody at a browser, with a mouse or with a keyboard alone, and what they have at hand.

use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;
use thirtyfour::{By, Key};

use crate::{
    browser::{Browser, Look},
    support::{
        site::Portal,
        world::{PASSWORD, Person as User},
    },
};

/// What a person works the pages with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    Mouse,
    /// Tab, Enter, Space and letters; never a click.
    Keyboard,
}

/// Names things by the words on them. Each page has what it does reachable either way.
pub(crate) struct Person {
    pub(crate) browser: Browser,
    hands: Hands,
}

impl Person {
    pub(crate) async fn new(portal: &Portal, look: Look, hands: Hands) -> Self {
        Self { browser: Browser::open(&portal.site.url, look).await, hands }
    }

    pub(crate) async fn fill(&self, label: &str, value: &str) {
        match self.hands {
            Hands::Mouse => self.browser.fill(label, value).await,
            Hands::Keyboard => {
                self.browser.tab_to(label).await;
                self.browser.keys(value).await;
            }
        }
    }

    /// Chooses an option of a `<select>`; by keyboard, by typing its first word.
    pub(crate) async fn select(&self, label: &str, option: &str) {
        match self.hands {
            Hands::Mouse => self.browser.select(label, option).await,
            Hands::Keyboard => {
                self.browser.tab_to(label).await;
                let word: String = option.chars().take_while(char::is_ascii_alphanumeric).collect();
                self.browser.keys(word).await;
            }
        }
    }

    /// Chooses a file. The dialog is the system's, so a keyboard leads to it and no further.
    pub(crate) async fn attach(&self, label: &str, file: &Path) {
        if self.hands == Hands::Keyboard {
            self.browser.tab_to(label).await;
        }
        self.browser.attach(label, file).await;
    }

    /// Takes the radio button or checkbox whose label begins so.
    pub(crate) async fn choose(&self, words: &str) {
        match self.hands {
            Hands::Mouse => {
                let label = format!("//label[starts-with(normalize-space(.), {words:?})]");
                let label = self.browser.driver().find(By::XPath(label)).await.expect("a label");
                label.click().await.expect("it can be clicked");
            }
            Hands::Keyboard => {
                self.tab_to_beginning(words).await;
                // An arrow has taken a radio button already.
                if !self.browser.has("input[type=radio]:focus:checked").await {
                    self.browser.keys(" ").await;
                }
            }
        }
    }

    /// Presses a button that leads to another page.
    pub(crate) async fn press(&self, button: &str) {
        match self.hands {
            Hands::Mouse => self.browser.press(button).await,
            Hands::Keyboard => self.enter(button).await,
        }
    }

    /// Opens a menu.
    pub(crate) async fn open(&self, menu: &str) {
        match self.hands {
            Hands::Mouse => self.browser.press_here(menu).await,
            Hands::Keyboard => {
                self.browser.tab_to(menu).await;
                self.browser.keys(Key::Enter).await;
            }
        }
    }

    pub(crate) async fn follow(&self, link: &str) {
        match self.hands {
            Hands::Mouse => self.browser.follow(link).await,
            Hands::Keyboard => self.enter(link).await,
        }
    }

    async fn enter(&self, name: &str) {
        self.browser.tab_to(name).await;
        self.browser.enter().await;
    }

    async fn tab_to_beginning(&self, words: &str) {
        for _ in 0..150 {
            self.browser.keys(Key::Tab).await;
            // Tab leads to one radio button of a group, and the arrows to the others.
            let arrows = if self.browser.has("input[type=radio]:focus").await { 5 } else { 0 };
            for _ in 0..=arrows {
                if self.browser.focused().await.starts_with(words) {
                    return;
                }
                if arrows > 0 {
                    self.browser.keys(Key::Down).await;
                }
            }
        }
        panic!("Tab never comes to {words:?} on {}", self.browser.path().await);
    }
}

/// A browser in which the user is signed in.
pub(crate) async fn signed_in(portal: &Portal, user: &User, look: Look) -> Browser {
    let browser = Browser::open(&portal.site.url, look).await;
    browser.visit("/sign-in").await;
    browser.fill("Email", user.email.as_str()).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    assert_eq!(browser.path().await, "/apps");
    browser
}

/// What `/api/v1/me` answers to a token: the status, and the app's name or the code of the refusal.
pub(crate) async fn me(portal: &Portal, token: &str) -> (u16, String) {
    let request = portal.client().request(reqwest::Method::GET, "/api/v1/me").bearer_auth(token);
    let answer = portal.client().send(request).await;
    let json: Value = serde_json::from_str(&answer.body).expect("JSON");
    let word = json["app"]["name"].as_str().or(json["code"].as_str()).unwrap_or_default();
    (answer.status.as_u16(), word.to_owned())
}

/// A PNG of so many pixels a side, with something on it to see.
pub(crate) fn picture(side: u32) -> NamedTempFile {
    let file = NamedTempFile::with_suffix(".png").expect("a file");
    let pixel = |x: u32, y: u32| image::Rgb([(x % 256) as u8, (y % 256) as u8, 120]);
    image::RgbImage::from_fn(side, side, pixel).save(file.path()).expect("a PNG is written");
    file
}
