//! What became of calls, counted in memory and taken from here in groups. A crash loses the
//! counts of a few seconds, never an answer.

mod rows;
mod taken;
mod unreadable;

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use self::rows::Seat;
use self::{
    rows::Rows,
    taken::{Taken, add_uses, note_use},
    unreadable::Unreadable,
};
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

/// The counts of one process.
#[derive(Debug, Default)]
pub struct Tally {
    shards: [Mutex<Shard>; SHARDS],
    /// Of keys that are nobody's.
    nobodys: AccountSeats,
    /// What was put back, and comes before what was counted since.
    unwritten: Mutex<Vec<Counted>>,
    unreadable: Mutex<Unreadable>,
}

/// A call, as far as its token was understood.
#[derive(Debug)]
pub struct Call<'a> {
    /// The account whose key the token names. A key of nobody is counted like any other, so
    /// that it takes as long, and then forgotten.
    pub account: Option<AccountId>,
    /// The token is certainly the account's, and names no app.
    pub is_unnamed: bool,
    /// The replaced secret that verified the token.
    pub old_secret: Option<SecretId>,
    pub outcome: Outcome,
    pub seats: Seats<'a>,
}

/// Where a call is counted, so that it need not be searched for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seats<'a> {
    pub account: Option<&'a AccountSeats>,
    pub app: Option<&'a Seat>,
}

/// The seats of an account.
#[derive(Debug, Default)]
pub struct AccountSeats {
    unnamed: Seat,
    own_refusals: Seat,
    other_refusals: Seat,
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
    calls: Rows<(CallsOf, Hour), Calls>,
    old_secrets: HashMap<SecretId, Uses>,
    platform_keys: HashMap<PlatformKeyId, Timestamp>,
    /// By account, and whether they are certainly its own.
    refused: Rows<(Option<AccountId>, bool), VecDeque<RefusedCall>>,
    /// How many calls `refused` holds.
    waiting: usize,
}

impl Tally {
    /// Counts one more call.
    pub fn count(&self, call: Call<'_>) {
        let Call { account, is_unnamed, old_secret, outcome, seats } = call;
        let unnamed = u64::from(is_unnamed);
        let (app, at, one) = match &outcome {
            Outcome::Allowed { app, at } => (*app, *at, Calls { allowed: 1, refused: 0, unnamed }),
            Outcome::Refused(call) => (call.app, call.at, Calls { allowed: 0, refused: 1, unnamed }),
        };
        let of_account = if account.is_some() { seats.account } else { Some(&self.nobodys) };
        let of = match (app, account) {
            (Some(app), _) => Some((CallsOf::App(app), seats.app)),
            (None, Some(account)) if is_unnamed => {
                Some((CallsOf::Unnamed(account), of_account.map(|seats| &seats.unnamed)))
            }
            (None, _) => None,
        };
        let mut shard = self.shard(account);
        if let Some((of, seat)) = of
            && let Some(calls) = shard.calls.of((of, Hour::of(at)), seat)
        {
            *calls += one;
        }
        if let Some(secret) = old_secret {
            shard.used(secret, Uses { calls: 1, last_at: at });
        }
        if let Outcome::Refused(call) = outcome {
            shard.keep(account, of_account, call);
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
        let mut all = Taken::default();
        let unwritten = mem::take(&mut *lock(&self.unwritten));
        unwritten.into_iter().for_each(|counted| all.add(counted));
        let shards: Vec<Shard> = self.shards.iter().map(|shard| mem::take(&mut *lock(shard))).collect();
        shards.into_iter().for_each(|shard| all.add_shard(shard));
        all.into_counted()
    }

    /// Counts again what could not be written.
    pub fn put_back(&self, counted: Vec<Counted>) {
        lock(&self.unwritten).extend(counted);
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
        add_uses(&mut self.old_secrets, secret, more);
    }

    fn key_used(&mut self, key: PlatformKeyId, at: Timestamp) {
        note_use(&mut self.platform_keys, key, at);
    }

    /// Keeps a refused call; of a flood only the last ones of each account.
    fn keep(&mut self, account: Option<AccountId>, seats: Option<&AccountSeats>, call: RefusedCall) {
        let is_own = call.signed_with.is_verified();
        let seat = seats.map(|seats| if is_own { &seats.own_refusals } else { &seats.other_refusals });
        let is_full = self.waiting >= REFUSALS_A_SHARD;
        let Some(calls) = self.refused.of((account, is_own), seat) else { return };
        if calls.len() >= REFUSALS_AN_ACCOUNT || (is_full && !calls.is_empty()) {
            calls.pop_front();
        } else if is_full {
            return;
        } else {
            self.waiting += 1;
        }
        calls.push_back(call);
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

    fn allowed(account: AccountId, app: AppId) -> Call<'static> {
        let outcome = Outcome::Allowed { app: Some(app), at: at(0) };
        Call { account: Some(account), is_unnamed: false, old_secret: None, outcome, seats: Seats::default() }
    }

    fn refused(account: Option<AccountId>, app: Option<AppId>, second: i64) -> Call<'static> {
        let outcome = Outcome::Refused(RefusedCall {
            app,
            at: at(second),
            code: Code::InvalidToken,
            detail: "no".into(),
            off_by_s: None,
            signed_with: SignedWith::Unknown,
            address: None,
        });
        Call { account, is_unnamed: false, old_secret: None, outcome, seats: Seats::default() }
    }

    fn seated<'a>(call: Call<'a>, account: &'a AccountSeats) -> Call<'a> {
        Call { seats: Seats { account: Some(account), ..call.seats }, ..call }
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
        // It is known by its key and by a client of it.
        let seats = [AccountSeats::default(), AccountSeats::default()];
        for (second, seats) in (0..100).zip(seats.iter().cycle()) {
            tally.count(seated(refused(Some(account(1)), None, second), seats));
            tally.count(refused(None, None, second));
        }
        let waiting: usize = tally.shards.iter().map(|shard| lock(shard).waiting).sum();
        assert_eq!(waiting, 2 * REFUSALS_AN_ACCOUNT + 1, "with those of nobody");
        let kept: Vec<_> = tally.take().iter().filter_map(refused_at).collect();
        let of_one: Vec<_> = kept.iter().filter(|(of, _)| *of == account(1)).map(|(_, at)| *at).collect();
        assert_eq!(of_one, (80..100).map(at).collect::<Vec<_>>());
        assert_eq!(kept.len(), REFUSALS_AN_ACCOUNT + 1, "one of the other account, none of nobody");
    }

    #[test]
    fn what_strangers_send_pushes_nothing_out_that_is_the_accounts_own() {
        let tally = Tally::default();
        let seats = AccountSeats::default();
        let mut own = refused(Some(account(1)), None, 0);
        if let Outcome::Refused(call) = &mut own.outcome {
            call.signed_with = SignedWith::CurrentSecret;
        }
        tally.count(seated(own, &seats));
        for second in 1..100 {
            tally.count(seated(refused(Some(account(1)), None, second), &seats));
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
