//! The chains of the audit log: adding to them, and reading them from their beginning.
//!
//! A transaction adds its rows when it commits, after all it had to wait for, and takes the heads
//! of its chains in one order. So no two wait for each other, and whoever holds a head commits
//! next.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    audit::{
        Entry,
        chain::{Chain, Hash, Head, KeptHead, Record},
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
    /// A chain's head.
    HEAD = "select seq, hash from audit_heads where chain = $1";
    /// The heads of the chains behind one, in their order.
    HEADS_AFTER = "select chain, seq, hash from audit_heads where chain > $1 order by chain limit 1000";
    /// The first chain behind one that has a head.
    NEXT_CHAIN_WITH_HEAD = "select chain from audit_heads where chain > $1 order by chain limit 1";
    /// The first chain behind one that has a row.
    NEXT_CHAIN_WITH_ROWS = "select chain from audit_log where chain > $1 order by chain limit 1";
    /// The rows of a chain behind one, in their order.
    ROWS_AFTER = "select id, chain, seq, at, actor, actor_id, app_id, action, detail, address, request_id, hash
        from audit_log where chain = $1 and (seq, id) > ($2, $3) order by seq, id limit $4";
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

impl Conn {
    /// A chain's head, if it has one.
    pub async fn audit_head(&mut self, chain: Chain) -> Result<Option<Head>> {
        let row: Option<(i64, Hash)> = optional!(self, HEAD, chain);
        Ok(row.map(|(seq, hash)| Head { seq, hash }))
    }

    /// The heads of the chains behind one, at most a thousand. Behind the platform's own come all others.
    pub async fn audit_heads(&mut self, after: Chain) -> Result<Vec<KeptHead>> {
        let rows: Vec<(Chain, i64, Hash)> = all!(self, HEADS_AFTER, after);
        Ok(rows.into_iter().map(|(chain, seq, hash)| KeptHead { chain, head: Head { seq, hash } }).collect())
    }

    /// The chain that comes next, whether it has a head, rows or both.
    pub async fn next_audit_chain(&mut self, after: Chain) -> Result<Option<Chain>> {
        let with_head: Option<(Chain,)> = optional!(self, NEXT_CHAIN_WITH_HEAD, after);
        let with_rows: Option<(Chain,)> = optional!(self, NEXT_CHAIN_WITH_ROWS, after);
        Ok(with_head.into_iter().chain(with_rows).map(|(chain,)| chain).min())
    }

    /// The rows of a chain behind one, or from its first one on, with the hashes they have.
    pub async fn audit_rows(
        &mut self,
        chain: Chain,
        after: Option<(i64, AuditId)>,
        limit: i64,
    ) -> Result<Vec<(Record, Hash)>> {
        let (seq, id) = after.unwrap_or((i64::MIN, AuditId::from_uuid(uuid::Uuid::nil())));
        let rows: Vec<RecordRow> = all!(self, ROWS_AFTER, chain, seq, id, limit);
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The hash of a row of a chain, if there is one.
    pub async fn audit_hash(&mut self, chain: Chain, seq: i64) -> Result<Option<Hash>> {
        let row: Option<(Hash,)> = optional!(self, HASH_AT, chain, seq);
        Ok(row.map(|(hash,)| hash))
    }
}
