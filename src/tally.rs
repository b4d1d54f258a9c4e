//! What became of calls, counted in memory and taken from here in groups. A crash loses the
//! counts of a few seconds, never an answer.

mod unreadable;

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;

use self::unreadable::Unreadable;
use crate::domain::{
    calls::{Calls, CallsOf, Hour, RefusedCall, Uses},
    id::{AccountId, AppId, Id, PlatformKeyId, SecretId},
    time::Timestamp,
};

/// The most refused calls of one account that wait to be written, the last ones: so many that
/// are certainly its own, and so many others, which must not push these out.
const REFUSALS_AN_ACCOUNT: usize = 20;
/// The most refused calls of a shard that wait to be written.
const REFUSALS_A_SHARD: usize = 1_000;
/// Workers that count at one time seldom meet at one lock.
const SHARDS: usize = 16;

/// Its keys are ids that Portico made up: nobody can choose such as fall together.
type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// The counts of one process.
#[derive(Debug, Default)]
pub struct Tally {
    shards: [Mutex<Shard>; SHARDS],
    unreadable: Mutex<Unreadable>,
}

/// A call, as far as its token was understood.
#[derive(Debug)]
pub struct Call {
    /// The account whose key the token names. A key of nobody is counted like any other, so
    /// that it takes as long, and then forgotten.
    pub account: Option<AccountId>,
    /// The token is certainly the account's, and names no app.
    pub is_unnamed: bool,
    /// The replaced secret that verified the token.
    pub old_secret: Option<SecretId>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    Allowed { app: Option<AppId>, at: Timestamp },
    Refused(RefusedCall),
}

/// Something that was counted, to be written down.
#[derive(Debug)]
pub enum Counted {
    Calls(CallsOf, Hour, Calls),
    OldSecret(SecretId, Uses),
    Refused(AccountId, RefusedCall),
    /// When a platform key was used last.
    PlatformKey(PlatformKeyId, Timestamp),
}

#[derive(Debug, Default)]
struct Shard {
    calls: HashMap<(CallsOf, Hour), Calls>,
    old_secrets: HashMap<SecretId, Uses>,
    platform_keys: HashMap<PlatformKeyId, Timestamp>,
    /// By account, and whether they are certainly its own.
    refused: HashMap<(Option<AccountId>, bool), VecDeque<RefusedCall>>,
    /// How many calls `refused` holds.
    waiting: usize,
}

impl Tally {
    /// Counts one more call.
    pub fn count(&self, call: Call) {
        let Call { account, is_unnamed, old_secret, outcome } = call;
        let unnamed = u64::from(is_unnamed);
        let (app, at, one) = match &outcome {
            Outcome::Allowed { app, at } => (*app, *at, Calls { allowed: 1, refused: 0, unnamed }),
            Outcome::Refused(call) => (call.app, call.at, Calls { allowed: 0, refused: 1, unnamed }),
        };
        let of = match (app, account) {
            (Some(app), _) => Some(CallsOf::App(app)),
            (None, Some(account)) if is_unnamed => Some(CallsOf::Unnamed(account)),
            (None, _) => None,
        };
        let mut shard = self.shard(account);
        if let Some(of) = of {
            *shard.calls.entry((of, Hour::of(at))).or_default() += one;
        }
        if let Some(secret) = old_secret {
            shard.used(secret, Uses { calls: 1, last_at: at });
        }
        if let Outcome::Refused(call) = outcome {
            shard.keep(account, call);
        }
    }

    /// Notes that a platform key was used.
    pub fn key_used(&self, key: PlatformKeyId, at: Timestamp) {
        self.shard(None).key_used(key, at);
    }

    /// Notes that a secret of an account does not open, each once.
    pub fn unreadable(&self, account: AccountId, secret: SecretId) {
        lock(&self.unreadable).add(account, secret);
    }

    /// The secrets that do not open and were not told of yet.
    #[must_use]
    pub fn take_unreadable(&self) -> Vec<(AccountId, SecretId)> {
        lock(&self.unreadable).take()
    }

    /// Has secrets told of again, since that could not be written.
    pub fn put_back_unreadable(&self, unwritten: Vec<(AccountId, SecretId)>) {
        lock(&self.unreadable).put_back(unwritten);
    }

    /// Notes that a replaced secret was used for something that is no call.
    pub fn old_secret_used(&self, secret: SecretId, at: Timestamp) {
        self.shard(None).used(secret, Uses { calls: 1, last_at: at });
    }

    /// What was counted, in order; counting begins anew.
    #[must_use]
    pub fn take(&self) -> Vec<Counted> {
        let mut all = Shard::default();
        for shard in &self.shards {
            let Shard { calls, old_secrets, platform_keys, refused, waiting: _ } =
                mem::take(&mut *lock(shard));
            // What was put back may stand in another shard than what came since.
            for (of, calls) in calls {
                *all.calls.entry(of).or_default() += calls;
            }
            for (secret, uses) in old_secrets {
                all.used(secret, uses);
            }
            for (key, at) in platform_keys {
                all.key_used(key, at);
            }
            all.refused.extend(refused.into_iter().filter(|((account, _), _)| account.is_some()));
        }
        all.into_counted()
    }

    /// Counts again what could not be written.
    pub fn put_back(&self, counted: Vec<Counted>) {
        for row in counted.into_iter().rev() {
            match row {
                // Any shard will do: the database adds up what comes in parts.
                Counted::Calls(of, hour, calls) => {
                    *self.shard(None).calls.entry((of, hour)).or_default() += calls;
                }
                Counted::OldSecret(secret, uses) => self.shard(None).used(secret, uses),
                Counted::Refused(account, call) => self.shard(Some(account)).keep_before(account, call),
                Counted::PlatformKey(key, at) => self.key_used(key, at),
            }
        }
    }

    fn shard(&self, account: Option<AccountId>) -> MutexGuard<'_, Shard> {
        let [first, rest @ ..] = &self.shards;
        // The last bits of an id are random.
        let n = account.map_or(0, |account| account.uuid().as_u128() as usize % SHARDS);
        lock(n.checked_sub(1).and_then(|n| rest.get(n)).unwrap_or(first))
    }
}

impl Shard {
    fn used(&mut self, secret: SecretId, more: Uses) {
        let uses = self.old_secrets.entry(secret).or_insert(Uses { calls: 0, last_at: more.last_at });
        uses.calls = uses.calls.saturating_add(more.calls);
        uses.last_at = uses.last_at.max(more.last_at);
    }

    fn key_used(&mut self, key: PlatformKeyId, at: Timestamp) {
        let last = self.platform_keys.entry(key).or_insert(at);
        *last = at.max(*last);
    }

    /// Keeps a refused call; of a flood only the last ones of each account.
    fn keep(&mut self, account: Option<AccountId>, call: RefusedCall) {
        let is_full = self.waiting >= REFUSALS_A_SHARD;
        let calls = self.refused.entry((account, call.signed_with.is_verified())).or_default();
        if calls.len() >= REFUSALS_AN_ACCOUNT || (is_full && !calls.is_empty()) {
            calls.pop_front();
        } else if is_full {
            return;
        } else {
            self.waiting += 1;
        }
        calls.push_back(call);
    }

    /// Sorted, since processes that write the same rows at one time and each in an order of
    /// its own would wait for each other.
    fn into_counted(self) -> Vec<Counted> {
        let mut calls: Vec<_> = self.calls.into_iter().collect();
        calls.sort_unstable_by_key(|(of, _)| *of);
        let mut old_secrets: Vec<_> = self.old_secrets.into_iter().collect();
        old_secrets.sort_unstable_by_key(|(secret, _)| *secret);
        let mut keys: Vec<_> = self.platform_keys.into_iter().collect();
        keys.sort_unstable();
        let keys = keys.into_iter().map(|(key, at)| Counted::PlatformKey(key, at));
        let calls = calls.into_iter().map(|((of, hour), calls)| Counted::Calls(of, hour, calls));
        let old_secrets = old_secrets.into_iter().map(|(secret, uses)| Counted::OldSecret(secret, uses));
        let refused = self.refused.into_iter().filter_map(|((account, _), calls)| Some((account?, calls)));
        let refused = refused
            .flat_map(|(account, calls)| calls.into_iter().map(move |call| Counted::Refused(account, call)));
        calls.chain(old_secrets).chain(keys).chain(refused).collect()
    }

    /// Keeps a refused call that came before those that are here, if there is room for it.
    fn keep_before(&mut self, account: AccountId, call: RefusedCall) {
        if self.waiting >= REFUSALS_A_SHARD {
            return;
        }
        let calls = self.refused.entry((Some(account), call.signed_with.is_verified())).or_default();
        if calls.len() < REFUSALS_AN_ACCOUNT {
            calls.push_front(call);
            self.waiting += 1;
        }
    }
}

/// The lock, even if a thread panicked with it: a count may then be off by one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{authorization::Code, calls::SignedWith};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_504_800 + second)
    }

    fn account(n: u8) -> AccountId {
        AccountId::generate(at(0), [n; 10])
    }

    fn app(n: u8) -> AppId {
        AppId::generate(at(0), [n; 10])
    }

    fn allowed(account: AccountId, app: AppId) -> Call {
        let outcome = Outcome::Allowed { app: Some(app), at: at(0) };
        Call { account: Some(account), is_unnamed: false, old_secret: None, outcome }
    }

    fn refused(account: Option<AccountId>, app: Option<AppId>, second: i64) -> Call {
        let outcome = Outcome::Refused(RefusedCall {
            app,
            at: at(second),
            code: Code::InvalidToken,
            detail: "no".into(),
            off_by_s: None,
            signed_with: SignedWith::Unknown,
            address: None,
        });
        Call { account, is_unnamed: false, old_secret: None, outcome }
    }

    fn calls_of(counted: &Counted) -> Option<(CallsOf, Hour, Calls)> {
        match counted {
            Counted::Calls(of, hour, calls) => Some((*of, *hour, *calls)),
            Counted::OldSecret(..) | Counted::PlatformKey(..) | Counted::Refused(..) => None,
        }
    }

    fn refused_at(counted: &Counted) -> Option<(AccountId, Timestamp)> {
        match counted {
            Counted::Refused(account, call) => Some((*account, call.at)),
            Counted::Calls(..) | Counted::OldSecret(..) | Counted::PlatformKey(..) => None,
        }
    }

    #[test]
    fn calls_add_up_by_app_account_and_hour() {
        let tally = Tally::default();
        tally.count(allowed(account(1), app(1)));
        tally.count(Call { is_unnamed: true, ..allowed(account(1), app(1)) });
        let later = Outcome::Allowed { app: Some(app(1)), at: at(3600) };
        tally.count(Call { outcome: later, ..allowed(account(1), app(1)) });
        tally.count(refused(Some(account(1)), Some(app(1)), 0));
        let unknown = Outcome::Allowed { app: None, at: at(0) };
        tally.count(Call { is_unnamed: true, outcome: unknown, ..allowed(account(1), app(1)) });
        let calls = |allowed, refused, unnamed| Calls { allowed, refused, unnamed };
        let hour = Hour::of(at(0));
        let counted: Vec<_> = tally.take().iter().filter_map(calls_of).collect();
        assert_eq!(
            counted,
            [
                (CallsOf::App(app(1)), hour, calls(2, 1, 1)),
                (CallsOf::App(app(1)), Hour::of(at(3600)), calls(1, 0, 0)),
                (CallsOf::Unnamed(account(1)), hour, calls(1, 0, 1)),
            ]
        );
        assert!(tally.take().is_empty());
    }

    #[test]
    fn of_a_flood_of_refusals_the_last_of_each_account_are_kept() {
        let tally = Tally::default();
        tally.count(refused(Some(account(2)), None, 0));
        for second in 0..100 {
            tally.count(refused(Some(account(1)), None, second));
            tally.count(refused(None, None, second));
        }
        let kept: Vec<_> = tally.take().iter().filter_map(refused_at).collect();
        let of_one: Vec<_> = kept.iter().filter(|(of, _)| *of == account(1)).map(|(_, at)| *at).collect();
        assert_eq!(of_one, (80..100).map(at).collect::<Vec<_>>());
        assert_eq!(kept.len(), REFUSALS_AN_ACCOUNT + 1, "one of the other account, none of nobody");
    }

    #[test]
    fn what_strangers_send_pushes_nothing_out_that_is_the_accounts_own() {
        let tally = Tally::default();
        let mut own = refused(Some(account(1)), None, 0);
        if let Outcome::Refused(call) = &mut own.outcome {
            call.signed_with = SignedWith::CurrentSecret;
        }
        tally.count(own);
        for second in 1..100 {
            tally.count(refused(Some(account(1)), None, second));
        }
        let kept = tally.take();
        assert_eq!(kept.len(), REFUSALS_AN_ACCOUNT + 1);
        assert!(kept.iter().filter_map(refused_at).any(|(_, when)| when == at(0)));
    }

    #[test]
    fn a_flood_from_everywhere_is_bounded() {
        let tally = Tally::default();
        for n in 0..40_000_u128 {
            tally.count(refused(Some(AccountId::from_uuid(uuid::Uuid::from_u128(n))), None, 0));
        }
        assert_eq!(tally.take().len(), SHARDS * REFUSALS_A_SHARD);
    }

    #[test]
    fn of_the_uses_of_a_platform_key_the_last_one_counts() {
        let tally = Tally::default();
        let [one, other] = [1, 2].map(|n| PlatformKeyId::generate(at(0), [n; 10]));
        for (key, second) in [(one, 7), (other, 3), (one, 5)] {
            tally.key_used(key, at(second));
        }
        let counted = tally.take();
        tally.key_used(other, at(9));
        tally.put_back(counted);
        let taken = tally.take();
        let uses = taken.iter().filter_map(|counted| match counted {
            Counted::PlatformKey(key, at) => Some((*key, *at)),
            Counted::Calls(..) | Counted::OldSecret(..) | Counted::Refused(..) => None,
        });
        assert_eq!(uses.collect::<Vec<_>>(), [(one, at(7)), (other, at(9))]);
    }

    #[test]
    fn what_is_put_back_is_taken_again() {
        let tally = Tally::default();
        let secret = SecretId::generate(at(0), [1; 10]);
        tally.count(Call { old_secret: Some(secret), ..allowed(account(1), app(1)) });
        tally.count(refused(Some(account(1)), None, 0));
        tally.count(refused(Some(account(1)), None, 1));
        let counted = tally.take();
        tally.count(Call { old_secret: Some(secret), ..allowed(account(1), app(1)) });
        tally.count(refused(Some(account(1)), None, 2));
        tally.put_back(counted);
        let again = tally.take();
        let total: u64 = again.iter().filter_map(calls_of).map(|(_, _, calls)| calls.allowed).sum();
        assert_eq!(total, 2);
        let uses = again.iter().filter_map(|counted| match counted {
            Counted::OldSecret(id, uses) => Some((*id, uses.calls)),
            Counted::Calls(..) | Counted::PlatformKey(..) | Counted::Refused(..) => None,
        });
        assert_eq!(uses.map(|(id, calls)| (id == secret, calls)).collect::<Vec<_>>(), [(true, 2)]);
        let times: Vec<_> = again.iter().filter_map(refused_at).map(|(_, at)| at).collect();
        assert_eq!(times, [at(0), at(1), at(2)]);
    }
}
