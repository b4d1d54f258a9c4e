//! The audit log as people read it: filters in the address, rows in words, and exports.

pub(crate) mod export;
pub(crate) mod filter;
pub(crate) mod groups;
pub(crate) mod told;

use serde::Deserialize;

use self::told::{field_in_words, told};
use crate::actions::audit::Logged;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// Characters of a value that a page shows; exports have it whole.
const SHOWN: usize = 160;

/// One row of the log on a page.
pub(crate) struct LogRow {
    pub(crate) at: Timestamp,
    /// "Ada Osei", "The operator", to members "The platform’s staff".
    pub(crate) who: String,
    /// The id of the user who acted, unless they are gone.
    pub(crate) actor: Option<String>,
    /// "Activated", "API secret revealed".
    pub(crate) what: String,
    /// What exactly, or nothing.
    pub(crate) detail: String,
    pub(crate) changes: Vec<ShownChange>,
    pub(crate) app: Option<LoggedApp>,
    /// Whose it was, unless it is the platform's.
    pub(crate) account: Option<LoggedAccount>,
    /// The id of the user to whom it was done, unless the user did it.
    pub(crate) user: Option<String>,
    /// Where it was done from, or nothing.
    pub(crate) address: String,
}

/// What a field was and is, as far as a page shows it.
pub(crate) struct ShownChange {
    /// "support url"
    pub(crate) field: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The app that something was done to.
pub(crate) struct LoggedApp {
    pub(crate) id: String,
    /// Its name now; nothing if it is gone.
    pub(crate) name: Option<String>,
}

/// The account that something was done in.
pub(crate) struct LoggedAccount {
    pub(crate) id: String,
    /// Its name now; nothing if it is gone.
    pub(crate) name: Option<String>,
}

/// What every change that is done to a user says of them.
#[derive(Default, Deserialize)]
struct OnUser {
    user: Option<UserId>,
}

impl From<Logged> for LogRow {
    fn from(row: Logged) -> Self {
        let who = match &row.actor_name {
            Some(name) => visible(name),
            None => capital(row.who()),
        };
        let on_user: OnUser = serde_json::from_str(&row.detail).unwrap_or_default();
        let user = on_user.user.filter(|user| Some(*user) != row.actor_id).map(|user| user.to_string());
        let actor = row.actor_id.filter(|_| row.actor_name.is_some()).map(|id| id.to_string());
        let account = row.chain.account().map(|id| LoggedAccount {
            id: id.to_string(),
            name: row.account_name.as_ref().map(|name| visible(name.as_str())),
        });
        let (what, detail, changes) = match row.change() {
            Some(change) => {
                let told = told(&change);
                (told.what.to_owned(), told.detail, told.changes)
            }
            // A newer program wrote it.
            None => (row.action, row.detail, Vec::new()),
        };
        let changes = changes.iter().map(|change| ShownChange {
            field: field_in_words(change),
            from: shown(&change.from),
            to: shown(&change.to),
        });
        Self {
            at: row.at,
            who,
            actor,
            account,
            user,
            what: visible(&what),
            detail: shown(&detail),
            changes: changes.collect(),
            app: row
                .app
                .map(|id| LoggedApp { id: id.to_string(), name: row.app_name.map(|name| name.to_string()) }),
            address: row.address.as_deref().map(visible).unwrap_or_default(),
        }
    }
}

/// Words that begin a cell.
fn capital(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    visible(&shown)
}

/// The text with what would steer a terminal, a table or the order of reading written out (S65):
/// control characters, and those of Unicode that turn the direction of what follows.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => visible.push_str("\\n"),
            '\r' => visible.push_str("\\r"),
            '\t' => visible.push_str("\\t"),
            _ if steers(c) => visible.extend(c.escape_unicode()),
            _ => visible.push(c),
        }
    }
    visible
}

/// The same of a text of several lines, which stay lines.
pub(crate) fn visible_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines = text.split('\n').map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same of JSON, written out as JSON does it, so that it means what it meant.
pub(crate) fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if steers(c) && !c.is_ascii_whitespace() {
            for unit in c.encode_utf16(&mut units) {
                visible.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            visible.push(c);
        }
    }
    visible
}

/// Line and paragraph separators, and UAX #9's characters, among what is no control character.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_reader_is_written_out() {
        assert_eq!(visible("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(visible("\u{1b}[31mred\u{7f}\u{9b}2J"), "\\u{1b}[31mred\\u{7f}\\u{9b}2J");
        assert_eq!(visible("invoice\u{202e}fdp.exe"), "invoice\\u{202e}fdp.exe");
        assert_eq!(visible("Ärger für „Ada“ – 漢字"), "Ärger für „Ada“ – 漢字");
    }

    #[test]
    fn lines_stay_lines_and_json_means_what_it_meant() {
        assert_eq!(visible_lines("a\r\n\tb\rc\u{1b}[2J"), "a\n\tb\\rc\\u{1b}[2J");
        let json = "{\"a\":\n\"\u{202e}\u{7f}ä\"}";
        assert_eq!(visible_json(json), "{\"a\":\n\"\\u202e\\u007fä\"}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(&visible_json(json)), value(json));
    }

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        assert_eq!(shown(&"ä".repeat(SHOWN)), "ä".repeat(SHOWN));
        assert_eq!(shown(&"ä".repeat(SHOWN + 1)), format!("{}…", "ä".repeat(SHOWN)));
    }
}
