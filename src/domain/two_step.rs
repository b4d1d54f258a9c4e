//! Two-step sign-in: codes of an authenticator app (RFC 6238), and recovery codes for when it is
//! lost.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{
    fields::Complaint,
    secret::Secret,
    time::{Span, Timestamp},
};

/// How long whoever gave the password may take for the code.
pub const HALF_SIGN_IN: Span = Span::minutes(10);
/// How many recovery codes a user is given at a time.
pub const RECOVERY_CODES: usize = 10;
/// Digits of an app's code (RFC 4226 §5.3).
pub const DIGITS: usize = 6;
/// Half minutes by which an app's clock may be off, either way (RFC 6238 §5.2).
pub const SKEW: u16 = 1;
/// How long an app shows one code (RFC 6238 §4.1).
pub const PERIOD: Span = Span::seconds(30);

/// Digits of Crockford's base32, of which none is taken for another when read aloud.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 80 bits need 16 digits: too many to try, even for whoever has the stored hash.
const RECOVERY_DIGITS: usize = 16;
const GROUP: usize = 4;

/// What somebody typed as the second step.
#[derive(Clone, Debug)]
pub enum TypedCode {
    /// The six digits that an app shows.
    App(Secret<String>),
    Recovery(RecoveryCode),
}

/// A code that works once, in place of an app's: 16 digits of base32 in groups of four.
#[derive(Clone, Debug)]
pub struct RecoveryCode(Secret<String>);

/// The text is no code of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a code")]
pub struct NoCode {
    empty: bool,
}

impl Complaint for NoCode {
    fn sentence(&self, _: &str) -> String {
        let sentence = if self.empty {
            "Enter the code that your app shows."
        } else {
            "A code has 6 digits, as your app shows them; a recovery code has 16 letters and digits."
        };
        sentence.to_owned()
    }
}

impl FromStr for TypedCode {
    type Err = NoCode;

    /// Spaces and hyphens are for the eye, and case does not count.
    fn from_str(text: &str) -> Result<Self, NoCode> {
        if text.trim().is_empty() {
            return Err(NoCode { empty: true });
        }
        let plain = |c: &char| !c.is_whitespace() && *c != '-';
        let plain = Secret::new(text.chars().filter(plain).collect::<String>());
        let digits = plain.expose();
        if digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::App(plain));
        }
        let read: Option<String> = digits.chars().map(read_digit).collect();
        let read = read.filter(|read| read.len() == RECOVERY_DIGITS).ok_or(NoCode { empty: false })?;
        Ok(Self::Recovery(RecoveryCode(Secret::new(read))))
    }
}

/// As Crockford reads: `O` is nought, `I` and `L` are one.
fn read_digit(c: char) -> Option<char> {
    let c = match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    BASE32.iter().any(|digit| char::from(*digit) == c).then_some(c)
}

impl RecoveryCode {
    #[must_use]
    pub fn from_random(random: [u8; 10]) -> Self {
        let bits = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let digit = |n: usize| {
            let five = (bits >> (5 * (RECOVERY_DIGITS - 1 - n))) & 31;
            BASE32.get(usize::try_from(five).unwrap_or_default()).copied().map(char::from)
        };
        Self(Secret::new((0..RECOVERY_DIGITS).filter_map(digit).collect()))
    }

    /// The digits alone, which are hashed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// As people read it: `xxxx-xxxx-xxxx-xxxx`.
    #[must_use]
    pub fn grouped(&self) -> String {
        in_groups(self.expose(), '-')
    }
}

/// A text in groups of four, so that one does not lose one's place.
#[must_use]
pub fn in_groups(text: &str, between: char) -> String {
    let mut grouped = String::with_capacity(text.len() + text.len() / GROUP);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            grouped.push(between);
        }
        grouped.push(c);
    }
    grouped
}

/// A half minute, counted since 1970 (RFC 6238 §4.2, `T`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(i64);

impl Step {
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    #[must_use]
    pub const fn of(now: Timestamp) -> Self {
        Self(now.seconds().div_euclid(PERIOD.as_seconds()))
    }

    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// A user's two-step sign-in, as far as pages may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoStep {
    pub turned_on_at: Timestamp,
    /// Recovery codes that were not used yet.
    pub codes_left: u32,
}

/// What happened to a user's two-step sign-in, of which the user is told by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TwoStepEvent {
    TurnedOn,
    TurnedOff,
    /// By the operator, for a user who lost everything.
    Reset,
    CodesRenewed,
    /// How many are left.
    CodeUsed(u32),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Option<String> {
        match text.parse() {
            Ok(TypedCode::App(code)) => Some(format!("app {}", code.expose())),
            Ok(TypedCode::Recovery(code)) => Some(format!("recovery {}", code.expose())),
            Err(_) => None,
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for text in ["287082", "287 082", " 287-082 ", "287\u{a0}082"] {
            assert_eq!(typed(text).as_deref(), Some("app 287082"), "{text:?}");
        }
        for text in ["0123-4567-89ab-cdef", "0123456789ABCDEF", "oi23 4567 89ab cdef", "OL23-456789ABCDEF"] {
            let read = typed(text).expect("a recovery code");
            assert!(read == "recovery 0123456789abcdef", "{text:?}: {read}");
        }
    }

    #[test]
    fn what_is_no_code_is_told_so() {
        for text in [
            "28708",
            "2870822",
            "２８７０８２",
            "28708a",
            "0123-4567-89ab-cde",
            "0123-4567-89ab-cdefg",
            "u123-4567-89ab-cdef",
        ] {
            assert_eq!(typed(text), None, "{text:?}");
            let sentence = text.parse::<TypedCode>().unwrap_err().sentence("the code");
            assert!(sentence.contains("6 digits") && sentence.contains("16"), "{sentence}");
        }
        assert!(" ".parse::<TypedCode>().unwrap_err().sentence("the code").starts_with("Enter"));
    }

    #[test]
    fn a_recovery_code_shows_every_bit_of_its_80() {
        assert_eq!(RecoveryCode::from_random([0; 10]).grouped(), "0000-0000-0000-0000");
        assert_eq!(RecoveryCode::from_random([0xff; 10]).grouped(), "zzzz-zzzz-zzzz-zzzz");
        let mut seen = std::collections::HashSet::new();
        for bit in 0..80 {
            let mut random = [0; 10];
            random[bit / 8] = 1 << (bit % 8);
            let code = RecoveryCode::from_random(random);
            assert!(seen.insert(code.grouped()));
            assert_eq!(typed(&code.grouped()), Some(format!("recovery {}", code.expose())));
            assert!(!format!("{code:?}").contains(code.expose()));
        }
    }

    #[test]
    fn a_step_is_half_a_minute() {
        let step = |seconds| Step::of(Timestamp::from_seconds(seconds)).number();
        assert_eq!((step(0), step(29), step(30), step(59), step(1_111_111_109)), (0, 0, 1, 1, 0x023_523EC));
    }
}
