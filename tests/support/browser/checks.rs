//! What must hold on every page: a quiet console, no sideways scrolling, nothing for axe.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use super::Browser;

/// WCAG 2.2 AA, and axe's own good practice.
const AXE_TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

impl Browser {
    /// Complaints on the console since this was last asked: what the content security policy
    /// refused, exceptions, files that did not come. A page may answer 404 or 422; a file may not.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.expect("a console log");
        entries
            .into_iter()
            .filter(|entry| entry.level == "SEVERE" || is_policy(&entry.message))
            .map(|entry| entry.message)
            .filter(|message| !is_a_page_refused(message))
            .collect()
    }

    /// Fails if the console holds a complaint (S22).
    pub async fn assert_quiet_console(&self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the console complains:\n{}", complaints.join("\n"));
    }

    /// What axe finds wrong with the page as it is now, a finding a line.
    pub async fn axe(&self) -> Vec<String> {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(file).expect("axe-core; scripts/test installs it");
        // Through the driver, since the page's policy would let no other script in.
        let run = format!(
            "{axe};\nreturn axe.run(document, {{
                runOnly: {{ type: 'tag', values: arguments[0] }}, resultTypes: ['violations'] }})
                .then(found => [found.passes.length, found.violations]);"
        );
        let answer = self.driver.execute(run, vec![json!(AXE_TAGS)]).await;
        let (passes, violations): (usize, Vec<Value>) =
            answer.expect("axe runs").convert().expect("axe's answer");
        assert!(passes > 0, "axe checked nothing");
        violations.iter().map(finding).collect()
    }

    /// Fails if axe finds anything wrong.
    pub async fn assert_accessible(&self) {
        let findings = self.axe().await;
        let path = self.path().await;
        assert!(findings.is_empty(), "axe on {path}:\n{}", findings.join("\n"));
    }

    /// Fails if the page is wider than the window.
    pub async fn assert_no_overflow(&self) {
        let script = "
            const wide = document.documentElement.scrollWidth - innerWidth;
            if (wide <= 0) return null;
            const beyond = [...document.querySelectorAll('body *')]
                .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
                .slice(0, 5).map(element => element.outerHTML.slice(0, 120));
            return `${wide} px too wide for ${innerWidth}:\\n${beyond.join('\\n')}`;";
        if let Value::String(overflow) = self.evaluate(script).await {
            panic!("{} is {overflow}", self.path().await);
        }
    }
}

/// Reports of the policy come at several levels, and all count.
fn is_policy(message: &str) -> bool {
    message.contains("Content Security Policy")
}

/// Chromium logs `URL - Failed to load resource: the server responded with a status of 422 ()`
/// for a page as for a file; the portal's files have an extension and its pages have none.
fn is_a_page_refused(message: &str) -> bool {
    let Some((url, status)) = message.split_once(" - Failed to load resource: ") else {
        return false;
    };
    let is_file = Url::parse(url).is_ok_and(|url| url.path().contains('.'));
    !is_file && status.contains("a status of 4")
}

fn finding(violation: &Value) -> String {
    let word = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
    let mut line = format!("{} {}: {}", word("impact"), word("id"), word("help"));
    for node in violation["nodes"].as_array().into_iter().flatten() {
        let html = node["html"].as_str().unwrap_or_default();
        let _ = write!(line, "\n    {} {html}", node["target"]);
    }
    line
}
