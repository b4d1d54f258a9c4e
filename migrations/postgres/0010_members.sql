-- Who is asked to join an account, and who was a member of it once.

create table invitations (
    id uuid not null primary key,
    account_id uuid not null references accounts (id) on delete cascade,
    email text not null,
    email_key text not null,
    role text not null,
    token_hash bytea not null unique,
    made_by uuid not null,
    created_at bigint not null,
    expires_at bigint not null,
    -- How it ended, if somebody ended it; one that expired may be sent again.
    ending text
);
create unique index invitations_one_open on invitations (account_id, email_key) where ending is null;
create index invitations_by_time on invitations (expires_at);

-- A user may be gone before the account asks what they knew, so none is referenced.
create table former_members (
    account_id uuid not null references accounts (id) on delete cascade,
    user_id uuid not null,
    ended_at bigint not null,
    primary key (account_id, user_id)
);
