-- Events that were published, and their deliveries to endpoints. There may be very many, so
-- neither goes in one step with an account or an app.

create table events (
    id blob not null primary key,
    account_id blob not null,
    event_type text not null,
    environment text not null,
    size_bytes integer not null,
    occurred_at integer not null,
    created_at integer not null,
    -- The message as every endpoint gets it, to the byte. What stands behind it is not read without
    -- reading through it.
    body text not null
) strict;
create index events_by_account on events (account_id, id);

-- What is sent in turn: the events of one environment to one subscription, or its tests and
-- probes. A process that holds the lease of a lane alone sends from it.
create table lanes (
    id blob not null primary key,
    subscription_id blob not null references subscriptions (id) on delete cascade,
    kind text not null,
    -- When something of it may be sent; null while nothing waits, or what waits is held.
    due_at integer,
    leased_by blob,
    leased_until integer,
    -- Failures without a success since, and when the first and the last of them were.
    failures integer not null,
    failing_since integer,
    failed_at integer,
    -- While its circuit is open: nothing is sent before.
    opens_at integer,
    turned_off_at integer,
    turned_off_cause text
) strict;
create unique index lanes_by_subscription on lanes (subscription_id, kind);
create index lanes_due on lanes (due_at) where due_at is not null;
create index lanes_leased on lanes (leased_by) where leased_by is not null;
-- Subscriptions that were made before have their lanes too. An id begins with the moment of its
-- subscription, and is random behind it.
insert into lanes (id, subscription_id, kind, failures)
    select unhex(substr(hex(s.id), 1, 12) || '7' || substr(hex(randomblob(2)), 2)
            || '8' || substr(hex(randomblob(8)), 2)), s.id, k.column1, 0
    from subscriptions s cross join (values ('production'), ('development'), ('checks')) k;

-- Without a number for each row, here and for attempts, there is one tree less to write to.
create table deliveries (
    id blob not null primary key,
    event_id blob not null references events (id) on delete cascade,
    app_id blob not null,
    -- Stays when the subscription is deleted: the log is kept.
    subscription_id blob not null,
    lane_id blob not null,
    kind text not null,
    environment text not null,
    event_type text not null,
    status text not null,
    created_at integer not null,
    -- When the next attempt may begin, while it waits.
    next_at integer,
    attempts integer not null,
    -- Attempts since it was last asked for: a redelivery begins anew.
    tries integer not null,
    last_at integer,
    last_outcome text,
    last_status integer,
    finished_at integer
) strict, without rowid;
create unique index deliveries_once on deliveries (event_id, subscription_id, kind);
create index deliveries_waiting on deliveries (lane_id, next_at, id) where next_at is not null;
-- Ids are in the order of time.
create index deliveries_by_app on deliveries (app_id, id);
create index deliveries_failed on deliveries (app_id, id) where status = 'failed';
create index deliveries_cancelled on deliveries (app_id, id) where status = 'cancelled';
create index deliveries_dropped on deliveries (app_id, id) where status = 'dropped';
create index deliveries_by_subscription on deliveries (subscription_id, id);
create index deliveries_checks on deliveries (subscription_id, kind, id) where kind <> 'event';

create table attempts (
    delivery_id blob not null references deliveries (id) on delete cascade,
    number integer not null,
    at integer not null,
    url text not null,
    -- How it ended: answered, or why not.
    outcome text not null,
    -- Beside a failure of the certificate, until or from when it is valid.
    certificate_at integer,
    status integer,
    dns_us integer,
    connect_us integer,
    tls_us integer,
    first_byte_us integer,
    total_us integer,
    head text not null,
    excerpt blob not null,
    excerpt_is_cut integer not null,
    primary key (delivery_id, number)
) strict, without rowid;

-- What is gone and of which something is left: events of an account, grants and deliveries of an
-- app, what waits in a lane. It goes some at a time.
create table remains (
    id blob not null primary key,
    kind text not null,
    since integer not null,
    -- Of an app, whose grants are written down by it.
    name text
) strict;
create index remains_by_age on remains (since, id);

-- How attempts to deliver production events of an app went, by the hour.
create table delivery_hours (
    app_id blob not null,
    hour integer not null,
    succeeded integer not null,
    failed integer not null,
    -- Of the attempts that succeeded.
    total_us integer not null,
    slowest_us integer not null,
    primary key (app_id, hour)
) strict;
create index delivery_hours_by_hour on delivery_hours (hour);

-- What failed and was asked for again, of an app the last time. It is set waiting some at a time.
create table redeliveries (
    app_id blob not null primary key references apps (id) on delete cascade,
    -- What was made since then and had failed when it was asked.
    since integer not null,
    asked_at integer not null,
    -- The last delivery that was looked at.
    after_id blob not null,
    total integer not null,
    done integer not null,
    finished_at integer
) strict;
create index redeliveries_unfinished on redeliveries (asked_at) where finished_at is null;

-- The last validation of each endpoint: what it answered to a probe, and to one that was wrongly
-- signed. It goes when the URL or the secret changes.
create table validations (
    subscription_id blob not null references subscriptions (id) on delete cascade,
    environment text not null,
    plain_token text not null,
    probe_id blob not null,
    forged_id blob not null,
    asked_at integer not null,
    -- Null while it is not known.
    probed text,
    forged text,
    primary key (subscription_id, environment)
) strict;
