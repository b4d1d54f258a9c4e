-- Who is asked to join an account, and who was a member of it once.

create table invitations (
    id blob not null primary key,
    account_id blob not null references accounts (id) on delete cascade,
    email text not null,
    email_key text not null,
    role text not null,
    token_hash blob not null unique,
    made_by blob not null,
    created_at integer not null,
    expires_at integer not null,
    -- How it ended, if somebody ended it; one that expired may be sent again.
    ending text
) strict;
create unique index invitations_one_open on invitations (account_id, email_key) where ending is null;
create index invitations_by_time on invitations (expires_at);

-- A user may be gone before the account asks what they knew, so none is referenced.
create table former_members (
    account_id blob not null references accounts (id) on delete cascade,
    user_id blob not null,
    ended_at integer not null,
    primary key (account_id, user_id)
) strict;
