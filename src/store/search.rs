//! Finding apps, accounts and users of the whole platform, the newest first, among a million as
//! quickly as among a thousand.
//!
//! Migration 13 keeps a narrow row for each, numbered by its place in the order of creation.
//! The newest rows that fit a filter are looked through in any case: that finds what is common.
//! What is not among them is rare there, and an index of trigrams knows where else it is.

use sqlx::FromRow;

use super::{
    Conn, Result,
    db::{all, value},
    dialect::{ACCOUNTS_BY_TRIGRAM, APPS_BY_TRIGRAM, USERS_BY_TRIGRAM},
    statements::statements,
    term::{Asked, Term, WORDS},
};
use crate::domain::{
    account::{ExternalId, Standing},
    app::{AppType, StateKind},
    id::{AccountId, AppId, UserId},
    time::Timestamp,
};

/// Rows looked through for a pattern: of all of them, how many there were, which was the last, and
/// how many hold each of four words of the term; then the places of those that fit, a row each.
macro_rules! walk {
    ($arms:literal) => {
        concat!(
            "with walked as materialized (",
            $arms,
            ") select all_of.*, fitting.place
            from (select count(*) as walked, coalesce(min(place), 0) as last,
                count(*) filter (where words like $5 escape '\\') as with_one,
                count(*) filter (where words like $6 escape '\\') as with_two,
                count(*) filter (where words like $7 escape '\\') as with_three,
                count(*) filter (where words like $8 escape '\\') as with_four from walked) all_of
            left join (select place from walked where cast($3 as text) is null or words like $3 escape '\\'
                order by place desc limit $4) fitting on true
            order by fitting.place desc"
        )
    };
}

// With a filter the order is that of `-place`, which the index of that filter alone can give: a
// planner that could choose might walk through all apps for the few in a state. Of the arms of
// these unions one finds rows.
//
// They are asked: before which place, how many are looked through, pattern, how many are wanted,
// four words, and then what is filtered by.
statements! {
    /// The newest apps: state, type, account, id.
    WALK_APPS = walk!("select * from (select place, words from app_search
                where cast($9 as text) is null and cast($10 as text) is null and cast($11 as uuid) is null
                and cast($12 as uuid) is null and place < $1
                order by place desc limit $2) newest
            union all select * from (select place, words from app_search
                where cast($10 as text) is null and cast($11 as uuid) is null and cast($12 as uuid) is null
                and state = $9 and -place > -$1 order by -place limit $2) in_state
            union all select * from (select place, words from app_search
                where cast($9 as text) is null and cast($11 as uuid) is null and cast($12 as uuid) is null
                and app_type = $10 and -place > -$1 order by -place limit $2) of_type
            union all select * from (select place, words from app_search
                where cast($11 as uuid) is null and cast($12 as uuid) is null
                and state = $9 and app_type = $10 and -place > -$1 order by -place limit $2) of_both
            union all select * from (select place, words from app_search
                where cast($12 as uuid) is null and account_id = $11 and -place > -$1
                and (cast($9 as text) is null or state = $9) and (cast($10 as text) is null or app_type = $10)
                order by -place limit $2) of_account
            union all select place, words from app_search
                where app_id = $12 and place < $1 and (cast($11 as uuid) is null or account_id = $11)
                and (cast($9 as text) is null or state = $9) and (cast($10 as text) is null or app_type = $10)");
    /// The newest accounts: standing, id.
    WALK_ACCOUNTS = walk!("select * from (select place, words from account_search
                where cast($9 as text) is null and cast($10 as uuid) is null and place < $1
                order by place desc limit $2) newest
            union all select * from (select place, words from account_search
                where cast($10 as uuid) is null and standing = $9 and -place > -$1
                order by -place limit $2) of_standing
            union all select place, words from account_search
                where account_id = $10 and place < $1 and (cast($9 as text) is null or standing = $9)");
    /// The newest users: of which kind, id.
    WALK_USERS = walk!("select * from (select place, words from user_search
                where cast($9 as text) is null and cast($10 as uuid) is null and place < $1
                order by place desc limit $2) newest
            union all select * from (select place, words from user_search
                where cast($10 as uuid) is null and cast($9 as text) = 'admins' and is_admin = true
                and -place > -$1 order by -place limit $2) admins
            union all select * from (select place, words from user_search
                where cast($10 as uuid) is null and cast($9 as text) = 'disabled' and is_disabled = true
                and -place > -$1 order by -place limit $2) disabled
            union all select place, words from user_search
                where user_id = $10 and place < $1
                and (cast($9 as text) is null or case $9 when 'admins' then is_admin else is_disabled end)");
    /// As `APPS_BY_TRIGRAM`, within one stretch of places: the stretch, and the filters after it.
    APPS_OF_STRETCH = "select place from app_search
        where place / 65536 = $5 and place + 0 < $1 and words like $3 escape '\\'
        and words || '' like $2 escape '\\'
        and (cast($6 as text) is null or state = $6)
        and (cast($7 as text) is null or app_type = $7)
        and (cast($8 as uuid) is null or account_id = $8)
        and (cast($9 as uuid) is null or app_id = $9)
        order by place + 0 desc limit $4";
    /// As `ACCOUNTS_BY_TRIGRAM`, within one stretch of places.
    ACCOUNTS_OF_STRETCH = "select place from account_search
        where place / 65536 = $5 and place + 0 < $1 and words like $3 escape '\\'
        and words || '' like $2 escape '\\'
        and (cast($6 as text) is null or standing = $6)
        and (cast($7 as uuid) is null or account_id = $7)
        order by place + 0 desc limit $4";
    /// As `USERS_BY_TRIGRAM`, within one stretch of places.
    USERS_OF_STRETCH = "select place from user_search
        where place / 65536 = $5 and place + 0 < $1 and words like $3 escape '\\'
        and words || '' like $2 escape '\\'
        and (cast($6 as text) is null or case $6 when 'admins' then is_admin else is_disabled end)
        and (cast($7 as uuid) is null or user_id = $7)
        order by place + 0 desc limit $4";
    /// Before which place the list goes on after an app, even if that app is gone.
    PLACE_OF_APP = "select coalesce((select place from app_search where app_id = $1),
        (select s.place + 1 from apps a join app_search s on s.app_id = a.id
            where (a.created_at, a.id) < ($2, $1) order by a.created_at desc, a.id desc limit 1), 0)";
    /// Before which place the list goes on after an account, even if that account is gone.
    PLACE_OF_ACCOUNT = "select coalesce((select place from account_search where account_id = $1),
        (select s.place + 1 from accounts a join account_search s on s.account_id = a.id
            where (a.created_at, a.id) < ($2, $1) order by a.created_at desc, a.id desc limit 1), 0)";
    /// Before which place the list goes on after a user, even if that user is gone.
    PLACE_OF_USER = "select coalesce((select place from user_search where user_id = $1),
        (select s.place + 1 from users u join user_search s on s.user_id = u.id
            where (u.created_at, u.id) < ($2, $1) order by u.created_at desc, u.id desc limit 1), 0)";
    /// The place of the account with an external id, if it has a standing.
    PLACE_OF_EXTERNAL_ID = "select s.place from accounts a join account_search s on s.account_id = a.id
        where a.external_id = $1 and (cast($2 as text) is null or a.standing = $2)";
}

/// So many of the newest rows are looked through before an index is asked: few where these are
/// enough, since those in a state lie far apart.
const WALKS: [i64; 2] = [250, 750];
/// Places of one stretch, by which PostgreSQL's index is divided.
const STRETCH: i64 = 65_536;
/// So many stretches are asked for one by one. Of what they hold less than a page there is so
/// little that all of it can be read.
const STRETCHES: i64 = 2;

/// Before this place there is everything.
pub(super) const TOP: i64 = i64::MAX;

/// Which apps are looked through.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AppsWith {
    pub(super) state: Option<StateKind>,
    pub(super) app_type: Option<AppType>,
    pub(super) account: Option<AccountId>,
    pub(super) id: Option<AppId>,
}

/// Which accounts are looked through.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AccountsWith {
    pub(super) standing: Option<Standing>,
    pub(super) id: Option<AccountId>,
}

/// What was looked through, and the place of a row that fits.
#[derive(FromRow)]
struct Walked {
    walked: i64,
    last: i64,
    with_one: i64,
    with_two: i64,
    with_three: i64,
    with_four: i64,
    place: Option<i64>,
}

/// What has been found, and where to look on.
struct Search {
    places: Vec<i64>,
    most: i64,
    before: i64,
    is_over: bool,
    /// How many rows were looked through, and how many of them hold each of the term's words.
    walked: i64,
    with: [i64; WORDS],
}

impl Search {
    const fn new(before: i64, most: i64) -> Self {
        Self { places: Vec::new(), most, before, is_over: false, walked: 0, with: [0; WORDS] }
    }

    /// Takes in what was found among so many rows.
    fn walk(&mut self, most: i64, rows: &[Walked]) {
        self.places.extend(rows.iter().filter_map(|row| row.place));
        let Some(row) = rows.first() else { return };
        self.before = row.last;
        self.is_over = row.walked < most;
        self.walked += row.walked;
        let with = [row.with_one, row.with_two, row.with_three, row.with_four];
        self.with.iter_mut().zip(with).for_each(|(all, more)| *all += more);
    }

    /// How many are still wanted.
    fn wanted(&self) -> i64 {
        let found = i64::try_from(self.places.len()).unwrap_or(i64::MAX);
        if self.is_over { 0 } else { (self.most - found).max(0) }
    }

    /// Stretches to look through, the newest first. Of what is so rare that the walk met none a
    /// stretch would cost as much as the whole.
    fn stretches(&self) -> impl Iterator<Item = i64> + use<> {
        let newest = (self.before - 1) / STRETCH;
        let stretches = if self.places.is_empty() { 0 } else { STRETCHES };
        (0..stretches).map(move |further| newest - further).filter(|stretch| *stretch >= 0)
    }

    fn add(&mut self, found: Vec<(i64,)>) {
        self.places.extend(found.into_iter().map(|(place,)| place));
    }
}

/// The places of what fits, before one, the newest first and `most` at most. The three statements
/// are asked with the same filters.
macro_rules! places {
    ($conn:expr, [$walk:expr, $of_stretch:expr, $by_trigram:expr], $term:expr, $before:expr, $most:expr; $($filter:expr),+) => {{
        let term: Option<&Term> = $term;
        let pattern = term.map(|term| term.pattern.as_str());
        // Without a term every row fits.
        let walks = term.map_or([$most, 0], |_| WALKS);
        let [one, two, three, four] = term.map(Term::patterns).unwrap_or_default();
        let mut search = Search::new($before, $most);
        for rows in walks {
            let (wanted, before) = (search.wanted(), search.before);
            if wanted > 0 {
                let walked: Vec<Walked> =
                    all!($conn, $walk, before, rows, pattern, wanted, &one, &two, &three, &four $(, $filter)+);
                search.walk(rows, &walked);
            }
        }
        if let Some(term) = term {
            let Asked { pattern: asked, trigrams } = term.asked(search.walked, search.with);
            if !$conn.finds_in_order() {
                for stretch in search.stretches() {
                    let (wanted, before) = (search.wanted(), search.before);
                    if wanted > 0 {
                        search.add(all!(
                            $conn, $of_stretch, before, pattern, &asked, wanted, stretch $(, $filter)+
                        ));
                        search.before = stretch * STRETCH;
                    }
                }
            }
            let (wanted, before) = (search.wanted(), search.before);
            if wanted > 0 {
                let asked = if $conn.finds_in_order() { trigrams } else { asked };
                let by_trigram = $conn.text($by_trigram);
                search.add(all!($conn, by_trigram, before, pattern, &asked, wanted $(, $filter)+));
            }
        }
        search.places
    }};
}

impl Conn {
    /// The places of apps that fit, before one, the newest first and `most` at most.
    pub(super) async fn places_of_apps(
        &mut self,
        with: AppsWith,
        term: Option<&Term>,
        before: i64,
        most: i64,
    ) -> Result<Vec<i64>> {
        let AppsWith { state, app_type, account, id } = with;
        Ok(
            places!(self, [WALK_APPS, APPS_OF_STRETCH, APPS_BY_TRIGRAM], term, before, most; state, app_type, account, id),
        )
    }

    /// As [`Conn::places_of_apps`], of accounts.
    pub(super) async fn places_of_accounts(
        &mut self,
        with: AccountsWith,
        term: Option<&Term>,
        before: i64,
        most: i64,
    ) -> Result<Vec<i64>> {
        let AccountsWith { standing, id } = with;
        Ok(
            places!(self, [WALK_ACCOUNTS, ACCOUNTS_OF_STRETCH, ACCOUNTS_BY_TRIGRAM], term, before, most; standing, id),
        )
    }

    /// As [`Conn::places_of_apps`], of users: those of a kind, or one alone.
    pub(super) async fn places_of_users(
        &mut self,
        (only, id): (Option<&'static str>, Option<UserId>),
        term: Option<&Term>,
        before: i64,
        most: i64,
    ) -> Result<Vec<i64>> {
        Ok(places!(self, [WALK_USERS, USERS_OF_STRETCH, USERS_BY_TRIGRAM], term, before, most; only, id))
    }

    /// Before which place the list of apps goes on after an app.
    pub(super) async fn place_after_app(&mut self, after: Option<(Timestamp, AppId)>) -> Result<i64> {
        let Some((made_at, id)) = after else { return Ok(TOP) };
        Ok(value!(self, PLACE_OF_APP, id, made_at))
    }

    /// Before which place the list of accounts goes on after an account.
    pub(super) async fn place_after_account(&mut self, after: Option<(Timestamp, AccountId)>) -> Result<i64> {
        let Some((made_at, id)) = after else { return Ok(TOP) };
        Ok(value!(self, PLACE_OF_ACCOUNT, id, made_at))
    }

    /// Before which place the list of users goes on after a user.
    pub(super) async fn place_after_user(&mut self, after: Option<(Timestamp, UserId)>) -> Result<i64> {
        let Some((made_at, id)) = after else { return Ok(TOP) };
        Ok(value!(self, PLACE_OF_USER, id, made_at))
    }

    /// The place of the account with an external id, if its standing is the one asked for.
    pub(super) async fn place_of_external_id(
        &mut self,
        external_id: &ExternalId,
        standing: Option<Standing>,
    ) -> Result<Option<i64>> {
        let rows: Vec<(i64,)> = all!(self, PLACE_OF_EXTERNAL_ID, external_id.as_str(), standing);
        Ok(rows.first().map(|(place,)| *place))
    }
}
