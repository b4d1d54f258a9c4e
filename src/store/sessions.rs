//! Sessions and the browsers they run in, by the hash of what the cookie holds.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    id::{AccountId, SessionId, UserId},
    time::Timestamp,
    user::Session,
};

statements! {
    /// The session of a cookie.
    SESSION = "select id, token_hash, user_id, account_id, created_at, seen_at, confirmed_at, code_at, address, user_agent
        from sessions where token_hash = $1";
    /// A user's sessions, the last used first.
    SESSIONS_OF = "select id, token_hash, user_id, account_id, created_at, seen_at, confirmed_at, code_at, address, user_agent
        from sessions where user_id = $1 order by seen_at desc, id";
    /// Whether a user has this session, under this cookie.
    HAS_SESSION = "select count(*) from sessions where id = $1 and user_id = $2 and token_hash = $3";
    /// A new session.
    INSERT_SESSION = "insert into sessions (id, token_hash, user_id, account_id, created_at, seen_at, confirmed_at, code_at, address, user_agent)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// The session was used, from this place and browser.
    SET_SEEN = "update sessions set seen_at = $2, address = $3, user_agent = $4 where id = $1";
    /// The password was entered again, with a code or without, and the cookie changed with it.
    SET_CONFIRMED = "update sessions set confirmed_at = $2, code_at = $3, token_hash = $4 where id = $1";
    /// The account in which the session acts.
    SET_SESSION_ACCOUNT = "update sessions set account_id = $2 where id = $1";
    /// Ends one of a user's sessions.
    DELETE_SESSION = "delete from sessions where id = $1 and user_id = $2";
    /// Ends a user's sessions but one.
    DELETE_OTHER_SESSIONS = "delete from sessions where user_id = $1 and id <> $2";
    /// Ends all of a user's sessions.
    DELETE_SESSIONS = "delete from sessions where user_id = $1";
    /// Ends all of a user's sign-ins that wait for their code.
    DELETE_HALF_SIGN_INS = "delete from half_sign_ins where user_id = $1";
    /// Drops sessions that have ended by themselves.
    DELETE_ENDED_SESSIONS = "delete from sessions where seen_at < $1 or created_at < $2";
    /// Whether this user signed in from this browser before.
    DEVICE = "select count(*) from devices where token_hash = $1 and user_id = $2";
    /// Remembers a browser.
    INSERT_DEVICE = "insert into devices (token_hash, user_id, created_at) values ($1, $2, $3)
        on conflict (token_hash) do nothing";
    /// Forgets a user's browsers.
    DELETE_DEVICES = "delete from devices where user_id = $1";
    /// Forgets browsers remembered before a moment.
    DELETE_OLD_DEVICES = "delete from devices where created_at < $1";
}

#[derive(FromRow)]
struct SessionRow {
    id: SessionId,
    token_hash: Vec<u8>,
    user_id: UserId,
    account_id: Option<AccountId>,
    created_at: Timestamp,
    seen_at: Timestamp,
    confirmed_at: Timestamp,
    code_at: Option<Timestamp>,
    address: Option<String>,
    user_agent: String,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            token_hash: row.token_hash,
            user: row.user_id,
            account: row.account_id,
            created_at: row.created_at,
            seen_at: row.seen_at,
            confirmed_at: row.confirmed_at,
            code_at: row.code_at,
            address: row.address.and_then(|address| address.parse().ok()),
            user_agent: row.user_agent,
        }
    }
}

impl Conn {
    pub async fn session(&mut self, token_hash: &[u8]) -> Result<Option<Session>> {
        let row: Option<SessionRow> = optional!(self, SESSION, token_hash);
        Ok(row.map(Session::from))
    }

    pub async fn sessions_of(&mut self, user: UserId) -> Result<Vec<Session>> {
        let rows: Vec<SessionRow> = all!(self, SESSIONS_OF, user);
        Ok(rows.into_iter().map(Session::from).collect())
    }

    /// Whether it goes on, under the cookie by which it was read.
    pub async fn has_session(&mut self, session: &Session) -> Result<bool> {
        let count: i64 = value!(self, HAS_SESSION, session.id, session.user, &session.token_hash);
        Ok(count > 0)
    }

    pub async fn knows_device(&mut self, token_hash: &[u8], user: UserId) -> Result<bool> {
        let count: i64 = value!(self, DEVICE, token_hash, user);
        Ok(count > 0)
    }
}

impl Tx {
    pub async fn insert_session(&mut self, session: &Session) -> Result<()> {
        execute!(
            self,
            INSERT_SESSION,
            session.id,
            &session.token_hash,
            session.user,
            session.account,
            session.created_at,
            session.seen_at,
            session.confirmed_at,
            session.code_at,
            session.address.map(|address| address.to_string()),
            &session.user_agent,
        );
        Ok(())
    }

    /// The moment, place and browser of its last use are those of `session`.
    pub async fn set_session_seen(&mut self, session: &Session) -> Result<()> {
        let address = session.address.map(|address| address.to_string());
        execute!(self, SET_SEEN, session.id, session.seen_at, address, &session.user_agent);
        Ok(())
    }

    pub async fn set_session_confirmed(
        &mut self,
        id: SessionId,
        now: Timestamp,
        code_at: Option<Timestamp>,
        token_hash: &[u8],
    ) -> Result<()> {
        execute!(self, SET_CONFIRMED, id, now, code_at, token_hash);
        Ok(())
    }

    pub async fn set_session_account(&mut self, id: SessionId, account: AccountId) -> Result<()> {
        execute!(self, SET_SESSION_ACCOUNT, id, account);
        Ok(())
    }

    /// Whether the user had such a session.
    pub async fn delete_session(&mut self, id: SessionId, user: UserId) -> Result<bool> {
        Ok(execute!(self, DELETE_SESSION, id, user) > 0)
    }

    /// Sign-ins that wait for their code end too.
    pub async fn delete_other_sessions(&mut self, user: UserId, but: SessionId) -> Result<u64> {
        execute!(self, DELETE_HALF_SIGN_INS, user);
        Ok(execute!(self, DELETE_OTHER_SESSIONS, user, but))
    }

    /// Sign-ins that wait for their code end too.
    pub async fn delete_sessions(&mut self, user: UserId) -> Result<u64> {
        execute!(self, DELETE_HALF_SIGN_INS, user);
        Ok(execute!(self, DELETE_SESSIONS, user))
    }

    pub async fn delete_ended_sessions(&mut self, now: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_ENDED_SESSIONS, now - Session::IDLE, now - Session::ABSOLUTE))
    }

    pub async fn insert_device(&mut self, token_hash: &[u8], user: UserId, now: Timestamp) -> Result<()> {
        execute!(self, INSERT_DEVICE, token_hash, user, now);
        Ok(())
    }

    pub async fn delete_devices(&mut self, user: UserId) -> Result<()> {
        execute!(self, DELETE_DEVICES, user);
        Ok(())
    }

    pub async fn delete_old_devices(&mut self, before: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_DEVICES, before))
    }
}
