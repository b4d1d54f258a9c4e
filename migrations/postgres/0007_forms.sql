-- One-time form values that have done their work, and what they made.

create table form_uses (
    token_hash bytea not null primary key,
    result text not null,
    used_at bigint not null
);
create index form_uses_by_time on form_uses (used_at);
