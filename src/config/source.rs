//! Where settings are written: variables named `PORTICO_…`, and a TOML file whose keys are
//! the same names in lower case without the prefix.

use std::{collections::BTreeMap, str::FromStr};

use toml::{Table, Value};

use super::{SETTINGS, error::Wrong};

const PREFIX: &str = "PORTICO_";

/// A settings file that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    /// As the operator knows it.
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

/// The values as written, and what was found wrong with them so far.
#[derive(Debug, Default)]
pub(super) struct Source {
    values: BTreeMap<&'static str, Written>,
    /// The place in the table of settings, and the sentence.
    complaints: Vec<(usize, String)>,
}

struct Written {
    value: String,
    /// The key with its place: "`PORTICO_LISTEN`" or "listen in portico.toml".
    place: String,
}

/// Without the value: it may be a secret.
impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.place)
    }
}

impl Source {
    /// The environment's values, and the file's where the environment has none.
    pub(super) fn read(file: Option<File<'_>>, env: impl Iterator<Item = (String, String)>) -> Self {
        let mut source = Self::default();
        if let Some(file) = file {
            source.read_file(file);
        }
        for (name, value) in env {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if !is_another_programs(key, &value) {
                source.put(&key.to_lowercase(), key, &name, Ok(value));
            }
        }
        source
    }

    fn read_file(&mut self, file: File<'_>) {
        let table: Table = match file.text.parse() {
            Ok(table) => table,
            Err(error) => return self.complain(0, syntax(file, &error)),
        };
        for (key, value) in table {
            let place = format!("{key} in {}", file.name);
            // An empty list is the same as none.
            if !matches!(&value, Value::Array(items) if items.is_empty()) {
                self.put(&key, &key.to_uppercase(), &place, text(value));
            }
        }
    }

    /// `shouted` is the key in upper case: a variable's name has no other spelling.
    fn put(&mut self, key: &str, shouted: &str, place: &str, value: Result<String, Wrong>) {
        let Some(index) =
            SETTINGS.iter().position(|setting| setting.key == key && setting.key.to_uppercase() == shouted)
        else {
            return self.complain(SETTINGS.len(), unknown(key, place));
        };
        match value.and_then(usable) {
            Ok(value) => {
                let place = place.to_owned();
                if let Some(setting) = SETTINGS.get(index) {
                    self.values.insert(setting.key, Written { value, place });
                }
            }
            Err(wrong) => self.complain(index, wrong.sentence(place)),
        }
    }

    /// The setting's value, if it was given and is right.
    pub(super) fn take<T: FromStr<Err = Wrong>>(&mut self, key: &'static str) -> Option<T> {
        let parsed = self.values.get(key)?.value.parse::<T>();
        parsed.map_err(|wrong| self.refuse(key, &wrong)).ok()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Notes what is wrong with a setting, or with its being left out.
    pub(super) fn refuse(&mut self, key: &'static str, wrong: &Wrong) {
        let index = SETTINGS.iter().position(|setting| setting.key == key);
        let sentence = match self.values.get(key) {
            Some(written) => wrong.sentence(&written.place),
            None => wrong.sentence(&variable(key)),
        };
        self.complain(index.unwrap_or_default(), sentence);
    }

    fn complain(&mut self, index: usize, sentence: String) {
        self.complaints.push((index, sentence));
    }

    /// Every complaint, in the order of the table of settings.
    pub(super) fn into_complaints(mut self) -> Vec<String> {
        self.complaints.sort();
        self.complaints.into_iter().map(|(_, sentence)| sentence).collect()
    }
}

/// The variable that carries a setting.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

/// A text, a number or a list of texts, as it would stand in a variable.
fn text(value: Value) -> Result<String, Wrong> {
    let wrong = || Wrong::new("must be a text in quotes, a whole number, or a list of texts");
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Array(items) => items
            .into_iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect::<Result<Vec<_>, _>>()
            .map(|items| items.join(",")),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => Err(wrong()),
    }
}

/// An empty value is more often a variable that failed to expand than a wish.
fn usable(value: String) -> Result<String, Wrong> {
    if value.trim().is_empty() {
        return Err(Wrong::new("is empty; leave it out to have the default"));
    }
    // What the command line puts in place of bytes that are not UTF-8.
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Wrong::new("is not valid UTF-8"));
    }
    Ok(value)
}

/// Variables that begin with our prefix without being settings: our tests' own, and the
/// addresses that Kubernetes gives every pod beside a Service named `portico`.
fn is_another_programs(key: &str, value: &str) -> bool {
    let service = ["_SERVICE_HOST", "_SERVICE_PORT"].iter().any(|end| format!("_{key}").ends_with(end))
        || format!("_{key}").contains("_SERVICE_PORT_");
    let port = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
        && format!("_{key}").ends_with("_PORT");
    let part = format!("_{key}")
        .split_once("_PORT_")
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    key.starts_with("TEST_") || service || port || part
}

/// The line is named, not shown: it may hold a secret.
fn syntax(file: File<'_>, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| file.text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    format!("{} is not valid TOML at line {line}: {message}.", file.name)
}

fn unknown(key: &str, place: &str) -> String {
    let lower = key.to_lowercase();
    let bare = lower.strip_prefix("portico_").unwrap_or(&lower);
    let nearest = SETTINGS
        .iter()
        .min_by_key(|setting| farness(setting.key, bare))
        .map_or("listen", |setting| setting.key);
    let nearest = if place.starts_with(PREFIX) && !place.contains(' ') {
        variable(nearest)
    } else {
        nearest.to_owned()
    };
    let place = place.escape_debug();
    format!("{place} is not a setting of this version; the nearest one is {nearest}.")
}

/// A word of the key that is right counts for nearly as much as the whole key.
fn farness(key: &str, typed: &str) -> usize {
    let word = key.split('_').map(|word| distance(word, typed) + 1).min();
    distance(key, typed).min(word.unwrap_or(usize::MAX))
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.chars().zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(x != y));
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str, env: &[(&str, &str)]) -> Vec<String> {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let file = File { name: "portico.toml", text };
        Source::read(Some(file), env).into_complaints()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_nearest_neighbour() {
        assert_eq!(
            complaints("listn = \"x\"", &[("PORTICO_MAIL_FORM", "30s")]),
            [
                "PORTICO_MAIL_FORM is not a setting of this version; the nearest one is PORTICO_MAIL_FROM.",
                "listn in portico.toml is not a setting of this version; the nearest one is listen.",
            ]
        );
        let word = complaints("", &[("PORTICO_NAME", "Meridian")]);
        assert!(word[0].ends_with("the nearest one is PORTICO_PLATFORM_NAME."), "{word:?}");
        let shouted = complaints("PORTICO_MAIL = \"log\"", &[("PORTICO_listen", "x")]);
        assert!(shouted.iter().any(|s| s.ends_with("nearest one is mail.")));
        assert!(shouted.iter().any(|s| s.ends_with("one is PORTICO_LISTEN.")));
    }

    #[test]
    fn variables_of_other_programs_are_left_alone() {
        let others = [
            ("HOME", "/root"),
            ("PORTICO_TEST_POSTGRES", "postgres://x"),
            ("PORTICO_SERVICE_HOST", "10.0.0.1"),
            ("PORTICO_SERVICE_PORT_HTTP", "80"),
            ("PORTICO_PORT", "tcp://10.0.0.1:80"),
            ("PORTICO_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("PORTICO_DB_SERVICE_HOST", "10.0.0.2"),
        ];
        assert_eq!(complaints("", &others), [""; 0]);
        assert_eq!(complaints("", &[("PORTICO_PORT", "8080")]).len(), 1);
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_the_line_and_without_its_text() {
        let wrong = complaints("listen = \"127.0.0.1:1\"\nsecret_key = hunter2hunter2\n", &[]);
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].starts_with("portico.toml is not valid TOML at line 2: "), "{wrong:?}");
        assert!(!wrong[0].contains("hunter2"), "{wrong:?}");
    }

    #[test]
    fn a_file_holds_texts_numbers_and_lists_of_texts() {
        assert_eq!(
            complaints("max_apps = 5\ntrusted_proxies = [\"10.0.0.0/8\"]\nsupport = \"x\"", &[]),
            [""; 0]
        );
        assert_eq!(complaints("trusted_proxies = []", &[]), [""; 0]);
        for wrong in ["max_apps = true", "max_apps = 1.5", "trusted_proxies = [1]", "[mail]\na = 1"] {
            let said = complaints(wrong, &[]);
            assert!(said[0].contains("must be a text in quotes"), "{said:?}");
        }
    }

    #[test]
    fn an_empty_value_and_one_that_is_not_utf8_are_refused() {
        for (value, problem) in [("", "is empty"), (" ", "is empty"), ("a\u{fffd}", "UTF-8")] {
            let said = complaints("", &[("PORTICO_PLATFORM_NAME", value)]);
            assert!(said[0].contains(problem), "{said:?}");
        }
    }
}
