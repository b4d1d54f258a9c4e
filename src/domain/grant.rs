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
/// How many refresh tokens come of an authorisation in an hour at most. An access token lasts an hour.
pub const REFRESHES_AN_HOUR: u16 = 60;
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

/// Why a grant ended. It stands in the event that tells its app, and in the audit log.
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
    /// The app is deleted. No event tells of it.
    AppDeleted,
}

super::text_enum::text_enum!(
    GrantEnd,
    "end of a grant",
    User = "revoked_by_user",
    Admin = "revoked_by_admin",
    Membership = "membership_ended",
    UserDeleted = "user_deleted",
    AccountDeleted = "account_deleted",
    AppDeleted = "app_deleted"
);
