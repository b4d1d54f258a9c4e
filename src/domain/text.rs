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
    /// Blanks and marks alone: nothing that could be read or told from another.
    Unseen,
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
            Self::Unseen => capitalised(&format!(
                "{what} must have a character that can be seen, such as a letter or a digit."
            )),
        }
    }
}

/// One line: trimmed, each run of white space made one space.
///
/// # Errors
/// Empty, longer than `max` characters, holding a character that cannot be shown, or none that is
/// seen by itself.
pub fn line(text: &str, max: usize) -> Result<String, TextError> {
    let folded = fold_white_space(text);
    refuse_invisible(&folded, |_| false)?;
    let line = within(folded, max)?;
    if line.chars().any(is_seen) { Ok(line) } else { Err(TextError::Unseen) }
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

/// Whether a character shows something by itself: no white space, no mark that goes on another
/// one, and none of those that are drawn as nothing.
fn is_seen(c: char) -> bool {
    let is_mark = matches!(
        CodePointMapData::<Category>::new().get(c),
        Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark
    );
    let is_ignored = CodePointSetData::new::<props::DefaultIgnorableCodePoint>().contains(c);
    // By its properties a symbol: the empty pattern of Braille, and a note without a head.
    let is_blank = c.is_whitespace() || matches!(c, '\u{2800}' | '\u{1d159}');
    !(is_mark || is_ignored || is_blank)
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
    fn a_line_has_a_character_that_is_seen_by_itself() {
        // Marks of three kinds, fillers of Hangul and Khitan, Braille of no dots, a selector.
        for c in [
            '\u{301}',
            '\u{903}',
            '\u{20dd}',
            '\u{3164}',
            '\u{115f}',
            '\u{ffa0}',
            '\u{16fe4}',
            '\u{2800}',
            '\u{fe0f}',
        ] {
            assert_eq!(line(&c.to_string(), 50), Err(TextError::Unseen), "{:04X}", u32::from(c));
            assert_eq!(line(&format!("{c} \u{301}\u{2800}"), 50), Err(TextError::Unseen));
            assert!(line(&format!("x{c}"), 50).is_ok(), "{:04X}", u32::from(c));
        }
        for seen in ["é", "e\u{301}", "न\u{93f}", "❤\u{fe0f}", "\u{2801}", "-", "7", "漢"] {
            assert!(line(seen, 50).is_ok(), "{seen}");
        }
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
        assert_eq!(
            TextError::Unseen.sentence("the app name"),
            "The app name must have a character that can be seen, such as a letter or a digit."
        );
    }
}
