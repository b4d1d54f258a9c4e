//! The chains of the audit log: adding to them, and reading them from their beginning.
//!
//! A transaction adds its rows when it commits, after all it had to wait for, and takes the heads
//! of its chains in one order. So no two wait for each other, and whoever holds a head commits
//! next.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional, value},
    dialect::{ENTRIES_AFTER, HEADS_FROM, NAMELESS},
    statements::statements,
};
use crate::domain::{
    audit::{
        Entry,
        chain::{Chain, Hash, Head, Record},
    },
    id::{AppId, AuditId, Id, UserId},
    time::Timestamp,
};

statements! {
    /// Takes a chain's head until the end of the transaction.
    TAKE_HEAD = "update audit_heads set seq = seq where chain = $1 returning seq, hash";
    /// The head of a chain that has no row yet.
    INSERT_HEAD = "insert into audit_heads (chain, seq, hash) values ($1, 0, $2) on conflict (chain) do nothing";
    /// Another last row.
    SET_HEAD = "update audit_heads set seq = $2, hash = $3 where chain = $1";
    /// One more row.
    INSERT_ENTRY = "insert into audit_log
        (id, chain, seq, at, actor, actor_id, app_id, action, detail, address, request_id, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// The hash of a row.
    HASH_AT = "select hash from audit_log where chain = $1 and seq = $2";
}

#[derive(FromRow)]
struct RecordRow {
    id: AuditId,
    chain: Chain,
    seq: i64,
    at: Timestamp,
    actor: String,
    actor_id: Option<UserId>,
    #[sqlx(rename = "app_id")]
    app: Option<AppId>,
    action: String,
    detail: String,
    address: Option<String>,
    request_id: Option<String>,
    hash: Hash,
}

/// Of a row, perhaps one that cannot be read.
#[derive(FromRow)]
struct ChainRow {
    chain: Chain,
}

impl From<RecordRow> for (Record, Hash) {
    fn from(row: RecordRow) -> Self {
        let RecordRow { id, chain, seq, at, actor, actor_id, app, action, detail, address, request_id, hash } =
            row;
        (Record { id, chain, seq, at, actor, actor_id, app, action, detail, address, request_id }, hash)
    }
}

fn record(id: AuditId, chain: Chain, seq: i64, entry: Entry) -> Record {
    let (action, detail) = entry.change.parts();
    Record {
        id,
        chain,
        seq,
        at: entry.at,
        actor: entry.actor.as_str().to_owned(),
        actor_id: entry.actor.user(),
        app: entry.app,
        action,
        detail,
        address: entry.origin.address.map(|address| address.to_string()),
        request_id: entry.origin.request_id,
    }
}

impl Tx {
    /// Adds what was written down to its chains: all but the last statements of a transaction.
    pub(super) async fn write_audit(&mut self) -> Result<()> {
        let mut entries = std::mem::take(&mut self.audited);
        // In the order of the chains, and within a chain in that of the changes.
        entries.sort_by_key(|(_, entry)| Chain::of(entry.account));
        let mut open: Option<(Chain, Head)> = None;
        for (id, entry) in entries {
            let chain = Chain::of(entry.account);
            let head = match open {
                Some((same, head)) if same == chain => head,
                other => {
                    self.close_chain(other).await?;
                    self.take_head(chain).await?
                }
            };
            let record = record(id, chain, head.seq + 1, entry);
            let hash = record.hash(head.hash);
            open = Some((chain, Head { seq: record.seq, hash }));
            self.insert_record(record, hash).await?;
        }
        self.close_chain(open).await
    }

    async fn take_head(&mut self, chain: Chain) -> Result<Head> {
        if let Some(head) = self.head_if_there(chain).await? {
            return Ok(head);
        }
        // Another transaction may be quicker; then it is waited for.
        execute!(self, INSERT_HEAD, chain, Hash::ZERO);
        let lost = || StoreError::Corrupt(format!("the head of {chain} is not there"));
        self.head_if_there(chain).await?.ok_or_else(lost)
    }

    async fn head_if_there(&mut self, chain: Chain) -> Result<Option<Head>> {
        let head: Option<(i64, Hash)> = optional!(self, TAKE_HEAD, chain);
        Ok(head.map(|(seq, hash)| Head { seq, hash }))
    }

    async fn close_chain(&mut self, open: Option<(Chain, Head)>) -> Result<()> {
        if let Some((chain, head)) = open {
            execute!(self, SET_HEAD, chain, head.seq, head.hash);
        }
        Ok(())
    }

    async fn insert_record(&mut self, record: Record, hash: Hash) -> Result<()> {
        let Record { id, chain, seq, at, actor, actor_id, app, action, detail, address, request_id } = record;
        execute!(
            self,
            INSERT_ENTRY,
            id,
            chain,
            seq,
            at,
            actor.as_str(),
            actor_id,
            app,
            action.as_str(),
            detail.as_str(),
            address.as_deref(),
            request_id.as_deref(),
            hash,
        );
        Ok(())
    }
}

/// A place among all rows: in the order of chains, and within one in that of their numbers.
#[derive(Clone, Copy, Debug)]
pub struct AuditPlace {
    chain: Chain,
    seq: i64,
    id: AuditId,
}

impl AuditPlace {
    /// Before every row.
    #[must_use]
    pub fn beginning() -> Self {
        Self::before(Chain::Platform)
    }

    /// Where a row is.
    #[must_use]
    pub const fn of(row: &Record) -> Self {
        Self { chain: row.chain, seq: row.seq, id: row.id }
    }

    /// Before all that comes after a chain, if anything can.
    #[must_use]
    pub fn behind(chain: Chain) -> Option<Self> {
        chain.successor().map(Self::before)
    }

    fn before(chain: Chain) -> Self {
        Self { chain, seq: i64::MIN, id: AuditId::from_uuid(uuid::Uuid::nil()) }
    }
}

impl Conn {
    /// The heads of the chains from one on, at most a thousand; nothing for one that cannot be
    /// read.
    pub async fn audit_heads(&mut self, from: Chain) -> Result<Vec<(Chain, Option<Head>)>> {
        let statement = self.text(HEADS_FROM);
        let rows: Vec<(Chain, i64, Vec<u8>)> = all!(self, statement, from);
        let head = |seq, hash: Vec<u8>| Some(Head { seq, hash: Hash::from_bytes(hash.try_into().ok()?) });
        Ok(rows.into_iter().map(|(chain, seq, hash)| (chain, head(seq, hash))).collect())
    }

    /// The rows behind a place, whatever chains they belong to, with the hashes they have.
    pub async fn audit_rows(&mut self, after: AuditPlace, limit: i64) -> Result<Vec<(Record, Hash)>> {
        let AuditPlace { chain, seq, id } = after;
        let statement = self.text(ENTRIES_AFTER);
        let rows: Vec<RecordRow> = all!(self, statement, chain, seq, id, limit);
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The chain of the first row behind a place, whether or not the row can be read.
    pub async fn audit_chain_at(&mut self, after: AuditPlace) -> Result<Option<Chain>> {
        let AuditPlace { chain, seq, id } = after;
        let (statement, one) = (self.text(ENTRIES_AFTER), 1_i64);
        let row: Option<ChainRow> = optional!(self, statement, chain, seq, id, one);
        Ok(row.map(|row| row.chain))
    }

    /// How many rows and heads belong to a chain whose name is none, which only somebody else than
    /// Portico can have written.
    pub async fn nameless_audit_rows(&mut self) -> Result<i64> {
        let statement = self.text(NAMELESS);
        Ok(value!(self, statement))
    }

    /// The hash of a row of a chain, if there is one.
    pub async fn audit_hash(&mut self, chain: Chain, seq: i64) -> Result<Option<Hash>> {
        let row: Option<(Hash,)> = optional!(self, HASH_AT, chain, seq);
        Ok(row.map(|(hash,)| hash))
    }
}
