//! What became of calls to the API. Written in groups, a little after the answers.

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    dialect::{ADD_APP_CALLS, ADD_UNNAMED_CALLS, Texts},
    rows::{AT_ONCE, IdText, json},
    statements::statements,
};
use crate::domain::{
    authorization::Code,
    calls::{Calls, CallsOf, Hour, RefusedCall, SignedWith, Uses},
    id::{AccountId, AppId, Id, RefusedCallId, SecretId},
    time::Timestamp,
};

statements! {
    /// More refused calls in an hour, whosever.
    ADD_REFUSED = "insert into refused_by_hour (hour, refused) values ($1, $2)
        on conflict (hour) do update set refused = refused_by_hour.refused + excluded.refused";
    /// More calls that an old secret verified.
    ADD_OLD_SECRET_USES = "insert into old_secret_uses (secret_id, calls, last_at) values ($1, $2, $3)
        on conflict (secret_id) do update set calls = old_secret_uses.calls + excluded.calls,
            last_at = case when excluded.last_at > old_secret_uses.last_at then excluded.last_at else old_secret_uses.last_at end";
    /// One more refused call.
    INSERT_REFUSED_CALL = "insert into refused_calls
        (id, account_id, app_id, at, code, detail, off_by_s, signed_with, address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// The moment of the oldest refused call that is still among an account's last ones: of those
    /// that it certainly made, or of the others.
    OLDEST_OF_LAST_REFUSED_CALLS = "select at from refused_calls
        where account_id = $1 and (signed_with <> 'unknown') = $2 order by at desc, id desc limit 1 offset $3";
    /// Drops such calls before a moment.
    DELETE_REFUSED_CALLS_BEFORE = "delete from refused_calls
        where account_id = $1 and (signed_with <> 'unknown') = $2 and at < $3";
    /// The hours of an app in which it called.
    APP_CALLS = "select c.hour, c.allowed, c.refused, c.unnamed from app_calls c join apps a on a.id = c.app_id
        where a.account_id = $1 and c.app_id = $2 and c.hour >= $3 order by c.hour";
    /// The calls of all JWT apps of an account.
    PAIR_CALLS = "select c.hour, c.allowed, c.refused, c.unnamed from app_calls c join apps a on a.id = c.app_id
        where a.account_id = $1 and a.app_type = 'jwt' and c.hour >= $2";
    /// The hours of an account with calls of which nobody knows the app.
    UNNAMED_CALLS = "select hour, allowed, refused, unnamed from unnamed_calls where account_id = $1 and hour >= $2";
    /// How an account's old secrets are used.
    OLD_SECRET_USES = "select u.secret_id, u.calls, u.last_at
        from old_secret_uses u join api_secrets s on s.id = u.secret_id where s.account_id = $1";
    /// How a client's old secrets are used.
    OLD_CLIENT_SECRET_USES = "select u.secret_id, u.calls, u.last_at
        from old_secret_uses u join client_secrets s on s.id = u.secret_id join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2";
    /// The last refused calls that an app made, and of a JWT app those that name none, the newest first.
    REFUSED_CALLS = "select app_id, at, code, detail, off_by_s, signed_with, address
        from refused_calls where account_id = $1
            and (app_id = $2 or (app_id is null
                and exists (select 1 from apps a where a.id = $2 and a.app_type = 'jwt')))
            and ($3 = '' or code = $3)
        order by at desc, id desc limit $4";
    /// Drops counts of old.
    DELETE_OLD_APP_CALLS = "delete from app_calls where hour < $1";
    /// Drops counts of old.
    DELETE_OLD_UNNAMED_CALLS = "delete from unnamed_calls where hour < $1";
    /// Drops counts of old.
    DELETE_OLD_REFUSED = "delete from refused_by_hour where hour < $1";
    /// Drops refused calls of old.
    DELETE_OLD_REFUSED_CALLS = "delete from refused_calls where at < $1";
    /// Drops the uses of secrets that are gone.
    DELETE_USES_OF_GONE_SECRETS = "delete from old_secret_uses where not exists
        (select 1 from api_secrets s where s.id = old_secret_uses.secret_id) and not exists
        (select 1 from client_secrets s where s.id = old_secret_uses.secret_id)";
}

#[derive(FromRow)]
struct RefusedRow {
    #[sqlx(rename = "app_id")]
    app: Option<AppId>,
    at: Timestamp,
    code: Code,
    detail: String,
    off_by_s: Option<i64>,
    signed_with: SignedWith,
    address: Option<String>,
}

impl From<RefusedRow> for RefusedCall {
    fn from(row: RefusedRow) -> Self {
        let RefusedRow { app, at, code, detail, off_by_s, signed_with, address } = row;
        let address = address.and_then(|address| address.parse().ok());
        Self { app, at, code, detail: detail.into(), off_by_s, signed_with, address }
    }
}

type HourRow = (Hour, i64, i64, i64);

fn hours(rows: Vec<HourRow>) -> Vec<(Hour, Calls)> {
    let count = |column: i64| u64::try_from(column).unwrap_or_default();
    let calls = |(hour, allowed, refused, unnamed)| {
        (hour, Calls { allowed: count(allowed), refused: count(refused), unnamed: count(unnamed) })
    };
    rows.into_iter().map(calls).collect()
}

fn uses(rows: Vec<(SecretId, i64, Timestamp)>) -> Vec<(SecretId, Uses)> {
    let uses = |calls, last_at| Uses { calls: u64::try_from(calls).unwrap_or_default(), last_at };
    rows.into_iter().map(|(id, calls, last_at)| (id, uses(calls, last_at))).collect()
}

/// As a column holds it.
fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(Serialize)]
struct CountedRow {
    /// The app, or the account.
    of: IdText,
    hour: i64,
    allowed: i64,
    refused: i64,
    unnamed: i64,
}

impl CountedRow {
    fn of(id: impl Id, hour: Hour, calls: Calls) -> Self {
        let Calls { allowed, refused, unnamed } = calls;
        Self {
            of: IdText::of(id),
            hour: hour.number(),
            allowed: column(allowed),
            refused: column(refused),
            unnamed: column(unnamed),
        }
    }
}

impl Conn {
    /// The hours since `since` in which an app called.
    pub async fn app_calls(
        &mut self,
        account: AccountId,
        app: AppId,
        since: Hour,
    ) -> Result<Vec<(Hour, Calls)>> {
        Ok(hours(all!(self, APP_CALLS, account, app, since)))
    }

    /// The calls of every app that shares the account's pair, hour by hour and app by app.
    pub async fn pair_calls(&mut self, account: AccountId, since: Hour) -> Result<Vec<(Hour, Calls)>> {
        Ok(hours(all!(self, PAIR_CALLS, account, since)))
    }

    /// The calls of which nobody knows the app.
    pub async fn unnamed_calls(&mut self, account: AccountId, since: Hour) -> Result<Vec<(Hour, Calls)>> {
        Ok(hours(all!(self, UNNAMED_CALLS, account, since)))
    }

    pub async fn old_secret_uses(&mut self, account: AccountId) -> Result<Vec<(SecretId, Uses)>> {
        Ok(uses(all!(self, OLD_SECRET_USES, account)))
    }

    /// As [`Conn::old_secret_uses`], of a client.
    pub async fn old_client_secret_uses(
        &mut self,
        account: AccountId,
        app: AppId,
    ) -> Result<Vec<(SecretId, Uses)>> {
        Ok(uses(all!(self, OLD_CLIENT_SECRET_USES, account, app)))
    }

    /// The last refused calls of an app, and if it signs JWTs those of its account that name no app.
    pub async fn refused_calls(
        &mut self,
        account: AccountId,
        app: AppId,
        code: Option<Code>,
        limit: i64,
    ) -> Result<Vec<RefusedCall>> {
        let code = code.map_or("", Code::as_str);
        let rows: Vec<RefusedRow> = all!(self, REFUSED_CALLS, account, app, code, limit);
        Ok(rows.into_iter().map(RefusedCall::from).collect())
    }
}

impl Tx {
    /// Adds to the calls that are written down already. Each app, account and hour once, in their
    /// order: processes that write the same rows at one time would else wait for each other.
    pub async fn add_calls(&mut self, counted: &[(CallsOf, Hour, Calls)]) -> Result<()> {
        let of_apps = counted.iter().filter_map(|(of, hour, calls)| match of {
            CallsOf::App(app) => Some(CountedRow::of(*app, *hour, *calls)),
            CallsOf::Unnamed(_) => None,
        });
        let unnamed = counted.iter().filter_map(|(of, hour, calls)| match of {
            CallsOf::App(_) => None,
            CallsOf::Unnamed(account) => Some(CountedRow::of(*account, *hour, *calls)),
        });
        self.add_rows(ADD_APP_CALLS, of_apps.collect()).await?;
        self.add_rows(ADD_UNNAMED_CALLS, unnamed.collect()).await
    }

    async fn add_rows(&mut self, statement: Texts, rows: Vec<CountedRow>) -> Result<()> {
        let sql = self.text(statement);
        for rows in rows.chunks(AT_ONCE) {
            execute!(self, sql, json(rows));
        }
        Ok(())
    }

    /// How many calls of all accounts were refused in an hour, besides those of before. Every
    /// process adds to the same row: the last statement of a transaction.
    pub async fn add_refused(&mut self, hour: Hour, refused: u64) -> Result<()> {
        execute!(self, ADD_REFUSED, hour, column(refused));
        Ok(())
    }

    pub async fn add_old_secret_uses(&mut self, secret: SecretId, uses: Uses) -> Result<()> {
        execute!(self, ADD_OLD_SECRET_USES, secret, column(uses.calls), uses.last_at);
        Ok(())
    }

    pub async fn insert_refused_call(
        &mut self,
        id: RefusedCallId,
        account: AccountId,
        call: &RefusedCall,
    ) -> Result<()> {
        let address = call.address.map(|address| address.to_string());
        execute!(
            self,
            INSERT_REFUSED_CALL,
            id,
            account,
            call.app,
            call.at,
            call.code,
            &*call.detail,
            call.off_by_s,
            call.signed_with,
            address,
        );
        Ok(())
    }

    /// Keeps the last refused calls of an account, so many that it certainly made and so many
    /// others, and those of the same moment as the oldest of them.
    pub async fn trim_refused_calls(
        &mut self,
        account: AccountId,
        verified: i64,
        unverified: i64,
    ) -> Result<u64> {
        let mut dropped = 0;
        for (is_verified, kept) in [(true, verified), (false, unverified)] {
            let oldest: Option<(Timestamp,)> =
                optional!(self, OLDEST_OF_LAST_REFUSED_CALLS, account, is_verified, kept - 1);
            if let Some((oldest,)) = oldest {
                dropped += execute!(self, DELETE_REFUSED_CALLS_BEFORE, account, is_verified, oldest);
            }
        }
        Ok(dropped)
    }

    /// Drops what came before a moment, and the uses of secrets that are gone.
    pub async fn delete_old_calls(&mut self, before: Timestamp) -> Result<u64> {
        let hour = Hour::of(before);
        let mut dropped = execute!(self, DELETE_OLD_APP_CALLS, hour);
        dropped += execute!(self, DELETE_OLD_UNNAMED_CALLS, hour);
        dropped += execute!(self, DELETE_OLD_REFUSED, hour);
        dropped += execute!(self, DELETE_OLD_REFUSED_CALLS, before);
        Ok(dropped + execute!(self, DELETE_USES_OF_GONE_SECRETS))
    }
}
