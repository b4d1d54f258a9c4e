//! People of the whole platform, as admins find them, and what admins make of them.

use sqlx::FromRow;

use super::{
    Conn, Listed, Result, Tx,
    apps::containing,
    db::{all, execute, value},
    statements::statements,
    users::UserRow,
};
use crate::domain::{
    app::name::NameKey,
    email::Email,
    id::UserId,
    time::Timestamp,
    user::{Admin, User},
};

/// A page of users that `$only` leaves, the newest first.
macro_rules! people {
    ($only:literal) => {
        concat!(
            "select p.*, (select count(*) from memberships m where m.user_id = p.id) as accounts,
            (select f.turned_on_at from second_factors f where f.user_id = p.id) as two_step_at
            from (select u.id, u.name, u.email, u.proven_at, u.is_admin, u.disabled_at, u.created_at, u.password_hash
                from users u
                where (cast($1 as text) is null or u.name_key like $1 escape '\\' or u.email_key like $1 escape '\\')
                and (cast($2 as uuid) is null or u.id = $2)
                and (cast($3 as bigint) is null or (u.created_at, u.id) < ($3, $4))",
            $only,
            " order by u.created_at desc, u.id desc limit $5) p
            order by p.created_at desc, p.id desc"
        )
    };
}

/// How many users `$only` leaves, counted up to a number.
macro_rules! counted {
    ($only:literal) => {
        concat!(
            "select count(*) from (select 1 as one from users u
                where (cast($1 as text) is null or u.name_key like $1 escape '\\' or u.email_key like $1 escape '\\')
                and (cast($2 as uuid) is null or u.id = $2)",
            $only,
            " limit $3) fitting"
        )
    };
}

statements! {
    /// A page of all users.
    EVERY_USER = people!("");
    /// A page of all admins, disabled ones among them.
    EVERY_ADMIN = people!(" and u.is_admin");
    /// A page of all who are disabled.
    EVERY_DISABLED = people!(" and u.disabled_at is not null");
    /// How many users fit.
    USERS_FITTING = counted!("");
    /// How many admins fit.
    ADMINS_FITTING = counted!(" and u.is_admin");
    /// How many fit who are disabled.
    DISABLED_FITTING = counted!(" and u.disabled_at is not null");
    /// Where the admins are reached, the oldest first.
    ADMIN_ADDRESSES = "select email from users where is_admin and disabled_at is null order by created_at, id";
    /// The user may open the admin console.
    MAKE_ADMIN = "update users set is_admin = true where id = $1";
    /// The user may open it no more.
    REMOVE_ADMIN = "update users set is_admin = false where id = $1";
    /// The user may not sign in.
    DISABLE_USER = "update users set disabled_at = $2 where id = $1";
    /// The user may sign in again.
    ENABLE_USER = "update users set disabled_at = null where id = $1";
}

/// Which users an admin's list shows.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of the name or the address.
    pub search: Option<NameKey>,
    /// One user alone.
    pub id: Option<UserId>,
    pub only: Option<Only>,
    /// The last user of the page before: when they were made, and their id.
    pub after: Option<(Timestamp, UserId)>,
}

/// The users of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Admins,
    Disabled,
}

/// A user as an admin's list shows them.
#[derive(Clone, Debug)]
pub struct ListedUser {
    pub user: User,
    /// To how many they belong.
    pub accounts: i64,
}

#[derive(FromRow)]
struct ListedUserRow {
    #[sqlx(flatten)]
    user: UserRow,
    accounts: i64,
}

impl Conn {
    /// A page of all users.
    pub async fn every_user(&mut self, _: Admin, filter: &UserFilter) -> Result<Listed<ListedUser, UserId>> {
        let (page, count) = match filter.only {
            None => (EVERY_USER, USERS_FITTING),
            Some(Only::Admins) => (EVERY_ADMIN, ADMINS_FITTING),
            Some(Only::Disabled) => (EVERY_DISABLED, DISABLED_FITTING),
        };
        let search = filter.search.as_ref().map(containing);
        let (at, after) = filter.after.unzip();
        let rows: Vec<ListedUserRow> =
            all!(self, page, &search, filter.id, at, after, super::platform::ONE_MORE);
        let total = value!(self, count, &search, filter.id, super::COUNTED + 1);
        let listed = |row: ListedUserRow| ListedUser { user: row.user.into(), accounts: row.accounts };
        let rows = rows.into_iter().map(listed).collect();
        Ok(Listed::new(rows, total, |row: &ListedUser| (row.user.created_at, row.user.id)))
    }

    /// The addresses of all admins who are not disabled.
    pub async fn admin_addresses(&mut self, _: Admin) -> Result<Vec<Email>> {
        let rows: Vec<(Email,)> = all!(self, ADMIN_ADDRESSES);
        Ok(rows.into_iter().map(|(email,)| email).collect())
    }
}

impl Tx {
    pub async fn make_admin(&mut self, id: UserId) -> Result<()> {
        execute!(self, MAKE_ADMIN, id);
        Ok(())
    }

    pub async fn remove_admin(&mut self, id: UserId) -> Result<()> {
        execute!(self, REMOVE_ADMIN, id);
        Ok(())
    }

    pub async fn disable_user(&mut self, id: UserId, now: Timestamp) -> Result<()> {
        execute!(self, DISABLE_USER, id, now);
        Ok(())
    }

    pub async fn enable_user(&mut self, id: UserId) -> Result<()> {
        execute!(self, ENABLE_USER, id);
        Ok(())
    }
}
