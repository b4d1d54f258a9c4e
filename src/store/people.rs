//! People of the whole platform, as admins find them, and what admins make of them.

use sqlx::FromRow;

use super::{
    COUNTED, Conn, Listed, Result, Tx,
    db::{all, among, execute},
    platform::{ONE_MORE, number_of, page},
    search::TOP,
    statements::statements,
    term::Term,
    users::UserRow,
};
use crate::domain::{
    app::name::NameKey,
    email::Email,
    id::UserId,
    time::Timestamp,
    user::{Admin, User},
};

statements! {
    /// The users at some places, the newest first, with how many accounts each belongs to.
    USERS_AT = "select u.*, (select count(*) from memberships m where m.user_id = u.id) as accounts,
            (select f.turned_on_at from second_factors f where f.user_id = u.id) as two_step_at
        from user_search s join users u on u.id = s.user_id
        where s.place in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
        order by s.place desc";
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
    /// Part of the name or the address, or if it is shorter than three characters the beginning
    /// of one.
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

impl Only {
    /// As a search is asked for them.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Admins => "admins",
            Self::Disabled => "disabled",
        }
    }
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
        let with = (filter.only.map(Only::as_str), filter.id);
        let term = filter.search.as_ref().and_then(Term::of);
        let mut places = self.places_of_users(with, term.as_ref(), TOP, COUNTED + 1).await?;
        let total = number_of(&places);
        if filter.after.is_some() {
            let before = self.place_after_user(filter.after).await?;
            places = self.places_of_users(with, term.as_ref(), before, ONE_MORE).await?;
        }
        let rows: Vec<ListedUserRow> = among!(self, USERS_AT; page(&places));
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
        self.touch_grants_of(id).await?;
        execute!(self, DISABLE_USER, id, now);
        Ok(())
    }

    pub async fn enable_user(&mut self, id: UserId) -> Result<()> {
        self.touch_grants_of(id).await?;
        execute!(self, ENABLE_USER, id);
        Ok(())
    }
}
