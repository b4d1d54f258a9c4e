-- The pair of each account. The key is public, secrets are sealed under the master key.

create table api_keys (
    account_id blob not null primary key references accounts (id) on delete cascade,
    api_key text not null unique
) strict;

create table api_secrets (
    id blob not null primary key,
    account_id blob not null references accounts (id) on delete cascade,
    secret_sealed blob not null,
    hint text not null,
    made_at integer not null,
    made_by blob,
    retires_at integer
) strict;
create index api_secrets_by_account on api_secrets (account_id);
create unique index api_secrets_one_current on api_secrets (account_id) where retires_at is null;
