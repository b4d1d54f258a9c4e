-- What was done, by whom, to what. Rows outlive what they tell of, so nothing is referenced.

create table audit_log (
    id blob not null primary key,
    -- The account's id; all zeros for what belongs to no account.
    chain blob not null,
    seq integer not null,
    at integer not null,
    actor text not null,
    actor_id blob,
    app_id blob,
    action text not null,
    detail text not null,
    address text,
    request_id text,
    -- Of the row and of the hash before it: docs/audit.md.
    hash blob not null,
    unique (chain, seq)
) strict;
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
    chain blob not null primary key,
    seq integer not null,
    hash blob not null
) strict;

create trigger audit_log_no_update before update on audit_log begin
    select raise(abort, 'the audit log is append-only');
end;
create trigger audit_log_no_delete before delete on audit_log begin
    select raise(abort, 'the audit log is append-only');
end;
-- "insert or replace" would delete without its trigger.
create trigger audit_log_no_replace before insert on audit_log
when exists (select 1 from audit_log where id = new.id or (chain = new.chain and seq = new.seq)) begin
    select raise(abort, 'the audit log is append-only');
end;

create trigger audit_heads_no_delete before delete on audit_heads begin
    select raise(abort, 'the audit log is append-only');
end;
create trigger audit_heads_only_forward before update on audit_heads
when new.chain <> old.chain or new.seq < old.seq or (new.seq = old.seq and new.hash <> old.hash) begin
    select raise(abort, 'the audit log is append-only');
end;
create trigger audit_heads_no_replace before insert on audit_heads
when exists (select 1 from audit_heads where chain = new.chain) begin
    select raise(abort, 'the audit log is append-only');
end;
