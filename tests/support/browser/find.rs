//! How the helpers find what a person names, and wait for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::prelude::*;
use thirtyfour::{RequestData, SessionId};

use super::{Browser, PATIENCE};

impl Browser {
    /// The first element that the selector finds, awaited.
    pub(super) async fn element(&self, css: &str) -> WebElement {
        self.found(FIND_CSS, css, "element").await
    }

    pub(super) async fn field(&self, name: &str) -> WebElement {
        self.found(FIND_FIELD, name, "field").await
    }

    pub(super) async fn button(&self, words: &str) -> WebElement {
        self.found(FIND_BUTTON, words, "button").await
    }

    pub(super) async fn link(&self, words: &str) -> WebElement {
        self.found(FIND_LINK, words, "link").await
    }

    pub(super) async fn accessible_name(&self, element: &WebElement) -> String {
        let label = ComputedLabel(element.element_id().to_string());
        let answer = self.driver.cmd(label).await.expect("an accessible name");
        answer.value().expect("a string")
    }

    /// What a script finds by a name, awaited.
    async fn found(&self, script: &str, name: &str, kind: &str) -> WebElement {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.driver.execute(script, vec![json!(name)]).await;
            // A page on its way out may refuse to answer; the next one will.
            if let Ok(Ok(element)) = found.map(ScriptRet::element) {
                return element;
            }
            if Instant::now() > deadline {
                self.lost(&format!("the {kind} {name:?}")).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the document that `page` is the root of has made way for another.
    pub(super) async fn left(&self, page: &WebElement, after: &str) {
        let deadline = Instant::now() + PATIENCE;
        while page.tag_name().await.is_ok() {
            if Instant::now() > deadline {
                self.lost(&format!("another page after {after}")).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn visible_text(&self) -> String {
        let text = self.evaluate("return document.body?.innerText ?? ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    pub(super) async fn evaluate(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, vec![]).await;
        answer.expect("the script runs").json().clone()
    }

    /// Fails with all that a reader of the failure needs.
    pub(super) async fn lost(&self, wanted: &str) -> ! {
        let (path, text) = (self.path().await, self.visible_text().await);
        panic!("no {wanted} on {path}, which shows:\n{text}");
    }
}

/// "Get Computed Label" of WebDriver, which the library lacks.
#[derive(Debug)]
struct ComputedLabel(String);

impl FormatRequestData for ComputedLabel {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let path = format!("session/{session}/element/{}/computedlabel", self.0);
        RequestData::new(reqwest::Method::GET, path)
    }
}

const FIND_CSS: &str = "return document.querySelector(arguments[0])";

const FIND_FIELD: &str = "
    const words = element => element.textContent.replace(/\\s+/g, ' ').trim();
    const fields = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')];
    return fields.find(field => [...field.labels].some(label => words(label) === arguments[0]))
        ?? fields.find(field => field.name === arguments[0]) ?? null;";

const FIND_BUTTON: &str = "
    const words = element => (element.getAttribute('aria-label')
        ?? (element.type === 'submit' && !element.innerText ? element.value : element.innerText))
        .replace(/\\s+/g, ' ').trim();
    return [...document.querySelectorAll('button, input[type=submit], summary')]
        .find(button => button.checkVisibility() && words(button) === arguments[0]) ?? null;";

const FIND_LINK: &str = "
    const words = element => (element.getAttribute('aria-label') ?? element.innerText)
        .replace(/\\s+/g, ' ').trim();
    return [...document.querySelectorAll('a[href]')]
        .find(link => link.checkVisibility() && words(link) === arguments[0]) ?? null;";
