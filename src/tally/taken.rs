//! What was counted, put together to be written down.

use std::collections::HashMap;

use super::{Counted, REFUSALS_A_SHARD, REFUSALS_AN_ACCOUNT, SHARDS, Shard};
use crate::domain::{
    calls::{Calls, CallsOf, Hour, RefusedCall, Uses},
    id::{AccountId, PlatformKeyId, SecretId},
    time::Timestamp,
};

/// What was taken from all places where it is counted.
#[derive(Default)]
pub(super) struct Taken {
    calls: Vec<((CallsOf, Hour), Calls)>,
    old_secrets: HashMap<SecretId, Uses>,
    platform_keys: HashMap<PlatformKeyId, Timestamp>,
    /// Those of an account in the order in which they came.
    refused: Vec<(AccountId, RefusedCall)>,
}

impl Taken {
    pub(super) fn add(&mut self, counted: Counted) {
        match counted {
            Counted::Calls(of, hour, calls) => self.calls.push(((of, hour), calls)),
            Counted::OldSecret(secret, uses) => add_uses(&mut self.old_secrets, secret, uses),
            Counted::Refused(account, call) => self.refused.push((account, call)),
            Counted::PlatformKey(key, at) => note_use(&mut self.platform_keys, key, at),
        }
    }

    pub(super) fn add_shard(&mut self, shard: Shard) {
        let Shard { calls, old_secrets, platform_keys, refused, waiting: _ } = shard;
        self.calls.extend(calls);
        old_secrets.into_iter().for_each(|(secret, uses)| add_uses(&mut self.old_secrets, secret, uses));
        platform_keys.into_iter().for_each(|(key, at)| note_use(&mut self.platform_keys, key, at));
        let refused = refused.into_iter().filter_map(|((account, _), calls)| Some((account?, calls)));
        self.refused
            .extend(refused.flat_map(|(account, calls)| calls.into_iter().map(move |call| (account, call))));
    }

    /// Sorted, since processes that write the same rows at one time and each in an order of
    /// its own would wait for each other.
    pub(super) fn into_counted(self) -> Vec<Counted> {
        let mut old_secrets: Vec<_> = self.old_secrets.into_iter().collect();
        old_secrets.sort_unstable_by_key(|(secret, _)| *secret);
        let mut keys: Vec<_> = self.platform_keys.into_iter().collect();
        keys.sort_unstable();
        let calls =
            added_up(self.calls).into_iter().map(|((of, hour), calls)| Counted::Calls(of, hour, calls));
        let old_secrets = old_secrets.into_iter().map(|(secret, uses)| Counted::OldSecret(secret, uses));
        let keys = keys.into_iter().map(|(key, at)| Counted::PlatformKey(key, at));
        let refused =
            last_of_each(self.refused).into_iter().map(|(account, call)| Counted::Refused(account, call));
        calls.chain(old_secrets).chain(keys).chain(refused).collect()
    }
}

pub(super) fn add_uses(all: &mut HashMap<SecretId, Uses>, secret: SecretId, more: Uses) {
    let uses = all.entry(secret).or_insert(Uses { calls: 0, last_at: more.last_at });
    uses.calls = uses.calls.saturating_add(more.calls);
    uses.last_at = uses.last_at.max(more.last_at);
}

pub(super) fn note_use(all: &mut HashMap<PlatformKeyId, Timestamp>, key: PlatformKeyId, at: Timestamp) {
    let last = all.entry(key).or_insert(at);
    *last = at.max(*last);
}

/// Each once: what was put back may be counted further.
fn added_up(mut rows: Vec<((CallsOf, Hour), Calls)>) -> Vec<((CallsOf, Hour), Calls)> {
    rows.sort_unstable_by_key(|(of, _)| *of);
    rows.dedup_by(|(later, more), (first, calls)| {
        let is_same = later == first;
        if is_same {
            *calls += *more;
        }
        is_same
    });
    rows
}

/// In the order of the accounts. Of all, too, the last ones: what was put back goes first.
fn last_of_each(mut refused: Vec<(AccountId, RefusedCall)>) -> Vec<(AccountId, RefusedCall)> {
    let too_many = refused.len().saturating_sub(SHARDS * REFUSALS_A_SHARD);
    refused.drain(..too_many);
    let of = |(account, call): &(AccountId, RefusedCall)| (*account, call.signed_with.is_verified());
    refused.sort_by_key(of);
    let groups = refused.chunk_by(|one, other| of(one) == of(other));
    let counts: Vec<usize> = groups.map(<[_]>::len).collect();
    let skipped = counts.iter().flat_map(|count| (0..*count).map(|n| n + REFUSALS_AN_ACCOUNT < *count));
    refused.into_iter().zip(skipped).filter_map(|(one, is_skipped)| (!is_skipped).then_some(one)).collect()
}
