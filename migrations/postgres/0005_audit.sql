-- What was done, by whom, to what. Rows outlive what they tell of, so nothing is referenced.

create table audit_log (
    id uuid not null primary key,
    at bigint not null,
    actor text not null,
    actor_id uuid,
    account_id uuid,
    app_id uuid,
    action text not null,
    detail text not null,
    address text,
    request_id text
);
create index audit_log_by_account on audit_log (account_id, id);
create index audit_log_by_app on audit_log (app_id, id);
