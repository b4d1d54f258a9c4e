-- What each process must hear of: one row for every account whose authorisation changed,
-- numbered in the order of commits, since the number is taken by the last statement.

create table revision (
    id integer not null primary key,
    n integer not null
) strict;
insert into revision (id, n) values (1, 0);

create table changes (
    n integer not null primary key,
    account_id blob not null
) strict;
