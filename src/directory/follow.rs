//! How the directory is filled, and hears of what other processes change.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::sync::OwnedMutexGuard;

use super::{Blind, Directory, FRESH};
use crate::domain::id::{AccountId, Id};

/// How long one reading of the log may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// A stretch of accounts read at a time when the directory is filled.
const STRETCH: i64 = 1_000;
/// Before filling that failed is tried again.
const FILL_AGAIN_AFTER: Duration = Duration::from_secs(2);

impl Directory {
    /// Reads what is new in the log. To be called at least four times a second.
    ///
    /// # Errors
    /// The log cannot be read; what is in memory goes on being answered for a while.
    pub async fn follow(&self) -> Result<(), Blind> {
        let turn = Arc::clone(&self.reading).lock_owned().await;
        self.follow_in(turn).await
    }

    async fn follow_in(&self, turn: OwnedMutexGuard<()>) -> Result<(), Blind> {
        let began = self.opened.elapsed();
        let read = tokio::time::timeout(PATIENCE, self.read_log()).await;
        let read = read.unwrap_or(Err(Blind::Late(PATIENCE)));
        if read.is_ok() {
            let began_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
            self.last_read_ms.store(began_ms, Ordering::Release);
        }
        // A process that stood still does not know whether the database would have answered.
        let stood_still = self.opened.elapsed() - began > 2 * PATIENCE;
        self.is_out_of_reach.store(read.is_err() && !stood_still, Ordering::Release);
        drop(turn);
        self.read.send_replace(());
        read
    }

    /// Waits for the log, which has not been read for so long that memory may be out of date: as when
    /// this process stood still, or the database is slow. If that is late or fails, memory is
    /// trusted, as long as it may be.
    ///
    /// # Errors
    /// The log has not been read for longer than is allowed.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<(), Blind> {
        let mut read = self.read.subscribe();
        let reading = async {
            while self.age() > FRESH && !self.is_out_of_reach.load(Ordering::Acquire) {
                if let Ok(turn) = Arc::clone(&self.reading).try_lock_owned() {
                    let directory = Arc::clone(self);
                    // It goes on for others when this call waits no more.
                    tokio::spawn(async move { _ = directory.follow_in(turn).await });
                }
                if read.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(self.limits.wait, reading).await;
        self.sees()
    }

    async fn read_log(&self) -> Result<(), Blind> {
        let mut read = self.store.read_log().await?;
        loop {
            let applied = self.applied.load(Ordering::Acquire);
            let changes = read.changes_since(applied).await?;
            let Some(last) = changes.last().map(|change| change.revision) else {
                // The log of another past: the database was restored, or a copy took its place.
                let revision = read.revision().await?;
                if revision < applied {
                    self.forget_all();
                    self.applied.store(revision, Ordering::Release);
                }
                return Ok(());
            };
            // A gap means that the log was cut while nobody here was reading.
            if changes.first().is_some_and(|first| first.revision > applied + 1) {
                self.forget_all();
            }
            changes.iter().for_each(|change| self.forget(*change));
            self.applied.fetch_max(last, Ordering::AcqRel);
        }
    }

    /// Fills the directory, again after a pause if that fails, and anew when everything had to be
    /// forgotten; reads again what changed. Does not end.
    pub async fn keep_filled(&self) {
        tokio::join!(self.fill_whenever_emptied(), self.read_again());
    }

    /// Waits until the directory is filled for the first time, or that failed.
    pub async fn first_filled(&self) {
        self.first_filled.wait().await;
    }

    async fn fill_whenever_emptied(&self) {
        let mut has_failed = false;
        loop {
            let began = Instant::now();
            let filled = self.fill().await;
            // The first time alone; then it is set.
            let _ = self.first_filled.set(());
            let Err(error) = filled else {
                let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(accounts = self.len(), duration_ms, "the directory is filled");
                has_failed = false;
                self.emptied.notified().await;
                continue;
            };
            // Said once, however often it fails. Meanwhile each account is looked up when it first calls.
            if !has_failed {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the directory could not be filled");
            }
            has_failed = true;
            tokio::time::sleep(FILL_AGAIN_AFTER).await;
        }
    }

    /// Reads every account and its clients, up to the limit, so that first calls find them in memory.
    /// An account whose secret does not open is left to the first call that needs it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn fill(&self) -> Result<(), Blind> {
        let mut after = AccountId::from_uuid(uuid::Uuid::nil());
        let mut filled = 0;
        while filled < self.limits.entries {
            let heard = self.heard();
            let mut read = self.store.read().await?;
            let accounts = read.keyed_accounts(after, STRETCH).await?;
            let Some(last) = accounts.last().map(|account| account.id) else { break };
            filled += accounts.len();
            self.take_in(&mut read, accounts, heard).await?;
            after = last;
        }
        Ok(())
    }
}
