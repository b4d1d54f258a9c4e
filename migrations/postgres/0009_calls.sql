-- What became of calls to the API: counts by the hour, use of old secrets, the last refusals.
-- Written in groups, a little after the answer; no row of another table depends on it.

-- Of all calls, `unnamed` are those whose token names no app.
create table app_calls (
    app_id uuid not null,
    hour bigint not null,
    allowed bigint not null,
    refused bigint not null,
    unnamed bigint not null,
    primary key (app_id, hour)
);
create index app_calls_by_hour on app_calls (hour);

-- Calls whose token names no app, of an account with several.
create table unnamed_calls (
    account_id uuid not null,
    hour bigint not null,
    allowed bigint not null,
    refused bigint not null,
    unnamed bigint not null,
    primary key (account_id, hour)
);
create index unnamed_calls_by_hour on unnamed_calls (hour);

-- The refused calls of all accounts, for admins.
create table refused_by_hour (
    hour bigint not null primary key,
    refused bigint not null
);

create table old_secret_uses (
    secret_id uuid not null primary key,
    calls bigint not null,
    last_at bigint not null
);

create table refused_calls (
    id uuid not null primary key,
    account_id uuid not null,
    app_id uuid,
    at bigint not null,
    code text not null,
    detail text not null,
    off_by_s bigint,
    signed_with text not null,
    address text
);
create index refused_calls_by_account on refused_calls (account_id, at, id);
create index refused_calls_by_time on refused_calls (at);
