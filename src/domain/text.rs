//! Lines and passages of text that people type.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{CodePointMapData, CodePointSetData, props};
use props::GeneralCategory as Category;

use super::fields::{Complaint, capitalised};

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextError {
    Empty,
    TooLong {
        max: usize,
        was: usize,
    },
    /// A control, format, private-use or unassigned character, by its code point.
    Character(char),
}

impl Complaint for TextError {
    fn sentence(&self, what: &str) -> String {
        match self {
            Self::Empty => format!("Enter {what}."),
            Self::TooLong { max, was } => capitalised(&format!(
                "{what} must be at most {} characters; it has {}.",
                grouped(*max as u64),
                grouped(*was as u64)
            )),
            Self::Character(c) => capitalised(&format!(
                "{what} contains a character that cannot be shown (U+{:04X}); remove it.",
                u32::from(*c)
            )),
        }
    }
}

/// One line: trimmed, each run of white space made one space.
///
/// # Errors
/// Empty, longer than `max` characters, or holding a character that cannot be shown.
pub fn line(text: &str, max: usize) -> Result<String, TextError> {
    let folded = fold_white_space(text);
    refuse_invisible(&folded, |_| false)?;
    within(folded, max)
}

/// A passage of several lines: trimmed, line ends made `\n`.
///
/// # Errors
/// As [`line()`]; line feeds and tabs are allowed.
pub fn passage(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    refuse_invisible(&text, |c| matches!(c, '\n' | '\t'))?;
    within(text, max)
}

/// The form under which two names are the same: NFKC_Casefold (Unicode 3.13, D147),
/// white space folded.
#[must_use]
pub fn casefolded(text: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let ignorable = CodePointSetData::new::<props::DefaultIgnorableCodePoint>();
    let mut text = text.to_owned();
    // Folding can undo normalisation and the reverse; few texts need a second round, none a fifth.
    for _ in 0..5 {
        let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
        let folded = CaseMapper::new().fold_string(&decomposed).into_owned();
        let visible: String = folded.chars().filter(|&c| !ignorable.contains(c)).collect();
        let next = nfkc.normalize(&visible).into_owned();
        if next == text {
            break;
        }
        text = next;
    }
    fold_white_space(&text)
}

fn fold_white_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn within(text: String, max: usize) -> Result<String, TextError> {
    match text.chars().count() {
        0 => Err(TextError::Empty),
        was if was > max => Err(TextError::TooLong { max, was }),
        _ => Ok(text),
    }
}

fn refuse_invisible(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), TextError> {
    let category = CodePointMapData::<Category>::new();
    let hidden = |&c: &char| {
        matches!(
            category.get(c),
            Category::Control
                | Category::Format
                | Category::PrivateUse
                | Category::Unassigned
                | Category::Surrogate
        ) && !allowed(c)
    };
    text.chars().find(hidden).map_or(Ok(()), |c| Err(TextError::Character(c)))
}

/// `4000` as `4,000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count as people read it: `1,204`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.0))
    }
}

/// Defines a type for one kind of text: private inside, made by parsing alone.
macro_rules! define_text {
    ($(#[$doc:meta])* $name:ident, $parse:path, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The most characters it may have.
            pub const MAX: usize = $max;

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::text::TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $parse(text, Self::MAX).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use define_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_its_white_space_folded() {
        assert_eq!(line("  Ledger \t\u{a0} Bridge\n", 50), Ok(String::from("Ledger Bridge")));
        assert_eq!(line(" \u{3000} ", 50), Err(TextError::Empty));
    }

    #[test]
    fn length_is_judged_in_characters_after_folding() {
        assert!(line(&"é".repeat(50), 50).is_ok());
        assert_eq!(line(&"é".repeat(51), 50), Err(TextError::TooLong { max: 50, was: 51 }));
        assert!(line(&format!("  {}  ", "x".repeat(50)), 50).is_ok());
    }

    #[test]
    fn characters_that_cannot_be_shown_are_refused() {
        for c in ['\u{0}', '\u{7f}', '\u{200b}', '\u{202e}', '\u{e000}', '\u{378}', '\u{ad}', '\u{feff}'] {
            assert_eq!(line(&format!("a{c}b"), 50), Err(TextError::Character(c)));
        }
        assert!(passage("two\r\nlines\tand a tab", 50).is_ok_and(|text| text == "two\nlines\tand a tab"));
        assert!(passage("bell \u{7}", 50).is_err());
    }

    #[test]
    fn names_that_look_the_same_fold_to_the_same() {
        let same = [
            ("Ledger Bridge", "ＬＥＤＧＥＲ　ｂｒｉｄｇｅ"),
            ("Straße", "STRASSE"),
            ("ﬁle", "FILE"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("Å", "A\u{30a}"),
            ("a\u{34f}b", "AB"),
            ("ǅ", "dž"),
        ];
        for (one, other) in same {
            assert_eq!(casefolded(one), casefolded(other), "{one} and {other}");
        }
        assert_ne!(casefolded("Ledger Bridge"), casefolded("LedgerBridge"));
    }

    #[test]
    fn messages_are_whole_sentences() {
        assert_eq!(TextError::Empty.sentence("the app name"), "Enter the app name.");
        assert_eq!(
            TextError::TooLong { max: 4_000, was: 12_345 }.sentence("the long description"),
            "The long description must be at most 4,000 characters; it has 12,345."
        );
    }
}
