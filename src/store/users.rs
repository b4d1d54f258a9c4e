//! People.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    app::name::NameKey,
    email::Email,
    id::UserId,
    password::PasswordHash,
    time::Timestamp,
    user::{PersonName, User},
};

statements! {
    /// One user.
    USER = "select id, name, email, proven_at, is_admin, disabled_at, created_at, password_hash, turned_on_at as two_step_at
        from users left join second_factors on user_id = id where id = $1";
    /// The user with this address, whatever its case.
    USER_BY_EMAIL = "select id, name, email, proven_at, is_admin, disabled_at, created_at, password_hash, turned_on_at as two_step_at
        from users left join second_factors on user_id = id where email_key = $1";
    /// How many users may open the admin console.
    ADMINS = "select count(*) from users where is_admin and disabled_at is null";
    /// What a user last did, the newest first.
    DONE_BY = "select at, action, detail, address from audit_log where actor_id = $1 order by id desc limit $2";
    /// The user goes, with sessions, browsers, links and memberships.
    DELETE_USER = "delete from users where id = $1";
    /// A new user.
    INSERT_USER = "insert into users (id, name, name_key, email, email_key, password_hash, proven_at, is_admin, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Another name.
    SET_USER_NAME = "update users set name = $2, name_key = $3 where id = $1";
    /// Another address, proven at this moment.
    SET_USER_EMAIL = "update users set email = $2, email_key = $3, proven_at = $4 where id = $1";
    /// The address is proven, if this is still the address, letter by letter.
    PROVE_EMAIL = "update users set proven_at = $3 where id = $1 and email = $2 and proven_at is null";
    /// Takes the user's row, so that the password stays until the end of the transaction.
    LOCK_USER = "update users set id = id where id = $1";
    /// Another password.
    SET_PASSWORD = "update users set password_hash = $2 where id = $1";
}

#[derive(FromRow)]
pub(super) struct UserRow {
    id: UserId,
    name: PersonName,
    email: Email,
    proven_at: Option<Timestamp>,
    is_admin: bool,
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
    password_hash: PasswordHash,
    two_step_at: Option<Timestamp>,
}

/// A user with what the password is checked against.
#[derive(Debug)]
pub struct Known {
    pub user: User,
    pub password: PasswordHash,
}

/// A row of the audit log, as its actor may take it along.
#[derive(Clone, Debug, FromRow)]
pub struct Deed {
    pub at: Timestamp,
    pub action: String,
    /// JSON.
    pub detail: String,
    pub address: Option<String>,
}

impl From<UserRow> for Known {
    fn from(row: UserRow) -> Self {
        let UserRow {
            id,
            name,
            email,
            proven_at,
            is_admin,
            disabled_at,
            created_at,
            password_hash,
            two_step_at,
        } = row;
        Self {
            user: User { id, name, email, proven_at, is_admin, disabled_at, created_at, two_step_at },
            password: password_hash,
        }
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Known::from(row).user
    }
}

impl Conn {
    pub async fn user(&mut self, id: UserId) -> Result<Option<Known>> {
        let row: Option<UserRow> = optional!(self, USER, id);
        Ok(row.map(Known::from))
    }

    pub async fn user_by_email(&mut self, email: &Email) -> Result<Option<Known>> {
        let row: Option<UserRow> = optional!(self, USER_BY_EMAIL, email.key());
        Ok(row.map(Known::from))
    }

    /// The last ten thousand things that the user did, the newest first.
    pub async fn done_by(&mut self, id: UserId, limit: u16) -> Result<Vec<Deed>> {
        Ok(all!(self, DONE_BY, id, i64::from(limit)))
    }

    /// How many users may open the admin console.
    pub async fn admins(&mut self) -> Result<i64> {
        Ok(value!(self, ADMINS))
    }
}

impl Tx {
    /// # Errors
    /// [`super::StoreError::Duplicate`] if the address is taken.
    pub async fn insert_user(&mut self, user: &User, password: &PasswordHash) -> Result<()> {
        execute!(
            self,
            INSERT_USER,
            user.id,
            &user.name,
            NameKey::of(user.name.as_str()).as_str(),
            &user.email,
            user.email.key(),
            password,
            user.proven_at,
            user.is_admin,
            user.created_at,
        );
        Ok(())
    }

    pub async fn delete_user(&mut self, id: UserId) -> Result<()> {
        self.touch_grants_of(id).await?;
        execute!(self, DELETE_USER, id);
        Ok(())
    }

    pub async fn set_user_name(&mut self, id: UserId, name: &PersonName) -> Result<()> {
        // Whoever judges a token of the user says the name.
        self.touch_grants_of(id).await?;
        execute!(self, SET_USER_NAME, id, name, NameKey::of(name.as_str()).as_str());
        Ok(())
    }

    /// # Errors
    /// [`super::StoreError::Duplicate`] if the address is taken.
    pub async fn set_user_email(&mut self, id: UserId, email: &Email, now: Timestamp) -> Result<()> {
        execute!(self, SET_USER_EMAIL, id, email, email.key(), now);
        Ok(())
    }

    /// Whether the address was still the user's and not proven before.
    pub async fn prove_email(&mut self, id: UserId, email: &Email, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, PROVE_EMAIL, id, email, now) > 0)
    }

    /// Makes others who would change the user wait for this transaction.
    pub async fn lock_user(&mut self, id: UserId) -> Result<()> {
        execute!(self, LOCK_USER, id);
        Ok(())
    }

    pub async fn set_password(&mut self, id: UserId, password: &PasswordHash) -> Result<()> {
        execute!(self, SET_PASSWORD, id, password);
        Ok(())
    }
}
