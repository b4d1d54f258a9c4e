-- What the platform's own services present. Only a hash of a key is kept.

create table platform_keys (
    id uuid not null primary key,
    key_hash bytea not null unique,
    name text not null,
    hint text not null,
    made_at bigint not null,
    -- A user may be gone before the key is, so none is referenced; the operator is none.
    made_by uuid,
    last_used_at bigint,
    revoked_at bigint
);
