//! Asking somebody to join an account by mail, and joining.

use super::{
    Acting, By, Conflict, Context, Error, FormValue, On, Once, Result, SignUp,
    members::hold,
    outbox::Mail,
    sign_in::{Browser, SignedIn},
    sign_up::{again, sent_again, user},
};
use crate::{
    crypto::token::Token,
    domain::{
        account::{Account, Owner, Role, Standing},
        audit::{Actor, Change},
        email::Email,
        fields::FieldErrors,
        id::{AccountId, InvitationId, UserId},
        invitation::{Ending, Invitation, InvitationState},
        password::NewPassword,
        user::{PersonName, Session, User},
    },
    store::{StoreError, Tx},
};

/// How many invitations an account, and an owner, may send in a quarter of an hour.
const MAX_SENT: i64 = 30;

/// Whom to invite, and as what.
#[derive(Debug)]
pub struct NewInvitation {
    pub email: Email,
    pub role: Role,
}

/// What somebody enters who signs up by an invitation. The address is the invitation's.
#[derive(Debug)]
pub struct NewGuest {
    pub name: PersonName,
    pub password: NewPassword,
}

/// What a link holds for the one who opened it.
#[derive(Debug)]
pub enum Offer {
    /// There is no such link, or a newer one has taken its place.
    Unknown,
    /// It did its work, was revoked, or is too old.
    Ended(InvitationState),
    Open {
        invitation: Invitation,
        account: Account,
        way: Way,
    },
}

/// How the one who opened the link may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By one press.
    Accept,
    /// Nobody is signed in, and a user has the address.
    SignIn,
    /// Nobody is signed in, and no user has the address.
    SignUp,
    /// The one who is signed in has another address.
    Foreign,
}

/// Sends an invitation.
///
/// # Errors
/// `Invalid` for an address that cannot be invited, `Conflict` when too many wait or the account
/// is suspended, `TooMany` after thirty in a quarter of an hour.
pub async fn invite(
    ctx: &Context,
    acting: &Acting<Owner>,
    form: FormValue,
    new: NewInvitation,
) -> Result<Once<InvitationId>> {
    let account = acting.account();
    if let Some(before) = ctx.form_made(form).await? {
        return Ok(Once::Before(before));
    }
    if let SignUp::Domain(domain) = &ctx.policy.sign_up
        && new.email.domain() != domain
    {
        let sentence = format!("Only people with an address at {domain} can be invited here.");
        return Err(FieldErrors::one("email", sentence).into());
    }
    ctx.count_invitation(acting, &new.email).await?;
    let now = ctx.now();
    let invitation = Invitation {
        id: ctx.new_id(),
        account,
        email: new.email,
        role: new.role,
        made_by: acting.member.user(),
        created_at: now,
        expires_at: now + Invitation::LASTS,
        ending: None,
    };
    let mut tx = hold(ctx, acting).await?;
    let sender = sender(&mut tx, acting).await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &invitation.id).await? {
        return Ok(Once::Before(before));
    }
    may_be_invited(&mut tx, account, &invitation.email).await?;
    let token = Token::generate();
    tx.insert_invitation(&invitation, token.hash().as_bytes()).await?;
    let Invitation { id, email, role, .. } = &invitation;
    let change = Change::InvitationSent { invitation: *id, email: email.to_string(), role: *role };
    ctx.audit(&mut tx, &acting.by(), On::account(account), change).await?;
    ctx.post(&mut tx, &letter(&invitation, &sender, &token)).await?;
    tx.commit().await?;
    Ok(Once::Now(invitation.id))
}

/// Sends an invitation once more, with another link and another week; the old link is dead.
///
/// # Errors
/// `NotFound` if it does not wait for an answer; else as [`invite`].
pub async fn resend(
    ctx: &Context,
    acting: &Acting<Owner>,
    form: FormValue,
    id: InvitationId,
) -> Result<Once<InvitationId>> {
    let account = acting.account();
    if let Some(before) = ctx.form_made(form).await? {
        return Ok(Once::Before(before));
    }
    let known = ctx.read().await?.invitation(account, id).await?.ok_or(Error::NotFound)?;
    ctx.count_invitation(acting, &known.email).await?;
    let mut tx = hold(ctx, acting).await?;
    let sender = sender(&mut tx, acting).await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &id).await? {
        return Ok(Once::Before(before));
    }
    let token = Token::generate();
    let renewed = Invitation { expires_at: ctx.now() + Invitation::LASTS, ..known };
    let made_by = acting.member.user();
    if !tx.renew_invitation(id, token.hash().as_bytes(), made_by, renewed.expires_at).await? {
        return Err(Error::NotFound);
    }
    let change = Change::InvitationResent { invitation: id, email: renewed.email.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::account(account), change).await?;
    ctx.post(&mut tx, &letter(&renewed, &sender, &token)).await?;
    tx.commit().await?;
    Ok(Once::Now(id))
}

/// Takes an invitation back.
///
/// # Errors
/// `NotFound` if it does not wait for an answer.
pub async fn revoke(ctx: &Context, acting: &Acting<Owner>, id: InvitationId) -> Result<()> {
    let account = acting.account();
    let mut tx = hold(ctx, acting).await?;
    let invitation = tx.invitation(account, id).await?.ok_or(Error::NotFound)?;
    if !end_revoked(ctx, &mut tx, &acting.by(), &invitation).await? {
        return Err(Error::NotFound);
    }
    Ok(tx.commit().await?)
}

/// Those of the account that wait for an answer or have expired, the oldest first.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn waiting(ctx: &Context, acting: &Acting<Owner>) -> Result<Vec<Invitation>> {
    Ok(ctx.read().await?.waiting_invitations(acting.account()).await?)
}

/// What the link holds for the user who is signed in, or for a visitor. Changes nothing.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn look(ctx: &Context, token: &Token, who: Option<&User>) -> Result<Offer> {
    let mut read = ctx.read().await?;
    let Some(invitation) = read.invitation_of_link(token.hash().as_bytes()).await? else {
        return Ok(Offer::Unknown);
    };
    match invitation.state(ctx.now()) {
        InvitationState::Open => {}
        ended @ (InvitationState::Expired | InvitationState::Accepted | InvitationState::Revoked) => {
            return Ok(Offer::Ended(ended));
        }
    }
    let Some(account) = read.account(invitation.account).await? else { return Ok(Offer::Unknown) };
    let way = match who {
        Some(user) if is_for(&invitation, user) => Way::Accept,
        Some(_) => Way::Foreign,
        None if read.user_by_email(&invitation.email).await?.is_some() => Way::SignIn,
        None => Way::SignUp,
    };
    Ok(Offer::Open { invitation, account, way })
}

/// The user of the invited address joins the account, and the session acts there from now on.
///
/// # Errors
/// `NotFound` if the link holds nothing for this user; [`look`] says why. `Conflict` for one who
/// is a member by now: the invitation waits on.
pub async fn accept(ctx: &Context, by: &By, session: &Session, token: &Token) -> Result<AccountId> {
    let seen = ctx.read().await?.invitation_of_link(token.hash().as_bytes()).await?;
    let account = seen.ok_or(Error::NotFound)?.account;
    let mut tx = ctx.begin().await?;
    // The user before the account, as everywhere, so that no two wait for each other.
    tx.lock_user(session.user).await?;
    let user = tx.user(session.user).await?.ok_or(Error::NotFound)?.user;
    let invitation = open_invitation(ctx, &mut tx, account, token).await?;
    if !is_for(&invitation, &user) {
        return Err(Error::NotFound);
    }
    // Whoever holds the link reads the mail of the address it went to.
    if user.proven_at.is_none() && tx.prove_email(user.id, &invitation.email, ctx.now()).await? {
        let change = Change::AddressProven { email: user.email.to_string() };
        ctx.audit(&mut tx, by, On::platform(), change).await?;
    }
    join(ctx, &mut tx, by, &invitation, user.id).await?;
    tx.set_session_account(session.id, account).await?;
    tx.commit().await?;
    Ok(account)
}

/// Makes a user with the invited address, proven by the link, who joins the account and gets none
/// of their own; signed in. Whoever may sign up else, an invitation is a way in.
///
/// # Errors
/// `NotFound` for a link that holds nothing; `Invalid` for an address that got a user meanwhile.
pub async fn sign_up(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    form: FormValue,
    token: &Token,
    guest: NewGuest,
) -> Result<Once<SignedIn>> {
    let seen = ctx.read().await?.invitation_of_link(token.hash().as_bytes()).await?;
    let Some(seen) = seen.filter(|one| one.state(ctx.now()) == InvitationState::Open) else {
        let signed_in = sent_again(ctx, by, browser, form, guest.password.into_typed()).await?;
        return Ok(Once::Before(signed_in));
    };
    let password = ctx.passwords.hash(guest.password.clone()).await?;
    let mut new = user(ctx, guest.name, seen.email, false);
    new.proven_at = Some(ctx.now());
    let mut tx = ctx.begin().await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &new.id).await? {
        drop(tx);
        let signed_in = again(ctx, by, browser, before, guest.password.into_typed()).await?;
        return Ok(Once::Before(signed_in));
    }
    let by = By { actor: Actor::User(new.id), origin: by.origin.clone() };
    match tx.insert_user(&new, &password).await {
        Err(StoreError::Duplicate) => {
            let sentence = "There is a user with this address by now. Open the link again and sign in.";
            return Err(FieldErrors::one("name", sentence).into());
        }
        other => other?,
    }
    let invitation = open_invitation(ctx, &mut tx, seen.account, token).await?;
    let change = Change::UserCreated { user: new.id, email: new.email.to_string(), admin: false };
    ctx.audit(&mut tx, &by, On::platform(), change).await?;
    join(ctx, &mut tx, &by, &invitation, new.id).await?;
    let session = ctx.new_session(&mut tx, &by, browser, new.id).await?;
    tx.commit().await?;
    Ok(Once::Now(session))
}

/// Ends the invitations that a user sent and that wait: who may not invite any more may not have
/// laid a way back in either. The account must be held.
pub(super) async fn revoke_those_of(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    account: AccountId,
    user: UserId,
) -> Result<()> {
    let waiting = tx.waiting_invitations(account).await?;
    for invitation in waiting.iter().filter(|one| one.made_by == user) {
        end_revoked(ctx, tx, by, invitation).await?;
    }
    Ok(())
}

async fn end_revoked(ctx: &Context, tx: &mut Tx, by: &By, invitation: &Invitation) -> Result<bool> {
    if !tx.end_invitation(invitation.id, Ending::Revoked).await? {
        return Ok(false);
    }
    let email = invitation.email.to_string();
    let change = Change::InvitationRevoked { invitation: invitation.id, email };
    ctx.audit(tx, by, On::account(invitation.account), change).await?;
    Ok(true)
}

/// The invitation, still open, with its account held.
async fn open_invitation(
    ctx: &Context,
    tx: &mut Tx,
    account: AccountId,
    token: &Token,
) -> Result<Invitation> {
    tx.lock_account(account).await?;
    let invitation = tx.invitation_of_link(token.hash().as_bytes()).await?;
    invitation.filter(|one| one.state(ctx.now()) == InvitationState::Open).ok_or(Error::NotFound)
}

async fn join(ctx: &Context, tx: &mut Tx, by: &By, invitation: &Invitation, user: UserId) -> Result<()> {
    let Invitation { id, account, role, .. } = *invitation;
    if !tx.end_invitation(id, Ending::Accepted).await? {
        return Err(Error::NotFound);
    }
    if !tx.insert_membership(account, user, role, ctx.now()).await? {
        return Err(Conflict::MemberAlready.into());
    }
    let email = invitation.email.to_string();
    let change = Change::InvitationAccepted { invitation: id, email, role };
    ctx.audit(tx, by, On::account(account), change).await
}

/// An unproven address counts when it is the very one that the link was mailed to.
fn is_for(invitation: &Invitation, user: &User) -> bool {
    let same = user.email.key() == invitation.email.key();
    same && (user.proven_at.is_some() || user.email == invitation.email)
}

/// The owner's own address, which stands in the mail: an unproven one could be anybody's.
async fn sender(tx: &mut Tx, acting: &Acting<Owner>) -> Result<Email> {
    let owner = tx.user(acting.member.user()).await?.ok_or(Error::NotFound)?.user;
    // Whoever disables a user waits for the account too, and revokes what was sent before.
    if owner.disabled_at.is_some() {
        return Err(Error::NotFound);
    }
    if owner.proven_at.is_none() {
        let sentence = "Prove your own address first; your settings send you a link.";
        return Err(FieldErrors::one("email", sentence).into());
    }
    let account = tx.account(acting.account()).await?.ok_or(Error::NotFound)?;
    match account.standing {
        Standing::Suspended => Err(Conflict::AccountSuspended.into()),
        Standing::Pending | Standing::Approved => Ok(owner.email),
    }
}

async fn may_be_invited(tx: &mut Tx, account: AccountId, email: &Email) -> Result<()> {
    let members = tx.members(account).await?;
    if members.iter().any(|member| member.email.key() == email.key()) {
        let sentence = format!("{email} is a member of this account already.");
        return Err(FieldErrors::one("email", sentence).into());
    }
    let waiting = tx.waiting_invitations(account).await?;
    if waiting.iter().any(|one| one.email.key() == email.key()) {
        let sentence = format!("{email} is invited already. Send that invitation again, or revoke it.");
        return Err(FieldErrors::one("email", sentence).into());
    }
    let max = Invitation::MAX_OPEN;
    if waiting.len() >= max as usize {
        return Err(Conflict::InvitationLimit { max }.into());
    }
    Ok(())
}

fn letter(invitation: &Invitation, from: &Email, token: &Token) -> Mail {
    Mail::Invitation {
        to: invitation.email.to_string(),
        from: from.to_string(),
        token: token.expose().to_owned(),
        ends: invitation.expires_at.micros(),
    }
}

impl Context {
    /// Neither a mailbox nor the portal's name as a sender is worn out by invitations.
    async fn count_invitation(&self, acting: &Acting<Owner>, to: &Email) -> Result<()> {
        let owner = self.keys.bucket("invitation owner", &acting.member.user().to_string());
        let account = self.keys.bucket("invitation account", &acting.account().to_string());
        self.count_up_to(MAX_SENT, vec![owner, account]).await?;
        self.count_try(vec![self.keys.bucket("invitation address", &to.key())]).await.map(|_| ())
    }
}
