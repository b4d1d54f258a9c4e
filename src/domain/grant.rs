//! What users let apps do for their accounts.

use super::{
    id::{AccountId, AppId, GrantId, UserId},
    scope::ScopeSet,
    time::{Span, Timestamp},
};

/// How long a code may be redeemed.
pub const CODE_LASTS: Span = Span::seconds(60);
/// How long tokens can be refreshed until the user is asked again.
pub const FAMILY_LASTS: Span = Span::days(90);
/// How long a request that was sent ahead may be shown to its user (RFC 9126 §2.2).
pub const PUSHED_LASTS: Span = Span::minutes(10);

/// What one user lets one app do for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub app: AppId,
    pub user: UserId,
    pub account: AccountId,
    /// All that was ever agreed to and not taken back.
    pub scopes: ScopeSet,
    pub created_at: Timestamp,
    /// When the user was last asked.
    pub agreed_at: Timestamp,
}

/// Why a grant ended. It stands in the event that tells its app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantEnd {
    /// The user took it back.
    User,
    /// An admin of the platform did.
    Admin,
    /// The user no longer belongs to the account.
    Membership,
    /// The user is deleted.
    UserDeleted,
    /// The account is deleted.
    AccountDeleted,
}

super::text_enum::text_enum!(
    GrantEnd,
    "end of a grant",
    User = "revoked_by_user",
    Admin = "revoked_by_admin",
    Membership = "membership_ended",
    UserDeleted = "user_deleted",
    AccountDeleted = "account_deleted"
);
