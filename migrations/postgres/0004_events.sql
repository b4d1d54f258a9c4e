-- The catalogs of scopes and of events, and who subscribes to what.

-- What apps that use OAuth may be allowed to do, in words for those who are asked.
create table scopes (
    name text not null primary key,
    description text not null,
    position bigint not null,
    -- Counts its changes.
    version bigint not null,
    retired_at bigint
);

insert into scopes (position, version, name, description) values
    (1, 1, 'user:read', 'See the people in the account: their names, addresses and roles'),
    (2, 1, 'user:write', 'Add, change and remove people in the account'),
    (3, 1, 'meeting:read', 'See meetings: when they are, what they are about and who is invited'),
    (4, 1, 'meeting:write', 'Schedule, change and cancel meetings'),
    (5, 1, 'recording:read', 'See and download recordings'),
    (6, 1, 'recording:write', 'Start, stop and delete recordings');

create table event_types (
    name text not null primary key,
    event_group text not null,
    description text not null,
    example text not null,
    -- What an app that uses OAuth must have been granted to receive it.
    scope text references scopes (name),
    position bigint not null,
    -- Counts its changes.
    version bigint not null,
    retired_at bigint
);

create table subscriptions (
    id uuid not null primary key,
    app_id uuid not null references apps (id) on delete cascade,
    name text,
    development_url text,
    production_url text,
    created_at bigint not null
);
create index subscriptions_by_app on subscriptions (app_id, created_at, id);

create table subscription_event_types (
    subscription_id uuid not null references subscriptions (id) on delete cascade,
    event_type text not null references event_types (name),
    primary key (subscription_id, event_type)
);
create index subscription_event_types_by_type on subscription_event_types (event_type, subscription_id);

create table signing_secrets (
    id uuid not null primary key,
    subscription_id uuid not null references subscriptions (id) on delete cascade,
    secret_sealed bytea not null,
    hint text not null,
    made_at bigint not null,
    made_by uuid,
    retires_at bigint
);
create index signing_secrets_by_subscription on signing_secrets (subscription_id);
create unique index signing_secrets_one_current on signing_secrets (subscription_id) where retires_at is null;

insert into event_types (position, version, name, event_group, description, example, scope) values
    (1, 1, 'user.created', 'Users', 'Somebody joined the account', '{"user":{"id":"u_7Kd2","email":"noor@example.com","name":"Noor Haddad","role":"member"}}', 'user:read'),
    (2, 1, 'user.updated', 'Users', 'A name, address or role changed', '{"user":{"id":"u_7Kd2","email":"noor@example.com","name":"Noor Haddad","role":"admin"},"changed":["role"]}', 'user:read'),
    (3, 1, 'user.activated', 'Users', 'Somebody regained access', '{"user":{"id":"u_7Kd2","email":"noor@example.com"}}', 'user:read'),
    (4, 1, 'user.deactivated', 'Users', 'Somebody lost access', '{"user":{"id":"u_7Kd2","email":"noor@example.com"}}', 'user:read'),
    (5, 1, 'user.deleted', 'Users', 'Somebody was removed', '{"user":{"id":"u_7Kd2","email":"noor@example.com"}}', 'user:read'),
    (6, 1, 'meeting.created', 'Meetings', 'A meeting was scheduled', '{"meeting":{"id":"m_41Xa","topic":"Design review","start_time":"2026-12-01T09:00:00Z","duration_minutes":45}}', 'meeting:read'),
    (7, 1, 'meeting.updated', 'Meetings', 'Its time, title or settings changed', '{"meeting":{"id":"m_41Xa","topic":"Design review","start_time":"2026-12-01T10:00:00Z","duration_minutes":45},"changed":["start_time"]}', 'meeting:read'),
    (8, 1, 'meeting.deleted', 'Meetings', 'A meeting was cancelled', '{"meeting":{"id":"m_41Xa","topic":"Design review"}}', 'meeting:read'),
    (9, 1, 'meeting.started', 'Meetings', 'The first person came in', '{"meeting":{"id":"m_41Xa","topic":"Design review","started_at":"2026-12-01T10:00:12Z"}}', 'meeting:read'),
    (10, 1, 'meeting.ended', 'Meetings', 'The last person left', '{"meeting":{"id":"m_41Xa","topic":"Design review","ended_at":"2026-12-01T10:44:50Z"}}', 'meeting:read'),
    (11, 1, 'recording.started', 'Recordings', 'Recording began', '{"recording":{"id":"r_9Qe5","meeting_id":"m_41Xa","started_at":"2026-12-01T10:02:00Z"}}', 'recording:read'),
    (12, 1, 'recording.stopped', 'Recordings', 'Recording paused or ended', '{"recording":{"id":"r_9Qe5","meeting_id":"m_41Xa","stopped_at":"2026-12-01T10:44:50Z"}}', 'recording:read'),
    (13, 1, 'recording.completed', 'Recordings', 'The files are ready', '{"recording":{"id":"r_9Qe5","meeting_id":"m_41Xa","files":2,"size_bytes":48210433}}', 'recording:read'),
    (14, 1, 'recording.deleted', 'Recordings', 'The files were removed', '{"recording":{"id":"r_9Qe5","meeting_id":"m_41Xa"}}', 'recording:read'),
    (15, 1, 'app.deauthorized', 'Apps', 'Somebody who had let this app in no longer does', '{"grant":"grt_01kb7q2m9vx4t8d5h3n6p0r2sc","user":"usr_01kb7q2m9vx4t8d5h3n6p0r2sa","client_id":"cid_5Tq8LmN2rXc7VbZ0aKdEwY","scopes":["meeting:read","user:read"],"reason":"revoked_by_user"}', null);
