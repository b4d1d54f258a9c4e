-- What makes publishing safe to repeat.

-- The ids that the platform gave its events: one sent again is known by its own.
create table published_ids (
    published_id text not null primary key,
    event_id uuid not null,
    created_at bigint not null
);
create index published_ids_by_time on published_ids (created_at);

-- Requests that may be sent again (Idempotency-Key), and what they were answered.
create table idempotency_keys (
    platform_key_id uuid not null references platform_keys (id) on delete cascade,
    idempotency_key text not null,
    request_hash bytea not null,
    answer text not null,
    -- The attempt that may answer it: a repeat takes over from one that has not ended in time.
    claim uuid not null,
    created_at bigint not null,
    primary key (platform_key_id, idempotency_key)
);
create index idempotency_keys_by_time on idempotency_keys (created_at);
