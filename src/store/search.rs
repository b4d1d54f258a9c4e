//! Finding apps and accounts of the whole platform, the newest first, among a million as quickly
//! as among a thousand.
//!
//! Migration 13 keeps a narrow row for each, numbered by its place in the order of creation.
//! The newest rows that fit a filter are looked through in any case: that finds what is common.
//! What is not among them is rare there, and an index of trigrams knows where else it is.

use super::{
    Conn, Result,
    apps::matching,
    db::{all, value},
    dialect::{ACCOUNTS_BY_TRIGRAM, APPS_BY_TRIGRAM},
    statements::statements,
};
use crate::domain::{
    account::{ExternalId, Standing},
    app::{AppType, StateKind, name::NameKey},
    id::{AccountId, AppId},
    time::Timestamp,
};

// With a filter the order is that of `-place`, which the index of that filter alone can give: a
// planner that could choose might walk through all apps for the few in a state. Of the arms of
// these unions one finds rows.
statements! {
    /// The newest apps that fit, looked through for a pattern: state, type, account, before which
    /// place, how many are looked through, pattern, how many are wanted, id. Each row says how
    /// many were looked through, and which of them was the last.
    WALK_APPS = "with walked as materialized (
            select * from (select place, words from app_search
                where cast($1 as text) is null and cast($2 as text) is null and cast($3 as uuid) is null
                and cast($8 as uuid) is null and place < $4
                order by place desc limit $5) newest
            union all select * from (select place, words from app_search
                where cast($2 as text) is null and cast($3 as uuid) is null and cast($8 as uuid) is null
                and state = $1 and -place > -$4 order by -place limit $5) in_state
            union all select * from (select place, words from app_search
                where cast($1 as text) is null and cast($3 as uuid) is null and cast($8 as uuid) is null
                and app_type = $2 and -place > -$4 order by -place limit $5) of_type
            union all select * from (select place, words from app_search
                where cast($3 as uuid) is null and cast($8 as uuid) is null
                and state = $1 and app_type = $2 and -place > -$4 order by -place limit $5) of_both
            union all select * from (select place, words from app_search
                where cast($8 as uuid) is null and account_id = $3 and -place > -$4
                and (cast($1 as text) is null or state = $1) and (cast($2 as text) is null or app_type = $2)
                order by -place limit $5) of_account
            union all select place, words from app_search
                where app_id = $8 and place < $4 and (cast($3 as uuid) is null or account_id = $3)
                and (cast($1 as text) is null or state = $1) and (cast($2 as text) is null or app_type = $2))
        select all_of.walked, all_of.last, fitting.place
        from (select count(*) as walked, coalesce(min(place), 0) as last from walked) all_of
        left join (select place from walked where cast($6 as text) is null or words like $6 escape '\\'
            order by place desc limit $7) fitting on true
        order by fitting.place desc";
    /// As `APPS_BY_TRIGRAM`, within one stretch of places.
    APPS_OF_STRETCH = "select place from app_search
        where place / 65536 = $6 and place + 0 < $4 and words like $5 escape '\\'
        and (cast($1 as text) is null or state = $1)
        and (cast($2 as text) is null or app_type = $2)
        and (cast($3 as uuid) is null or account_id = $3)
        order by place + 0 desc limit $7";
    /// Before which place the list goes on after an app, even if that app is gone.
    PLACE_OF_APP = "select coalesce((select place from app_search where app_id = $1),
        (select s.place + 1 from apps a join app_search s on s.app_id = a.id
            where (a.created_at, a.id) < ($2, $1) order by a.created_at desc, a.id desc limit 1), 0)";
    /// As `WALK_APPS`, of accounts: standing, id, before which place, how many are looked
    /// through, pattern, how many are wanted.
    WALK_ACCOUNTS = "with walked as materialized (
            select * from (select place, words from account_search
                where cast($1 as text) is null and cast($2 as uuid) is null and place < $3
                order by place desc limit $4) newest
            union all select * from (select place, words from account_search
                where cast($2 as uuid) is null and standing = $1 and -place > -$3
                order by -place limit $4) of_standing
            union all select place, words from account_search
                where account_id = $2 and place < $3 and (cast($1 as text) is null or standing = $1))
        select all_of.walked, all_of.last, fitting.place
        from (select count(*) as walked, coalesce(min(place), 0) as last from walked) all_of
        left join (select place from walked where cast($5 as text) is null or words like $5 escape '\\'
            order by place desc limit $6) fitting on true
        order by fitting.place desc";
    /// As `ACCOUNTS_BY_TRIGRAM`, within one stretch of places.
    ACCOUNTS_OF_STRETCH = "select place from account_search
        where place / 65536 = $4 and place + 0 < $2 and words like $3 escape '\\'
        and (cast($1 as text) is null or standing = $1)
        order by place + 0 desc limit $5";
    /// Before which place the list goes on after an account, even if that account is gone.
    PLACE_OF_ACCOUNT = "select coalesce((select place from account_search where account_id = $1),
        (select s.place + 1 from accounts a join account_search s on s.account_id = a.id
            where (a.created_at, a.id) < ($2, $1) order by a.created_at desc, a.id desc limit 1), 0)";
    /// The place of the account with an external id, if it has a standing.
    PLACE_OF_EXTERNAL_ID = "select s.place from accounts a join account_search s on s.account_id = a.id
        where a.external_id = $1 and (cast($2 as text) is null or a.standing = $2)";
}

/// So many of the newest rows are looked through before an index is asked.
const WALKED: i64 = 1_000;
/// Places of one stretch, by which PostgreSQL's index is divided.
const STRETCH: i64 = 65_536;
/// So many stretches are asked for one by one. Of what they hold less than a page there is so
/// little that all of it can be read.
const STRETCHES: i64 = 2;

/// Before this place there is everything.
pub(super) const TOP: i64 = i64::MAX;

/// What a name must hold.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pattern: String,
    /// An expression of FTS5 that holds for all names that the pattern fits, and few others.
    trigrams: String,
}

impl Term {
    /// Three characters and more are found anywhere in a name, fewer at its beginning; no
    /// character is no term.
    pub(super) fn of(key: &NameKey) -> Option<Self> {
        let key = key.as_str();
        let found = match key.chars().count() {
            0 => return None,
            // As names begin in `words`.
            1 => format!("\n\n{key}"),
            2 => format!("\n{key}"),
            _ => key.to_owned(),
        };
        Some(Self { pattern: matching(&found), trigrams: trigrams(&found) })
    }
}

fn trigrams(text: &str) -> String {
    // The pattern is compared anyway: more would only make the expression longer.
    const ENOUGH: usize = 32;
    let letters: Vec<char> = text.chars().take(ENOUGH + 2).collect();
    let quoted = |three: &[char]| {
        let three: String = three.iter().collect();
        format!("\"{}\"", three.replace('\0', "\u{fffd}").replace('"', "\"\""))
    };
    letters.windows(3).map(quoted).collect::<Vec<_>>().join(" AND ")
}

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

/// How many rows were looked through, the place of the last of them, and a place that fits.
type Walked = (i64, i64, Option<i64>);

/// What has been found, and where to look on.
struct Search {
    places: Vec<i64>,
    most: i64,
    before: i64,
    is_over: bool,
}

impl Search {
    fn walked(rows: &[Walked], most: i64) -> Self {
        let (walked, last) = rows.first().map_or((0, 0), |(walked, last, _)| (*walked, *last));
        let places = rows.iter().filter_map(|(.., place)| *place).collect();
        Self { places, most, before: last, is_over: walked < WALKED }
    }

    /// How many are still wanted.
    fn wanted(&self) -> i64 {
        let found = i64::try_from(self.places.len()).unwrap_or(i64::MAX);
        if self.is_over { 0 } else { (self.most - found).max(0) }
    }

    /// Stretches to look through, the newest first.
    fn stretches(&self) -> impl Iterator<Item = i64> + use<> {
        let newest = (self.before - 1) / STRETCH;
        (0..STRETCHES).map(move |further| newest - further).filter(|stretch| *stretch >= 0)
    }

    fn add(&mut self, found: Vec<(i64,)>) {
        self.places.extend(found.into_iter().map(|(place,)| place));
    }
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
        let pattern = term.map(|term| term.pattern.as_str());
        // Without a term every row fits.
        let walked = term.map_or(most, |_| WALKED);
        let rows: Vec<Walked> =
            all!(self, WALK_APPS, state, app_type, account, before, walked, pattern, most, id);
        let mut search = Search::walked(&rows, most);
        let Some(Term { pattern, trigrams }) = term else { return Ok(search.places) };
        if !self.finds_in_order() {
            for stretch in search.stretches() {
                let wanted = search.wanted();
                if wanted > 0 {
                    let before = search.before;
                    search.add(all!(
                        self,
                        APPS_OF_STRETCH,
                        state,
                        app_type,
                        account,
                        before,
                        pattern,
                        stretch,
                        wanted,
                    ));
                    search.before = stretch * STRETCH;
                }
            }
        }
        let (wanted, before) = (search.wanted(), search.before);
        if wanted > 0 {
            let by_trigram = self.text(APPS_BY_TRIGRAM);
            search.add(all!(self, by_trigram, state, app_type, account, before, pattern, trigrams, wanted));
        }
        Ok(search.places)
    }

    /// The places of accounts that fit, before one, the newest first and `most` at most.
    pub(super) async fn places_of_accounts(
        &mut self,
        with: AccountsWith,
        term: Option<&Term>,
        before: i64,
        most: i64,
    ) -> Result<Vec<i64>> {
        let AccountsWith { standing, id } = with;
        let pattern = term.map(|term| term.pattern.as_str());
        // Without a term every row fits.
        let walked = term.map_or(most, |_| WALKED);
        let rows: Vec<Walked> = all!(self, WALK_ACCOUNTS, standing, id, before, walked, pattern, most);
        let mut search = Search::walked(&rows, most);
        let Some(Term { pattern, trigrams }) = term else { return Ok(search.places) };
        if !self.finds_in_order() {
            for stretch in search.stretches() {
                let (wanted, before) = (search.wanted(), search.before);
                if wanted > 0 {
                    search.add(all!(self, ACCOUNTS_OF_STRETCH, standing, before, pattern, stretch, wanted));
                    search.before = stretch * STRETCH;
                }
            }
        }
        let (wanted, before) = (search.wanted(), search.before);
        if wanted > 0 {
            let by_trigram = self.text(ACCOUNTS_BY_TRIGRAM);
            search.add(all!(self, by_trigram, standing, before, pattern, trigrams, wanted));
        }
        Ok(search.places)
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
