//! What is searched for in names, as the two indexes of trigrams are asked for it.

use super::apps::matching;
use crate::domain::app::name::NameKey;

/// So many words of a term are counted.
pub(super) const WORDS: usize = 4;
/// A word is common if more than one in so many rows holds it.
const COMMON: i64 = 10;

/// What a name must hold.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// As it stands in `words`.
    found: String,
    pub(super) pattern: String,
    /// Its first words, each with what stands between it and the one before. None if it has one.
    words: Vec<String>,
}

/// What an index is asked for: it holds for all names that the term fits, and few others.
pub(super) struct Asked {
    pub(super) pattern: String,
    /// As an expression of FTS5.
    pub(super) trigrams: String,
}

impl Term {
    /// Three characters and more are found anywhere in a name, fewer at its beginning; no
    /// character is no term.
    pub(super) fn of(key: &NameKey) -> Option<Self> {
        let key = key.as_str();
        let found = match key.chars().count() {
            0 => return None,
            // As names begin in `words`.
            1 => format!("\n\n{key}"),
            2 => format!("\n{key}"),
            _ => key.to_owned(),
        };
        let words = words(&found);
        Some(Self { pattern: matching(&found), words, found })
    }

    /// The pattern of each word that is counted.
    pub(super) fn patterns(&self) -> [Option<String>; WORDS] {
        std::array::from_fn(|number| self.words.get(number).map(|word| matching(word)))
    }

    /// An index looks up every trigram that it is asked for, one in each name too: so of the
    /// term's words it is given those only that few rows hold of `walked`, if there are such.
    pub(super) fn asked(&self, walked: i64, with: [i64; WORDS]) -> Asked {
        let is_rare = |(_, with): &(&String, i64)| with * COMMON <= walked;
        let rare: Vec<_> =
            self.words.iter().zip(with).filter(is_rare).map(|(word, _)| word.as_str()).collect();
        if rare.is_empty() || rare.len() == self.words.len() {
            return Asked { pattern: self.pattern.clone(), trigrams: trigrams(&self.found) };
        }
        Asked {
            pattern: rare.iter().map(|word| matching(word)).collect(),
            trigrams: rare.iter().map(|word| trigrams(word)).collect::<Vec<_>>().join(" AND "),
        }
    }
}

/// The first words of a term of several that an index can find.
fn words(found: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_within = false;
    for letter in found.chars() {
        let is_letter = letter.is_alphanumeric();
        if is_within && !is_letter {
            words.push(String::new());
        }
        is_within = is_letter;
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    if words.len() < 2 {
        return Vec::new();
    }
    words.into_iter().filter(|word| word.chars().count() > 2).take(WORDS).collect()
}

fn trigrams(text: &str) -> String {
    // The pattern is compared anyway: more would only make the expression longer.
    const ENOUGH: usize = 32;
    let letters: Vec<char> = text.chars().take(ENOUGH + 2).collect();
    let quoted = |three: &[char]| {
        let three: String = three.iter().collect();
        format!("\"{}\"", three.replace('\0', "\u{fffd}").replace('"', "\"\""))
    };
    letters.windows(3).map(quoted).collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_asked_for_the_words_that_few_rows_hold() {
        let asked = |term: &str, with| {
            let Asked { pattern, trigrams } =
                Term::of(&NameKey::of(term)).expect("a term").asked(1_000, with);
            (pattern, trigrams)
        };
        let of = |pattern: &str, trigrams: &str| (pattern.to_owned(), trigrams.to_owned());
        let rare = of("% 123%", "\" 12\" AND \"123\"");
        assert_eq!(asked("Account 123", [101, 100, 0, 0]), rare);
        assert_eq!(asked("of Account 123 x", [900, 100, 0, 0]), rare, "no word of a letter or two");
        assert_eq!(asked("ada.b@co.example", [0, 200, 0, 0]).0, "%ada%%.example%");
        // All of them are rare, or none is.
        let whole = of("%abc def%", "\"abc\" AND \"bc \" AND \"c d\" AND \" de\" AND \"def\"");
        assert_eq!(asked("abc def", [0, 0, 0, 0]), whole);
        assert_eq!(asked("abc def", [900, 900, 0, 0]), whole);
        assert_eq!(asked("abc", [0; 4]), of("%abc%", "\"abc\""));
    }
}
