//! What each mail says.
//!
//! No mail holds a name that somebody typed: whoever signs up with another's address, or
//! asks for a reset, could else have Portico carry their words to that address. The words of
//! an admin are another matter.

pub mod endpoint;
pub mod staff;

use askama::Template;
use thiserror::Error;

use crate::domain::{time::Timestamp, two_step::TwoStepEvent};

/// A mail's subject and text.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
}

/// Without the text, whose links open accounts.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// The text could not be filled in. The templates are checked when Portico is built, so
/// that only lack of memory is left.
#[derive(Debug, Error)]
#[error("a mail's text could not be made")]
pub struct MessageError(#[source] askama::Error);

/// A page that acts once, and until when.
#[derive(Clone, Copy)]
pub struct Link<'a> {
    /// The whole URL.
    pub url: &'a str,
    pub ends: Timestamp,
}

/// To an address that somebody signed up with: proves that they read its mail.
///
/// # Errors
/// See [`MessageError`].
pub fn verify_address(platform: &str, link: Link<'_>) -> Result<Letter, MessageError> {
    letter(format!("Confirm your e-mail address for {platform}"), &VerifyAddress { platform, link })
}

/// To a user who forgot their password.
///
/// # Errors
/// See [`MessageError`].
pub fn reset_password(platform: &str, link: Link<'_>) -> Result<Letter, MessageError> {
    letter(format!("Reset your password for {platform}"), &ResetPassword { platform, link })
}

/// To a user whose password was changed, by whatever way. `forgot_url` is the page that
/// asks for a reset.
///
/// # Errors
/// See [`MessageError`].
pub fn password_changed(platform: &str, at: Timestamp, forgot_url: &str) -> Result<Letter, MessageError> {
    letter(format!("Your password for {platform} was changed"), &PasswordChanged { platform, at, forgot_url })
}

/// To a user whose two-step sign-in is no longer as it was. `settings_url` is its page.
///
/// # Errors
/// See [`MessageError`].
pub fn two_step(
    platform: &str,
    event: TwoStepEvent,
    at: Timestamp,
    settings_url: &str,
) -> Result<Letter, MessageError> {
    let subject = match event {
        TwoStepEvent::TurnedOn => format!("Two-step sign-in for {platform} was turned on"),
        TwoStepEvent::TurnedOff | TwoStepEvent::Reset => {
            format!("Two-step sign-in for {platform} was turned off")
        }
        TwoStepEvent::CodesRenewed => format!("You have new recovery codes for {platform}"),
        TwoStepEvent::CodeUsed(_) => format!("A recovery code for {platform} was used"),
    };
    letter(subject, &TwoStep { platform, event, at, settings_url })
}

/// To the new address of a user: they have it from when the link is followed.
///
/// # Errors
/// See [`MessageError`].
pub fn new_address(platform: &str, link: Link<'_>) -> Result<Letter, MessageError> {
    letter(format!("Confirm your new e-mail address for {platform}"), &NewAddress { platform, link })
}

/// To the address of a user who asks to have another one. `settings_url` is the page that
/// changes the password, which makes the link to the new address void.
///
/// # Errors
/// See [`MessageError`].
pub fn address_change_asked(
    platform: &str,
    at: Timestamp,
    new_address: &str,
    settings_url: &str,
) -> Result<Letter, MessageError> {
    letter(
        format!("A new e-mail address for {platform} was asked for"),
        &AddressChangeAsked { platform, at, new_address, settings_url },
    )
}

/// To the old address of a user when it was changed. `help` is where the operator can be
/// reached: a URL or an address.
///
/// # Errors
/// See [`MessageError`].
pub fn address_changed(
    platform: &str,
    at: Timestamp,
    new_address: &str,
    help: Option<&str>,
) -> Result<Letter, MessageError> {
    letter(
        format!("Your e-mail address for {platform} was changed"),
        &AddressChanged { platform, at, new_address, help },
    )
}

/// To a user with whose address somebody signed up again, where the page may not tell
/// that it is taken.
///
/// # Errors
/// See [`MessageError`].
pub fn already_signed_up(
    platform: &str,
    sign_in_url: &str,
    forgot_url: &str,
) -> Result<Letter, MessageError> {
    letter(
        format!("You already have an account with {platform}"),
        &AlreadySignedUp { platform, sign_in_url, forgot_url },
    )
}

/// To an address that an owner of an account asks to join. `from` is the owner's own address,
/// which is proven: the one thing by which the reader may know who asks.
///
/// # Errors
/// See [`MessageError`].
pub fn invitation(platform: &str, from: &str, link: Link<'_>) -> Result<Letter, MessageError> {
    letter(format!("You are invited to {platform}"), &Invitation { platform, from, link })
}

fn letter(subject: String, template: &impl Template) -> Result<Letter, MessageError> {
    let mut text = template.render().map_err(MessageError)?;
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(Letter { subject, text })
}

#[derive(Template)]
#[template(path = "mail/verify_address.txt")]
struct VerifyAddress<'a> {
    platform: &'a str,
    link: Link<'a>,
}

#[derive(Template)]
#[template(path = "mail/reset_password.txt")]
struct ResetPassword<'a> {
    platform: &'a str,
    link: Link<'a>,
}

#[derive(Template)]
#[template(path = "mail/password_changed.txt")]
struct PasswordChanged<'a> {
    platform: &'a str,
    at: Timestamp,
    forgot_url: &'a str,
}

#[derive(Template)]
#[template(path = "mail/two_step.txt")]
struct TwoStep<'a> {
    platform: &'a str,
    event: TwoStepEvent,
    at: Timestamp,
    settings_url: &'a str,
}

#[derive(Template)]
#[template(path = "mail/new_address.txt")]
struct NewAddress<'a> {
    platform: &'a str,
    link: Link<'a>,
}

#[derive(Template)]
#[template(path = "mail/address_change_asked.txt")]
struct AddressChangeAsked<'a> {
    platform: &'a str,
    at: Timestamp,
    new_address: &'a str,
    settings_url: &'a str,
}

#[derive(Template)]
#[template(path = "mail/address_changed.txt")]
struct AddressChanged<'a> {
    platform: &'a str,
    at: Timestamp,
    new_address: &'a str,
    help: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/already_signed_up.txt")]
struct AlreadySignedUp<'a> {
    platform: &'a str,
    sign_in_url: &'a str,
    forgot_url: &'a str,
}

#[derive(Template)]
#[template(path = "mail/invitation.txt")]
struct Invitation<'a> {
    platform: &'a str,
    from: &'a str,
    link: Link<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        lane::{LaneKind, TurnedOff},
        user::{PowerBy, PowerChange},
    };

    const AT: Timestamp = Timestamp::from_seconds(1_795_504_800);
    const LINK: Link<'static> = Link { url: "https://portal.example/x?token=a_b-c&d=<e>", ends: AT };

    const SETTINGS: &str = "https://portal.example/settings/two-step";
    const APP: staff::On<'static> =
        staff::On { id: "app_01kb7q2m9vx4t801kb7q2m9vx4", url: "https://portal.example/apps/app_1", at: AT };
    const ACCOUNT: staff::On<'static> =
        staff::On { id: "acc_01kb7q2m9vx4t801kb7q2m9vx4", url: "https://portal.example/account", at: AT };
    const USER: staff::On<'static> =
        staff::On { id: "noor@example.com", url: "https://portal.example/admin/users/usr_1", at: AT };

    fn off(cause: TurnedOff) -> endpoint::Off<'static> {
        let url = "https://portal.example/apps/app_1/subscriptions/sub_1";
        endpoint::Off { app: APP.id, url, at: AT, lane: LaneKind::Production, cause }
    }

    fn all() -> Vec<Letter> {
        let forgot = "https://portal.example/password/forgot";
        let sign_in = "https://portal.example/sign-in";
        let root = || PowerBy::Admin(String::from("root@example.com"));
        let changes = [
            (PowerChange::AdminMade, root()),
            (PowerChange::AdminMade, PowerBy::Operator),
            (PowerChange::AdminDeleted, root()),
            (PowerChange::AdminRemoved, root()),
            (PowerChange::Disabled, root()),
            (PowerChange::Enabled, root()),
        ];
        [
            verify_address("Meridian & Co", LINK),
            reset_password("Meridian & Co", LINK),
            password_changed("Meridian & Co", AT, forgot),
            two_step("Meridian & Co", TwoStepEvent::TurnedOn, AT, SETTINGS),
            two_step("Meridian & Co", TwoStepEvent::TurnedOff, AT, SETTINGS),
            two_step("Meridian & Co", TwoStepEvent::Reset, AT, SETTINGS),
            two_step("Meridian & Co", TwoStepEvent::CodesRenewed, AT, SETTINGS),
            two_step("Meridian & Co", TwoStepEvent::CodeUsed(1), AT, SETTINGS),
            two_step("Meridian & Co", TwoStepEvent::CodeUsed(0), AT, SETTINGS),
            new_address("Meridian & Co", LINK),
            address_change_asked("Meridian & Co", AT, "new@example.com", "https://portal.example/settings"),
            address_changed("Meridian & Co", AT, "new@example.com", Some("https://help.example")),
            address_changed("Meridian & Co", AT, "new@example.com", None),
            already_signed_up("Meridian & Co", sign_in, forgot),
            invitation("Meridian & Co", "ada@example.com", LINK),
            staff::app_suspended("Meridian & Co", APP, "It sends spam.", Some("https://help.example")),
            staff::app_suspended("Meridian & Co", APP, "It sends spam.", None),
            staff::app_renamed("Meridian & Co", APP),
            staff::account_suspended("Meridian & Co", ACCOUNT, "Unpaid.", Some("https://help.example")),
            staff::account_suspended("Meridian & Co", ACCOUNT, "Unpaid.", None),
            staff::account_approved("Meridian & Co", ACCOUNT),
            staff::account_reinstated("Meridian & Co", ACCOUNT),
            endpoint::turned_off("Meridian & Co", off(TurnedOff::Gone)),
            endpoint::turned_off("Meridian & Co", off(TurnedOff::Failing)),
        ]
        .into_iter()
        .chain(changes.map(|(change, by)| staff::user_power("Meridian & Co", USER, change, &by)))
        .map(Result::unwrap)
        .collect()
    }

    #[test]
    fn mails_are_plain_and_short_and_name_the_platform() {
        for letter in all() {
            let Letter { subject, text } = &letter;
            assert!(subject.contains("Meridian & Co"), "{subject}");
            assert!(text.starts_with("Hello,\n\n") && text.contains("Meridian & Co"), "{text}");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
            assert!(!text.contains("\n\n\n"), "{text:?}");
            // In seven bits and short lines, a mail needs no encoding that would break its links.
            assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 80), "{text}");
        }
    }

    #[test]
    fn every_mail_says_what_to_do_if_it_was_not_you() {
        for letter in all() {
            assert!(letter.text.contains("not you"), "{}", letter.text);
        }
    }

    #[test]
    fn links_stand_alone_on_their_line_as_they_are_with_their_end() {
        for letter in [
            verify_address("M", LINK),
            reset_password("M", LINK),
            new_address("M", LINK),
            invitation("M", "ada@example.com", LINK),
        ] {
            let text = letter.unwrap().text;
            assert!(text.lines().any(|line| line == LINK.url), "{text}");
            assert!(text.contains("once, until 24 Nov 2026, 07:20 UTC"), "{text}");
        }
    }

    #[test]
    fn a_reason_stands_as_it_was_written_line_by_line() {
        let reason = "First <line>.\n\nThen „näher“.";
        for letter in [
            staff::app_suspended("M", APP, reason, None),
            staff::account_suspended("M", ACCOUNT, reason, None),
        ] {
            let text = letter.unwrap().text;
            assert!(text.contains("\n> First <line>.\n> \n> Then „näher“.\n"), "{text}");
        }
    }

    #[test]
    fn admins_are_told_who_did_what_to_whom() {
        for (change, words) in [
            (PowerChange::AdminMade, "made an admin"),
            (PowerChange::AdminDeleted, "deleted"),
            (PowerChange::AdminRemoved, "is no admin"),
            (PowerChange::Disabled, "disabled"),
            (PowerChange::Enabled, "enabled"),
        ] {
            let by = PowerBy::Admin(String::from("root@x.example"));
            let Letter { subject, text } = staff::user_power("M", USER, change, &by).unwrap();
            assert!(subject.contains(words), "{subject}");
            assert!(text.contains("\nroot@x.example\n") && text.contains("\nnoor@example.com\n"), "{text}");
            assert!(text.contains("\nhttps://portal.example/admin/users/usr_1\n"), "{text}");
        }
    }

    #[test]
    fn help_is_named_if_there_is_any() {
        let with = address_changed("M", AT, "n@example.com", Some("https://help.example"));
        assert!(with.unwrap().text.contains("\nhttps://help.example\n"));
        let without = address_changed("M", AT, "n@example.com", None).unwrap().text;
        assert!(without.ends_with("tell the people\nwho run M at once.\n"), "{without}");
    }
}
