//! The checks a token goes through, in order, and who looks on while they are made. Calls are
//! judged with nobody looking on, the token debugger keeps a [`Record`] of the same walk.

use super::Refusal;

/// One step of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// At most 8 KiB, three parts with dots between them.
    Form,
    /// The header is base64url and a JSON object.
    Header,
    Algorithm,
    Type,
    Critical,
    /// Payload and signature are base64url.
    Encoding,
    /// The payload is a JSON object.
    Payload,
    /// What must be there is there, and each claim is of its type.
    Claims,
    /// It fits a secret of the key that `iss` names.
    Signature,
    /// `exp` is not past, and at most a year ahead.
    Expiry,
    NotBefore,
    IssuedAt,
    Audience,
    Account,
    App,
}

impl Check {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 15] = [
        Self::Form,
        Self::Header,
        Self::Algorithm,
        Self::Type,
        Self::Critical,
        Self::Encoding,
        Self::Payload,
        Self::Claims,
        Self::Signature,
        Self::Expiry,
        Self::NotBefore,
        Self::IssuedAt,
        Self::Audience,
        Self::Account,
        Self::App,
    ];
}

/// Looks on while a token is judged, and changes nothing of it.
pub trait Witness {
    /// Hands on what came of a check. One that has several parts is seen several times in a row.
    ///
    /// # Errors
    /// The outcome itself, if it is a refusal.
    fn saw<T>(&mut self, check: Check, outcome: Result<T, Refusal>) -> Result<T, Refusal>;
}

/// Nobody looks on.
impl Witness for () {
    #[inline]
    fn saw<T>(&mut self, _: Check, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        outcome
    }
}

/// What came of each check.
#[derive(Clone, Debug, Default)]
pub struct Record {
    passed: Vec<Check>,
    failed: Option<(Check, Refusal)>,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed(Refusal),
    /// An earlier check had failed.
    NotReached,
}

impl Record {
    /// Every check with what came of it, in the order in which they are made.
    pub fn outcomes(&self) -> impl Iterator<Item = (Check, Outcome)> {
        Check::ALL.into_iter().map(|check| (check, self.outcome(check)))
    }

    fn outcome(&self, check: Check) -> Outcome {
        match &self.failed {
            Some((failed, refusal)) if *failed == check => Outcome::Failed(refusal.clone()),
            Some(_) | None if self.passed.contains(&check) => Outcome::Passed,
            Some(_) | None => Outcome::NotReached,
        }
    }
}

impl Witness for Record {
    fn saw<T>(&mut self, check: Check, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        match &outcome {
            Ok(_) if self.passed.last() != Some(&check) => self.passed.push(check),
            Ok(_) => {}
            Err(refusal) => self.failed = Some((check, refusal.clone())),
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        account::Standing,
        app::StateKind,
        authorization::{Pass, decide, decide_seen_by},
        credential::{ApiKey, ApiSecret},
        id::{AccountId, AppId, Id, SecretId},
        jwt::{Claims, Misfits, Unverified, Verifier, sign},
        time::{Span, Timestamp},
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_795_500_000);
    const AUDIENCE: &str = "https://portico.example";

    fn secret() -> ApiSecret {
        ApiSecret::from_random([2; 32])
    }

    fn account() -> AccountId {
        AccountId::generate(NOW, [1; 10])
    }

    fn app() -> (AppId, StateKind) {
        (AppId::generate(NOW, [1; 10]), StateKind::Active)
    }

    fn token() -> String {
        let key = ApiKey::from_random([1; 16]);
        sign(&key, &secret(), &app().0.to_string(), NOW, NOW + Span::hours(1)).unwrap()
    }

    fn verified<'a>(unverified: &'a Unverified<'_>) -> Result<(&'a Claims, usize), Refusal> {
        let id = SecretId::generate(NOW, [1; 10]);
        unverified.verify([(id, &Verifier::of(&secret()))], &Misfits::default())
    }

    fn judged(token: &str) -> Result<Pass, Refusal> {
        let unverified = Unverified::parse(token)?;
        let (claims, _) = verified(&unverified)?;
        claims.check(NOW, AUDIENCE)?;
        decide(claims.sub.as_deref(), account(), Standing::Approved, [app()].into_iter())
    }

    fn recorded(record: &mut Record, token: &str) -> Result<Pass, Refusal> {
        let unverified = Unverified::parse_seen_by(record, token)?;
        let (claims, _) = record.saw(Check::Signature, verified(&unverified))?;
        claims.check_seen_by(record, NOW, AUDIENCE)?;
        decide_seen_by(record, claims.sub.as_deref(), account(), Standing::Approved, [app()].into_iter())
    }

    #[test]
    fn a_good_token_goes_through_every_check_in_the_order_of_the_list() {
        let mut record = Record::default();
        recorded(&mut record, &token()).unwrap();
        assert_eq!(record.passed, Check::ALL);
        assert_eq!(record.failed, None);
    }

    proptest! {
        #[test]
        fn who_looks_on_changes_nothing(
            at in any::<prop::sample::Index>(),
            byte in prop::sample::select(&b"ABCabc012.-_={}\" "[..]),
        ) {
            let mut changed = token().into_bytes();
            let at = at.index(changed.len());
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap();
            let mut record = Record::default();
            let verdict = recorded(&mut record, &changed);
            prop_assert_eq!(&verdict, &judged(&changed));
            // Of the checks before the one that failed all have passed, and none after it.
            let outcomes: Vec<Outcome> = record.outcomes().map(|(_, outcome)| outcome).collect();
            let passed = outcomes.iter().take_while(|outcome| **outcome == Outcome::Passed).count();
            match verdict {
                Ok(_) => prop_assert_eq!(passed, Check::ALL.len()),
                Err(refusal) => {
                    prop_assert_eq!(&outcomes[passed], &Outcome::Failed(refusal));
                    prop_assert!(outcomes[passed + 1..].iter().all(|later| *later == Outcome::NotReached));
                }
            }
        }
    }

    fn refusal() -> Refusal {
        Refusal::not_verified()
    }

    #[test]
    fn a_record_says_what_passed_what_failed_and_what_was_not_reached() {
        let mut record = Record::default();
        record.saw(Check::Form, Ok(())).unwrap();
        record.saw(Check::Form, Ok(())).unwrap();
        record.saw(Check::Header, Ok(())).unwrap();
        record.saw(Check::Algorithm, Err::<(), _>(refusal())).unwrap_err();
        let outcomes: Vec<_> = record.outcomes().take(4).collect();
        assert_eq!(
            outcomes,
            [
                (Check::Form, Outcome::Passed),
                (Check::Header, Outcome::Passed),
                (Check::Algorithm, Outcome::Failed(refusal())),
                (Check::Type, Outcome::NotReached),
            ]
        );
    }

    #[test]
    fn a_check_whose_second_part_fails_has_failed() {
        let mut record = Record::default();
        record.saw(Check::Form, Ok(())).unwrap();
        record.saw(Check::Form, Err::<(), _>(refusal())).unwrap_err();
        assert_eq!(record.outcomes().next(), Some((Check::Form, Outcome::Failed(refusal()))));
    }
}
