//! A clock that stands still until a test moves it.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::sync::atomic::{AtomicI64, Ordering};

use portico::domain::time::{Clock, Span, Timestamp};

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// 24 Nov 2026, 07:20 UTC.
    pub fn new() -> Self {
        Self(AtomicI64::new(1_795_504_800_000_000))
    }

    pub fn advance(&self, span: Span) {
        self.0.fetch_add(span.micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
