-- Events that were published, and their deliveries to endpoints. There may be very many, so
-- neither goes in one step with an account or an app.

create table events (
    id uuid not null primary key,
    account_id uuid not null,
    event_type text not null,
    environment text not null,
    size_bytes bigint not null,
    occurred_at bigint not null,
    created_at bigint not null,
    -- The message as every endpoint gets it, to the byte. What stands behind it is not read without
    -- reading through it.
    body text not null
);
create index events_by_account on events (account_id, id);

-- What is sent in turn: the events of one environment to one subscription, or its tests and
-- probes. A process that holds the lease of a lane alone sends from it.
create table lanes (
    id uuid not null primary key,
    subscription_id uuid not null references subscriptions (id) on delete cascade,
    kind text not null,
    -- When something of it may be sent; null while nothing waits, or what waits is held.
    due_at bigint,
    leased_by uuid,
    leased_until bigint,
    -- Failures without a success since, and when the first and the last of them were.
    failures bigint not null,
    failing_since bigint,
    failed_at bigint,
    -- While its circuit is open: nothing is sent before.
    opens_at bigint,
    turned_off_at bigint,
    turned_off_cause text
);
create unique index lanes_by_subscription on lanes (subscription_id, kind);
create index lanes_due on lanes (due_at) where due_at is not null;
create index lanes_leased on lanes (leased_by) where leased_by is not null;
-- Subscriptions that were made before have their lanes too. An id begins with the moment of its
-- subscription, and is random behind it.
insert into lanes (id, subscription_id, kind, failures)
    select cast(substr(cast(s.id as text), 1, 14) || '7' || substr(cast(gen_random_uuid() as text), 16) as uuid),
        s.id, k.kind, 0
    from subscriptions s cross join (values ('production'), ('development'), ('checks')) k (kind);

create table deliveries (
    id uuid not null primary key,
    event_id uuid not null references events (id) on delete cascade,
    app_id uuid not null,
    -- Stays when the subscription is deleted: the log is kept.
    subscription_id uuid not null,
    lane_id uuid not null,
    kind text not null,
    environment text not null,
    event_type text not null,
    status text not null,
    created_at bigint not null,
    -- When the next attempt may begin, while it waits.
    next_at bigint,
    attempts bigint not null,
    -- Attempts since it was last asked for: a redelivery begins anew.
    tries bigint not null,
    last_at bigint,
    last_outcome text,
    last_status bigint,
    finished_at bigint
);
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
    delivery_id uuid not null references deliveries (id) on delete cascade,
    number bigint not null,
    at bigint not null,
    url text not null,
    -- How it ended: answered, or why not.
    outcome text not null,
    -- Beside a failure of the certificate, until or from when it is valid.
    certificate_at bigint,
    status bigint,
    dns_us bigint,
    connect_us bigint,
    tls_us bigint,
    first_byte_us bigint,
    total_us bigint,
    head text not null,
    excerpt bytea not null,
    excerpt_is_cut boolean not null,
    primary key (delivery_id, number)
);

-- What is gone and of which something is left: events of an account, grants and deliveries of an
-- app, what waits in a lane. It goes some at a time.
create table remains (
    id uuid not null primary key,
    kind text not null,
    since bigint not null,
    -- Of an app, whose grants are written down by it.
    name text
);
create index remains_by_age on remains (since, id);

-- How attempts to deliver production events of an app went, by the hour.
create table delivery_hours (
    app_id uuid not null,
    hour bigint not null,
    succeeded bigint not null,
    failed bigint not null,
    -- Of the attempts that succeeded.
    total_us bigint not null,
    slowest_us bigint not null,
    primary key (app_id, hour)
);
create index delivery_hours_by_hour on delivery_hours (hour);

-- What failed and was asked for again, of an app the last time. It is set waiting some at a time.
create table redeliveries (
    app_id uuid not null primary key references apps (id) on delete cascade,
    -- What was made since then and had failed when it was asked.
    since bigint not null,
    asked_at bigint not null,
    -- The last delivery that was looked at.
    after_id uuid not null,
    total bigint not null,
    done bigint not null,
    finished_at bigint
);
create index redeliveries_unfinished on redeliveries (asked_at) where finished_at is null;

-- The last validation of each endpoint: what it answered to a probe, and to one that was wrongly
-- signed. It goes when the URL or the secret changes.
create table validations (
    subscription_id uuid not null references subscriptions (id) on delete cascade,
    environment text not null,
    plain_token text not null,
    probe_id uuid not null,
    forged_id uuid not null,
    asked_at bigint not null,
    -- Null while it is not known.
    probed text,
    forged text,
    primary key (subscription_id, environment)
);
