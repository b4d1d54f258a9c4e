//! What is left of an account, an app or a subscription that is gone: its events, deliveries and
//! grants. There may be very many, so that they go some at a time.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    app::name::AppName,
    delivery::Status,
    id::{AccountId, AppId, Id as _, LaneId},
    time::Timestamp,
};

statements! {
    /// Something is left of what is gone.
    INSERT_REMAINS = "insert into remains (id, kind, since, name) values ($1, $2, $3, $4) on conflict (id) do nothing";
    /// What something is left of, the oldest first.
    REMAINS = "select id, kind from remains order by since, id limit $1";
    /// What an app was called that is gone.
    NAME_OF_GONE = "select name from remains where id = $1 and kind = 'app'";
    /// Some deliveries of an app go, with their attempts.
    DELETE_DELIVERIES = "delete from deliveries
        where id in (select id from deliveries where app_id = $1 order by id limit $2)";
    /// Some events of an account go, with their deliveries and attempts.
    DELETE_EVENTS = "delete from events
        where id in (select id from events where account_id = $1 order by id limit $2)";
    /// Nothing is left, and nothing more comes of what began before a moment.
    DELETE_REMAINS = "delete from remains where id = $1 and since < $2";
}

/// What is gone, and of which something is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Deliveries that wait and that nobody sends any more.
    OfLane(LaneId),
    /// Grants, which go by themselves, and deliveries.
    OfApp(AppId),
    /// Events.
    OfAccount(AccountId),
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
}

impl TryFrom<Row> for Remains {
    type Error = StoreError;

    fn try_from(Row { id, kind }: Row) -> Result<Self> {
        match kind.as_str() {
            "lane" => Ok(Self::OfLane(LaneId::from_uuid(id))),
            "app" => Ok(Self::OfApp(AppId::from_uuid(id))),
            "account" => Ok(Self::OfAccount(AccountId::from_uuid(id))),
            _ => Err(StoreError::Corrupt(format!("something is left of {kind:?}"))),
        }
    }
}

impl Remains {
    fn columns(self) -> (Uuid, &'static str) {
        match self {
            Self::OfLane(id) => (id.uuid(), "lane"),
            Self::OfApp(id) => (id.uuid(), "app"),
            Self::OfAccount(id) => (id.uuid(), "account"),
        }
    }
}

impl Conn {
    /// What something is left of, the oldest first.
    pub async fn remains(&mut self, limit: i64) -> Result<Vec<Remains>> {
        let rows: Vec<Row> = all!(self, REMAINS, limit);
        rows.into_iter().map(Remains::try_from).collect()
    }

    /// What an app was called that is gone, while something may be left of it.
    pub async fn name_of_gone(&mut self, app: AppId) -> Result<Option<AppName>> {
        let row: Option<(Option<AppName>,)> = optional!(self, NAME_OF_GONE, app);
        Ok(row.and_then(|(name,)| name))
    }
}

impl Tx {
    /// Has what is left go in a while, some at a time.
    pub async fn leave(&mut self, of: Remains, now: Timestamp) -> Result<()> {
        let (id, kind) = of.columns();
        let name: Option<&AppName> = None;
        execute!(self, INSERT_REMAINS, id, kind, now, name);
        Ok(())
    }

    /// As [`Tx::leave`], of an app, which goes on being known by its name.
    pub async fn leave_app(&mut self, app: AppId, name: &AppName, now: Timestamp) -> Result<()> {
        let (id, kind) = Remains::OfApp(app).columns();
        execute!(self, INSERT_REMAINS, id, kind, now, Some(name));
        Ok(())
    }

    /// Clears up to so many; says how many.
    pub async fn clear_remains(&mut self, of: Remains, now: Timestamp, limit: i64) -> Result<u64> {
        Ok(match of {
            Remains::OfLane(id) => self.end_waiting(id, Status::Cancelled, now, limit).await?,
            Remains::OfApp(id) => execute!(self, DELETE_DELIVERIES, id, limit),
            Remains::OfAccount(id) => execute!(self, DELETE_EVENTS, id, limit),
        })
    }

    /// Nothing is left of it. If it went at or after `before`, it is looked at once more: what was
    /// published at the same moment may come late.
    pub async fn forget_remains(&mut self, of: Remains, before: Timestamp) -> Result<()> {
        let (id, _) = of.columns();
        execute!(self, DELETE_REMAINS, id, before);
        Ok(())
    }
}
