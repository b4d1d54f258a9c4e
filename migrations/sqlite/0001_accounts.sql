-- Who uses the portal: accounts, people, their sessions and mailed links.

create table accounts (
    id blob not null primary key,
    name text not null,
    name_key text not null,
    external_id text unique,
    standing text not null,
    suspended_reason text,
    suspended_before text,
    created_at integer not null
) strict;
create index accounts_by_time on accounts (created_at, id);
create index accounts_by_standing on accounts (standing, created_at, id);

create table users (
    id blob not null primary key,
    name text not null,
    name_key text not null,
    email text not null,
    email_key text not null unique,
    password_hash text not null,
    proven_at integer,
    is_admin integer not null,
    disabled_at integer,
    created_at integer not null
) strict;
create index users_by_time on users (created_at, id);
create index users_admins on users (created_at, id) where is_admin;
create index users_disabled on users (created_at, id) where disabled_at is not null;

create table memberships (
    account_id blob not null references accounts (id) on delete cascade,
    user_id blob not null references users (id) on delete cascade,
    role text not null,
    created_at integer not null,
    primary key (account_id, user_id)
) strict;
create index memberships_by_user on memberships (user_id);

create table sessions (
    id blob not null primary key,
    token_hash blob not null unique,
    user_id blob not null references users (id) on delete cascade,
    account_id blob references accounts (id) on delete set null,
    created_at integer not null,
    seen_at integer not null,
    confirmed_at integer not null,
    address text,
    user_agent text not null
) strict;
create index sessions_by_user on sessions (user_id);

-- A browser in which somebody once signed in; guesses made elsewhere do not lock it out.
create table devices (
    token_hash blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    created_at integer not null
) strict;
create index devices_by_user on devices (user_id);

create table links (
    id blob not null primary key,
    token_hash blob not null unique,
    kind text not null,
    user_id blob references users (id) on delete cascade,
    -- The address it was sent to; for a change of address, the new one.
    email text,
    created_at integer not null,
    expires_at integer not null,
    used_at integer
) strict;
create index links_by_user on links (user_id);

-- What is limited, by a keyed hash. Its row is taken while its tries are counted.
create table buckets (
    bucket blob not null primary key,
    tried_at integer not null
) strict;
create index buckets_by_time on buckets (tried_at);

create table tries (
    bucket blob not null references buckets (bucket) on delete cascade,
    id blob not null,
    tried_at integer not null,
    primary key (bucket, id)
) strict;
create index tries_by_time on tries (bucket, tried_at);

-- What fits this database and no other: a value sealed under the master key.
create table installation (
    id integer not null primary key,
    key_check blob not null
) strict;
