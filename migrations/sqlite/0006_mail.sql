-- Mail that waits to be sent. Bodies hold links that act, so they are sealed, and gone once sent.

create table outbox (
    id blob not null primary key,
    mail_sealed blob not null,
    created_at integer not null,
    next_at integer not null,
    tries integer not null
) strict;
create index outbox_by_time on outbox (next_at);
