-- Apps that use OAuth: their clients, what users granted them, and what was given out.

-- The scopes an app asks for, and why it needs each.
create table app_scopes (
    app_id blob not null references apps (id) on delete cascade,
    scope text not null references scopes (name),
    why text,
    primary key (app_id, scope)
) strict;
create index app_scopes_by_scope on app_scopes (scope, app_id);

create table clients (
    app_id blob not null primary key references apps (id) on delete cascade,
    client_id text not null unique,
    -- Keeps no secret: it runs on devices of its users.
    is_public integer not null,
    -- Public keys by which it may authenticate (RFC 7517).
    jwks text,
    -- Access tokens that were given out before are over.
    tokens_from integer
) strict;

create table client_redirect_uris (
    app_id blob not null references clients (app_id) on delete cascade,
    position integer not null,
    uri text not null,
    primary key (app_id, position)
) strict;

-- Only a hash of a secret is kept.
create table client_secrets (
    id blob not null primary key,
    app_id blob not null references clients (app_id) on delete cascade,
    secret_hash blob not null,
    hint text not null,
    made_at integer not null,
    made_by blob,
    retires_at integer
) strict;
create index client_secrets_by_app on client_secrets (app_id);
create unique index client_secrets_one_current on client_secrets (app_id) where retires_at is null;

-- What a user lets an app do for one of their accounts.
create table grants (
    id blob not null primary key,
    -- Stays when the app is deleted: of one that is used there may be very many.
    app_id blob not null,
    user_id blob not null references users (id) on delete cascade,
    account_id blob not null references accounts (id) on delete cascade,
    -- Separated by spaces, in their order.
    scopes text not null,
    created_at integer not null,
    -- When they were last asked.
    agreed_at integer not null
) strict;
create unique index grants_one_each on grants (app_id, user_id, account_id);
create index grants_by_app on grants (app_id, created_at, id);
create index grants_by_user on grants (user_id, created_at, id);
create index grants_by_account on grants (account_id);

-- What came of one authorisation: tokens that end together.
create table token_families (
    id blob not null primary key,
    grant_id blob not null references grants (id) on delete cascade,
    scopes text not null,
    created_at integer not null,
    expires_at integer not null
) strict;
create index token_families_by_grant on token_families (grant_id);
create index token_families_by_expiry on token_families (expires_at);

create table authorization_codes (
    code_hash blob not null primary key,
    grant_id blob not null references grants (id) on delete cascade,
    -- The family that it becomes when it is used.
    family_id blob not null,
    redirect_uri text not null,
    challenge text not null,
    scopes text not null,
    expires_at integer not null,
    used_at integer
) strict;
create index authorization_codes_by_expiry on authorization_codes (expires_at);
create index authorization_codes_by_grant on authorization_codes (grant_id);

-- Those that were used stay, so that one used twice is known.
create table refresh_tokens (
    token_hash blob not null primary key,
    family_id blob not null references token_families (id) on delete cascade,
    made_at integer not null,
    used_at integer
) strict;
create index refresh_tokens_by_family on refresh_tokens (family_id, made_at);

-- Requests for authorisation that a client sent ahead (RFC 9126).
create table pushed_requests (
    request_hash blob not null primary key,
    app_id blob not null references clients (app_id) on delete cascade,
    parameters text not null,
    expires_at integer not null
) strict;
create index pushed_requests_by_expiry on pushed_requests (expires_at);
create index pushed_requests_by_app on pushed_requests (app_id);

-- Access tokens that were ended before their time, until it comes.
create table revoked_tokens (
    token_id blob not null,
    app_id blob not null references clients (app_id) on delete cascade,
    expires_at integer not null,
    primary key (app_id, token_id)
) strict;
create index revoked_tokens_by_expiry on revoked_tokens (expires_at);

-- What clients signed to authenticate is good once (RFC 7523 section 3).
create table used_assertions (
    app_id blob not null references clients (app_id) on delete cascade,
    jti_hash blob not null,
    expires_at integer not null,
    primary key (app_id, jti_hash)
) strict;
create index used_assertions_by_expiry on used_assertions (expires_at);
