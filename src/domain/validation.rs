//! Whether an endpoint is one: it proves that it knows the signing secret, and refuses what is
//! wrongly signed.

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::{
    credential::SigningSecret,
    delivery::attempt::{Attempt, Outcome},
    event::Environment,
    event_type::EventTypeName,
    id::DeliveryId,
    text_enum::text_enum,
    time::Timestamp,
};

/// The type of a probe, which is no event of the catalog.
///
/// # Errors
/// None: it is well formed.
pub fn event_type() -> Result<EventTypeName, super::event_type::NotAnEventType> {
    "endpoint.url_validation".parse()
}

/// What an endpoint is asked to encrypt: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(hex(&random))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The data of a probe, as JSON.
    #[must_use]
    pub fn data(&self) -> String {
        format!("{{\"plain_token\":\"{}\"}}", self.0)
    }
}

impl std::fmt::Display for PlainToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// It has other than 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of a probe")]
pub struct NotAToken;

impl std::str::FromStr for PlainToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let is_one = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned())).ok_or(NotAToken)
    }
}

/// What an endpoint answered to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// What only who knows the current secret can answer.
    Proven,
    /// The same of a secret that was replaced and still signs.
    OldSecret,
    /// The token of another probe, or none of ours.
    OtherToken,
    /// The token, encrypted with something else.
    WrongSecret,
    /// 2xx with something else than the JSON that is asked for.
    OtherAnswer,
    /// A status other than 2xx.
    Refused,
    /// No answer came.
    Unanswered,
}

text_enum!(
    Probed,
    "answer to a probe",
    Proven = "proven",
    OldSecret = "old_secret",
    OtherToken = "other_token",
    WrongSecret = "wrong_secret",
    OtherAnswer = "other_answer",
    Refused = "refused",
    Unanswered = "unanswered",
);

/// What an endpoint answered to a probe that was wrongly signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    /// A status other than 2xx, as it should.
    Refused,
    Accepted,
    /// No answer came, which says nothing.
    Unanswered,
}

text_enum!(
    Forged,
    "answer to a forged probe",
    Refused = "refused",
    Accepted = "accepted",
    Unanswered = "unanswered",
);

#[derive(Deserialize)]
struct Answer {
    plain_token: String,
    encrypted_token: String,
}

impl Probed {
    /// `secrets` are those that sign now, the current one first.
    #[must_use]
    pub fn of(attempt: &Attempt, token: &PlainToken, secrets: &[SigningSecret]) -> Self {
        match attempt.outcome {
            Outcome::Failed(_) => return Self::Unanswered,
            Outcome::Answered(200..=299) => {}
            Outcome::Answered(_) => return Self::Refused,
        }
        let answer = (!attempt.excerpt_is_cut).then(|| serde_json::from_slice::<Answer>(&attempt.excerpt));
        let Some(Ok(answer)) = answer else { return Self::OtherAnswer };
        if answer.plain_token != token.0 {
            return Self::OtherToken;
        }
        let given = answer.encrypted_token.to_ascii_lowercase();
        match secrets.iter().position(|secret| encrypted(token, secret) == given) {
            Some(0) => Self::Proven,
            Some(_) => Self::OldSecret,
            None => Self::WrongSecret,
        }
    }
}

impl Forged {
    #[must_use]
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answered(_) if outcome.is_success() => Self::Accepted,
            Outcome::Answered(_) => Self::Refused,
            Outcome::Failed(_) => Self::Unanswered,
        }
    }
}

/// The HMAC-SHA256 of the token in hexadecimal. Its key is the secret's text as shown and not the
/// bytes it stands for, so that no answer can serve as a signature.
#[must_use]
pub fn encrypted(token: &PlainToken, secret: &SigningSecret) -> String {
    // An HMAC takes a key of any length; the error cannot come.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(token.0.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A validation of one URL of a subscription, as far as it has got.
#[derive(Clone, Debug)]
pub struct Validation {
    pub environment: Environment,
    pub asked_at: Timestamp,
    pub probe: Told<Probed>,
    pub forged: Told<Forged>,
}

/// What one of the two deliveries of a validation came to.
#[derive(Clone, Copy, Debug)]
pub struct Told<T> {
    pub delivery: DeliveryId,
    /// Nothing while it waits.
    pub found: Option<T>,
    /// How its attempt ended, as long as the delivery is kept.
    pub outcome: Option<Outcome>,
    pub is_kept: bool,
}

/// How a validation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Waiting,
    /// It knows the secret, and refuses what is wrongly signed.
    Validated,
    /// It knows the secret, and takes what is wrongly signed.
    ChecksNoSignatures,
    /// The probe was not answered as it must be.
    Failed(Probed),
    /// The probe that was wrongly signed got no answer.
    Undecided,
}

impl Validation {
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match (self.probe.found, self.forged.found) {
            (None, _) | (Some(Probed::Proven), None) => Verdict::Waiting,
            (Some(Probed::Proven), Some(Forged::Refused)) => Verdict::Validated,
            (Some(Probed::Proven), Some(Forged::Accepted)) => Verdict::ChecksNoSignatures,
            (Some(Probed::Proven), Some(Forged::Unanswered)) => Verdict::Undecided,
            (Some(why), _) => Verdict::Failed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{delivery::failure::Failure, id::Id};

    fn token() -> PlainToken {
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff".parse().unwrap()
    }

    fn secret(byte: u8) -> SigningSecret {
        SigningSecret::from_random([byte; 32])
    }

    fn answered(status: u16, body: &str) -> Attempt {
        Attempt {
            delivery: DeliveryId::generate(Timestamp::default(), [1; 10]),
            number: 1,
            at: Timestamp::default(),
            url: "https://meridian.example/hook".parse().unwrap(),
            outcome: Outcome::Answered(status),
            timing: None,
            head: Vec::new(),
            excerpt: body.as_bytes().to_vec(),
            excerpt_is_cut: false,
        }
    }

    /// Made by `printf %s "$TOKEN" | openssl dgst -sha256 -hmac "$SECRET"`.
    #[test]
    fn the_text_of_the_secret_is_the_key() {
        let secret: SigningSecret = "whsec_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".parse().unwrap();
        let expected = "0ab09d561fbe6083b9a8baebcc577a78bb1fe3772a680014c38638eb20e4804d";
        assert_eq!(encrypted(&token(), &secret), expected);
    }

    #[test]
    fn only_who_knows_the_secret_proves_it() {
        let secrets = [secret(1), secret(2)];
        let answer = |token: &str, by: &SigningSecret| {
            let encrypted = encrypted(&self::token(), by);
            format!(r#"{{"plain_token": "{token}", "encrypted_token": "{encrypted}", "more": 1}}"#)
        };
        let ours = token();
        let right = answer(ours.as_str(), &secrets[0]);
        let probed = |status, body: &str| Probed::of(&answered(status, body), &ours, &secrets);
        for (status, body, expected) in [
            (200, right.clone(), Probed::Proven),
            (299, right.clone(), Probed::Proven),
            (200, answer(ours.as_str(), &secrets[1]), Probed::OldSecret),
            (200, answer(ours.as_str(), &secret(3)), Probed::WrongSecret),
            (200, answer(&"0".repeat(64), &secrets[0]), Probed::OtherToken),
            (200, String::from(r#"{"plain_token": 1}"#), Probed::OtherAnswer),
            (204, String::new(), Probed::OtherAnswer),
            (302, right.clone(), Probed::Refused),
            (500, right.clone(), Probed::Refused),
        ] {
            assert_eq!(probed(status, &body), expected, "{status} {body}");
        }
        let cut = Attempt { excerpt_is_cut: true, ..answered(200, &right) };
        assert_eq!(Probed::of(&cut, &ours, &secrets), Probed::OtherAnswer);
        let lost = Outcome::Failed(Failure::ConnectionLost.into());
        let lost = Attempt { outcome: lost, ..answered(200, &right) };
        assert_eq!(Probed::of(&lost, &ours, &secrets), Probed::Unanswered);
    }

    #[test]
    fn digits_may_be_of_either_case() {
        let (ours, secret) = (token(), secret(1));
        let encrypted = encrypted(&ours, &secret).to_uppercase();
        let body = format!(r#"{{"plain_token":"{ours}","encrypted_token":"{encrypted}"}}"#);
        assert_eq!(Probed::of(&answered(200, &body), &ours, &[secret]), Probed::Proven);
    }

    #[test]
    fn a_validation_stands_as_its_two_probes_say() {
        let told = |found| Told {
            delivery: DeliveryId::generate(Timestamp::default(), [1; 10]),
            found,
            outcome: None,
            is_kept: true,
        };
        let verdict = |probe: Option<Probed>, forged: Option<Forged>| {
            let (environment, asked_at) = (Environment::Production, Timestamp::default());
            let forged = Told { delivery: told(None).delivery, found: forged, outcome: None, is_kept: true };
            Validation { environment, asked_at, probe: told(probe), forged }.verdict()
        };
        let proven = Some(Probed::Proven);
        assert_eq!(verdict(None, Some(Forged::Refused)), Verdict::Waiting);
        assert_eq!(verdict(proven, None), Verdict::Waiting);
        assert_eq!(verdict(proven, Some(Forged::Refused)), Verdict::Validated);
        assert_eq!(verdict(proven, Some(Forged::Accepted)), Verdict::ChecksNoSignatures);
        assert_eq!(verdict(proven, Some(Forged::Unanswered)), Verdict::Undecided);
        for why in Probed::ALL.iter().filter(|one| **one != Probed::Proven) {
            assert_eq!(verdict(Some(*why), Some(Forged::Refused)), Verdict::Failed(*why));
            assert_eq!(verdict(Some(*why), None), Verdict::Failed(*why), "there is nothing to wait for");
        }
    }

    #[test]
    fn a_probe_is_of_a_type_that_can_be_told() {
        assert_eq!(event_type().unwrap().as_str(), "endpoint.url_validation");
        let token = PlainToken::from_random([0xa1; 32]);
        assert_eq!(token.as_str().parse(), Ok(token.clone()));
        assert_eq!(token.data(), format!(r#"{{"plain_token":"{}"}}"#, "a1".repeat(32)));
        assert_eq!("a1".parse::<PlainToken>(), Err(NotAToken));
    }
}
