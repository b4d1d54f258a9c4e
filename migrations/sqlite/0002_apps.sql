-- Apps, the names they hold, and their icons.

create table icons (
    hash text not null primary key,
    png blob not null,
    -- Kept this long although no app shows it: it was chosen in a form that was refused.
    aside_until integer not null
) strict;

create table apps (
    id blob not null primary key,
    account_id blob not null references accounts (id) on delete cascade,
    app_type text not null,
    name text not null,
    name_key text not null,
    short_description text,
    long_description text,
    company_name text,
    contact_name text,
    contact_email text,
    privacy_policy_url text,
    terms_url text,
    support_url text,
    icon_hash text references icons (hash),
    events_on integer not null,
    state text not null,
    suspended_reason text,
    suspended_before text,
    created_at integer not null,
    activated_at integer
) strict;
create index apps_by_account on apps (account_id, created_at, id);
create index apps_by_time on apps (created_at, id);
create index apps_by_icon on apps (icon_hash);

-- Every name that is taken: by an app, or for a while by the memory of one.
create table app_names (
    name_key text not null primary key,
    app_id blob references apps (id) on delete cascade,
    free_at integer
) strict;
create index app_names_by_app on app_names (app_id);
