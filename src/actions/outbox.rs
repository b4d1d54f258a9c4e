//! Mail: written in the transaction of what it tells, sent afterwards.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{By, Context, Error, On, Result};
use crate::{
    crypto::{keyring::Place, token::Token},
    domain::{
        audit::{Change, Origin},
        email::Email,
        id::{AppId, MailId, SubscriptionId},
        lane::{LaneKind, TurnedOff},
        time::{Span, Timestamp},
        two_step::TwoStepEvent,
        user::{LinkKind, PowerBy, PowerChange},
    },
    mail::{
        Mailer, Message,
        messages::{self, Letter, endpoint, staff},
    },
    store::{Link, Tx, Waiting},
};

/// A mail as it waits. Its words are chosen when it is sent. Without `Debug`, for its tokens.
#[derive(Serialize, Deserialize)]
pub(super) enum Mail {
    /// A link that proves the address; times in microseconds.
    Proof {
        to: String,
        token: String,
        ends: i64,
    },
    /// A link that moves the user to this address.
    NewAddress {
        to: String,
        token: String,
        ends: i64,
    },
    /// A link to set a new password, if the address is somebody's.
    ResetIfKnown {
        to: String,
        /// Where it was asked for.
        address: Option<IpAddr>,
        request_id: Option<String>,
    },
    PasswordChanged {
        to: String,
        at: i64,
    },
    /// To a user whose two-step sign-in is no longer as it was.
    TwoStep {
        to: String,
        event: TwoStepEvent,
        at: i64,
    },
    AddressChangeAsked {
        to: String,
        new_address: String,
        at: i64,
    },
    AddressChanged {
        to: String,
        new_address: String,
        at: i64,
    },
    AlreadySignedUp {
        to: String,
    },
    /// A link by which the user of this address joins an account.
    Invitation {
        to: String,
        /// The address of the owner who asks.
        from: String,
        token: String,
        ends: i64,
    },
    /// To the contact of an app that an admin stopped.
    AppSuspended {
        to: String,
        app: String,
        reason: String,
        at: i64,
    },
    /// To an owner of an account that an admin stopped.
    AccountSuspended {
        to: String,
        account: String,
        reason: String,
        at: i64,
    },
    /// To an owner of an account that an admin approved.
    AccountApproved {
        to: String,
        account: String,
        at: i64,
    },
    /// To an owner of an account to which an admin gave back what it was.
    AccountReinstated {
        to: String,
        account: String,
        at: i64,
    },
    /// To every admin, of what one of them made of a user.
    UserPower {
        to: String,
        change: PowerChange,
        by: PowerBy,
        /// The user's address.
        user: String,
        id: String,
        at: i64,
    },
    /// To an owner of an account, one of whose endpoints gets nothing any more.
    EndpointTurnedOff {
        to: String,
        app: AppId,
        subscription: SubscriptionId,
        lane: LaneKind,
        cause: TurnedOff,
        at: i64,
    },
    /// To an owner of an app that an admin named anew.
    AppRenamed {
        to: String,
        app: String,
        at: i64,
    },
}

/// How long a mail is one process's to send. Longer than [`SEND`], so that nobody else sends it too.
const LEASE: Span = Span::minutes(2);
/// How long a mail server may take for one mail, whatever it is doing.
const SEND: Duration = Duration::from_secs(60);
/// A mail is given up after this long.
const PATIENCE: Span = Span::days(2);

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    Postponed,
    GivenUp,
}

impl Context {
    /// Puts a mail into the outbox.
    pub(super) async fn post(&self, tx: &mut Tx, mail: &Mail) -> Result<()> {
        let id: MailId = self.new_id();
        let plain = serde_json::to_vec(mail).map_err(|error| Error::Internal(error.into()))?;
        let sealed = self.keys.seal(Place { column: "outbox.mail", row: &id }, &plain)?;
        Ok(tx.insert_mail(id, &sealed, self.now()).await?)
    }
}

/// Sends all mail that is due. Several processes may do so at once.
///
/// # Errors
/// As [`send_next`].
pub async fn send_due(ctx: &Context, mailer: &Mailer) -> Result<()> {
    while send_next(ctx, mailer).await?.is_some() {}
    Ok(())
}

/// Sends one mail that is due, if any is; it takes a minute at most.
///
/// # Errors
/// `Unavailable` and `Internal` alone; a mail that cannot be sent is tried again later.
pub async fn send_next(ctx: &Context, mailer: &Mailer) -> Result<Option<Outcome>> {
    let now = ctx.now();
    // Reading is free; claiming takes the one writer of a SQLite database.
    if ctx.read().await?.due_mail(now).await? == 0 {
        return Ok(None);
    }
    let mut tx = ctx.begin().await?;
    let claimed = tx.claim_mail(now, now + LEASE).await?;
    tx.commit().await?;
    let Some(mail) = claimed else { return Ok(None) };
    let sent = tokio::time::timeout(SEND, send(ctx, mailer, &mail)).await;
    let outcome = match sent.unwrap_or_else(|_| Err(Failure::Later("it took longer than a minute".into()))) {
        Ok(()) => Outcome::Sent,
        Err(Failure::Later(error)) if now < mail.created_at + PATIENCE => {
            let error = &*error as &dyn std::error::Error;
            tracing::warn!(mail = %mail.id, tries = mail.tries, error, "a mail could not be sent yet");
            Outcome::Postponed
        }
        Err(Failure::Later(error) | Failure::Never(error)) => {
            let error = &*error as &dyn std::error::Error;
            tracing::error!(mail = %mail.id, tries = mail.tries, error, "a mail was given up");
            Outcome::GivenUp
        }
    };
    let mut tx = ctx.begin().await?;
    match outcome {
        Outcome::Sent | Outcome::GivenUp => tx.delete_mail(mail.id).await?,
        Outcome::Postponed => tx.postpone_mail(mail.id, ctx.now() + wait(mail.tries)).await?,
    }
    tx.commit().await?;
    Ok(Some(outcome))
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// With its causes, for the log: what a mail server says stands in the last of them.
enum Failure {
    Later(Cause),
    Never(Cause),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Later(error.into())
    }
}

/// 10 s, 20 s, 40 s … up to an hour.
fn wait(tries: i64) -> Span {
    Span::seconds(10_i64.saturating_mul(1 << tries.clamp(0, 9)).min(3_600))
}

async fn send(ctx: &Context, mailer: &Mailer, waiting: &Waiting) -> std::result::Result<(), Failure> {
    let place = Place { column: "outbox.mail", row: &waiting.id };
    let plain = ctx.keys.open(place, &waiting.mail_sealed).map_err(|error| Failure::Never(error.into()))?;
    let mail: Mail = serde_json::from_slice(plain.expose()).map_err(|error| Failure::Never(error.into()))?;
    let Some((to, letter)) = letter(ctx, mail).await? else { return Ok(()) };
    let letter = letter.map_err(|error| Failure::Never(error.into()))?;
    let message = Message {
        id: waiting.id,
        at: waiting.created_at,
        to,
        to_name: None,
        subject: letter.subject,
        text: letter.text,
    };
    mailer.send(&message).await.map_err(|error| {
        if error.is_worth_a_retry() { Failure::Later(error.into()) } else { Failure::Never(error.into()) }
    })
}

type Written = (String, std::result::Result<Letter, messages::MessageError>);

async fn letter(ctx: &Context, mail: Mail) -> Result<Option<Written>> {
    let platform = ctx.policy.platform_name.as_str();
    Ok(match mail {
        Mail::Proof { to, token, ends } => {
            let url = ctx.policy.link(&format!("/verify-email?token={token}"));
            Some((to, messages::verify_address(platform, link(&url, ends))))
        }
        Mail::NewAddress { to, token, ends } => {
            let url = ctx.policy.link(&format!("/verify-email?token={token}"));
            Some((to, messages::new_address(platform, link(&url, ends))))
        }
        Mail::ResetIfKnown { to, address, request_id } => {
            let origin = Origin { address, request_id };
            let Some((to, token, ends)) = reset_link(ctx, &to, origin).await? else { return Ok(None) };
            let url = ctx.policy.link(&format!("/password/reset?token={}", token.expose()));
            Some((to.to_string(), messages::reset_password(platform, link(&url, ends.micros()))))
        }
        Mail::PasswordChanged { to, at } => {
            let forgot = ctx.policy.link("/password/forgot");
            Some((to, messages::password_changed(platform, Timestamp::from_micros(at), &forgot)))
        }
        Mail::AddressChangeAsked { to, new_address, at } => {
            let settings = ctx.policy.link("/settings");
            let at = Timestamp::from_micros(at);
            Some((to, messages::address_change_asked(platform, at, &new_address, &settings)))
        }
        Mail::AddressChanged { to, new_address, at } => {
            let help = help(ctx);
            let at = Timestamp::from_micros(at);
            Some((to, messages::address_changed(platform, at, &new_address, help)))
        }
        Mail::Invitation { to, from, token, ends } => {
            let url = ctx.policy.link(&format!("/invitations/{token}"));
            Some((to, messages::invitation(platform, &from, link(&url, ends))))
        }
        Mail::AlreadySignedUp { to } => {
            let (sign_in, forgot) = (ctx.policy.link("/sign-in"), ctx.policy.link("/password/forgot"));
            Some((to, messages::already_signed_up(platform, &sign_in, &forgot)))
        }
        Mail::TwoStep { to, event, at } => {
            let settings = ctx.policy.link("/settings/two-step");
            Some((to, messages::two_step(platform, event, Timestamp::from_micros(at), &settings)))
        }
        Mail::AppSuspended { to, app, reason, at } => {
            let url = ctx.policy.link(&format!("/apps/{app}"));
            let on = staff::On { id: &app, url: &url, at: Timestamp::from_micros(at) };
            Some((to, staff::app_suspended(platform, on, &reason, help(ctx))))
        }
        Mail::EndpointTurnedOff { to, app, subscription, lane, cause, at } => {
            let url = ctx.policy.link(&format!("/apps/{app}/subscriptions/{subscription}"));
            let app = app.to_string();
            let off = endpoint::Off { app: &app, url: &url, at: Timestamp::from_micros(at), lane, cause };
            Some((to, endpoint::turned_off(platform, off)))
        }
        Mail::AppRenamed { to, app, at } => {
            let url = ctx.policy.link(&format!("/apps/{app}"));
            let on = staff::On { id: &app, url: &url, at: Timestamp::from_micros(at) };
            Some((to, staff::app_renamed(platform, on)))
        }
        Mail::AccountSuspended { to, account, reason, at } => {
            let url = ctx.policy.link("/account");
            let on = staff::On { id: &account, url: &url, at: Timestamp::from_micros(at) };
            Some((to, staff::account_suspended(platform, on, &reason, help(ctx))))
        }
        Mail::AccountApproved { to, account, at } => {
            let url = ctx.policy.link("/apps");
            let on = staff::On { id: &account, url: &url, at: Timestamp::from_micros(at) };
            Some((to, staff::account_approved(platform, on)))
        }
        Mail::AccountReinstated { to, account, at } => {
            let url = ctx.policy.link("/account");
            let on = staff::On { id: &account, url: &url, at: Timestamp::from_micros(at) };
            Some((to, staff::account_reinstated(platform, on)))
        }
        Mail::UserPower { to, change, by, user, id, at } => {
            let url = match change {
                PowerChange::AdminDeleted => ctx.policy.link("/admin/users"),
                PowerChange::AdminMade
                | PowerChange::AdminRemoved
                | PowerChange::Disabled
                | PowerChange::Enabled => ctx.policy.link(&format!("/admin/users/{id}")),
            };
            let on = staff::On { id: &user, url: &url, at: Timestamp::from_micros(at) };
            Some((to, staff::user_power(platform, on, change, &by)))
        }
    })
}

fn link(url: &str, ends: i64) -> messages::Link<'_> {
    messages::Link { url, ends: Timestamp::from_micros(ends) }
}

/// A new link for the user of an address, and where to send it: to the address that is stored.
/// The one that was typed may be another's and still have the same key. Older links are void.
async fn reset_link(ctx: &Context, to: &str, origin: Origin) -> Result<Option<(Email, Token, Timestamp)>> {
    let Ok(email) = to.parse::<Email>() else { return Ok(None) };
    // Looked at outside a transaction first: most that are asked for are nobody's.
    let Some(known) = ctx.read().await?.user_by_email(&email).await? else { return Ok(None) };
    let mut tx = ctx.begin().await?;
    // The address may change meanwhile, and another process may make a link for the same user.
    tx.lock_user(known.user.id).await?;
    let Some(known) = tx.user(known.user.id).await? else { return Ok(None) };
    let user = known.user;
    if user.email.key() != email.key() || user.disabled_at.is_some() {
        return Ok(None);
    }
    let now = ctx.now();
    let token = Token::generate();
    let link = Link {
        id: ctx.new_id(),
        user: Some(user.id),
        email: Some(user.email.clone()),
        expires_at: now + LinkKind::Reset.lasts(),
    };
    tx.void_links(user.id, LinkKind::Reset, now).await?;
    tx.insert_link(&link, LinkKind::Reset, token.hash().as_bytes(), now).await?;
    let change = Change::PasswordResetAsked { email: user.email.to_string() };
    ctx.audit(&mut tx, &By::visitor(origin), On::platform(), change).await?;
    tx.commit().await?;
    Ok(Some((user.email, token, link.expires_at)))
}

/// Whom to write to, as it stands in a mail: an address without the scheme of its link.
fn help(ctx: &Context) -> Option<&str> {
    ctx.policy.support.as_deref().map(|href| href.strip_prefix("mailto:").unwrap_or(href))
}
