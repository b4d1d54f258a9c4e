-- What the platform's own services present. Only a hash of a key is kept.

create table platform_keys (
    id blob not null primary key,
    key_hash blob not null unique,
    name text not null,
    hint text not null,
    made_at integer not null,
    -- A user may be gone before the key is, so none is referenced; the operator is none.
    made_by blob,
    last_used_at integer,
    revoked_at integer
) strict;
