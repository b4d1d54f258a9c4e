//! What came of one authorisation by a user, as authorisation sees it.

use std::sync::Arc;

use super::{
    Directory, Holder,
    shelf::{Kept, Read, Shelf},
};
use crate::{
    domain::{
        id::{AccountId, AppId, FamilyId, GrantId, UserId},
        scope::ScopeSet,
        time::Timestamp,
    },
    store::{Conn, KnownFamily, StoreError},
};

/// Tokens that came of one authorisation and end together.
#[derive(Debug)]
pub struct Family {
    pub id: FamilyId,
    pub grant: GrantId,
    pub app: AppId,
    /// The account that the user let the app act in.
    pub account: Holder,
    pub user: FamilyUser,
    pub scopes: ScopeSet,
    expires_at: Timestamp,
    /// The user is not disabled, and still a member of the account.
    may_act: bool,
}

/// The user who let an app act.
#[derive(Debug)]
pub struct FamilyUser {
    pub id: UserId,
    pub name: Box<str>,
}

impl Family {
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.may_act && now < self.expires_at
    }
}

impl Kept for Family {
    type Key = FamilyId;

    fn shelf(directory: &Directory) -> &Shelf<Self> {
        &directory.families
    }

    fn account(&self) -> AccountId {
        self.account.id
    }

    async fn read(_: &Directory, conn: &mut Conn, ids: &[FamilyId]) -> Result<Vec<Read<Self>>, StoreError> {
        let families = conn.families_for_memory(ids).await?;
        Ok(families.into_iter().map(|row| (row.id, Ok(Arc::new(Self::from(row))))).collect())
    }
}

impl From<KnownFamily> for Family {
    fn from(row: KnownFamily) -> Self {
        Self {
            id: row.id,
            grant: row.grant_id,
            app: row.app_id,
            account: Holder {
                id: row.account_id,
                name: row.account_name.into(),
                external_id: row.external_id.map(Into::into),
                standing: row.standing,
            },
            user: FamilyUser { id: row.user_id, name: row.user_name.as_str().into() },
            scopes: row.scopes,
            expires_at: row.expires_at,
            may_act: row.disabled_at.is_none() && row.member.is_some(),
        }
    }
}
