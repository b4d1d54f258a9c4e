-- What each process must hear of: one row for every account whose authorisation changed,
-- numbered in the order of commits, since the number is taken by the last statement.

create table revision (
    id bigint not null primary key,
    n bigint not null
);
insert into revision (id, n) values (1, 0);

create table changes (
    n bigint not null primary key,
    account_id uuid not null
);
