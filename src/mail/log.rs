//! Mail printed to stderr, for trying Portico on one's own machine.

use std::io::Write as _;

use serde_json::json;

use super::{MailError, Message};

/// How printed mail looks: like the log around it. It is printed whatever the log filter
/// says, since its links are the only way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    /// One JSON object, on one line.
    Json,
}

pub(super) fn print(message: &Message, shape: Shape) -> Result<(), MailError> {
    let shown = match shape {
        Shape::Text => text(message),
        Shape::Json => json(message),
    };
    // In one piece, so that no log line falls into it.
    std::io::stderr()
        .lock()
        .write_all(shown.as_bytes())
        .map_err(|source| MailError::File { path: "stderr".into(), source })
}

fn text(message: &Message) -> String {
    let rule = "-".repeat(72);
    let (to, subject) = (harmless(&message.to), harmless(&message.subject));
    let text = harmless(message.text.trim_end());
    format!("{rule}\nMail to {to}\nSubject: {subject}\n\n{text}\n{rule}\n")
}

fn json(message: &Message) -> String {
    let line = json!({
        "timestamp": message.at.iso(),
        "level": "INFO",
        "target": "portico::mail",
        "message": "mail",
        "to": message.to,
        "subject": message.subject,
        "text": message.text,
    });
    format!("{line}\n")
}

/// Without characters that would steer a terminal.
fn harmless(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::example, *};

    #[test]
    fn a_printed_mail_has_its_links_and_steers_no_terminal() {
        let mut message = example("ada@example.com");
        message.subject = String::from("Hello\u{1b}[2J");
        let shown = text(&message);
        assert!(shown.contains("Mail to ada@example.com\nSubject: Hello[2J\n\nOpen https://"), "{shown}");
        assert!(shown.contains("token=abc=def"), "{shown}");
    }

    #[test]
    fn beside_a_json_log_a_mail_is_one_json_line() {
        let message = example("ada@example.com");
        let shown = json(&message);
        assert_eq!(shown.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(value["text"], message.text);
    }
}
