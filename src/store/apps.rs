//! Apps, seen only from their own account, and the names they hold.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    account::AccountName,
    app::{
        App, AppState, AppType, Resumable, StateKind,
        information::{CompanyName, ContactName, Information, LongDescription, ShortDescription},
        name::{AppName, NameKey},
    },
    email::Email,
    icon::IconHash,
    id::{AccountId, AppId, UserId},
    time::Timestamp,
    url::HttpsUrl,
};

statements! {
    /// An app that a user may see, with the account it belongs to.
    APP_FOR_USER = "select a.* from apps a join memberships m on m.account_id = a.account_id
        where a.id = $1 and m.user_id = $2";
    /// One app of an account.
    APP = "select * from apps where account_id = $1 and id = $2";
    /// A page of an account's apps, the newest first.
    APPS = "select * from apps
        where account_id = $1
        and (cast($2 as text) is null or name_key like $2 escape '\\')
        and (cast($3 as text) is null or app_type = $3)
        and (cast($4 as text) is null or state = $4)
        and (cast($5 as uuid) is null or id = $5)
        and (cast($6 as bigint) is null or (created_at, id) < ($6, $7))
        order by created_at desc, id desc limit $8";
    /// How many apps fit the filter.
    APPS_FITTING = "select count(*) from apps
        where account_id = $1
        and (cast($2 as text) is null or name_key like $2 escape '\\')
        and (cast($3 as text) is null or app_type = $3)
        and (cast($4 as text) is null or state = $4)
        and (cast($5 as uuid) is null or id = $5)";
    /// How many apps an account has.
    APP_COUNT = "select count(*) from apps where account_id = $1";
    /// An account's apps of a type with what decides about them, the oldest first.
    APPS_OF_TYPE = "select id, name, state from apps where account_id = $1 and app_type = $2 order by created_at, id";
    /// All of an account's apps, the oldest first.
    APPS_OF = "select * from apps where account_id = $1 order by created_at, id";
    /// A new app.
    INSERT_APP = "insert into apps (id, account_id, app_type, name, name_key, events_on, state, created_at)
        values ($1, $2, $3, $4, $5, false, 'draft', $6)";
    /// What an app's developers entered.
    UPDATE_INFORMATION = "update apps set name = $3, name_key = $4, short_description = $5, long_description = $6,
        company_name = $7, contact_name = $8, contact_email = $9, privacy_policy_url = $10, terms_url = $11,
        support_url = $12, icon_hash = $13 where account_id = $1 and id = $2";
    /// Another state; the first activation is remembered.
    SET_STATE = "update apps set state = $3, activated_at = coalesce(activated_at, $4) where account_id = $1 and id = $2";
    /// Event Subscriptions on or off.
    SET_EVENTS_ON = "update apps set events_on = $3 where account_id = $1 and id = $2";
    /// An app goes, with all that belongs to it.
    DELETE_APP = "delete from apps where account_id = $1 and id = $2";
    /// Takes the app's row, so that what is counted below it stays true until the end of the transaction.
    LOCK_APP = "update apps set id = id where account_id = $1 and id = $2";
    /// As `LOCK_APP`, of every app of an account.
    LOCK_APPS = "update apps set id = id where account_id = $1";
    /// Takes a name, unless an app holds it or the memory of one still does.
    TAKE_NAME = "insert into app_names (name_key, app_id) values ($1, $2)
        on conflict (name_key) do update set app_id = excluded.app_id, free_at = null
        where app_names.app_id is null and app_names.free_at <= $3";
    /// A name that an app gives up for another.
    RELEASE_NAME = "delete from app_names where name_key = $1 and app_id = $2";
    /// The names of an app that goes stay taken until a moment.
    REMEMBER_NAME = "update app_names set app_id = null, free_at = $2 where app_id = $1";
    /// Forgets names that are free again.
    DELETE_FREE_NAMES = "delete from app_names where app_id is null and free_at <= $1";
}

#[derive(FromRow)]
pub(super) struct AppRow {
    id: AppId,
    account_id: AccountId,
    app_type: AppType,
    name: AppName,
    short_description: Option<ShortDescription>,
    long_description: Option<LongDescription>,
    company_name: Option<CompanyName>,
    contact_name: Option<ContactName>,
    contact_email: Option<Email>,
    privacy_policy_url: Option<HttpsUrl>,
    terms_url: Option<HttpsUrl>,
    support_url: Option<HttpsUrl>,
    icon_hash: Option<IconHash>,
    events_on: bool,
    state: StateKind,
    suspended_reason: Option<String>,
    suspended_before: Option<Resumable>,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
}

impl TryFrom<AppRow> for App {
    type Error = StoreError;

    fn try_from(row: AppRow) -> Result<Self> {
        let state = match (row.state, row.suspended_reason, row.suspended_before) {
            (StateKind::Draft, ..) => AppState::Draft,
            (StateKind::Active, ..) => AppState::Active,
            (StateKind::Deactivated, ..) => AppState::Deactivated,
            (StateKind::Suspended, Some(reason), Some(before)) => AppState::Suspended { reason, before },
            (StateKind::Suspended, ..) => {
                return Err(StoreError::Corrupt(format!("{} is suspended without a reason", row.id)));
            }
        };
        Ok(Self {
            id: row.id,
            account: row.account_id,
            app_type: row.app_type,
            information: Information {
                name: row.name,
                short_description: row.short_description,
                long_description: row.long_description,
                company_name: row.company_name,
                contact_name: row.contact_name,
                contact_email: row.contact_email,
                privacy_policy_url: row.privacy_policy_url,
                terms_url: row.terms_url,
                support_url: row.support_url,
            },
            icon: row.icon_hash,
            events_on: row.events_on,
            state,
            created_at: row.created_at,
            activated_at: row.activated_at,
        })
    }
}

/// Which apps a list shows.
#[derive(Clone, Debug, Default)]
pub struct AppFilter {
    /// Part of the name, as a [`NameKey`] has it.
    pub search: Option<NameKey>,
    /// One app alone.
    pub id: Option<AppId>,
    pub app_type: Option<AppType>,
    pub state: Option<StateKind>,
    /// The last app of the page before: when it was made, and its id.
    pub after: Option<(Timestamp, AppId)>,
}

/// A page of a list, and how many there are in all.
#[derive(Clone, Debug)]
pub struct AppPage {
    pub apps: Vec<App>,
    pub total: i64,
    /// What to ask the next page with, if there is one.
    pub next: Option<(Timestamp, AppId)>,
}

/// Apps on one page of a list.
const PAGE: usize = 25;

impl Conn {
    /// The app, if the user is a member of its account.
    pub async fn app_for_user(&mut self, id: AppId, user: UserId) -> Result<Option<App>> {
        let row: Option<AppRow> = optional!(self, APP_FOR_USER, id, user);
        row.map(App::try_from).transpose()
    }

    /// The app, if the account owns it.
    pub async fn app(&mut self, account: AccountId, id: AppId) -> Result<Option<App>> {
        let row: Option<AppRow> = optional!(self, APP, account, id);
        row.map(App::try_from).transpose()
    }

    pub async fn apps(&mut self, account: AccountId, filter: &AppFilter) -> Result<AppPage> {
        let search = filter.search.as_ref().map(containing);
        let (after_at, after_id) = filter.after.unzip();
        let one_more = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let AppFilter { app_type, state, id, .. } = *filter;
        let rows: Vec<AppRow> =
            all!(self, APPS, account, &search, app_type, state, id, after_at, after_id, one_more);
        let total = value!(self, APPS_FITTING, account, &search, app_type, state, id);
        let mut apps = rows.into_iter().map(App::try_from).collect::<Result<Vec<_>>>()?;
        let more = apps.len() > PAGE;
        apps.truncate(PAGE);
        let next = apps.last().filter(|_| more).map(|app| (app.created_at, app.id));
        Ok(AppPage { apps, total, next })
    }

    /// All apps of an account, the oldest first.
    pub async fn apps_of(&mut self, account: AccountId) -> Result<Vec<App>> {
        let rows: Vec<AppRow> = all!(self, APPS_OF, account);
        rows.into_iter().map(App::try_from).collect()
    }

    pub async fn app_count(&mut self, account: AccountId) -> Result<i64> {
        Ok(value!(self, APP_COUNT, account))
    }

    /// Id, name and state of every app of a type.
    pub async fn apps_of_type(
        &mut self,
        account: AccountId,
        app_type: AppType,
    ) -> Result<Vec<(AppId, AppName, StateKind)>> {
        Ok(all!(self, APPS_OF_TYPE, account, app_type))
    }
}

impl Tx {
    pub async fn insert_app(
        &mut self,
        id: AppId,
        account: AccountId,
        app_type: AppType,
        name: &AppName,
        now: Timestamp,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, INSERT_APP, id, account, app_type, name, name.key().as_str(), now);
        Ok(())
    }

    pub async fn update_information(
        &mut self,
        account: AccountId,
        id: AppId,
        about: &Information,
        icon: Option<&IconHash>,
    ) -> Result<()> {
        self.touch(account);
        execute!(
            self,
            UPDATE_INFORMATION,
            account,
            id,
            &about.name,
            about.name.key().as_str(),
            about.short_description.as_ref(),
            about.long_description.as_ref(),
            about.company_name.as_ref(),
            about.contact_name.as_ref(),
            about.contact_email.as_ref(),
            about.privacy_policy_url.as_ref(),
            about.terms_url.as_ref(),
            about.support_url.as_ref(),
            icon,
        );
        Ok(())
    }

    /// `activated_at` is kept only the first time.
    pub async fn set_app_state(
        &mut self,
        account: AccountId,
        id: AppId,
        state: StateKind,
        activated_at: Option<Timestamp>,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, SET_STATE, account, id, state, activated_at);
        Ok(())
    }

    pub async fn set_events_on(&mut self, account: AccountId, id: AppId, on: bool) -> Result<()> {
        execute!(self, SET_EVENTS_ON, account, id, on);
        Ok(())
    }

    pub async fn delete_app(&mut self, account: AccountId, id: AppId) -> Result<()> {
        self.touch(account);
        execute!(self, DELETE_APP, account, id);
        Ok(())
    }

    /// Makes others who would change what belongs to the app wait for this transaction.
    pub async fn lock_app(&mut self, account: AccountId, id: AppId) -> Result<()> {
        execute!(self, LOCK_APP, account, id);
        Ok(())
    }

    /// As [`Tx::lock_app`], of every app of the account.
    pub async fn lock_apps(&mut self, account: AccountId) -> Result<()> {
        execute!(self, LOCK_APPS, account);
        Ok(())
    }

    /// Whether the name could be had. The app must exist.
    pub async fn take_name(&mut self, key: &NameKey, app: AppId, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, TAKE_NAME, key.as_str(), app, now) > 0)
    }

    pub async fn release_name(&mut self, key: &NameKey, app: AppId) -> Result<()> {
        execute!(self, RELEASE_NAME, key.as_str(), app);
        Ok(())
    }

    /// Keeps an app's name taken when the app goes.
    pub async fn remember_name(&mut self, app: AppId, free_at: Timestamp) -> Result<()> {
        execute!(self, REMEMBER_NAME, app, free_at);
        Ok(())
    }

    pub async fn delete_free_names(&mut self, now: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_FREE_NAMES, now))
    }
}

/// A pattern for `like` that finds a key anywhere in another.
pub(super) fn containing(search: &NameKey) -> String {
    matching(search.as_str())
}

/// A pattern for `like` that finds a text anywhere.
pub(super) fn matching(text: &str) -> String {
    // The longest key there can be: one character folds to 18 at most (U+FDFA), and accounts have
    // the longer names. What is longer is in no name, nor is NUL, and each database would refuse
    // one of them with an error.
    const LONGEST: usize = AccountName::MAX * 18;
    let text: String = text.chars().take(LONGEST + 1).collect();
    let escaped =
        text.replace('\0', "\u{fffd}").replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
