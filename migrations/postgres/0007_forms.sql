-- One-time form values that have done their work, and where it led.

create table form_uses (
    token_hash bytea not null primary key,
    location text not null,
    used_at bigint not null
);
create index form_uses_by_time on form_uses (used_at);
