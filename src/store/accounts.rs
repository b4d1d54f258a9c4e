//! Accounts and who belongs to them.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    account::{Account, AccountName, Membership, Role, Standing, Suspension},
    app::name::NameKey,
    email::Email,
    id::{AccountId, UserId},
    time::Timestamp,
};

statements! {
    /// One account.
    ACCOUNT = "select id, name, external_id, standing, created_at from accounts where id = $1";
    /// A user's accounts, the oldest membership first.
    MEMBERSHIPS = "select a.id, a.name, a.external_id, a.standing, a.created_at, m.role
        from memberships m join accounts a on a.id = m.account_id
        where m.user_id = $1 order by m.created_at, a.id";
    /// A user's accounts, the oldest membership first: whether others belong to it too, and whether
    /// one of them is an owner who can act.
    COMPANY = "select a.name, m.role,
            exists (select 1 from memberships o where o.account_id = a.id and o.user_id <> $1),
            exists (select 1 from memberships o join users u on u.id = o.user_id
                where o.account_id = a.id and o.user_id <> $1 and o.role = 'owner' and u.disabled_at is null)
        from memberships m join accounts a on a.id = m.account_id
        where m.user_id = $1 order by m.created_at, a.id";
    /// The role of a user in an account.
    ROLE = "select role from memberships where account_id = $1 and user_id = $2";
    /// A new account.
    INSERT_ACCOUNT = "insert into accounts (id, name, name_key, standing, created_at) values ($1, $2, $3, $4, $5)";
    /// A new membership.
    INSERT_MEMBERSHIP = "insert into memberships (account_id, user_id, role, created_at) values ($1, $2, $3, $4)
        on conflict (account_id, user_id) do nothing";
    /// Another name for an account.
    SET_ACCOUNT_NAME = "update accounts set name = $2, name_key = $3 where id = $1";
    /// The account goes, with all that belongs to it; its part of the audit log stays.
    DELETE_ACCOUNT = "delete from accounts where id = $1";
    /// Why an account is suspended, and how it stood before.
    SUSPENSION = "select suspended_reason, suspended_before from accounts
        where id = $1 and suspended_reason is not null and suspended_before is not null";
    /// Where an account's owners are reached, the oldest first.
    OWNERS = "select u.email from memberships m join users u on u.id = m.user_id
        where m.account_id = $1 and m.role = 'owner' and u.disabled_at is null order by m.created_at, u.id";
    /// Takes the account's row, so that what is counted below it stays true until the end of the transaction.
    LOCK_ACCOUNT = "update accounts set id = id where id = $1";
}

#[derive(FromRow)]
pub(super) struct AccountRow {
    id: AccountId,
    name: AccountName,
    external_id: Option<String>,
    standing: Standing,
    created_at: Timestamp,
}

#[derive(FromRow)]
struct MembershipRow {
    #[sqlx(flatten)]
    account: AccountRow,
    role: Role,
}

/// In what company a user belongs to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    pub account_name: AccountName,
    pub role: Role,
    /// Whether anybody else belongs to it.
    pub has_others: bool,
    /// Whether one of them is an owner who can act.
    pub has_other_owner: bool,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let AccountRow { id, name, external_id, standing, created_at } = row;
        Self { id, name, external_id, standing, created_at }
    }
}

impl Conn {
    /// # Errors
    /// As every function of the store: [`super::StoreError`].
    pub async fn account(&mut self, id: AccountId) -> Result<Option<Account>> {
        let row: Option<AccountRow> = optional!(self, ACCOUNT, id);
        Ok(row.map(Account::from))
    }

    /// The accounts of a user, with the role in each.
    pub async fn memberships(&mut self, user: UserId) -> Result<Vec<Membership>> {
        let rows: Vec<MembershipRow> = all!(self, MEMBERSHIPS, user);
        Ok(rows.into_iter().map(|row| Membership { account: row.account.into(), role: row.role }).collect())
    }

    /// In what company the user belongs to each of their accounts.
    pub async fn company(&mut self, user: UserId) -> Result<Vec<Company>> {
        let rows: Vec<(AccountName, Role, bool, bool)> = all!(self, COMPANY, user);
        let company = |(account_name, role, has_others, has_other_owner)| Company {
            account_name,
            role,
            has_others,
            has_other_owner,
        };
        Ok(rows.into_iter().map(company).collect())
    }

    /// Why the account is suspended, if it is.
    pub async fn suspension(&mut self, id: AccountId) -> Result<Option<Suspension>> {
        let row: Option<(String, Standing)> = optional!(self, SUSPENSION, id);
        Ok(row.map(|(reason, before)| Suspension { reason, before }))
    }

    /// The addresses of the account's owners.
    pub async fn owners(&mut self, account: AccountId) -> Result<Vec<Email>> {
        let rows: Vec<(Email,)> = all!(self, OWNERS, account);
        Ok(rows.into_iter().map(|(email,)| email).collect())
    }

    pub async fn role(&mut self, account: AccountId, user: UserId) -> Result<Option<Role>> {
        let row: Option<(Role,)> = optional!(self, ROLE, account, user);
        Ok(row.map(|(role,)| role))
    }
}

impl Tx {
    pub async fn insert_account(
        &mut self,
        id: AccountId,
        name: &AccountName,
        standing: Standing,
        now: Timestamp,
    ) -> Result<()> {
        self.touch(id);
        execute!(self, INSERT_ACCOUNT, id, name, NameKey::of(name.as_str()).as_str(), standing, now);
        Ok(())
    }

    /// Makes the user a member; says whether they were none. One who was keeps the role.
    pub async fn insert_membership(
        &mut self,
        account: AccountId,
        user: UserId,
        role: Role,
        now: Timestamp,
    ) -> Result<bool> {
        self.touch(account);
        Ok(execute!(self, INSERT_MEMBERSHIP, account, user, role, now) > 0)
    }

    pub async fn set_account_name(&mut self, id: AccountId, name: &AccountName) -> Result<()> {
        self.touch(id);
        execute!(self, SET_ACCOUNT_NAME, id, name, NameKey::of(name.as_str()).as_str());
        Ok(())
    }

    pub async fn delete_account(&mut self, id: AccountId) -> Result<()> {
        self.touch(id);
        execute!(self, DELETE_ACCOUNT, id);
        Ok(())
    }

    /// Makes others who would change what belongs to the account wait for this transaction.
    pub async fn lock_account(&mut self, id: AccountId) -> Result<()> {
        execute!(self, LOCK_ACCOUNT, id);
        Ok(())
    }
}
