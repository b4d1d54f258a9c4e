//! Who is calling the API, by the token of the request. Answered from memory; what became
//! of the call is counted.

pub mod access;

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use super::Context;
use access::Access;

use crate::{
    directory::{Blind, Entry, EntryApp, FamilyUser, Holder},
    domain::{
        access_token,
        authorization::{
            Code, Refusal,
            checks::{Check, Witness},
            decide_seen_by,
        },
        calls::{Left, RefusedCall, SignedWith},
        id::{AppId, SecretId},
        jwt::{self, Unverified},
        time::Timestamp,
    },
    limiter::Exceeded,
    tally::{Call, Outcome, Seats},
};

/// A caller whose token was accepted.
#[derive(Debug)]
pub struct Caller {
    who: Who,
    pub expires_at: Timestamp,
    /// How many calls the account may still make, if the operator limits them.
    pub left: Option<Left>,
}

#[derive(Debug)]
enum Who {
    /// An app that signs by itself. Unknown when several active apps share the key and the token
    /// names none.
    Signer { account: Arc<Entry>, app: Option<AppId> },
    /// A client with an access token.
    Client(Box<Access>),
}

impl Caller {
    /// The account that the call is for.
    #[must_use]
    pub fn account(&self) -> &Holder {
        match &self.who {
            Who::Signer { account, .. } => &account.holder,
            Who::Client(access) => access.account(),
        }
    }

    /// Unknown when several active apps share the key and the token names none.
    #[must_use]
    pub fn app(&self) -> Option<&EntryApp> {
        match &self.who {
            Who::Signer { account, app } => app.and_then(|id| account.app(id)),
            Who::Client(access) => Some(&access.client.app),
        }
    }

    /// The user that the app acts for, if it does for one.
    #[must_use]
    pub fn user(&self) -> Option<&FamilyUser> {
        match &self.who {
            Who::Signer { .. } => None,
            Who::Client(access) => access.family.as_ref().map(|family| &family.user),
        }
    }

    /// What the token grants, with spaces between the names; `*` is all there is.
    #[must_use]
    pub fn scopes(&self) -> &str {
        match &self.who {
            Who::Signer { .. } => "*",
            Who::Client(access) => &access.scopes,
        }
    }
}

/// What was found out about a token until it was decided about.
#[derive(Default)]
pub(super) struct Found {
    /// The account whose key it names.
    account: Option<Arc<Entry>>,
    /// The app that it names or, once it is verified, that calls.
    app: Option<AppId>,
    is_unnamed: bool,
    pub(super) signed_with: Option<(SecretId, SignedWith)>,
}

/// Judges a token: an app-signed JWT, or an access token, which must grant the scopes that
/// `needs` lists. `from` is the caller's address, asked for if it is refused.
///
/// # Errors
/// The refusal, with what to do about it; `unavailable` if Portico cannot know.
pub async fn call(
    ctx: &Context,
    token: &str,
    needs: &str,
    from: impl FnOnce() -> Option<IpAddr>,
) -> Result<Caller, Refusal> {
    let now = ctx.now();
    if access_token::is_one(token) {
        return Box::pin(access::call(ctx, token, needs, now, from)).await;
    }
    let mut found = Found::default();
    let judged = judge(ctx, token, now, &mut found).await.and_then(|caller| limited(ctx, caller));
    match &judged {
        Ok(_) => found.count(ctx, now, None),
        Err(refusal) if !refusal.code.has_a_caller() => {}
        Err(refusal) => found.count(ctx, now, Some((refusal, from()))),
    }
    judged
}

/// Why a call was refused, for whoever has its no already: nothing is counted. `said` is the code
/// that was given, if that is known, and stays whatever holds by now.
pub async fn explain(
    ctx: &Context,
    token: Result<&str, Refusal>,
    needs: &str,
    said: Option<Code>,
) -> Refusal {
    // Judging again takes no call off the account, and so never comes to this.
    if let (Some(Code::RateLimited), Some(limiter)) = (said, &ctx.limiter) {
        return rate_limited(limiter.exceeded());
    }
    let judged = match token {
        Err(refusal) => Err(refusal),
        Ok(token) if access_token::is_one(token) => access::explain(ctx, token, needs).await,
        Ok(token) => judge(ctx, token, ctx.now(), &mut Found::default()).await,
    };
    match (judged, said) {
        (Err(refusal), None) => refusal,
        (Err(refusal), Some(said)) if refusal.code == said => refusal,
        (judged, said) => {
            let by_now = judged.map(drop).map_err(|refusal| refusal.code);
            Refusal::new(said.unwrap_or(Code::Unavailable), instead_of_reason(by_now)).retry_after(1)
        }
    }
}

/// What is said of a call that would be answered otherwise by now.
const fn instead_of_reason(by_now: Result<(), Code>) -> &'static str {
    match by_now {
        Ok(()) => "What refused this call holds no longer. Send it again.",
        Err(Code::Unavailable) => {
            "What refused this call cannot be looked up right now. Send it again in a moment."
        }
        Err(_) => "This call would be refused for another reason by now. Send it again to see which.",
    }
}

async fn judge(ctx: &Context, token: &str, now: Timestamp, found: &mut Found) -> Result<Caller, Refusal> {
    match judge_at_hand(ctx, token, now, found) {
        Some(judged) => judged,
        None => Box::pin(judge_looked_up(ctx, token, now, found)).await,
    }
}

/// By what is in memory, if that is enough. Not `async`: what the token says would be part of the
/// future, which is moved about.
fn judge_at_hand(
    ctx: &Context,
    token: &str,
    now: Timestamp,
    found: &mut Found,
) -> Option<Result<Caller, Refusal>> {
    let unverified = match found.parse(ctx, token) {
        Ok(unverified) => unverified,
        Err(refusal) => return Some(Err(refusal)),
    };
    let known = ctx.directory.account_at_hand(unverified.iss())?;
    Some(found.know(ctx, known).and_then(|()| found.decide(ctx, &unverified, now, &mut ())))
}

/// Reads the token once more, which the few calls that come to this can spare.
async fn judge_looked_up(
    ctx: &Context,
    token: &str,
    now: Timestamp,
    found: &mut Found,
) -> Result<Caller, Refusal> {
    let unverified = found.parse(ctx, token)?;
    let known = ctx.directory.account(unverified.iss()).await;
    found.know(ctx, known)?;
    found.decide(ctx, &unverified, now, &mut ())
}

/// The caller, if the account has a call left.
fn limited(ctx: &Context, caller: Caller) -> Result<Caller, Refusal> {
    let left = ctx.limiter.as_ref().map(|limiter| limiter.take(caller.account().id)).transpose();
    Ok(Caller { left: left.map_err(rate_limited)?, ..caller })
}

impl Found {
    /// What is known before anything of the token is judged.
    pub(super) fn of(account: Option<Arc<Entry>>) -> Self {
        Self { account, ..Self::default() }
    }

    fn parse<'t>(&mut self, ctx: &Context, token: &'t str) -> Result<Unverified<'t>, Refusal> {
        Unverified::parse(token).inspect_err(|_| self.look_at(ctx, token))
    }

    fn know(&mut self, ctx: &Context, known: Result<Option<Arc<Entry>>, Blind>) -> Result<(), Refusal> {
        self.account = known.map_err(|blind| unavailable(ctx, &blind))?;
        Ok(())
    }

    /// Judges a token whose form is right, by the account that was found for its key.
    pub(super) fn decide(
        &mut self,
        ctx: &Context,
        unverified: &Unverified<'_>,
        now: Timestamp,
        witness: &mut impl Witness,
    ) -> Result<Caller, Refusal> {
        self.names(unverified.sub());
        let secrets = self.account.iter().flat_map(|account| account.secrets(now));
        let verified = unverified.verify(secrets.map(|known| (known.id, &known.verifier)), &ctx.misfits);
        let (claims, which) = witness.saw(Check::Signature, verified)?;
        // Without an account there was no secret, and nothing would have verified.
        let Some(account) = self.account.clone() else { return Err(Refusal::not_verified()) };
        self.is_unnamed = claims.sub.is_none();
        self.signed_with = account.secrets(now).nth(which).map(|known| (known.id, known.kind()));
        claims.check_seen_by(witness, now, &ctx.policy.audience)?;
        let apps = account.apps.iter().map(|app| (app.id, app.state));
        let Holder { id, standing, .. } = account.holder;
        let pass = decide_seen_by(witness, claims.sub.as_deref(), id, standing, apps)?;
        self.app = pass.app;
        let who = Who::Signer { account, app: pass.app };
        Ok(Caller { who, expires_at: claims.exp, left: None })
    }

    /// A token whose form is wrong may still tell its developers whose it is. Memory alone is
    /// asked: junk costs no look-up.
    fn look_at(&mut self, ctx: &Context, token: &str) {
        let Some(claimed) = jwt::claimed(token) else { return };
        self.account = ctx.directory.in_memory(&claimed.iss);
        self.names(claimed.sub.as_deref());
    }

    /// The only app is meant by a token that names none.
    fn names(&mut self, sub: Option<&str>) {
        let apps = self.account.as_ref().map(|account| &*account.apps).unwrap_or_default();
        self.app = match (sub.map(str::parse::<AppId>), apps) {
            (None, [only]) => Some(only.id),
            (None, _) | (Some(Err(_)), _) => None,
            (Some(Ok(named)), apps) => apps.iter().map(|app| app.id).find(|id| *id == named),
        };
    }

    fn count(self, ctx: &Context, at: Timestamp, refused: Option<(&Refusal, Option<IpAddr>)>) {
        let Self { account, app, is_unnamed, signed_with } = self;
        let old_secret = signed_with.and_then(|(id, kind)| (kind == SignedWith::OldSecret).then_some(id));
        let outcome = match refused {
            None => Outcome::Allowed { app, at },
            Some((refusal, address)) => {
                let signed_with = signed_with.map_or(SignedWith::Unknown, |(_, kind)| kind);
                Outcome::Refused(refused_call(refusal, app, signed_with, at, address))
            }
        };
        let account = account.as_deref();
        let app = app.and_then(|id| account?.app(id));
        let seats = Seats { account: account.map(|account| &account.seats), app: app.map(|app| &app.seat) };
        let account = account.map(|account| account.holder.id);
        ctx.tally.count(Call { account, is_unnamed, old_secret, outcome, seats });
    }
}

fn refused_call(
    refusal: &Refusal,
    app: Option<AppId>,
    signed_with: SignedWith,
    at: Timestamp,
    address: Option<IpAddr>,
) -> RefusedCall {
    let Refusal { code, off_by_s, .. } = *refusal;
    RefusedCall { app, at, code, detail: shortened(refusal.detail.clone()), off_by_s, signed_with, address }
}

/// What is kept of a refusal's words: all of ours, whatever a JSON reader adds.
fn shortened(detail: Cow<'static, str>) -> Cow<'static, str> {
    const MOST_BYTES: usize = 400;
    match detail {
        Cow::Borrowed(ours) => Cow::Borrowed(ours),
        Cow::Owned(mut text) => {
            text.truncate(text.floor_char_boundary(MOST_BYTES));
            Cow::Owned(text)
        }
    }
}

/// A no when Portico cannot know. What went wrong is for the log, and said once where all calls
/// fail for it: whoever follows the log of changes tells when the database is away.
pub(super) fn unavailable(ctx: &Context, blind: &Blind) -> Refusal {
    note(ctx, blind);
    let error = blind as &dyn std::error::Error;
    match blind {
        Blind::Sealed(_) => tracing::error!(error, "a token could not be judged"),
        Blind::Stale(_) | Blind::Lookup(_) | Blind::Late(_) => {
            tracing::debug!(error, "a token could not be judged");
        }
    }
    let detail = "Portico cannot judge the token right now. Try again in a moment.";
    Refusal::new(Code::Unavailable, detail).retry_after(1)
}

/// Has a secret written down that does not open (S27).
pub(super) fn note(ctx: &Context, blind: &Blind) {
    match blind {
        Blind::Sealed(unreadable) => ctx.tally.unreadable(unreadable.account, unreadable.secret),
        Blind::Stale(_) | Blind::Lookup(_) | Blind::Late(_) => {}
    }
}

fn rate_limited(exceeded: Exceeded) -> Refusal {
    let Exceeded { left, retry_after_s } = exceeded;
    let limit = left.limit;
    let detail = format!(
        "This account may make {limit} calls a minute and has made them. Wait {retry_after_s} seconds before the next one."
    );
    Refusal::new(Code::RateLimited, detail).with_left(left).retry_after(retry_after_s)
}
