//! What keeps secrets secret.

pub mod keyring;
pub mod password;
pub mod token;

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

#[cfg(test)]
mod tests {
    #[test]
    fn random_bytes_differ() {
        assert_ne!(super::random::<16>(), super::random::<16>());
    }
}
