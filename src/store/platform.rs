//! What admins alone read and write: the things of every account. Each read takes the proof.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    accounts::AccountRow,
    apps::{AppRow, containing},
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    account::{Account, AccountName, ExternalId, Standing},
    app::{
        App, AppType, Resumable, StateKind,
        name::{AppName, NameKey},
    },
    calls::{Calls, Hour},
    credential::ApiKey,
    id::{AccountId, AppId},
    suspension::Reason,
    time::Timestamp,
    user::Admin,
};

statements! {
    /// An app, whosever it is.
    ANY_APP = "select * from apps where id = $1";
    /// A page of all apps, the newest first, with their accounts and what they called lately.
    EVERY_APP = "select p.*, o.name as account_name,
            (select cast(coalesce(sum(c.allowed), 0) as bigint) from app_calls c where c.app_id = p.id and c.hour >= $10) as allowed,
            (select cast(coalesce(sum(c.refused), 0) as bigint) from app_calls c where c.app_id = p.id and c.hour >= $10) as refused
        from (select a.* from apps a join accounts o on o.id = a.account_id
            where (cast($1 as text) is null or a.name_key like $1 escape '\\' or o.name_key like $1 escape '\\')
            and (cast($2 as text) is null or a.app_type = $2)
            and (cast($3 as text) is null or a.state = $3)
            and (cast($4 as uuid) is null or a.id = $4)
            and (cast($5 as uuid) is null or a.account_id = $5)
            and (cast($6 as text) is null or a.account_id = (select k.account_id from api_keys k where k.api_key = $6))
            and (cast($7 as bigint) is null or (a.created_at, a.id) < ($7, $8))
            order by a.created_at desc, a.id desc limit $9) p
        join accounts o on o.id = p.account_id order by p.created_at desc, p.id desc";
    /// How many apps fit the filter, counted up to a number.
    EVERY_APP_FITTING = "select count(*) from (select 1 as one from apps a join accounts o on o.id = a.account_id
        where (cast($1 as text) is null or a.name_key like $1 escape '\\' or o.name_key like $1 escape '\\')
        and (cast($2 as text) is null or a.app_type = $2)
        and (cast($3 as text) is null or a.state = $3)
        and (cast($4 as uuid) is null or a.id = $4)
        and (cast($5 as uuid) is null or a.account_id = $5)
        and (cast($6 as text) is null or a.account_id = (select k.account_id from api_keys k where k.api_key = $6))
        limit $7) fitting";
    /// A page of all accounts, the newest first, with how much belongs to each.
    EVERY_ACCOUNT = "select p.*,
            (select count(*) from apps a where a.account_id = p.id) as apps,
            (select count(*) from memberships m where m.account_id = p.id) as members
        from (select id, name, external_id, standing, created_at from accounts
            where (cast($1 as text) is null or name_key like $1 escape '\\' or external_id = $2)
            and (cast($3 as text) is null or standing = $3)
            and (cast($4 as uuid) is null or id = $4)
            and (cast($5 as text) is null or id = (select k.account_id from api_keys k where k.api_key = $5))
            and (cast($6 as bigint) is null or (created_at, id) < ($6, $7))
            order by created_at desc, id desc limit $8) p
        order by p.created_at desc, p.id desc";
    /// How many accounts fit the filter, counted up to a number.
    EVERY_ACCOUNT_FITTING = "select count(*) from (select 1 as one from accounts
        where (cast($1 as text) is null or name_key like $1 escape '\\' or external_id = $2)
        and (cast($3 as text) is null or standing = $3)
        and (cast($4 as uuid) is null or id = $4)
        and (cast($5 as text) is null or id = (select k.account_id from api_keys k where k.api_key = $5))
        limit $6) fitting";
    /// How many accounts stand how.
    ACCOUNTS_BY_STANDING = "select standing, count(*) from accounts group by standing";
    /// How many apps are in which state.
    APPS_BY_STATE = "select state, count(*) from apps group by state";
    /// How many people there are.
    USERS = "select count(*) from users";
    /// The refused calls of all accounts since an hour began.
    REFUSED_SINCE = "select cast(coalesce(sum(refused), 0) as bigint) from
        (select refused from app_calls where hour >= $1 union all select refused from unnamed_calls where hour >= $1) calls";
    /// An admin stops an app; what it was is remembered.
    SUSPEND_APP = "update apps set state = 'suspended', suspended_reason = $3, suspended_before = $4
        where account_id = $1 and id = $2";
    /// An admin gives an app its state back.
    REINSTATE_APP = "update apps set state = $3, suspended_reason = null, suspended_before = null
        where account_id = $1 and id = $2";
    /// Another name of an app.
    SET_APP_NAME = "update apps set name = $3, name_key = $4 where account_id = $1 and id = $2";
    /// Another standing; with a reason and what it was before only if it is suspended.
    SET_STANDING = "update accounts set standing = $2, suspended_reason = $3, suspended_before = $4 where id = $1";
    /// The platform's own id of an account, or none.
    SET_EXTERNAL_ID = "update accounts set external_id = $2 where id = $1";
}

/// Which apps an admin's list shows.
#[derive(Clone, Debug, Default)]
pub struct EveryAppFilter {
    /// Part of the app's or the account's name.
    pub search: Option<NameKey>,
    /// One app alone.
    pub id: Option<AppId>,
    /// The apps that share this key.
    pub key: Option<ApiKey>,
    pub app_type: Option<AppType>,
    pub state: Option<StateKind>,
    pub account: Option<AccountId>,
    /// The last app of the page before: when it was made, and its id.
    pub after: Option<(Timestamp, AppId)>,
}

/// An app as an admin's list shows it.
#[derive(Clone, Debug)]
pub struct ListedApp {
    pub app: App,
    pub account_name: AccountName,
    pub calls: Calls,
}

/// Which accounts an admin's list shows.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Part of the name.
    pub search: Option<NameKey>,
    /// The external id, beside `search`.
    pub external_id: Option<ExternalId>,
    /// One account alone.
    pub id: Option<AccountId>,
    /// The account whose key this is.
    pub key: Option<ApiKey>,
    pub standing: Option<Standing>,
    /// The last account of the page before: when it was made, and its id.
    pub after: Option<(Timestamp, AccountId)>,
}

/// An account as an admin's list shows it.
#[derive(Clone, Debug)]
pub struct ListedAccount {
    pub account: Account,
    pub apps: i64,
    pub members: i64,
}

/// A page of a list of the whole platform.
#[derive(Clone, Debug)]
pub struct Listed<T, I> {
    pub rows: Vec<T>,
    /// How many there are in all, [`COUNTED`] and one more for any number above it.
    pub total: i64,
    /// What to ask the next page with, if there is one.
    pub next: Option<(Timestamp, I)>,
}

/// Further than this nobody counts: the count would take longer than the page.
pub const COUNTED: i64 = 10_000;

/// Rows on one page of a list.
const PAGE: usize = 25;
/// As many rows are asked for: one more tells whether another page follows.
const ONE_MORE: i64 = 26;

/// How much there is of everything.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub accounts: Vec<(Standing, i64)>,
    pub apps: Vec<(StateKind, i64)>,
    pub users: i64,
    pub refused: i64,
}

#[derive(FromRow)]
struct ListedAppRow {
    #[sqlx(flatten)]
    app: AppRow,
    account_name: AccountName,
    allowed: i64,
    refused: i64,
}

#[derive(FromRow)]
struct ListedAccountRow {
    #[sqlx(flatten)]
    account: AccountRow,
    apps: i64,
    members: i64,
}

impl TryFrom<ListedAppRow> for ListedApp {
    type Error = StoreError;

    fn try_from(row: ListedAppRow) -> Result<Self> {
        let count = |column: i64| u64::try_from(column).unwrap_or_default();
        let calls = Calls { allowed: count(row.allowed), refused: count(row.refused), unnamed: 0 };
        Ok(Self { app: row.app.try_into()?, account_name: row.account_name, calls })
    }
}

impl<T, I> Listed<T, I> {
    fn new(mut rows: Vec<T>, total: i64, key: impl Fn(&T) -> (Timestamp, I)) -> Self {
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, total, next }
    }
}

impl Conn {
    /// An app, whosever it is.
    pub async fn any_app(&mut self, _: Admin, id: AppId) -> Result<Option<App>> {
        let row: Option<AppRow> = optional!(self, ANY_APP, id);
        row.map(App::try_from).transpose()
    }

    /// A page of all apps; calls are those since an hour.
    pub async fn every_app(
        &mut self,
        _: Admin,
        filter: &EveryAppFilter,
        since: Hour,
    ) -> Result<Listed<ListedApp, AppId>> {
        let search = filter.search.as_ref().map(containing);
        let (at, after) = filter.after.unzip();
        let EveryAppFilter { app_type, state, id, account, key, .. } = filter;
        let rows: Vec<ListedAppRow> =
            all!(self, EVERY_APP, &search, app_type, state, id, account, key, at, after, ONE_MORE, since);
        let total = value!(self, EVERY_APP_FITTING, &search, app_type, state, id, account, key, COUNTED + 1);
        let rows = rows.into_iter().map(ListedApp::try_from).collect::<Result<Vec<_>>>()?;
        Ok(Listed::new(rows, total, |row| (row.app.created_at, row.app.id)))
    }

    /// A page of all accounts.
    pub async fn every_account(
        &mut self,
        _: Admin,
        filter: &AccountFilter,
    ) -> Result<Listed<ListedAccount, AccountId>> {
        let search = filter.search.as_ref().map(containing);
        let external_id = filter.external_id.as_ref().map(ExternalId::as_str);
        let (at, after) = filter.after.unzip();
        let AccountFilter { standing, id, key, .. } = filter;
        let rows: Vec<ListedAccountRow> =
            all!(self, EVERY_ACCOUNT, &search, external_id, standing, id, key, at, after, ONE_MORE);
        let total = value!(self, EVERY_ACCOUNT_FITTING, &search, external_id, standing, id, key, COUNTED + 1);
        let listed = |row: ListedAccountRow| {
            let ListedAccountRow { account, apps, members } = row;
            ListedAccount { account: account.into(), apps, members }
        };
        let rows = rows.into_iter().map(listed).collect();
        Ok(Listed::new(rows, total, |row| (row.account.created_at, row.account.id)))
    }

    /// How much there is of everything; refused calls since an hour.
    pub async fn figures(&mut self, _: Admin, since: Hour) -> Result<Figures> {
        Ok(Figures {
            accounts: all!(self, ACCOUNTS_BY_STANDING),
            apps: all!(self, APPS_BY_STATE),
            users: value!(self, USERS),
            refused: value!(self, REFUSED_SINCE, since),
        })
    }
}

impl Tx {
    pub async fn suspend_app(
        &mut self,
        account: AccountId,
        id: AppId,
        reason: &str,
        before: Resumable,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, SUSPEND_APP, account, id, reason, before);
        Ok(())
    }

    pub async fn reinstate_app(&mut self, account: AccountId, id: AppId, state: StateKind) -> Result<()> {
        self.touch(account);
        execute!(self, REINSTATE_APP, account, id, state);
        Ok(())
    }

    /// The name must be taken before.
    pub async fn set_app_name(&mut self, account: AccountId, id: AppId, name: &AppName) -> Result<()> {
        self.touch(account);
        execute!(self, SET_APP_NAME, account, id, name, name.key().as_str());
        Ok(())
    }

    /// Suspends an account that stood as `before`.
    pub async fn suspend_account(&mut self, id: AccountId, reason: &Reason, before: Standing) -> Result<()> {
        self.touch(id);
        execute!(self, SET_STANDING, id, Standing::Suspended, reason.as_str(), before);
        Ok(())
    }

    /// A standing that needs no reason.
    pub async fn set_standing(&mut self, id: AccountId, standing: Standing) -> Result<()> {
        self.touch(id);
        let nothing: Option<&str> = None;
        execute!(self, SET_STANDING, id, standing, nothing, nothing);
        Ok(())
    }

    /// # Errors
    /// [`StoreError::Duplicate`] if another account has it.
    pub async fn set_external_id(&mut self, id: AccountId, external_id: Option<&ExternalId>) -> Result<()> {
        self.touch(id);
        execute!(self, SET_EXTERNAL_ID, id, external_id.map(ExternalId::as_str));
        Ok(())
    }
}
