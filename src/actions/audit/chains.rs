//! Following every chain of the audit log from its beginning to its head.

use std::collections::VecDeque;

use crate::{
    domain::audit::chain::{Break, Chain, Fault, Follower, Head, KeptHead},
    store::{AuditPlace, Conn, Store, StoreError},
};

type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What a look at all chains came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub chains: u64,
    /// Rows that are whole, and stand before the first broken one of their chain.
    pub rows: u64,
    pub broken: u64,
    /// Rows and heads that somebody put in, of chains whose name is none.
    pub nameless: u64,
}

/// Rows that are followed at a time, of whatever chains.
const FOLLOWED: i64 = 1_000;

/// Follows every chain from its beginning to its head, in the memory that a thousand rows take,
/// and tells `found` of the first broken row of each.
///
/// # Errors
/// The database does not answer.
pub async fn verify(store: &Store, found: impl FnMut(Break)) -> Result<Verified> {
    let mut read = store.snapshot().await?;
    let nameless = read.nameless_audit_rows().await?.unsigned_abs();
    let verified = Verified { nameless, ..Verified::default() };
    let mut walk = Walk { found, verified, current: None, heads: Heads::default() };
    let (mut place, mut limit) = (Some(AuditPlace::beginning()), FOLLOWED);
    while let Some(after) = place {
        let rows = match read.audit_rows(after, limit).await {
            // One of them cannot be read; the rows before it one by one.
            Err(StoreError::Corrupt(_)) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(StoreError::Corrupt(_)) => {
                let Some(chain) = read.audit_chain_at(after).await? else { break };
                let current = walk.go_to(&mut read, chain).await?;
                let unreadable = current.follower.unreadable();
                walk.broken(unreadable);
                (place, limit) = (AuditPlace::behind(chain), FOLLOWED);
                continue;
            }
            rows => rows?,
        };
        let Some((last, _)) = rows.last() else { break };
        place = Some(AuditPlace::of(last));
        for (row, hash) in &rows {
            let current = walk.go_to(&mut read, row.chain).await?;
            if !current.is_broken
                && let Err(broken) = current.follower.next(row, *hash)
            {
                walk.broken(broken);
            }
        }
        // Whatever comes next of a broken chain tells nothing more.
        if walk.current.as_ref().is_some_and(|current| current.is_broken) {
            (place, limit) = (AuditPlace::behind(last.chain), FOLLOWED);
        }
    }
    walk.end(&mut read).await
}

/// Where the look at all chains is.
struct Walk<F> {
    found: F,
    verified: Verified,
    current: Option<Current>,
    heads: Heads,
}

/// The chain that is being followed.
struct Current {
    chain: Chain,
    follower: Follower,
    is_broken: bool,
}

impl Current {
    const fn of(chain: Chain) -> Self {
        Self { chain, follower: Follower::of(chain), is_broken: false }
    }
}

impl<F: FnMut(Break)> Walk<F> {
    /// The chain of the next row; what comes before it in the order of chains is at its end.
    async fn go_to(&mut self, read: &mut Conn, chain: Chain) -> Result<&mut Current> {
        if self.current.as_ref().is_none_or(|current| current.chain != chain) {
            self.end_before(read, |other| other < chain).await?;
        }
        Ok(self.current.get_or_insert(Current::of(chain)))
    }

    /// The current chain ends here, and so do those that have a head and no row.
    async fn end_before(&mut self, read: &mut Conn, is_before: impl Fn(Chain) -> bool) -> Result<()> {
        if let Some(done) = self.current.take() {
            let head = self.heads.next(read, |head| head == done.chain).await?;
            self.end_chain(done, head.map(|(_, head)| head));
        }
        while let Some((chain, head)) = self.heads.next(read, &is_before).await? {
            self.end_chain(Current::of(chain), Some(head));
        }
        Ok(())
    }

    /// Holds a chain against its head, which it may lack, and which may be unreadable.
    fn end_chain(&mut self, mut done: Current, head: Option<Option<Head>>) {
        if !done.is_broken {
            let ended = match head {
                Some(None) => Err(done.follower.unreadable()),
                Some(Some(head)) => done.follower.end(Some(head)),
                None => done.follower.end(Some(Head::NONE)),
            };
            if let Err(broken) = ended {
                (self.found)(broken);
                self.verified.broken += 1;
                done.is_broken = true;
            }
        }
        let rows = done.follower.reached().seq.unsigned_abs();
        self.verified.rows += rows;
        self.verified.chains += u64::from(rows > 0 || done.is_broken);
    }

    /// The current chain holds no further.
    fn broken(&mut self, broken: Break) {
        (self.found)(broken);
        self.verified.broken += 1;
        if let Some(current) = &mut self.current {
            current.is_broken = true;
        }
    }

    async fn end(mut self, read: &mut Conn) -> Result<Verified> {
        self.end_before(read, |_| true).await?;
        Ok(self.verified)
    }
}

/// The heads of all chains in their order, some read at a time.
struct Heads {
    read: VecDeque<(Chain, Option<Head>)>,
    /// From which one on others are to be read.
    from: Option<Chain>,
}

impl Default for Heads {
    fn default() -> Self {
        Self { read: VecDeque::new(), from: Some(Chain::Platform) }
    }
}

impl Heads {
    /// The next one, if it fits.
    async fn next(
        &mut self,
        read: &mut Conn,
        fits: impl Fn(Chain) -> bool,
    ) -> Result<Option<(Chain, Option<Head>)>> {
        if let (true, Some(from)) = (self.read.is_empty(), self.from) {
            self.read = read.audit_heads(from).await?.into();
            self.from = self.read.back().and_then(|(chain, _)| chain.successor());
        }
        Ok(self.read.pop_front_if(|(chain, _)| fits(*chain)))
    }
}

/// Holds the log against a head that was kept elsewhere: the end of a chain can be cut off
/// together with its head, and a whole chain be written anew.
///
/// # Errors
/// The database does not answer.
pub async fn as_kept(store: &Store, kept: &KeptHead) -> Result<Result<(), Break>> {
    let KeptHead { chain, head } = *kept;
    let broken = |fault| Err(Break { chain, seq: head.seq, id: None, fault });
    Ok(match store.read().await?.audit_hash(chain, head.seq).await {
        Err(StoreError::Corrupt(_)) => broken(Fault::Unreadable),
        Err(error) => return Err(error),
        Ok(None) => broken(Fault::Missing),
        Ok(Some(hash)) if hash != head.hash => broken(Fault::NotAsKept),
        Ok(Some(_)) => Ok(()),
    })
}

/// Tells `each` of the last row of every chain.
///
/// # Errors
/// The database does not answer, a head cannot be read, or `each` fails.
pub async fn heads<E: From<StoreError>>(
    store: &Store,
    mut each: impl FnMut(KeptHead) -> Result<(), E>,
) -> Result<(), E> {
    let mut read = store.snapshot().await?;
    let mut heads = Heads::default();
    while let Some((chain, head)) = heads.next(&mut read, |_| true).await? {
        let unreadable = || StoreError::Corrupt(format!("the head of {chain}"));
        let head = head.ok_or_else(unreadable)?;
        if head.seq > 0 {
            each(KeptHead { chain, head })?;
        }
    }
    Ok(())
}
