//! What keeps secrets secret.

pub mod keyring;
pub mod password;
pub mod token;
pub mod totp;

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

/// Random bytes of the operating system.
///
/// # Panics
/// If the system has none to give, which a running Linux never does once it has started:
/// nothing that needs randomness may go on without it.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A number that this process gives once and that no other is likely to give; by itself it
/// tells nothing, but it can be guessed, so it is never a secret. Takes no call of the system.
#[must_use]
pub fn once() -> u64 {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(u64::from_be_bytes(random())));
    // The golden ratio of 2^64: consecutive multiples lie far apart, and all 2^64 come before
    // the first one again.
    NEXT.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_given_once_does_not_come_again() {
        let given: std::collections::HashSet<u64> = (0..10_000).map(|_| super::once()).collect();
        assert_eq!(given.len(), 10_000);
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(super::random::<16>(), super::random::<16>());
    }
}
