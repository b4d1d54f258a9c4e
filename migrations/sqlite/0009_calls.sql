-- What became of calls to the API: counts by the hour, use of old secrets, the last refusals.
-- Written in groups, a little after the answer; no row of another table depends on it.

-- Of all calls, `unnamed` are those whose token names no app.
create table app_calls (
    app_id blob not null,
    hour integer not null,
    allowed integer not null,
    refused integer not null,
    unnamed integer not null,
    primary key (app_id, hour)
) strict;
create index app_calls_by_hour on app_calls (hour);

-- Calls whose token names no app, of an account with several.
create table unnamed_calls (
    account_id blob not null,
    hour integer not null,
    allowed integer not null,
    refused integer not null,
    unnamed integer not null,
    primary key (account_id, hour)
) strict;
create index unnamed_calls_by_hour on unnamed_calls (hour);

-- The refused calls of all accounts, for admins.
create table refused_by_hour (
    hour integer not null primary key,
    refused integer not null
) strict;

create table old_secret_uses (
    secret_id blob not null primary key,
    calls integer not null,
    last_at integer not null
) strict;

create table refused_calls (
    id blob not null primary key,
    account_id blob not null,
    app_id blob,
    at integer not null,
    code text not null,
    detail text not null,
    off_by_s integer,
    signed_with text not null,
    address text
) strict;
create index refused_calls_by_account on refused_calls (account_id, at, id);
create index refused_calls_by_time on refused_calls (at);
