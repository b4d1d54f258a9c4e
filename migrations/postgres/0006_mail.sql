-- Mail that waits to be sent. Bodies hold links that act, so they are sealed, and gone once sent.

create table outbox (
    id uuid not null primary key,
    mail_sealed bytea not null,
    created_at bigint not null,
    next_at bigint not null,
    tries bigint not null
);
create index outbox_by_time on outbox (next_at);
