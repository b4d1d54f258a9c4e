-- What makes publishing safe to repeat.

-- The ids that the platform gave its events: one sent again is known by its own.
create table published_ids (
    published_id text not null primary key,
    event_id blob not null,
    created_at integer not null
) strict;
create index published_ids_by_time on published_ids (created_at);

-- Requests that may be sent again (Idempotency-Key), and what they were answered.
create table idempotency_keys (
    platform_key_id blob not null references platform_keys (id) on delete cascade,
    idempotency_key text not null,
    request_hash blob not null,
    answer text not null,
    -- The attempt that may answer it: a repeat takes over from one that has not ended in time.
    claim blob not null,
    created_at integer not null,
    primary key (platform_key_id, idempotency_key)
) strict;
create index idempotency_keys_by_time on idempotency_keys (created_at);
