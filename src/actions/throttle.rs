//! Limits on guessing, counted in the database so that they hold across processes (S6).

use std::net::{IpAddr, Ipv6Addr};

use super::{By, Context, Error, On, Result};
use crate::{
    domain::{audit::Change, email::Email, id::TryId, time::Span},
    store::Tx,
};

/// How long a try counts.
const WINDOW: Span = Span::minutes(15);
/// How many may count at one time.
const MAX: i64 = 10;

/// A try that has been counted. It stays so unless it is taken back.
#[derive(Debug)]
pub(super) struct Counted {
    id: TryId,
    buckets: Vec<[u8; 32]>,
}

/// Where somebody is, as limits count it. Of an IPv6 address the first 64 bits: whoever has one
/// has all those that begin so (RFC 6177).
pub(super) fn place(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string(),
        None => String::new(),
    }
}

impl Context {
    /// Counts a mail that `by` is about to have sent to an address, by place and by address: a
    /// mailbox is not filled by strangers, whatever form it is entered in.
    ///
    /// # Errors
    /// [`Error::TooMany`] after ten in a quarter of an hour.
    pub(super) async fn count_mail(&self, kind: &str, by: &By, to: &Email) -> Result<()> {
        let place = self.keys.bucket(&format!("{kind} place"), &place(by.origin.address));
        let address = self.keys.bucket(&format!("{kind} address"), &to.key());
        self.count_try(vec![place, address]).await.map(|_| ())
    }

    /// Counts a try in every bucket before anything is judged, so that tries at the same
    /// time cannot all slip under the limit.
    ///
    /// # Errors
    /// [`Error::TooMany`] once a bucket is full.
    pub(super) async fn count_try(&self, buckets: Vec<[u8; 32]>) -> Result<Counted> {
        self.count_up_to(MAX, buckets).await
    }

    /// As [`Context::count_try`], of a password or a code of a user. The first try that is refused
    /// is written down, and no other one for a quarter of an hour: those that were judged have
    /// rows of their own, and a flood of others must not fill the log (S65).
    pub(super) async fn count_guess(
        &self,
        by: &By,
        email: &Email,
        buckets: Vec<[u8; 32]>,
    ) -> Result<Counted> {
        let counted = self.count_try(buckets.clone()).await;
        if matches!(counted, Err(Error::TooMany { .. })) {
            self.tell_limit(by, email, &buckets).await?;
        }
        counted
    }

    async fn tell_limit(&self, by: &By, email: &Email, buckets: &[[u8; 32]]) -> Result<()> {
        let mut told = Vec::new();
        for bucket in buckets {
            let is_told = self.keys.bucket("limit told", &format!("{bucket:02x?}"));
            if self.is_full(bucket).await? && !self.has_tries(&is_told).await? {
                told.push(is_told);
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        told.sort_unstable();
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut is_first = false;
        for bucket in &told {
            tx.lock_bucket(bucket, now).await?;
            if tx.tries(bucket, now - WINDOW).await? == 0 {
                tx.insert_try(self.new_id(), bucket, now).await?;
                is_first = true;
            }
        }
        if !is_first {
            return Ok(());
        }
        self.audit(&mut tx, by, On::platform(), Change::TriesLimited { email: email.to_string() }).await?;
        Ok(tx.commit().await?)
    }

    /// Writes a change down, unless one of the bucket was within a quarter of an hour.
    pub(super) async fn audit_once(&self, by: &By, bucket: [u8; 32], on: On, change: Change) -> Result<()> {
        if self.has_tries(&bucket).await? {
            return Ok(());
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        tx.lock_bucket(&bucket, now).await?;
        if tx.tries(&bucket, now - WINDOW).await? > 0 {
            return Ok(());
        }
        tx.insert_try(self.new_id(), &bucket, now).await?;
        self.audit(&mut tx, by, on, change).await?;
        Ok(tx.commit().await?)
    }

    async fn has_tries(&self, bucket: &[u8; 32]) -> Result<bool> {
        Ok(self.read().await?.tries(bucket, self.now() - WINDOW).await? > 0)
    }

    /// As [`Context::count_try`], of what more than ten may be done of.
    pub(super) async fn count_up_to(&self, max: i64, mut buckets: Vec<[u8; 32]>) -> Result<Counted> {
        let now = self.now();
        let id = self.new_id();
        // In one order, so that two who take the same buckets never wait for each other.
        buckets.sort_unstable();
        let mut tx = self.begin().await?;
        let mut full = false;
        for bucket in &buckets {
            tx.lock_bucket(bucket, now).await?;
            full |= tx.tries(bucket, now - WINDOW).await? >= max;
        }
        if full {
            return Err(Error::TooMany { retry_after: WINDOW });
        }
        for bucket in &buckets {
            tx.insert_try(id, bucket, now).await?;
        }
        tx.commit().await?;
        Ok(Counted { id, buckets })
    }

    /// Counts so many at once in the transaction that does what is limited: if it is undone, they
    /// count no more. Whoever counts in the same bucket waits for its end.
    ///
    /// # Errors
    /// [`Error::TooMany`] if they would be more than `max` in a `window`, with when they would not.
    pub(super) async fn count_within(
        &self,
        tx: &mut Tx,
        bucket: [u8; 32],
        count: usize,
        (max, window): (usize, Span),
    ) -> Result<()> {
        let now = self.now();
        tx.lock_bucket(&bucket, now).await?;
        let most = i64::try_from(max).unwrap_or(i64::MAX);
        let before = tx.last_tries(&bucket, now - window, most).await?;
        // The last of those that must be over before there is room.
        if let Some(at) = before.get(max.saturating_sub(count)) {
            return Err(Error::TooMany { retry_after: (*at + window).since(now) });
        }
        for _ in 0..count {
            tx.insert_try(self.new_id(), &bucket, now).await?;
        }
        Ok(())
    }

    /// The try was none: it turned out right.
    pub(super) async fn take_back(&self, counted: Counted) -> Result<()> {
        let mut tx = self.begin().await?;
        for bucket in &counted.buckets {
            tx.delete_try(counted.id, bucket).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Whether a bucket is full; the try itself is counted apart.
    pub(super) async fn is_full(&self, bucket: &[u8; 32]) -> Result<bool> {
        Ok(self.read().await?.tries(bucket, self.now() - WINDOW).await? >= MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_one_customer_is_one_place() {
        let at = |address: &str| place(address.parse().ok());
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), at("2001:db8:1:2:ffff::1"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
