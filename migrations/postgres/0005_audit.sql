-- What was done, by whom, to what. Rows outlive what they tell of, so nothing is referenced.

create table audit_log (
    id uuid not null primary key,
    -- The account's id; all zeros for what belongs to no account.
    chain uuid not null,
    seq bigint not null,
    at bigint not null,
    actor text not null,
    actor_id uuid,
    app_id uuid,
    action text not null,
    detail text not null,
    address text,
    request_id text,
    -- Of the row and of the hash before it: docs/audit.md.
    hash bytea not null,
    unique (chain, seq)
);
-- What is rare is found without a walk through the rest: in one chain, and in all of them.
create index audit_log_by_app on audit_log (app_id, chain, seq);
create index audit_log_by_user on audit_log (actor_id, id);
create index audit_log_by_user_of_chain on audit_log (actor_id, chain, seq);
create index audit_log_by_other on audit_log (actor, id) where actor_id is null;
create index audit_log_by_other_of_chain on audit_log (chain, actor, seq) where actor_id is null;
create index audit_log_by_action on audit_log (action, id);
create index audit_log_by_action_of_chain on audit_log (chain, action, seq);
-- And what was done on some days: an id begins with the moment.
create index audit_log_by_id_of_chain on audit_log (chain, id);

-- The last row of each chain. Whoever adds to a chain takes its head first.
create table audit_heads (
    chain uuid not null primary key,
    seq bigint not null,
    hash bytea not null
);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end
$$;

create trigger audit_log_no_update before update on audit_log
    for each row execute function audit_is_append_only();
create trigger audit_log_no_delete before delete on audit_log
    for each row execute function audit_is_append_only();
create trigger audit_log_no_truncate before truncate on audit_log
    for each statement execute function audit_is_append_only();

create trigger audit_heads_no_delete before delete on audit_heads
    for each row execute function audit_is_append_only();
create trigger audit_heads_only_forward before update on audit_heads
    for each row
    when (new.chain <> old.chain or new.seq < old.seq or (new.seq = old.seq and new.hash <> old.hash))
    execute function audit_is_append_only();
create trigger audit_heads_no_truncate before truncate on audit_heads
    for each statement execute function audit_is_append_only();
