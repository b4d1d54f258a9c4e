-- What was done, by whom, to what. Rows outlive what they tell of, so nothing is referenced.

create table audit_log (
    id blob not null primary key,
    at integer not null,
    actor text not null,
    actor_id blob,
    account_id blob,
    app_id blob,
    action text not null,
    detail text not null,
    address text,
    request_id text
) strict;
create index audit_log_by_account on audit_log (account_id, id);
create index audit_log_by_app on audit_log (app_id, id);
