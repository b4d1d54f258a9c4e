//! What keeps secrets secret.

pub mod keyring;
pub mod password;
pub mod token;
pub mod totp;

use std::sync::{
    LazyLock, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use thiserror::Error;

/// The operating system gave no random bytes: nothing that needs secrets may start.
#[derive(Debug, Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness(#[source] getrandom::Error);

/// What stands in for the operating system, seeded by it with 256 bits.
static STANDBY: OnceLock<Mutex<StdRng>> = OnceLock::new();

/// Makes [`random`] one that cannot fail; the start does this before anything else.
///
/// # Errors
/// If the operating system has no random bytes to give.
pub fn start() -> Result<(), NoRandomness> {
    let seeded = seeded()?;
    STANDBY.get_or_init(|| Mutex::new(seeded));
    Ok(())
}

/// Random bytes, fit for secrets of 256 bits.
///
/// They are the operating system's own, so that neither a copy of this process's memory nor a
/// machine that was cloned while it ran gives away what is drawn later. In the case that it has
/// none at this moment (a sandbox that forbids the call, an old kernel without a free file), they
/// come from a generator (`ChaCha`) that it seeded at the start, which has no way to fail: a request
/// is answered, and no secret is weak.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // What made no start, as a test may, has the system alone, and waits for it.
    while getrandom::fill(&mut bytes).is_err() {
        if let Some(standby) = STANDBY.get() {
            stand_in(standby, &mut bytes);
            break;
        }
    }
    bytes
}

/// Bytes of the generator, after which it goes on from a seed that it draws of itself: they
/// cannot be worked out from what it holds later.
fn stand_in(standby: &Mutex<StdRng>, bytes: &mut [u8]) {
    // Nothing panics while it is held, and half a step would do no harm.
    let mut generator = standby.lock().unwrap_or_else(PoisonError::into_inner);
    generator.fill_bytes(bytes);
    *generator = StdRng::from_rng(&mut *generator);
}

fn seeded() -> Result<StdRng, NoRandomness> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(NoRandomness)?;
    Ok(StdRng::from_seed(seed))
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

    #[test]
    fn what_stands_in_for_the_system_gives_as_many_bytes_and_never_the_same() {
        super::start().unwrap();
        let standby = super::STANDBY.get().unwrap();
        let drawn = || {
            let mut bytes = [0; 100];
            super::stand_in(standby, &mut bytes);
            bytes
        };
        let drawn: std::collections::HashSet<_> = (0..1_000).map(|_| drawn()).collect();
        assert_eq!(drawn.len(), 1_000);
        // Of 100,000 bytes each value has about 390.
        let zeros = drawn.iter().flatten().filter(|byte| **byte == 0).count();
        assert!((200..600).contains(&zeros), "{zeros}");
        let other = super::seeded().unwrap();
        assert_ne!(other, super::seeded().unwrap(), "each process has a seed of its own");
    }
}
