//! Hashing and checking passwords, a bounded number at once (S3, S4).

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        Error,
        phc::{Output, ParamsString, PasswordHash as Phc, Salt},
    },
};
use subtle::ConstantTimeEq;
use thiserror::Error;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::domain::password::{NewPassword, PasswordHash, TypedPassword};

/// Memory of one hash, in KiB.
pub const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
pub const PASSES: u32 = 2;
/// Lanes of one hash.
pub const LANES: u32 = 1;

/// How long a request waits for its turn. With the hash itself it is answered within two
/// seconds (S4).
const MAX_WAIT: Duration = Duration::from_millis(1_500);

/// No turn within a second and a half, or no memory: to be tried again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many passwords are being checked at this moment")]
pub struct Busy;

/// Whether a password is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub ok: bool,
    /// The right password, but its hash was made with weaker parameters than are in use now:
    /// store a new one (S3).
    pub rehash: bool,
}

/// Hashes passwords by Argon2id off the async threads.
#[derive(Clone)]
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
    /// What the hashes of before were worked out in, one for each turn that nobody has. If each
    /// asked for its own, the allocator would keep some for every thread that ever hashed, and a
    /// flood of sign-ins takes many threads.
    memory: Arc<Mutex<Vec<Memory>>>,
}

type Memory = Vec<Block>;

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("turns", &self.turns).finish_non_exhaustive()
    }
}

impl PasswordHasher {
    /// One that works on `at_once` passwords at the same time, and on one at least. Each
    /// takes a core and `MEMORY_KIB` for some hundredths of a second.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))), memory: Arc::default() }
    }

    /// The hash to store, with a salt of its own.
    ///
    /// # Errors
    /// `Busy`.
    pub async fn hash(&self, password: NewPassword) -> Result<PasswordHash, Busy> {
        let password = password.into_typed();
        self.hash_again(password).await
    }

    /// The new hash of a password that was verified with `rehash`.
    ///
    /// Takes what was typed, since a rule of today may refuse a password of long ago.
    ///
    /// # Errors
    /// `Busy`.
    pub async fn hash_again(&self, password: TypedPassword) -> Result<PasswordHash, Busy> {
        self.in_turn(move |memory| hash(&password, memory)).await
    }

    /// Whether this is the password of that hash.
    ///
    /// # Errors
    /// `Busy`.
    pub async fn verify(&self, password: TypedPassword, hash: &PasswordHash) -> Result<Verified, Busy> {
        let hash = hash.as_str().to_owned();
        self.in_turn(move |memory| verify(&password, &hash, memory)).await
    }

    /// As much work as checking a password, for a person who is not there, so that the time
    /// of the answer does not tell (S5).
    ///
    /// # Errors
    /// `Busy`, as often as for a person who is.
    pub async fn verify_nobody(&self, password: TypedPassword) -> Result<(), Busy> {
        // Nothing hashes to 32 zero bytes that anybody could find.
        let hash = format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$bm9ib2R5J3Mgc2FsdA${}",
            "A".repeat(43)
        );
        self.in_turn(move |memory| verify(&password, &hash, memory)).await?;
        Ok(())
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Busy> {
        let turn = timeout(MAX_WAIT, Arc::clone(&self.turns).acquire_owned());
        let turn = turn.await.map_err(|_| Busy)?.map_err(|_| Busy)?;
        let all = Arc::clone(&self.memory);
        let work = spawn_blocking(move || {
            // Held here, so that a request that is given up does not let in one more.
            let _turn = turn;
            let free = || all.lock().unwrap_or_else(PoisonError::into_inner);
            let mut memory = free().pop().unwrap_or_default();
            let done = work(&mut memory);
            free().push(memory);
            done
        });
        // With parameters that are constants, memory is all that can be wanting.
        work.await.map_err(|_| Busy)?.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Busy
        })
    }
}

fn hash(password: &TypedPassword, memory: &mut Memory) -> Result<PasswordHash, Error> {
    let argon2 = argon2()?;
    let salt = Salt::new(&super::random::<16>())?;
    let hash = Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(salt),
        hash: Some(work_out(&argon2, password, &salt, memory)?),
    };
    hash.to_string().parse().map_err(|_| Error::Internal)
}

fn verify(password: &TypedPassword, hash: &str, memory: &mut Memory) -> Result<Verified, Error> {
    let hash = Phc::new(hash).map_err(|_| Error::EncodingInvalid)?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return Err(Error::EncodingInvalid) };
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    // The parameters are those of the hash, not those of today.
    let argon2 = Argon2::new(Algorithm::Argon2id, version, Params::try_from(&hash)?);
    let ok = work_out(&argon2, password, salt, memory)?.as_bytes().ct_eq(expected.as_bytes()).into();
    Ok(Verified { ok, rehash: ok && is_weaker(&hash)? })
}

fn work_out(
    argon2: &Argon2<'_>,
    password: &TypedPassword,
    salt: &[u8],
    memory: &mut Memory,
) -> Result<Output, Error> {
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes.get_mut(..length).ok_or(Error::OutputSize)?;
    memory.resize(argon2.params().block_count(), Block::new());
    argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, bytes, memory)?;
    Ok(Output::new(bytes)?)
}

fn is_weaker(hash: &Phc) -> Result<bool, Error> {
    let params = Params::try_from(hash)?;
    Ok(hash.version != Some(Version::V0x13.into())
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || params.p_cost() < LANES)
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use argon2::password_hash::PasswordHasher as _;

    use super::*;
    use crate::domain::password::PasswordContext;

    const PHRASE: &str = "gardens are never finished";

    fn typed(text: &str) -> TypedPassword {
        TypedPassword::parse(text).expect("short enough")
    }

    fn new(text: &str) -> NewPassword {
        let nobody = PasswordContext { platform: "", email: "", name: "" };
        NewPassword::parse(text, &nobody).expect("a good password")
    }

    #[tokio::test]
    async fn the_password_itself_is_the_only_one_that_fits() {
        let hasher = PasswordHasher::new(2);
        let hash = hasher.hash(new(PHRASE)).await.expect("a turn");
        let start = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(hash.as_str().starts_with(start), "{}", hash.as_str());
        for (text, ok) in [
            (PHRASE, true),
            ("Gardens are never finished", false),
            ("gardens are never finished ", false),
            ("gardens are never finishe", false),
            ("", false),
        ] {
            let rehash = false;
            let verified = hasher.verify(typed(text), &hash).await;
            assert_eq!(verified, Ok(Verified { ok, rehash }), "{text}");
        }
    }

    #[tokio::test]
    async fn equal_passwords_have_different_hashes() {
        let hasher = PasswordHasher::new(2);
        let first = hasher.hash(new(PHRASE)).await;
        assert_ne!(first, hasher.hash(new(PHRASE)).await);
    }

    #[tokio::test]
    async fn a_hash_of_weaker_parameters_is_to_be_made_again() {
        let hasher = PasswordHasher::new(1);
        for (memory, passes, rehash) in
            [(MEMORY_KIB - 1, PASSES, true), (MEMORY_KIB, PASSES - 1, true), (MEMORY_KIB + 1, PASSES, false)]
        {
            let params = Params::new(memory, passes, 1, None).expect("parameters in range");
            let hash: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_with_salt(PHRASE.as_bytes(), b"sixteen bytes ok")
                .expect("a hash")
                .to_string()
                .parse()
                .expect("a hash of the right kind");
            let verified = hasher.verify(typed(PHRASE), &hash).await;
            assert_eq!(verified, Ok(Verified { ok: true, rehash }));
            let wrong = hasher.verify(typed("wrong"), &hash).await;
            let (ok, rehash) = (false, false);
            assert_eq!(wrong, Ok(Verified { ok, rehash }));
        }
    }

    #[tokio::test]
    async fn checking_nobodys_password_takes_the_same_work() {
        let hasher = PasswordHasher::new(1);
        let hash = hasher.hash(new(PHRASE)).await.expect("a turn");
        let mut times = [Duration::MAX; 2];
        for _ in 0..5 {
            let begin = Instant::now();
            assert_eq!(hasher.verify_nobody(typed("wrong")).await, Ok(()));
            times[0] = times[0].min(begin.elapsed());
            let begin = Instant::now();
            assert!(hasher.verify(typed("wrong"), &hash).await.is_ok());
            times[1] = times[1].min(begin.elapsed());
        }
        // A test of the sign-in page compares medians over HTTP; here only: neither is free.
        let [nobody, somebody] = times;
        assert!(nobody > somebody / 2 && somebody > nobody / 2, "{times:?}");
    }

    #[tokio::test]
    async fn who_gets_no_turn_in_time_is_told_so() {
        let hasher = PasswordHasher::new(0);
        let held = Arc::clone(&hasher.turns).acquire_owned().await;
        let begin = Instant::now();
        assert_eq!(hasher.verify_nobody(typed(PHRASE)).await, Err(Busy));
        assert!(begin.elapsed() < Duration::from_secs(2));
        drop(held);
        assert_eq!(hasher.verify_nobody(typed(PHRASE)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_stored_hash_that_cannot_be_read_fits_no_password() {
        let hasher = PasswordHasher::new(1);
        let hash = "$argon2id$v=19$m=0,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
        let hash: PasswordHash = hash.parse().expect("it looks like one");
        assert!(hasher.verify(typed(PHRASE), &hash).await.is_err());
    }
}
