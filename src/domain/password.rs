//! Passwords: what may be one, and what is kept of one.
//!
//! A password is kept exactly as it was typed, spaces and all: no trimming, no case folding,
//! no Unicode normalisation (S1).

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{
    fields::{Complaint, capitalised},
    secret::Secret,
};

mod guessable;

/// A new password has this many characters at least.
pub const MIN_CHARS: usize = 12;
/// A password has this many bytes of UTF-8 at most.
pub const MAX_BYTES: usize = 1_024;

/// A password that may be set.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret<String>);

/// What an attacker knows of the person and the place, and tries first.
#[derive(Clone, Copy, Debug)]
pub struct PasswordContext<'a> {
    /// The platform's name.
    pub platform: &'a str,
    /// The person's address.
    pub email: &'a str,
    /// The person's name.
    pub name: &'a str,
}

impl NewPassword {
    /// The password, if it is neither too short, too long nor easily guessed (S1, S2).
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str, context: &PasswordContext<'_>) -> Result<Self, PasswordError> {
        check_length(text)?;
        let chars = text.chars().count();
        if chars < MIN_CHARS {
            return Err(PasswordError::TooShort { has: chars });
        }
        if guessable::is_built_from(text, context) {
            return Err(PasswordError::BuiltFromContext);
        }
        if guessable::is_common(text) {
            return Err(PasswordError::Common);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// The same password as one that was typed, to check or to hash it.
    #[must_use]
    pub fn into_typed(self) -> TypedPassword {
        TypedPassword(self.0)
    }
}

/// A password typed to prove who one is; it may be wrong.
#[derive(Clone, Debug)]
pub struct TypedPassword(Secret<String>);

impl TypedPassword {
    /// What was typed.
    ///
    /// # Errors
    /// `TooLong`, which no password can be, so that no work is done on it.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        check_length(text)?;
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// The text itself. Search for this word to find every place that handles one.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

fn check_length(text: &str) -> Result<(), PasswordError> {
    if text.len() > MAX_BYTES {
        return Err(PasswordError::TooLong { has: text.len() });
    }
    Ok(())
}

/// Why a password is refused. The password itself is never part of the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Its length in characters.
    TooShort { has: usize },
    /// Its length in bytes.
    TooLong { has: usize },
    /// A common password or a simple pattern.
    Common,
    /// Little is left without the words of `PasswordContext`.
    BuiltFromContext,
}

impl Complaint for PasswordError {
    fn sentence(&self, what: &str) -> String {
        match self {
            Self::TooShort { has: 0 } => format!("Enter {what}: at least {MIN_CHARS} characters."),
            Self::TooShort { has } => {
                capitalised(&format!("{what} must have at least {MIN_CHARS} characters; it has {has}."))
            }
            Self::TooLong { has } => capitalised(&format!(
                "{what} must have at most 1,024 bytes; it has {has} \
                 (an accented letter or an emoji takes two or more)."
            )),
            Self::Common => capitalised(&format!(
                "{what} is a common password or a simple pattern, which attackers try first; \
                 choose several words that have nothing to do with each other."
            )),
            Self::BuiltFromContext => capitalised(&format!(
                "{what} is mostly your name, your e-mail address or this site's name; \
                 it must have at least 8 other characters."
            )),
        }
    }
}

/// What is kept of a password: an Argon2id hash with its salt and parameters, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// The text is not an Argon2id hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an Argon2id password hash")]
pub struct NotAPasswordHash;

impl PasswordHash {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PasswordHash {
    type Err = NotAPasswordHash;

    fn from_str(text: &str) -> Result<Self, NotAPasswordHash> {
        // Version, parameters, salt and hash follow; they are read when a password is checked.
        let rest = text.strip_prefix("$argon2id$").ok_or(NotAPasswordHash)?;
        let parts = rest.split('$').filter(|part| !part.is_empty()).count();
        if parts != 4 {
            return Err(NotAPasswordHash);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: PasswordContext<'_> = PasswordContext {
        platform: "Relay Platform",
        email: "ada.lovelace@analytical.example",
        name: "Ada Lovelace",
    };

    fn refusal(text: &str) -> Option<PasswordError> {
        NewPassword::parse(text, &ADA).err()
    }

    #[test]
    fn common_passwords_and_patterns_are_refused() {
        for text in [
            "unbelievable",
            "1qaz2wsx3edc",
            "PasswordPassword",
            "password password1",
            "password1234",
            "Password!2026",
            "  password  1",
            "!!iloveyou!!",
            "iloveyou1234",
            "P@ssw0rd2024",
            "aaaaaaaaaaaa",
            "             ",
            "abababababab",
            "123456789012",
            "098765432109",
            "111222333444",
            "abcdefghijkl",
            "qwertyuiop12",
            "qwertyuiopasdfghjkl",
            "QWERTY123456",
            "1234567890qwertz",
            "sunshine987654321",
            "monkey-monkey-monkey",
            "qazwsxedcrfvtgb",
        ] {
            assert_eq!(refusal(text), Some(PasswordError::Common), "{text}");
        }
    }

    #[test]
    fn what_is_known_of_the_person_and_the_place_does_not_count() {
        for text in [
            "ada.lovelace@analytical.example",
            "Lovelace-2026",
            "adalovelace1815",
            "LOVELACEada!!",
            "analytical1234567",
            "relayplatform",
            "Relay Platform 1",
            "platform-portal",
            "lovelacepassword",
            "ecalevol lovelace",
        ] {
            let is_refused = refusal(text) == Some(PasswordError::BuiltFromContext);
            assert_eq!(is_refused, text != "ecalevol lovelace", "{text}");
        }
    }

    #[test]
    fn phrases_and_random_passwords_are_accepted() {
        for text in [
            "correct battery horse staple",
            "k7#Qz9!mL2pX",
            "tqvhzpmwrkbd",
            "gardens are never finished",
            " leading and trailing ",
            "密码应该足够长并且难以猜到",
            "🦊🐙🦉🐝🦋🐢🐬🦔🐌🦀🐓🐉",
            "Lovelace met Babbage at a party",
            "6h2-w9x-41k-zz7",
            "839204718264",
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_below_and_in_bytes_above() {
        assert_eq!(refusal(""), Some(PasswordError::TooShort { has: 0 }));
        let short = PasswordError::TooShort { has: 11 };
        assert_eq!(refusal("tqvhzpmwrkb"), Some(short));
        assert_eq!(refusal("🦊🐙🦉🐝🦋🐢🐬🦔🐌🦀🐓"), Some(short));
        let phrase = "gardens are never finished; ".repeat(37).get(..1_023).map(str::to_owned);
        let phrase = phrase.unwrap_or_default();
        assert_eq!(refusal(&format!("{phrase}!")), None);
        let long = PasswordError::TooLong { has: 1_025 };
        assert_eq!(refusal(&format!("{phrase}é")), Some(long));
        assert_eq!(TypedPassword::parse(&format!("{phrase}é")).err(), Some(long));
        assert!(TypedPassword::parse(&format!("{phrase}!")).is_ok());
        assert!(TypedPassword::parse("").is_ok());
    }

    #[test]
    fn a_password_is_kept_as_it_was_typed_and_not_shown() {
        for text in [" Gärten sind nie fertig ", " Ga\u{308}rten sind nie fertig "] {
            let Ok(new) = NewPassword::parse(text, &ADA) else { panic!("{text} is refused") };
            assert_eq!(format!("{new:?}"), "NewPassword(***)");
            assert_eq!(new.into_typed().expose(), text);
        }
    }

    #[test]
    fn a_refusal_is_a_whole_sentence_without_the_password() {
        let sentence = |error: PasswordError| error.sentence("the new password");
        assert_eq!(
            sentence(PasswordError::TooShort { has: 9 }),
            "The new password must have at least 12 characters; it has 9."
        );
        assert_eq!(
            sentence(PasswordError::TooShort { has: 0 }),
            "Enter the new password: at least 12 characters."
        );
        for error in
            [PasswordError::TooLong { has: 1_025 }, PasswordError::Common, PasswordError::BuiltFromContext]
        {
            let sentence = sentence(error);
            assert!(sentence.starts_with("The new password "), "{sentence}");
            assert!(sentence.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn only_an_argon2id_hash_is_taken_as_one() {
        let text = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
        assert!(text.parse::<PasswordHash>().is_ok_and(|h| h.as_str() == text));
        for wrong in ["", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", "$argon2id$v=19"] {
            assert_eq!(wrong.parse::<PasswordHash>(), Err(NotAPasswordHash));
        }
    }
}
