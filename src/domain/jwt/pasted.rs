//! A token as people paste it: what stands around it is taken off, and what is in it can be
//! read, whatever it is. Nothing here decides anything.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::de::IgnoredAny;

/// Reads what is nearly right too, since it is read to be shown.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Deeper values are indented no further, so that a small token cannot make a large page.
const MAX_INDENT: usize = 16;

/// The token alone: without the header's name, `Bearer`, quotes, and white space even within.
#[must_use]
pub fn bare(text: &str) -> String {
    let mut rest = text.trim_matches(is_blank);
    loop {
        let before = rest;
        rest = without_word(rest, "authorization:");
        rest = without_word(rest, "bearer ");
        for quote in ['"', '\'', '`'] {
            rest = rest.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap_or(rest);
        }
        rest = rest.trim_matches(is_blank);
        if rest == before {
            return rest.chars().filter(|c| !is_blank(*c)).collect();
        }
    }
}

/// The text in a part of a token, laid out if it is JSON. Members stay as they are written:
/// none is dropped, ordered or rounded.
#[must_use]
pub fn readable(part: &str) -> Option<String> {
    let part = part.replace('+', "-").replace('/', "_");
    let bytes = FORGIVING.decode(part).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
    let shown = if is_json { laid_out(&text) } else { text.into_owned() };
    Some(shown.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}"))
}

fn without_word<'a>(text: &'a str, word: &str) -> &'a str {
    match text.split_at_checked(word.len()) {
        Some((start, rest)) if start.replace(is_blank, " ").eq_ignore_ascii_case(word) => rest.trim_start(),
        Some(_) | None => text,
    }
}

/// White space, and what is as wide as nothing and comes along when text is copied.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// JSON with a member or item a line.
fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let (mut in_text, mut escaped) = (false, false);
    let mut chars = json.chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).peekable();
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            ' ' => {}
            '{' | '[' => {
                depth += 1;
                out.push(c);
                while chars.next_if_eq(&' ').is_some() {}
                match chars.peek() {
                    Some('}' | ']') => {}
                    Some(_) | None => new_line(&mut out, depth),
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    new_line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_around_a_token_is_taken_off() {
        for text in [
            "a.b.c",
            " a.b.c\r\n",
            "Bearer a.b.c",
            "bearer   a.b.c",
            "BEARER\na.b.c",
            "Authorization: Bearer a.b.c",
            "authorization:bearer a.b.c",
            "\"a.b.c\"",
            "'Bearer a.b.c'",
            "Bearer \"a.b.c\"",
            "`'a.b.c'`",
            "\u{feff}a.b.c\u{200b}",
            "a.\n  b.\t\r\nc",
        ] {
            assert_eq!(bare(text), "a.b.c", "{text:?}");
        }
        for (text, left) in
            [("", ""), ("  \n", ""), ("\"", "\""), ("Bearer", "Bearer"), ("bearera.b", "bearera.b")]
        {
            assert_eq!(bare(text), left, "{text:?}");
        }
    }

    #[test]
    fn json_is_laid_out_as_it_is_written() {
        let read = |json: &str| readable(&URL_SAFE_NO_PAD.encode(json)).unwrap();
        assert_eq!(
            read(r#"{"b":1,"a":[true,{}],"a":1.50}"#),
            "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    {}\n  ],\n  \"a\": 1.50\n}"
        );
        assert_eq!(read("{ \r\n }"), "{}");
        assert_eq!(read(r#"{"a":"x\"{,:[\\"}"#), "{\n  \"a\": \"x\\\"{,:[\\\\\"\n}");
        assert_eq!(read("{\"a\":"), "{\"a\":", "what is no JSON is shown as it is");
        assert_eq!(read("a\0b\nc"), "a\u{fffd}b\nc");
    }

    #[test]
    fn what_is_nearly_base64url_can_be_read_too() {
        let json = "{\"a\":\"\u{fe}\u{ff}?>\"}";
        assert!(STANDARD.encode(json).contains(['+', '/', '=']), "{}", STANDARD.encode(json));
        assert_eq!(readable(&STANDARD.encode(json)), readable(&URL_SAFE_NO_PAD.encode(json)));
        assert_eq!(readable("?"), None);
        assert_eq!(readable(""), Some(String::new()));
    }

    proptest! {
        #[test]
        fn laying_out_changes_white_space_alone(value in json()) {
            let text = value.to_string();
            let laid_out = laid_out(&text);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&laid_out).unwrap(), value);
        }

        #[test]
        fn a_token_is_found_whatever_blanks_are_around(before in "[ \t\r\n]{0,4}", after in "[ \t\r\n]{0,4}") {
            prop_assert_eq!(bare(&format!("{before}Bearer{after} x.y.z{after}")), "x.y.z");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
