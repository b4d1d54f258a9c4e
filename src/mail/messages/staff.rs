//! What the platform's staff did: to those whose thing it was, and to each other.

use askama::Template;

use super::{Letter, MessageError, letter};
use crate::domain::{
    time::Timestamp,
    user::{PowerBy, PowerChange},
};

/// On what it was done.
#[derive(Clone, Copy)]
pub struct On<'a> {
    /// The id of the app or account, or the address of the user.
    pub id: &'a str,
    /// The page that tells of it.
    pub url: &'a str,
    pub at: Timestamp,
}

/// To the contact of an app that an admin suspended. `reason` is what the admin wrote, `help` whom
/// to write to.
///
/// # Errors
/// See [`MessageError`].
pub fn app_suspended(
    platform: &str,
    on: On<'_>,
    reason: &str,
    help: Option<&str>,
) -> Result<Letter, MessageError> {
    letter(format!("An app on {platform} was suspended"), &AppSuspended { platform, on, reason, help })
}

/// To the owners of an app to which an admin gave another name.
///
/// # Errors
/// See [`MessageError`].
pub fn app_renamed(platform: &str, on: On<'_>) -> Result<Letter, MessageError> {
    letter(format!("An app on {platform} has a new name"), &AppRenamed { platform, on })
}

/// To the owners of an account that an admin suspended; as [`app_suspended`].
///
/// # Errors
/// See [`MessageError`].
pub fn account_suspended(
    platform: &str,
    on: On<'_>,
    reason: &str,
    help: Option<&str>,
) -> Result<Letter, MessageError> {
    let template = AccountSuspended { platform, on, reason, help };
    letter(format!("Your account on {platform} was suspended"), &template)
}

/// To the owners of an account that waited for approval.
///
/// # Errors
/// See [`MessageError`].
pub fn account_approved(platform: &str, on: On<'_>) -> Result<Letter, MessageError> {
    letter(format!("Your account on {platform} was approved"), &AccountApproved { platform, on })
}

/// To the owners of an account that was suspended.
///
/// # Errors
/// See [`MessageError`].
pub fn account_reinstated(platform: &str, on: On<'_>) -> Result<Letter, MessageError> {
    letter(format!("Your account on {platform} was reinstated"), &AccountReinstated { platform, on })
}

/// To every admin, of what one of them or the operator made of a user.
///
/// # Errors
/// See [`MessageError`].
pub fn user_power(
    platform: &str,
    on: On<'_>,
    change: PowerChange,
    by: &PowerBy,
) -> Result<Letter, MessageError> {
    let subject = match change {
        PowerChange::AdminMade => format!("A user of {platform} was made an admin"),
        PowerChange::AdminDeleted => format!("An admin of {platform} deleted their user"),
        PowerChange::AdminRemoved => format!("A user of {platform} is no admin any more"),
        PowerChange::Disabled => format!("A user of {platform} was disabled"),
        PowerChange::Enabled => format!("A user of {platform} was enabled again"),
    };
    letter(subject, &UserPower { platform, on, change, by })
}

#[derive(Template)]
#[template(path = "mail/app_suspended.txt")]
struct AppSuspended<'a> {
    platform: &'a str,
    on: On<'a>,
    reason: &'a str,
    help: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/app_renamed.txt")]
struct AppRenamed<'a> {
    platform: &'a str,
    on: On<'a>,
}

#[derive(Template)]
#[template(path = "mail/account_suspended.txt")]
struct AccountSuspended<'a> {
    platform: &'a str,
    on: On<'a>,
    reason: &'a str,
    help: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/account_approved.txt")]
struct AccountApproved<'a> {
    platform: &'a str,
    on: On<'a>,
}

#[derive(Template)]
#[template(path = "mail/account_reinstated.txt")]
struct AccountReinstated<'a> {
    platform: &'a str,
    on: On<'a>,
}

#[derive(Template)]
#[template(path = "mail/user_power.txt")]
struct UserPower<'a> {
    platform: &'a str,
    on: On<'a>,
    change: PowerChange,
    by: &'a PowerBy,
}
