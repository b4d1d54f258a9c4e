-- What admins search and count. Triggers keep it true to accounts, apps and users.

-- Rows in the order in which they were made. `words` holds a line for each name's key, with an
-- empty line before it: so the beginning of a name is three characters even if it is but one.
create table account_search (
    place integer not null primary key,
    account_id blob not null unique references accounts (id) on delete cascade,
    standing text not null,
    words text not null
) strict;
create index account_search_by_standing on account_search (standing, -place);

create table app_search (
    place integer not null primary key,
    app_id blob not null unique references apps (id) on delete cascade,
    account_id blob not null,
    app_type text not null,
    state text not null,
    words text not null
) strict;
create index app_search_by_account on app_search (account_id, -place);
create index app_search_by_type on app_search (app_type, -place);
create index app_search_by_state on app_search (state, -place);
create index app_search_by_state_and_type on app_search (state, app_type, -place);

create table user_search (
    place integer not null primary key,
    user_id blob not null unique references users (id) on delete cascade,
    is_admin integer not null,
    is_disabled integer not null,
    words text not null
) strict;
create index user_search_admins on user_search (is_admin, -place);
create index user_search_disabled on user_search (is_disabled, -place);

-- Which rows hold three characters, in the order of rows; who searches compares the words.
-- Keys are folded already.
create virtual table account_trigrams using fts5
    (words, content='account_search', content_rowid='place', tokenize='trigram case_sensitive 1', detail='none');
create virtual table app_trigrams using fts5
    (words, content='app_search', content_rowid='place', tokenize='trigram case_sensitive 1', detail='none');
create virtual table user_trigrams using fts5
    (words, content='user_search', content_rowid='place', tokenize='trigram case_sensitive 1', detail='none');

create trigger account_trigrams_insert after insert on account_search begin
    insert into account_trigrams (rowid, words) values (new.place, new.words);
end;
create trigger account_trigrams_update after update of words on account_search begin
    insert into account_trigrams (account_trigrams, rowid, words) values ('delete', old.place, old.words);
    insert into account_trigrams (rowid, words) values (new.place, new.words);
end;
create trigger account_trigrams_delete after delete on account_search begin
    insert into account_trigrams (account_trigrams, rowid, words) values ('delete', old.place, old.words);
end;
create trigger app_trigrams_insert after insert on app_search begin
    insert into app_trigrams (rowid, words) values (new.place, new.words);
end;
create trigger app_trigrams_update after update of words on app_search begin
    insert into app_trigrams (app_trigrams, rowid, words) values ('delete', old.place, old.words);
    insert into app_trigrams (rowid, words) values (new.place, new.words);
end;
create trigger app_trigrams_delete after delete on app_search begin
    insert into app_trigrams (app_trigrams, rowid, words) values ('delete', old.place, old.words);
end;
create trigger user_trigrams_insert after insert on user_search begin
    insert into user_trigrams (rowid, words) values (new.place, new.words);
end;
create trigger user_trigrams_update after update of words on user_search begin
    insert into user_trigrams (user_trigrams, rowid, words) values ('delete', old.place, old.words);
    insert into user_trigrams (rowid, words) values (new.place, new.words);
end;
create trigger user_trigrams_delete after delete on user_search begin
    insert into user_trigrams (user_trigrams, rowid, words) values ('delete', old.place, old.words);
end;

-- How much there is of everything, but for what came and went since it was summed up last.
create table figures (
    thing text not null,
    kind text not null,
    total integer not null,
    primary key (thing, kind)
) strict;
-- What came and went since. A sum that were kept up to date in one row would have everybody wait
-- for everybody.
create table figure_changes (
    thing text not null,
    kind text not null,
    change integer not null
) strict;

create trigger accounts_found_insert after insert on accounts begin
    insert into account_search (account_id, standing, words)
        values (new.id, new.standing, char(10, 10) || new.name_key || char(10));
    insert into figure_changes (thing, kind, change) values ('account', new.standing, 1);
end;
create trigger accounts_found_name after update of name_key on accounts when new.name_key <> old.name_key begin
    update account_search set words = char(10, 10) || new.name_key || char(10) where account_id = new.id;
    update app_search set words = (select char(10, 10) || p.name_key || char(10, 10) || new.name_key || char(10)
        from apps p where p.id = app_search.app_id) where account_id = new.id;
end;
create trigger accounts_found_standing after update of standing on accounts when new.standing <> old.standing begin
    update account_search set standing = new.standing where account_id = new.id;
    insert into figure_changes (thing, kind, change)
        values ('account', old.standing, -1), ('account', new.standing, 1);
end;
create trigger accounts_found_delete after delete on accounts begin
    insert into figure_changes (thing, kind, change) values ('account', old.standing, -1);
end;

create trigger apps_found_insert after insert on apps begin
    insert into app_search (app_id, account_id, app_type, state, words)
        select new.id, new.account_id, new.app_type, new.state,
            char(10, 10) || new.name_key || char(10, 10) || o.name_key || char(10)
        from accounts o where o.id = new.account_id;
    insert into figure_changes (thing, kind, change) values ('app', new.state, 1);
end;
create trigger apps_found_name after update of name_key on apps when new.name_key <> old.name_key begin
    update app_search set words = (select char(10, 10) || new.name_key || char(10, 10) || o.name_key || char(10)
        from accounts o where o.id = new.account_id) where app_id = new.id;
end;
create trigger apps_found_state after update of state on apps when new.state <> old.state begin
    update app_search set state = new.state where app_id = new.id;
    insert into figure_changes (thing, kind, change)
        values ('app', old.state, -1), ('app', new.state, 1);
end;
create trigger apps_found_delete after delete on apps begin
    insert into figure_changes (thing, kind, change) values ('app', old.state, -1);
end;

create trigger users_found_insert after insert on users begin
    insert into user_search (user_id, is_admin, is_disabled, words)
        values (new.id, new.is_admin, new.disabled_at is not null,
            char(10, 10) || new.name_key || char(10, 10) || new.email_key || char(10));
    insert into figure_changes (thing, kind, change) values ('user', '', 1);
end;
create trigger users_found_change after update of name_key, email_key, is_admin, disabled_at on users begin
    update user_search set is_admin = new.is_admin, is_disabled = new.disabled_at is not null,
            words = char(10, 10) || new.name_key || char(10, 10) || new.email_key || char(10)
        where user_id = new.id;
end;
create trigger users_found_delete after delete on users begin
    insert into figure_changes (thing, kind, change) values ('user', '', -1);
end;

insert into account_search (account_id, standing, words)
    select id, standing, char(10, 10) || name_key || char(10) from accounts order by created_at, id;
insert into app_search (app_id, account_id, app_type, state, words)
    select a.id, a.account_id, a.app_type, a.state,
        char(10, 10) || a.name_key || char(10, 10) || o.name_key || char(10)
    from apps a join accounts o on o.id = a.account_id order by a.created_at, a.id;
insert into user_search (user_id, is_admin, is_disabled, words)
    select id, is_admin, disabled_at is not null,
        char(10, 10) || name_key || char(10, 10) || email_key || char(10)
    from users order by created_at, id;
insert into figures (thing, kind, total)
    select 'account', standing, count(*) from accounts group by standing;
insert into figures (thing, kind, total) select 'app', state, count(*) from apps group by state;
insert into figures (thing, kind, total) select 'user', '', count(*) from users;
