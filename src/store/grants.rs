//! What users let apps do for their accounts.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    COUNTED, Conn, Listed, Result, Tx,
    db::{all, execute, optional, value},
    platform::ONE_MORE,
    statements::statements,
};
use crate::domain::{
    account::{AccountName, Role, Standing},
    app::{AppType, StateKind, information::CompanyName, name::AppName},
    client::ClientId,
    email::Email,
    event_type::{EventDescription, GroupName},
    grant::Grant,
    icon::IconHash,
    id::{AccountId, AppId, GrantId, Id as _, UserId},
    scope::{ScopeName, ScopeSet, WhyNeeded},
    time::Timestamp,
    user::{Admin, PersonName},
};

statements! {
    /// A user's grants for an app, one an account.
    GRANTS_FOR = "select id, app_id, user_id, account_id, scopes, created_at, agreed_at from grants
        where user_id = $1 and app_id = $2 order by created_at, id";
    /// A user's grants before one, with what the apps and accounts are called, the newest first.
    GRANTS_OF_USER = "select g.id, g.app_id, a.name as app_name, a.company_name, a.icon_hash, a.state,
            g.account_id, c.name as account_name, g.scopes, g.created_at
        from grants g join apps a on a.id = g.app_id join accounts c on c.id = g.account_id
        where g.user_id = $1 and (g.created_at, g.id) < ($2, $3)
        order by g.created_at desc, g.id desc limit $4";
    /// How many grants a user has, counted up to a number.
    GRANTS_OF_USER_COUNT = "select count(*) from (select 1 as one from grants g join apps a on a.id = g.app_id
        where g.user_id = $1 limit $2) counted";
    /// What the apps of the same grants ask for, in words, in the order of the catalog.
    SCOPES_OF_GRANTED = "select w.app_id, s.name, s.description from app_scopes w join scopes s on s.name = w.scope
        where w.app_id in (select page.app_id from (select g.app_id from grants g
            join apps a on a.id = g.app_id where g.user_id = $1 and (g.created_at, g.id) < ($2, $3)
            order by g.created_at desc, g.id desc limit $4) page)
        order by s.position, s.name";
    /// All that a user granted, with what apps and accounts are called, the oldest first.
    GRANTS_BY_USER = "select g.id, g.app_id, g.user_id, g.account_id, g.scopes, g.created_at, g.agreed_at,
            a.name as app_name, c.name as account_name
        from grants g join apps a on a.id = g.app_id join accounts c on c.id = g.account_id
        where g.user_id = $1 order by g.created_at, g.id";
    /// All that was granted for an account, to its own apps too, named in the same way.
    GRANTS_FOR_ACCOUNT = "select g.id, g.app_id, g.user_id, g.account_id, g.scopes, g.created_at, g.agreed_at,
            a.name as app_name, c.name as account_name
        from grants g join apps a on a.id = g.app_id join accounts c on c.id = g.account_id
        where g.account_id = $1 order by g.created_at, g.id";
    /// An app's grants after one, the oldest first.
    GRANTS_OF_APP = "select g.id, g.user_id, u.name as user_name, u.email, g.account_id, c.name as account_name,
            g.scopes, g.created_at
        from grants g join users u on u.id = g.user_id join accounts c on c.id = g.account_id
        where g.app_id = $1 and (g.created_at, g.id) > ($2, $3) order by g.created_at, g.id limit $4";
    /// How many grants an app has, counted up to a number.
    GRANT_COUNT = "select count(*) from (select 1 as one from grants where app_id = $1 limit $2) counted";
    /// One grant, unless its app is deleted.
    GRANT = "select g.id, g.app_id, g.user_id, g.account_id, g.scopes, g.created_at, g.agreed_at
        from grants g join apps a on a.id = g.app_id where g.id = $1";
    /// What an app asks for, in words, and why.
    SCOPES_IN_WORDS = "select s.name, s.description, a.why from app_scopes a join scopes s on s.name = a.scope
        where a.app_id = $1 order by s.position, s.name";
    /// The events that come with scopes, in words.
    EVENTS_IN_WORDS = "select scope, event_group, description from event_types
        where scope is not null and retired_at is null order by position, name";
    /// What a member of an account granted for it.
    GRANTS_OF_MEMBER = "select id, app_id, user_id, account_id, scopes, created_at, agreed_at from grants
        where account_id = $1 and user_id = $2 order by id";
    /// All that a user granted, to deleted apps too.
    EVERY_GRANT_OF_USER = "select id, app_id, user_id, account_id, scopes, created_at, agreed_at from grants
        where user_id = $1 order by id";
    /// An app by which others know it.
    CLIENT_APP = "select a.id, a.account_id, a.name, c.client_id from apps a join clients c on c.app_id = a.id
        where a.id = $1";
    /// What was granted for an account, to its own apps and deleted ones too.
    GRANTS_OF_ACCOUNT = "select id, app_id, user_id, account_id, scopes, created_at, agreed_at from grants
        where account_id = $1 order by id";
    /// Some of an app's grants, be it deleted.
    SOME_GRANTS = "select id, app_id, user_id, account_id, scopes, created_at, agreed_at from grants
        where app_id = $1 order by id limit $2";
    /// What stands for or against a grant: of its app, the accounts of both and its user.
    STANDING_OF_GRANT = "select g.id, g.app_id, g.user_id, g.account_id, g.scopes, g.created_at, g.agreed_at,
            a.app_type, a.state, o.standing as owner_standing, c.standing, u.disabled_at, m.role
        from grants g join apps a on a.id = g.app_id join accounts o on o.id = a.account_id
        join accounts c on c.id = g.account_id join users u on u.id = g.user_id
        left join memberships m on m.account_id = g.account_id and m.user_id = g.user_id
        where g.id = $1";
    /// Takes the grant's row: what comes of it happens in turn.
    LOCK_GRANT = "update grants set id = id where id = $1";
    /// A new grant.
    INSERT_GRANT = "insert into grants (id, app_id, user_id, account_id, scopes, created_at, agreed_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    /// The user agreed again.
    AGREE = "update grants set scopes = $2, agreed_at = $3 where id = $1";
    /// A grant ends, with its codes and tokens.
    DELETE_GRANT = "delete from grants where id = $1";
}

#[derive(FromRow)]
struct GrantRow {
    id: GrantId,
    app_id: AppId,
    user_id: UserId,
    account_id: AccountId,
    scopes: ScopeSet,
    created_at: Timestamp,
    agreed_at: Timestamp,
}

impl From<GrantRow> for Grant {
    fn from(row: GrantRow) -> Self {
        let GrantRow { id, app_id, user_id, account_id, scopes, created_at, agreed_at } = row;
        Self { id, app: app_id, user: user_id, account: account_id, scopes, created_at, agreed_at }
    }
}

/// A grant as its user sees it.
#[derive(Clone, Debug, FromRow)]
pub struct AuthorizedApp {
    pub id: GrantId,
    #[sqlx(rename = "app_id")]
    pub app: AppId,
    pub app_name: AppName,
    #[sqlx(rename = "company_name")]
    pub company: Option<CompanyName>,
    #[sqlx(rename = "icon_hash")]
    pub icon: Option<IconHash>,
    pub state: StateKind,
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    pub account_name: AccountName,
    pub scopes: ScopeSet,
    pub created_at: Timestamp,
}

/// A scope that an app of a user's grants asks for.
#[derive(Clone, Debug, FromRow)]
pub struct ScopeOfApp {
    #[sqlx(rename = "app_id")]
    pub app: AppId,
    pub name: ScopeName,
    pub description: String,
}

/// A grant with what its app and account are called.
#[derive(Clone, Debug)]
pub struct NamedGrant {
    pub grant: Grant,
    pub app_name: AppName,
    pub account_name: AccountName,
}

#[derive(FromRow)]
struct NamedRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    app_name: AppName,
    account_name: AccountName,
}

impl From<NamedRow> for NamedGrant {
    fn from(row: NamedRow) -> Self {
        Self { grant: row.grant.into(), app_name: row.app_name, account_name: row.account_name }
    }
}

/// A grant as admins see it.
#[derive(Clone, Debug, FromRow)]
pub struct GrantOfApp {
    pub id: GrantId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub user_name: PersonName,
    pub email: Email,
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    pub account_name: AccountName,
    pub scopes: ScopeSet,
    pub created_at: Timestamp,
}

/// A scope as a user is asked for it.
#[derive(Clone, Debug, FromRow)]
pub struct ScopeInWords {
    pub name: ScopeName,
    pub description: String,
    /// Why the app needs it, in its developers' words.
    pub why: Option<WhyNeeded>,
}

/// An event that comes with a scope.
#[derive(Clone, Debug, FromRow)]
pub struct EventInWords {
    pub scope: ScopeName,
    #[sqlx(rename = "event_group")]
    pub group: GroupName,
    pub description: EventDescription,
}

/// An app as the end of a grant names it.
#[derive(Clone, Debug, FromRow)]
pub struct ClientApp {
    pub id: AppId,
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    pub name: AppName,
    pub client_id: ClientId,
}

/// What stands for or against a grant at this moment.
#[derive(Clone, Debug)]
pub struct GrantStanding {
    pub grant: Grant,
    pub app_type: AppType,
    pub state: StateKind,
    /// Of the account that owns the app.
    pub owner: Standing,
    /// Of the account that it is granted for.
    pub account: Standing,
    pub is_disabled: bool,
    /// The user's in the account, while they belong to it.
    pub role: Option<Role>,
}

#[derive(FromRow)]
struct StandingRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    app_type: AppType,
    state: StateKind,
    owner_standing: Standing,
    standing: Standing,
    disabled_at: Option<Timestamp>,
    role: Option<Role>,
}

impl From<StandingRow> for GrantStanding {
    fn from(row: StandingRow) -> Self {
        Self {
            grant: row.grant.into(),
            app_type: row.app_type,
            state: row.state,
            owner: row.owner_standing,
            account: row.standing,
            is_disabled: row.disabled_at.is_some(),
            role: row.role,
        }
    }
}

/// Where a page of grants begins: after this one.
pub type GrantCursor = (Timestamp, GrantId);

impl Conn {
    /// What an app asks users for, in the order of the catalog.
    pub async fn scopes_in_words(&mut self, app: AppId) -> Result<Vec<ScopeInWords>> {
        Ok(all!(self, SCOPES_IN_WORDS, app))
    }

    /// The events that come with scopes, in the order of the catalog.
    pub async fn events_in_words(&mut self) -> Result<Vec<EventInWords>> {
        Ok(all!(self, EVENTS_IN_WORDS))
    }

    pub async fn grants_for(&mut self, user: UserId, app: AppId) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = all!(self, GRANTS_FOR, user, app);
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    /// A page of a user's grants, the newest first, and what their apps ask for, in the order of
    /// the catalog.
    pub async fn grants_of_user(
        &mut self,
        user: UserId,
        after: Option<GrantCursor>,
    ) -> Result<(Listed<AuthorizedApp, GrantId>, Vec<ScopeOfApp>)> {
        let total: i64 = value!(self, GRANTS_OF_USER_COUNT, user, COUNTED + 1);
        let (at, id) = after.unwrap_or((Timestamp::from_micros(i64::MAX), GrantId::from_uuid(Uuid::max())));
        let rows: Vec<AuthorizedApp> = all!(self, GRANTS_OF_USER, user, at, id, ONE_MORE);
        let scopes: Vec<ScopeOfApp> = all!(self, SCOPES_OF_GRANTED, user, at, id, ONE_MORE);
        Ok((Listed::new(rows, total, |row: &AuthorizedApp| (row.created_at, row.id)), scopes))
    }

    /// All that a user granted, the oldest first.
    pub async fn grants_by_user(&mut self, user: UserId) -> Result<Vec<NamedGrant>> {
        let rows: Vec<NamedRow> = all!(self, GRANTS_BY_USER, user);
        Ok(rows.into_iter().map(NamedGrant::from).collect())
    }

    /// All that was granted for an account, the oldest first.
    pub async fn grants_for_account(&mut self, account: AccountId) -> Result<Vec<NamedGrant>> {
        let rows: Vec<NamedRow> = all!(self, GRANTS_FOR_ACCOUNT, account);
        Ok(rows.into_iter().map(NamedGrant::from).collect())
    }

    /// A page of an app's grants, the oldest first.
    pub async fn grants_of_app(
        &mut self,
        _admin: Admin,
        app: AppId,
        after: Option<GrantCursor>,
    ) -> Result<Listed<GrantOfApp, GrantId>> {
        let total: i64 = value!(self, GRANT_COUNT, app, COUNTED + 1);
        let (at, id) = after.unwrap_or((Timestamp::from_micros(0), GrantId::from_uuid(Uuid::nil())));
        let rows: Vec<GrantOfApp> = all!(self, GRANTS_OF_APP, app, at, id, ONE_MORE);
        Ok(Listed::new(rows, total, |row: &GrantOfApp| (row.created_at, row.id)))
    }

    pub async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>> {
        let row: Option<GrantRow> = optional!(self, GRANT, id);
        Ok(row.map(Grant::from))
    }

    pub async fn standing_of_grant(&mut self, id: GrantId) -> Result<Option<GrantStanding>> {
        let row: Option<StandingRow> = optional!(self, STANDING_OF_GRANT, id);
        Ok(row.map(GrantStanding::from))
    }

    pub async fn grants_of_member(&mut self, account: AccountId, user: UserId) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = all!(self, GRANTS_OF_MEMBER, account, user);
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    pub async fn every_grant_of_user(&mut self, user: UserId) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = all!(self, EVERY_GRANT_OF_USER, user);
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    /// What an app that has grants is called.
    pub async fn client_app(&mut self, id: AppId) -> Result<Option<ClientApp>> {
        Ok(optional!(self, CLIENT_APP, id))
    }

    /// All that was granted for an account, to deleted apps too.
    pub async fn grants_of_account(&mut self, account: AccountId) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = all!(self, GRANTS_OF_ACCOUNT, account);
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    /// At most so many of an app's grants.
    pub async fn some_grants(&mut self, app: AppId, limit: u16) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = all!(self, SOME_GRANTS, app, i64::from(limit));
        Ok(rows.into_iter().map(Grant::from).collect())
    }
}

impl Tx {
    /// Makes others who would do something with the grant wait for this transaction.
    pub async fn lock_grant(&mut self, id: GrantId) -> Result<()> {
        execute!(self, LOCK_GRANT, id);
        Ok(())
    }

    /// The app may be going at this moment; then the grant goes in a while.
    pub async fn insert_grant(&mut self, grant: &Grant) -> Result<()> {
        execute!(
            self,
            INSERT_GRANT,
            grant.id,
            grant.app,
            grant.user,
            grant.account,
            &grant.scopes,
            grant.created_at,
            grant.agreed_at,
        );
        Ok(())
    }

    /// The user agreed to the scopes at this moment.
    pub async fn agree(&mut self, id: GrantId, scopes: &ScopeSet, now: Timestamp) -> Result<()> {
        execute!(self, AGREE, id, scopes, now);
        Ok(())
    }

    /// Whether there was such a grant. Its tokens end with it.
    pub async fn delete_grant(&mut self, grant: &Grant) -> Result<bool> {
        let was = execute!(self, DELETE_GRANT, grant.id) > 0;
        if was {
            self.touch(grant.account);
        }
        Ok(was)
    }
}
