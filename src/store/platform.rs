//! What admins alone read and write: the things of every account. Each read takes the proof.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    accounts::AccountRow,
    apps::AppRow,
    db::{among, execute, optional, value},
    search::{AccountsWith, AppsWith, TOP},
    statements::statements,
    term::Term,
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
    /// The apps at some places, the newest first, with their accounts and what they called since an hour.
    APPS_AT = "select a.*, o.name as account_name,
            (select cast(coalesce(sum(c.allowed), 0) as bigint) from app_calls c where c.app_id = a.id and c.hour >= $1) as allowed,
            (select cast(coalesce(sum(c.refused), 0) as bigint) from app_calls c where c.app_id = a.id and c.hour >= $1) as refused
        from app_search s join apps a on a.id = s.app_id join accounts o on o.id = a.account_id
        where s.place in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)
        order by s.place desc";
    /// The accounts at some places, the newest first, with how much belongs to each.
    ACCOUNTS_AT = "select a.id, a.name, a.external_id, a.standing, a.created_at,
            (select count(*) from apps p where p.account_id = a.id) as apps,
            (select count(*) from memberships m where m.account_id = a.id) as members
        from account_search s join accounts a on a.id = s.account_id
        where s.place in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
        order by s.place desc";
    /// How many accounts wait for approval, counted up to a number.
    PENDING = "select count(*) from (select 1 as one from account_search where standing = 'pending' limit $1) pending";
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
    /// Part of the app's or the account's name, or if it is shorter than three characters its
    /// beginning.
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
    /// Part of the name, or if it is shorter than three characters its beginning.
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
pub const COUNTED: i64 = 100;

/// Rows on one page of a list.
const PAGE: usize = 25;
/// As many rows are asked for: one more tells whether another page follows.
pub(super) const ONE_MORE: i64 = 26;

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
    const fn nothing() -> Self {
        Self { rows: Vec::new(), total: 0, next: None }
    }

    pub(super) fn new(mut rows: Vec<T>, total: i64, key: impl Fn(&T) -> (Timestamp, I)) -> Self {
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
        let EveryAppFilter { app_type, state, id, account, .. } = *filter;
        let mut with = AppsWith { state, app_type, account, id };
        if let Some(key) = &filter.key {
            let of_key = self.account_of_key(key).await?;
            match (of_key, account) {
                (Some(of_key), None) => with.account = Some(of_key),
                (Some(of_key), Some(account)) if of_key == account => {}
                (Some(_) | None, _) => return Ok(Listed::nothing()),
            }
        }
        let term = filter.search.as_ref().and_then(Term::of);
        let mut places = self.places_of_apps(with, term.as_ref(), TOP, COUNTED + 1).await?;
        let total = number_of(&places);
        if filter.after.is_some() {
            let before = self.place_after_app(filter.after).await?;
            places = self.places_of_apps(with, term.as_ref(), before, ONE_MORE).await?;
        }
        let rows: Vec<ListedAppRow> = among!(self, APPS_AT, since; page(&places));
        let rows = rows.into_iter().map(ListedApp::try_from).collect::<Result<Vec<_>>>()?;
        Ok(Listed::new(rows, total, |row| (row.app.created_at, row.app.id)))
    }

    /// A page of all accounts.
    pub async fn every_account(
        &mut self,
        _: Admin,
        filter: &AccountFilter,
    ) -> Result<Listed<ListedAccount, AccountId>> {
        let AccountFilter { standing, id, .. } = *filter;
        let mut with = AccountsWith { standing, id };
        if let Some(key) = &filter.key {
            let of_key = self.account_of_key(key).await?;
            if of_key.is_none() || id.is_some_and(|id| of_key != Some(id)) {
                return Ok(Listed::nothing());
            }
            with.id = of_key;
        }
        let term = filter.search.as_ref().and_then(Term::of);
        let external = match &filter.external_id {
            Some(external_id) => self.place_of_external_id(external_id, standing).await?,
            None => None,
        };
        let mut places = self.places_of_accounts(with, term.as_ref(), TOP, COUNTED + 1).await?;
        put_in(&mut places, external);
        let total = number_of(&places);
        if filter.after.is_some() {
            let before = self.place_after_account(filter.after).await?;
            places = self.places_of_accounts(with, term.as_ref(), before, ONE_MORE).await?;
            put_in(&mut places, external.filter(|place| *place < before));
        }
        let rows: Vec<ListedAccountRow> = among!(self, ACCOUNTS_AT; page(&places));
        let listed = |row: ListedAccountRow| {
            let ListedAccountRow { account, apps, members } = row;
            ListedAccount { account: account.into(), apps, members }
        };
        let rows = rows.into_iter().map(listed).collect();
        Ok(Listed::new(rows, total, |row| (row.account.created_at, row.account.id)))
    }

    /// How many accounts wait for approval, [`COUNTED`] and one more for any number above it.
    pub async fn pending_accounts(&mut self, _: Admin) -> Result<i64> {
        Ok(value!(self, PENDING, COUNTED + 1))
    }
}

pub(super) fn number_of(places: &[i64]) -> i64 {
    i64::try_from(places.len()).unwrap_or(i64::MAX).min(COUNTED + 1)
}

/// The first places, filled up with some where nothing is.
pub(super) fn page(places: &[i64]) -> [i64; ONE_MORE as usize] {
    let mut page = [0; ONE_MORE as usize];
    page.iter_mut().zip(places).for_each(|(slot, place)| *slot = *place);
    page
}

/// One place more, in the order of the others.
fn put_in(places: &mut Vec<i64>, place: Option<i64>) {
    let Some(place) = place else { return };
    if let Err(at) = places.binary_search_by(|one| place.cmp(one)) {
        places.insert(at, place);
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
