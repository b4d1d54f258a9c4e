//! Who belongs to an account, who did, and which secrets of it a user has seen.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    account::{MemberFacts, Role},
    audit::Change,
    email::Email,
    id::{AccountId, AppId, SubscriptionId, UserId},
    time::Timestamp,
    user::PersonName,
};

statements! {
    /// An account's members, the oldest first.
    MEMBERS = "select u.id, u.name, u.email, m.role, u.disabled_at
        from memberships m join users u on u.id = m.user_id
        where m.account_id = $1 order by m.created_at, u.id";
    /// Another role.
    SET_ROLE = "update memberships set role = $3 where account_id = $1 and user_id = $2";
    /// The user belongs to the account no more.
    DELETE_MEMBERSHIP = "delete from memberships where account_id = $1 and user_id = $2";
    /// It is remembered who was a member, and until when.
    REMEMBER_MEMBER = "insert into former_members (account_id, user_id, ended_at) values ($1, $2, $3)
        on conflict (account_id, user_id) do update set ended_at = excluded.ended_at";
    /// Who was a member and is none now, the last to go first.
    FORMER_MEMBERS = "select f.user_id, u.name, f.ended_at
        from former_members f left join users u on u.id = f.user_id
        where f.account_id = $1
        and not exists (select 1 from memberships m where m.account_id = f.account_id and m.user_id = f.user_id)
        order by f.ended_at desc, f.user_id limit 51";
    /// One who was a member and is none now.
    FORMER_MEMBER = "select f.user_id, u.name, f.ended_at
        from former_members f left join users u on u.id = f.user_id
        where f.account_id = $1 and f.user_id = $2
        and not exists (select 1 from memberships m where m.account_id = f.account_id and m.user_id = f.user_id)";
    /// When a user last saw the API secret of an account, or a token signed with it.
    API_SECRET_SEEN = "select max(at) from audit_log
        where actor_id = $2 and chain = $1 and action in ('secret_revealed', 'token_made')";
    /// When a user last saw each signing secret of an account.
    SIGNING_SECRETS_SEEN = "select app_id, detail, max(at) as at from audit_log
        where actor_id = $2 and chain = $1 and action = 'signing_secret_revealed'
        group by app_id, detail order by 3 desc, 2";
}

#[derive(FromRow)]
struct MemberRow {
    id: UserId,
    name: PersonName,
    email: Email,
    role: Role,
    disabled_at: Option<Timestamp>,
}

impl From<MemberRow> for MemberFacts {
    fn from(row: MemberRow) -> Self {
        let MemberRow { id, name, email, role, disabled_at } = row;
        Self { user: id, name, email, role, is_disabled: disabled_at.is_some() }
    }
}

/// Somebody who was a member.
#[derive(Clone, Debug, FromRow)]
pub struct FormerMember {
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    /// Unless the user was deleted.
    pub name: Option<PersonName>,
    pub ended_at: Timestamp,
}

/// A signing secret that was revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenSigningSecret {
    pub app: AppId,
    pub subscription: SubscriptionId,
    /// The last time.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct SeenRow {
    app_id: Option<AppId>,
    detail: String,
    at: Timestamp,
}

impl Conn {
    /// The members of an account, the oldest first.
    pub async fn members(&mut self, account: AccountId) -> Result<Vec<MemberFacts>> {
        let rows: Vec<MemberRow> = all!(self, MEMBERS, account);
        Ok(rows.into_iter().map(MemberFacts::from).collect())
    }

    /// At most fifty who were members and are none now, the last to go first.
    pub async fn former_members(&mut self, account: AccountId) -> Result<Vec<FormerMember>> {
        Ok(all!(self, FORMER_MEMBERS, account))
    }

    pub async fn former_member(&mut self, account: AccountId, user: UserId) -> Result<Option<FormerMember>> {
        Ok(optional!(self, FORMER_MEMBER, account, user))
    }

    /// When the user last saw the account's API secret or a token signed with it, if ever.
    pub async fn api_secret_seen(&mut self, account: AccountId, user: UserId) -> Result<Option<Timestamp>> {
        Ok(value!(self, API_SECRET_SEEN, account, user))
    }

    /// Each signing secret of the account that the user saw, the last seen first.
    pub async fn signing_secrets_seen(
        &mut self,
        account: AccountId,
        user: UserId,
    ) -> Result<Vec<SeenSigningSecret>> {
        let rows: Vec<SeenRow> = all!(self, SIGNING_SECRETS_SEEN, account, user);
        let mut seen: Vec<SeenSigningSecret> = Vec::new();
        for SeenRow { app_id, detail, at } in rows {
            let change = Change::from_parts("signing_secret_revealed", &detail);
            // A newer program, which may run beside this one, may tell of it otherwise.
            let (Some(app), Some(Change::SigningSecretRevealed { subscription, .. })) = (app_id, change)
            else {
                continue;
            };
            // A subscription that was called differently meanwhile stands there under each name.
            if !seen.iter().any(|one| one.subscription == subscription) {
                seen.push(SeenSigningSecret { app, subscription, at });
            }
        }
        Ok(seen)
    }
}

impl Tx {
    pub async fn set_role(&mut self, account: AccountId, user: UserId, role: Role) -> Result<()> {
        execute!(self, SET_ROLE, account, user, role);
        Ok(())
    }

    /// Ends a membership, and remembers that there was one.
    pub async fn delete_membership(
        &mut self,
        account: AccountId,
        user: UserId,
        now: Timestamp,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, DELETE_MEMBERSHIP, account, user);
        execute!(self, REMEMBER_MEMBER, account, user, now);
        Ok(())
    }
}
