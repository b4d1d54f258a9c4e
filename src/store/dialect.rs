//! The statements that need two texts, since the two databases search by means of their own and
//! only PostgreSQL has rows that others may hold.

/// A statement in the words of each database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// Defines statements of two texts, each with a sentence about what it finds or does.
macro_rules! dialects {
    ($($(#[$doc:meta])+ $name:ident = sqlite $sqlite:literal postgres $postgres:literal;)+) => {
        $($(#[$doc])+ pub(super) const $name: Texts = Texts { sqlite: $sqlite, postgres: $postgres };)+

        /// Every statement of this file, by name.
        pub(super) const ALL: &[(&str, Texts)] = &[$((stringify!($name), $name)),+];
    };
}

// SQLite reads the index in the order of places and stops when it has enough. PostgreSQL reads
// all that is found; a sum keeps its planner from walking through the places instead.
dialects! {
    /// The places of apps that a pattern fits, the newest first: state, type, account, before
    /// which place, pattern, trigrams of it, how many.
    APPS_BY_TRIGRAM =
        sqlite "select s.place from app_trigrams cross join app_search s on s.place = app_trigrams.rowid
            where app_trigrams match $6 and app_trigrams.rowid < $4 and s.words like $5 escape '\\'
            and (cast($1 as text) is null or s.state = $1)
            and (cast($2 as text) is null or s.app_type = $2)
            and (cast($3 as uuid) is null or s.account_id = $3)
            order by app_trigrams.rowid desc limit $7"
        postgres "select place from app_search
            where cast($6 as text) is not null and place + 0 < $4 and words like $5 escape '\\'
            and (cast($1 as text) is null or state = $1)
            and (cast($2 as text) is null or app_type = $2)
            and (cast($3 as uuid) is null or account_id = $3)
            order by place + 0 desc limit $7";
    /// The same of accounts: standing, before which place, pattern, trigrams of it, how many.
    ACCOUNTS_BY_TRIGRAM =
        sqlite "select s.place from account_trigrams cross join account_search s on s.place = account_trigrams.rowid
            where account_trigrams match $4 and account_trigrams.rowid < $2 and s.words like $3 escape '\\'
            and (cast($1 as text) is null or s.standing = $1)
            order by account_trigrams.rowid desc limit $5"
        postgres "select place from account_search
            where cast($4 as text) is not null and place + 0 < $2 and words like $3 escape '\\'
            and (cast($1 as text) is null or standing = $1)
            order by place + 0 desc limit $5";
    /// Leases lanes that are due and nobody's, those due longest first: whose, until when, now, how many.
    CLAIM_LANES =
        sqlite "update lanes set leased_by = $1, leased_until = $2 where id in (
            select id from lanes where due_at <= $3 and (leased_until is null or leased_until < $3)
            order by due_at, id limit $4) returning id"
        postgres "with due as materialized (
            select id from lanes where due_at <= $3 and (leased_until is null or leased_until < $3)
            order by due_at, id limit $4 for update skip locked)
            update lanes set leased_by = $1, leased_until = $2 from due where lanes.id = due.id returning lanes.id";
    /// Renews every lease of a process: whose, until when. One that is being written to is renewed
    /// the next time.
    RENEW_LEASES =
        sqlite "update lanes set leased_until = $2 where leased_by = $1"
        postgres "update lanes set leased_until = $2 where id in (
            select id from lanes where leased_by = $1 for update skip locked)";
}
