-- Two-step sign-in: a secret that a user's authenticator app shares, and codes for its loss.

create table second_factors (
    user_id blob not null primary key references users (id) on delete cascade,
    secret_sealed blob not null,
    -- The last half minute of which a code was taken: a code counts once.
    last_step integer not null,
    turned_on_at integer not null
) strict;

create table recovery_codes (
    user_id blob not null references users (id) on delete cascade,
    code_hash blob not null,
    primary key (user_id, code_hash)
) strict;

-- Whoever has given the right password and no code yet. It is no session.
create table half_sign_ins (
    token_hash blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    created_at integer not null
) strict;
create index half_sign_ins_by_user on half_sign_ins (user_id);
create index half_sign_ins_by_time on half_sign_ins (created_at);

-- When a code was last given in the session; none, if by the password alone.
alter table sessions add column code_at integer;
