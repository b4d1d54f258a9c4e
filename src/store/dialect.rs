//! The statements that need two texts: the two databases search by means of their own, read a list
//! of rows from JSON by functions of their own, and only PostgreSQL has rows that others may hold.

/// A statement in the words of each database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// Defines statements of two texts, each with a sentence about what it finds or does.
macro_rules! dialects {
    ($($(#[$doc:meta])+ $name:ident = sqlite $sqlite:literal postgres $postgres:literal;)+) => {
        $($(#[$doc])+ pub(in crate::store) const $name: Texts = Texts { sqlite: $sqlite, postgres: $postgres };)+

        /// Every statement of this file, by name.
        pub(in crate::store) const ALL: &[(&str, Texts)] = &[$((stringify!($name), $name)),+];
    };
}

pub(super) mod memory;

// Of rows with columns SQLite is asked by `jsonb_each`: `json_each` writes a row's JSON anew for each
// column that is read of it.
//
// SQLite reads the index in the order of places and stops when it has enough. PostgreSQL reads
// all that is found; a sum keeps its planner from walking through the places instead.
dialects! {
    /// The places of apps that a pattern fits, the newest first: before which place, pattern, what the
    /// index is asked for, how many; state, type, account, id.
    APPS_BY_TRIGRAM =
        sqlite "select s.place from app_trigrams cross join app_search s on s.place = app_trigrams.rowid
            where app_trigrams match $3 and app_trigrams.rowid < $1 and s.words like $2 escape '\\'
            and (cast($5 as text) is null or s.state = $5)
            and (cast($6 as text) is null or s.app_type = $6)
            and (cast($7 as uuid) is null or s.account_id = $7)
            and (cast($8 as uuid) is null or s.app_id = $8)
            order by app_trigrams.rowid desc limit $4"
        postgres "select place from app_search
            where place + 0 < $1 and words like $3 escape '\\' and words || '' like $2 escape '\\'
            and (cast($5 as text) is null or state = $5)
            and (cast($6 as text) is null or app_type = $6)
            and (cast($7 as uuid) is null or account_id = $7)
            and (cast($8 as uuid) is null or app_id = $8)
            order by place + 0 desc limit $4";
    /// The same of accounts: standing, id.
    ACCOUNTS_BY_TRIGRAM =
        sqlite "select s.place from account_trigrams cross join account_search s on s.place = account_trigrams.rowid
            where account_trigrams match $3 and account_trigrams.rowid < $1 and s.words like $2 escape '\\'
            and (cast($5 as text) is null or s.standing = $5)
            and (cast($6 as uuid) is null or s.account_id = $6)
            order by account_trigrams.rowid desc limit $4"
        postgres "select place from account_search
            where place + 0 < $1 and words like $3 escape '\\' and words || '' like $2 escape '\\'
            and (cast($5 as text) is null or standing = $5)
            and (cast($6 as uuid) is null or account_id = $6)
            order by place + 0 desc limit $4";
    /// The same of users: of which kind, id.
    USERS_BY_TRIGRAM =
        sqlite "select s.place from user_trigrams cross join user_search s on s.place = user_trigrams.rowid
            where user_trigrams match $3 and user_trigrams.rowid < $1 and s.words like $2 escape '\\'
            and (cast($5 as text) is null or case $5 when 'admins' then s.is_admin else s.is_disabled end)
            and (cast($6 as uuid) is null or s.user_id = $6)
            order by user_trigrams.rowid desc limit $4"
        postgres "select place from user_search
            where place + 0 < $1 and words like $3 escape '\\' and words || '' like $2 escape '\\'
            and (cast($5 as text) is null or case $5 when 'admins' then is_admin else is_disabled end)
            and (cast($6 as uuid) is null or user_id = $6)
            order by place + 0 desc limit $4";
    /// Puts what came and went into the figures. PostgreSQL takes away no more than it sums up, as
    /// others write on meanwhile; SQLite has one writer, who empties the table next.
    SUM_FIGURES =
        sqlite "insert into figures (thing, kind, total)
            select thing, kind, sum(change) from figure_changes where true group by thing, kind
            on conflict (thing, kind) do update set total = figures.total + excluded.total"
        postgres "with gone as (delete from figure_changes returning thing, kind, change)
            insert into figures (thing, kind, total)
            select thing, kind, cast(sum(change) as bigint) from gone group by thing, kind
            on conflict (thing, kind) do update set total = figures.total + excluded.total";
    /// Lanes that are due and nobody's, those due longest first, with their accounts: now, but of
    /// which accounts, how many.
    FREE_LANES =
        sqlite "select l.id, a.account_id from lanes l cross join subscriptions s cross join apps a
            where l.due_at <= $1 and (l.leased_until is null or l.leased_until < $1)
            and s.id = l.subscription_id and a.id = s.app_id
            and a.account_id not in (select unhex(value) from json_each($2))
            order by l.due_at, l.id limit $3"
        postgres "select l.id, a.account_id from lanes l join subscriptions s on s.id = l.subscription_id
            join apps a on a.id = s.app_id
            where l.due_at <= $1 and (l.leased_until is null or l.leased_until < $1)
            and a.account_id not in (select cast(value as uuid) from json_array_elements_text(cast($2 as json)))
            order by l.due_at, l.id limit $3";
    /// Leases those of some lanes that are due and nobody's: whose, until when, now, of which.
    CLAIM_LANES =
        sqlite "update lanes set leased_by = $1, leased_until = $2
            where due_at <= $3 and (leased_until is null or leased_until < $3)
            and id in (select unhex(value) from json_each($4)) returning id"
        postgres "with due as materialized (
            select id from lanes where due_at <= $3 and (leased_until is null or leased_until < $3)
            and id in (select cast(value as uuid) from json_array_elements_text(cast($4 as json)))
            for no key update skip locked)
            update lanes set leased_by = $1, leased_until = $2 from due where lanes.id = due.id returning lanes.id";
    /// What is sent, of those of some deliveries that wait.
    BODIES =
        sqlite "select d.id, e.body from json_each($1) j cross join deliveries d cross join events e
            where d.id = unhex(j.value) and d.next_at is not null and e.id = d.event_id"
        postgres "select d.id, e.body from deliveries d join events e on e.id = d.event_id
            where d.id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and d.next_at is not null";
    /// Renews leases of a process: whose, until when, of which lanes. One that is being written to
    /// is renewed the next time.
    RENEW_LEASES =
        sqlite "update lanes set leased_until = $2 where leased_by = $1
            and id in (select unhex(value) from json_each($3)) returning id"
        postgres "update lanes set leased_until = $2 where id in (
            select id from lanes where leased_by = $1
            and id in (select cast(value as uuid) from json_array_elements_text(cast($3 as json)))
            for no key update skip locked) returning id";
    /// Events, as a JSON array of them.
    INSERT_EVENTS =
        sqlite "insert into events
            (id, account_id, event_type, environment, body, size_bytes, occurred_at, created_at)
            select unhex(value ->> 'id'), unhex(value ->> 'account_id'), value ->> 'event_type',
                value ->> 'environment', value ->> 'body', value ->> 'size_bytes', value ->> 'occurred_at',
                value ->> 'created_at' from jsonb_each($1)"
        postgres "insert into events
            (id, account_id, event_type, environment, body, size_bytes, occurred_at, created_at)
            select id, account_id, event_type, environment, body, size_bytes, occurred_at, created_at
            from json_to_recordset(cast($1 as json)) as rows(id uuid, account_id uuid, event_type text,
                environment text, body text, size_bytes bigint, occurred_at bigint, created_at bigint)";
    /// Deliveries, as a JSON array of them, each due when it is made. Those whose lane is gone, or is
    /// going, are not.
    INSERT_DELIVERIES =
        sqlite "insert into deliveries (id, event_id, app_id, subscription_id, lane_id, kind, environment,
                event_type, status, created_at, next_at, attempts, tries)
            select unhex(value ->> 'id'), unhex(value ->> 'event_id'), unhex(value ->> 'app_id'),
                unhex(value ->> 'subscription_id'), unhex(value ->> 'lane_id'), value ->> 'kind',
                value ->> 'environment', value ->> 'event_type', 'waiting', value ->> 'created_at',
                value ->> 'created_at', 0, 0 from jsonb_each($1)
            where unhex(value ->> 'lane_id') in (select id from lanes)"
        postgres "insert into deliveries (id, event_id, app_id, subscription_id, lane_id, kind, environment,
                event_type, status, created_at, next_at, attempts, tries)
            select rows.id, event_id, app_id, rows.subscription_id, lane_id, rows.kind, environment, event_type,
                'waiting', created_at, created_at, 0, 0
            from json_to_recordset(cast($1 as json)) as rows(id uuid, event_id uuid, app_id uuid,
                subscription_id uuid, lane_id uuid, kind text, environment text, event_type text,
                created_at bigint)
            join lanes on lanes.id = rows.lane_id for key share of lanes";
    /// Takes the lanes of a subscription: nothing is put into them any more until the end of the
    /// transaction.
    LOCK_LANES =
        sqlite "select id from lanes where subscription_id = $1"
        postgres "select id from lanes where subscription_id = $1 order by id for update";
    /// What became of deliveries with an attempt each, as a JSON array of them, where nobody has
    /// recorded that attempt already. One that was asked for again meanwhile goes on waiting.
    RECORD =
        sqlite "update deliveries set
                status = case when deliveries.tries = x.tries then x.status else deliveries.status end,
                next_at = case when deliveries.tries = x.tries then x.next_at else deliveries.next_at end,
                finished_at = case when deliveries.tries = x.tries then x.finished_at end,
                tries = case when deliveries.tries = x.tries then x.tries + 1 else deliveries.tries end,
                attempts = x.number, last_at = x.at, last_outcome = x.outcome, last_status = x.answered
            from (select unhex(value ->> 'delivery_id') as id, value ->> 'number' as number,
                    value ->> 'tries' as tries, value ->> 'status' as status, value ->> 'next_at' as next_at,
                    value ->> 'finished_at' as finished_at, value ->> 'at' as at, value ->> 'outcome' as outcome,
                    value ->> 'answered' as answered from jsonb_each($1)) x
            where deliveries.id = x.id and deliveries.status = 'waiting' and deliveries.attempts = x.number - 1
            returning deliveries.id"
        postgres "update deliveries set
                status = case when deliveries.tries = x.tries then x.status else deliveries.status end,
                next_at = case when deliveries.tries = x.tries then x.next_at else deliveries.next_at end,
                finished_at = case when deliveries.tries = x.tries then x.finished_at end,
                tries = case when deliveries.tries = x.tries then x.tries + 1 else deliveries.tries end,
                attempts = x.number, last_at = x.at, last_outcome = x.outcome, last_status = x.answered
            from json_to_recordset(cast($1 as json)) as x(delivery_id uuid, number bigint, tries bigint,
                status text, next_at bigint, finished_at bigint, at bigint, outcome text, answered bigint)
            where deliveries.id = x.delivery_id and deliveries.status = 'waiting'
                and deliveries.attempts = x.number - 1
            returning deliveries.id";
    /// More attempts of hours, as a JSON array of apps and hours, each once.
    ADD_DELIVERY_HOURS =
        sqlite "insert into delivery_hours (app_id, hour, succeeded, failed, total_us, slowest_us)
            select unhex(value ->> 'app_id'), value ->> 'hour', value ->> 'succeeded', value ->> 'failed',
                value ->> 'total_us', value ->> 'slowest_us' from jsonb_each($1) where true
            on conflict (app_id, hour) do update set
                succeeded = delivery_hours.succeeded + excluded.succeeded,
                failed = delivery_hours.failed + excluded.failed,
                total_us = delivery_hours.total_us + excluded.total_us,
                slowest_us = max(delivery_hours.slowest_us, excluded.slowest_us)"
        postgres "insert into delivery_hours (app_id, hour, succeeded, failed, total_us, slowest_us)
            select app_id, hour, succeeded, failed, total_us, slowest_us
            from json_to_recordset(cast($1 as json)) as rows(app_id uuid, hour bigint, succeeded bigint,
                failed bigint, total_us bigint, slowest_us bigint)
            on conflict (app_id, hour) do update set
                succeeded = delivery_hours.succeeded + excluded.succeeded,
                failed = delivery_hours.failed + excluded.failed,
                total_us = delivery_hours.total_us + excluded.total_us,
                slowest_us = greatest(delivery_hours.slowest_us, excluded.slowest_us)";
    /// More calls of apps in hours, as a JSON array of apps and hours, each once, in their order.
    ADD_APP_CALLS =
        sqlite "insert into app_calls (app_id, hour, allowed, refused, unnamed)
            select unhex(value ->> 'of'), value ->> 'hour', value ->> 'allowed', value ->> 'refused',
                value ->> 'unnamed' from jsonb_each($1) where true
            on conflict (app_id, hour) do update set
                allowed = app_calls.allowed + excluded.allowed, refused = app_calls.refused + excluded.refused,
                unnamed = app_calls.unnamed + excluded.unnamed"
        postgres "insert into app_calls (app_id, hour, allowed, refused, unnamed)
            select of, hour, allowed, refused, unnamed from json_to_recordset(cast($1 as json))
                as rows(of uuid, hour bigint, allowed bigint, refused bigint, unnamed bigint)
            on conflict (app_id, hour) do update set
                allowed = app_calls.allowed + excluded.allowed, refused = app_calls.refused + excluded.refused,
                unnamed = app_calls.unnamed + excluded.unnamed";
    /// The same of accounts: calls whose token names no app.
    ADD_UNNAMED_CALLS =
        sqlite "insert into unnamed_calls (account_id, hour, allowed, refused, unnamed)
            select unhex(value ->> 'of'), value ->> 'hour', value ->> 'allowed', value ->> 'refused',
                value ->> 'unnamed' from jsonb_each($1) where true
            on conflict (account_id, hour) do update set allowed = unnamed_calls.allowed + excluded.allowed,
                refused = unnamed_calls.refused + excluded.refused,
                unnamed = unnamed_calls.unnamed + excluded.unnamed"
        postgres "insert into unnamed_calls (account_id, hour, allowed, refused, unnamed)
            select of, hour, allowed, refused, unnamed from json_to_recordset(cast($1 as json))
                as rows(of uuid, hour bigint, allowed bigint, refused bigint, unnamed bigint)
            on conflict (account_id, hour) do update set allowed = unnamed_calls.allowed + excluded.allowed,
                refused = unnamed_calls.refused + excluded.refused,
                unnamed = unnamed_calls.unnamed + excluded.unnamed";
    /// Attempts, as a JSON array of them.
    INSERT_ATTEMPTS =
        sqlite "insert into attempts (delivery_id, number, at, url, outcome, certificate_at, status, dns_us,
                connect_us, tls_us, first_byte_us, total_us, head, excerpt, excerpt_is_cut)
            select unhex(value ->> 'delivery_id'), value ->> 'number', value ->> 'at', value ->> 'url',
                value ->> 'outcome', value ->> 'certificate_at', value ->> 'answered', value ->> 'dns_us',
                value ->> 'connect_us', value ->> 'tls_us', value ->> 'first_byte_us', value ->> 'total_us',
                value ->> 'head', unhex(value ->> 'excerpt'), value ->> 'excerpt_is_cut' from jsonb_each($1)"
        postgres "insert into attempts (delivery_id, number, at, url, outcome, certificate_at, status, dns_us,
                connect_us, tls_us, first_byte_us, total_us, head, excerpt, excerpt_is_cut)
            select delivery_id, number, at, url, outcome, certificate_at, answered, dns_us, connect_us, tls_us,
                first_byte_us, total_us, head, decode(excerpt, 'hex'), excerpt_is_cut
            from json_to_recordset(cast($1 as json)) as rows(delivery_id uuid, number bigint, at bigint,
                url text, outcome text, certificate_at bigint, answered bigint, dns_us bigint, connect_us bigint,
                tls_us bigint, first_byte_us bigint, total_us bigint, head text, excerpt text,
                excerpt_is_cut boolean)";
    /// Which of these accounts there are, as a JSON array of their ids.
    ACCOUNTS_AMONG =
        sqlite "select id from accounts where id in (select unhex(value) from json_each($1))"
        postgres "select id from accounts
            where id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))";
    /// The accounts that the platform calls so, as a JSON array of those names.
    ACCOUNTS_CALLED =
        sqlite "select external_id, id from accounts where external_id in (select value from json_each($1))"
        postgres "select external_id, id from accounts
            where external_id in (select value from json_array_elements_text(cast($1 as json)))";
    /// The lanes that get events, as a JSON array of account, type and environment: in production
    /// those of apps that are active, in development of drafts too, of subscriptions that hold the
    /// type. An internal app gets those of its account; one that uses OAuth those of accounts for
    /// which an owner let it in, of types whose scope it asks for and was granted. Cross joins, since
    /// SQLite takes them in the order in which they stand: the account's few apps and grants first,
    /// never all who subscribe to the type. PostgreSQL plans what was granted by itself: to
    /// plan a join of all these tables would take it as long as the publishing.
    RECEIVERS =
        sqlite "with reached as (
                select w.key as place, w.value ->> 'event_type' as event_type,
                    w.value ->> 'environment' as environment, a.id as app_id, a.state
                from jsonb_each($1) w cross join accounts c cross join apps a
                where c.id = unhex(w.value ->> 'account_id') and c.standing = 'approved'
                and a.account_id = c.id and a.app_type <> 'oauth' and a.events_on
                union
                select w.key, w.value ->> 'event_type', w.value ->> 'environment', a.id, a.state
                from jsonb_each($1) w cross join accounts c cross join event_types e cross join grants g
                cross join memberships m cross join users u cross join apps a cross join accounts o
                cross join app_scopes n
                where c.id = unhex(w.value ->> 'account_id') and c.standing = 'approved'
                and e.name = w.value ->> 'event_type' and g.account_id = c.id
                and instr(' ' || g.scopes || ' ', ' ' || e.scope || ' ') > 0
                and m.account_id = c.id and m.user_id = g.user_id and m.role = 'owner'
                and u.id = g.user_id and u.disabled_at is null
                and a.id = g.app_id and a.app_type = 'oauth' and a.events_on
                and o.id = a.account_id and o.standing = 'approved'
                and n.app_id = a.id and n.scope = e.scope)
            select r.place, r.app_id, s.id as subscription_id, l.id as lane_id
            from reached r cross join subscriptions s cross join subscription_event_types t cross join lanes l
            where s.app_id = r.app_id
            and case r.environment
                when 'production' then r.state = 'active' and s.production_url is not null
                else r.state in ('draft', 'active') and s.development_url is not null end
            and t.subscription_id = s.id and t.event_type = r.event_type
            and l.subscription_id = s.id and l.kind = r.environment and l.turned_off_at is null
            order by r.place, s.id"
        postgres "with wanted as materialized (
                select w.place, w.account_id, w.event_type, w.environment
                from json_to_recordset(cast($1 as json)) as w(place bigint, account_id uuid, event_type text,
                    environment text)
                join accounts c on c.id = w.account_id and c.standing = 'approved'),
            granted as materialized (
                select w.place, w.event_type, w.environment, e.scope, g.app_id, g.user_id
                from wanted w join event_types e on e.name = w.event_type
                join grants g on g.account_id = w.account_id
                    and strpos(' ' || g.scopes || ' ', ' ' || e.scope || ' ') > 0
                join memberships m on m.account_id = g.account_id and m.user_id = g.user_id and m.role = 'owner'),
            reached as (
                select w.place, w.event_type, w.environment, a.id as app_id, a.state
                from wanted w join apps a on a.account_id = w.account_id and a.app_type <> 'oauth' and a.events_on
                union
                select g.place, g.event_type, g.environment, a.id, a.state
                from granted g join users u on u.id = g.user_id and u.disabled_at is null
                join apps a on a.id = g.app_id and a.app_type = 'oauth' and a.events_on
                join accounts o on o.id = a.account_id and o.standing = 'approved'
                join app_scopes n on n.app_id = a.id and n.scope = g.scope)
            select r.place, r.app_id, s.id as subscription_id, l.id as lane_id
            from reached r join subscriptions s on s.app_id = r.app_id
            join subscription_event_types t on t.subscription_id = s.id and t.event_type = r.event_type
            join lanes l on l.subscription_id = s.id and l.kind = r.environment and l.turned_off_at is null
            where case r.environment
                when 'production' then r.state = 'active' and s.production_url is not null
                else r.state in ('draft', 'active') and s.development_url is not null end
            order by r.place, s.id";
    /// Those of some deliveries of an OAuth app, as a JSON array of their ids, that no grant of an owner
    /// allows any more, in the order of ids: but for events of which type. As [`RECEIVERS`] chose them.
    UNGRANTED =
        sqlite "select d.id from json_each($1) j cross join deliveries d cross join events e
            where d.id = unhex(j.value) and d.kind = 'event' and d.event_type <> $2 and e.id = d.event_id
            and not exists (select 1 from event_types t cross join app_scopes n cross join grants g
                cross join memberships m cross join users u
                where t.name = d.event_type and n.app_id = d.app_id and n.scope = t.scope
                and g.account_id = e.account_id and g.app_id = d.app_id
                and instr(' ' || g.scopes || ' ', ' ' || t.scope || ' ') > 0
                and m.account_id = g.account_id and m.user_id = g.user_id and m.role = 'owner'
                and u.id = g.user_id and u.disabled_at is null)
            order by d.id"
        postgres "select d.id from deliveries d join events e on e.id = d.event_id
            where d.id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and d.kind = 'event' and d.event_type <> $2
            and not exists (select 1 from event_types t join app_scopes n on n.app_id = d.app_id and n.scope = t.scope
                join grants g on g.account_id = e.account_id and g.app_id = d.app_id
                    and strpos(' ' || g.scopes || ' ', ' ' || t.scope || ' ') > 0
                join memberships m on m.account_id = g.account_id and m.user_id = g.user_id and m.role = 'owner'
                join users u on u.id = g.user_id and u.disabled_at is null
                where t.name = d.event_type)
            order by d.id";
    /// Makes lanes due, as a JSON array of their ids, unless they are: at a moment, or when the
    /// circuit lets something through. In one order, so that two publishers never wait for each other;
    /// both may have put something there, which keeps the key of a lane alone.
    MAKE_DUE =
        sqlite "update lanes set due_at = case when opens_at > $2 then opens_at else $2 end
            where id in (select unhex(value) from json_each($1))
            and (due_at is null or due_at > case when opens_at > $2 then opens_at else $2 end)"
        postgres "with these as materialized (
            select id from lanes
            where id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and (due_at is null or due_at > case when opens_at > $2 then opens_at else $2 end)
            order by id for no key update)
            update lanes set due_at = case when opens_at > $2 then opens_at else $2 end
            from these where lanes.id = these.id";
    /// Entries of the audit log in the order of their chains, and of their numbers: behind which
    /// chain, number and id, how many. A blob of SQLite may be the name of no chain.
    ENTRIES_AFTER =
        sqlite "select id, chain, seq, at, actor, actor_id, app_id, action, detail, address, request_id, hash
            from audit_log where (chain, seq, id) > ($1, $2, $3) and length(chain) = 16
            order by chain, seq, id limit $4"
        postgres "select id, chain, seq, at, actor, actor_id, app_id, action, detail, address, request_id, hash
            from audit_log where (chain, seq, id) > ($1, $2, $3) order by chain, seq, id limit $4";
    /// The heads of the chains from one on, in their order.
    HEADS_FROM =
        sqlite "select chain, seq, hash from audit_heads
            where chain >= $1 and length(chain) = 16 order by chain limit 1000"
        postgres "select chain, seq, hash from audit_heads where chain >= $1 order by chain limit 1000";
    /// How many rows and heads belong to what is the name of no chain.
    NAMELESS =
        sqlite "select (select count(*) from audit_log where length(chain) <> 16)
            + (select count(*) from audit_heads where length(chain) <> 16)"
        postgres "select cast(0 as bigint)";
    /// Which lanes that would change, as a JSON array of their ids.
    DUE_LATER =
        sqlite "select id from lanes where id in (select unhex(value) from json_each($1))
            and (due_at is null or due_at > case when opens_at > $2 then opens_at else $2 end)"
        postgres "select id from lanes
            where id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and (due_at is null or due_at > case when opens_at > $2 then opens_at else $2 end)";
}
