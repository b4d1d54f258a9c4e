//! Yes or no to a request, and why: pure rules over what is known of an account.

pub mod access;
pub mod checks;

use std::borrow::Cow;

use super::{
    account::Standing,
    app::StateKind,
    calls::Left,
    id::{AccountId, AppId},
    text_enum::text_enum,
};
use checks::{Check, Witness};

/// Why a request was refused. The text is stable: clients and gateways branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    MissingToken,
    InvalidToken,
    TokenExpired,
    TokenNotYetValid,
    AppRequired,
    AppDraft,
    AppDeactivated,
    AppSuspended,
    AccountPending,
    AccountSuspended,
    InsufficientScope,
    AmbiguousIdentityHeader,
    RateLimited,
    Unavailable,
}

text_enum!(
    Code,
    "refusal code",
    MissingToken = "missing_token",
    InvalidToken = "invalid_token",
    TokenExpired = "token_expired",
    TokenNotYetValid = "token_not_yet_valid",
    AppRequired = "app_required",
    AppDraft = "app_draft",
    AppDeactivated = "app_deactivated",
    AppSuspended = "app_suspended",
    AccountPending = "account_pending",
    AccountSuspended = "account_suspended",
    InsufficientScope = "insufficient_scope",
    AmbiguousIdentityHeader = "ambiguous_identity_header",
    RateLimited = "rate_limited",
    Unavailable = "unavailable",
);

impl Code {
    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::MissingToken
            | Self::InvalidToken
            | Self::TokenExpired
            | Self::TokenNotYetValid
            | Self::AppRequired => 401,
            Self::AppDraft
            | Self::AppDeactivated
            | Self::AppSuspended
            | Self::AccountPending
            | Self::AccountSuspended
            | Self::InsufficientScope
            | Self::AmbiguousIdentityHeader => 403,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
        }
    }

    /// The status for a gateway: nginx turns every refusal but 401 and 403 into 500.
    #[must_use]
    pub const fn gateway_status(self) -> u16 {
        match self.status() {
            429 => 403,
            status => status,
        }
    }

    /// Whether it can be said whose call it was that was refused so.
    #[must_use]
    pub const fn has_a_caller(self) -> bool {
        match self {
            Self::MissingToken | Self::AmbiguousIdentityHeader | Self::Unavailable => false,
            Self::InvalidToken
            | Self::TokenExpired
            | Self::TokenNotYetValid
            | Self::AppRequired
            | Self::AppDraft
            | Self::AppDeactivated
            | Self::AppSuspended
            | Self::AccountPending
            | Self::AccountSuspended
            | Self::InsufficientScope
            | Self::RateLimited => true,
        }
    }

    /// The problem in a few words, the same for every occurrence (RFC 9457 §3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MissingToken => "No token was sent",
            Self::InvalidToken => "The token is not valid",
            Self::TokenExpired => "The token has expired",
            Self::TokenNotYetValid => "The token is not valid yet",
            Self::AppRequired => "The token does not say which app is calling",
            Self::AppDraft => "The app is a draft",
            Self::AppDeactivated => "The app is deactivated",
            Self::AppSuspended => "The app is suspended",
            Self::AccountPending => "The account awaits approval",
            Self::AccountSuspended => "The account is suspended",
            Self::InsufficientScope => "The token lacks a scope",
            Self::AmbiguousIdentityHeader => "A header imitates an identity header",
            Self::RateLimited => "Too many calls",
            Self::Unavailable => "Not available right now",
        }
    }
}

/// A no: the code for machines, a sentence that tells a developer what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub detail: Cow<'static, str>,
    /// By how many seconds a time of the token misses its limit: a clock that is off shows
    /// itself here.
    pub off_by_s: Option<i64>,
    /// After how many seconds the same call may pass.
    pub retry_after_s: Option<u64>,
    /// What the account has left of its calls, if that is why.
    pub left: Option<Left>,
    /// What the token would have to grant, if that is why.
    pub scope: Option<Box<str>>,
}

impl Refusal {
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), off_by_s: None, retry_after_s: None, left: None, scope: None }
    }

    #[must_use]
    pub fn off_by(self, seconds: i64) -> Self {
        Self { off_by_s: Some(seconds), ..self }
    }

    #[must_use]
    pub fn with_left(self, left: Left) -> Self {
        Self { left: Some(left), ..self }
    }

    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// The token's form or signature is wrong, in the same words for an unknown key and a
    /// bad signature, so that nothing helps a guesser.
    #[must_use]
    pub fn not_verified() -> Self {
        let detail = "The signature could not be verified. Check that iss is your API key and that the token is signed with HS256 and your current API secret, exactly as shown.";
        Self::new(Code::InvalidToken, detail)
    }
}

/// Who is calling. Without `sub`, several active apps share one key and the app stays unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub account: AccountId,
    pub app: Option<AppId>,
}

/// Decides about a token of this account whose signature, times and audience hold. `apps`
/// are all the JWT apps of the account.
///
/// # Errors
/// The refusal, if the account or the app may not call.
pub fn decide<I>(sub: Option<&str>, account: AccountId, standing: Standing, apps: I) -> Result<Pass, Refusal>
where
    I: Iterator<Item = (AppId, StateKind)> + Clone,
{
    decide_seen_by(&mut (), sub, account, standing, apps)
}

/// As [`decide`], before a witness.
///
/// # Errors
/// Those of [`decide`].
pub fn decide_seen_by<I>(
    witness: &mut impl Witness,
    sub: Option<&str>,
    account: AccountId,
    standing: Standing,
    apps: I,
) -> Result<Pass, Refusal>
where
    I: Iterator<Item = (AppId, StateKind)> + Clone,
{
    witness.saw(Check::Account, stands(standing))?;
    let app = match sub {
        Some(sub) => named(sub, apps).map(Some),
        None => unnamed(apps),
    };
    Ok(Pass { account, app: witness.saw(Check::App, app)? })
}

fn stands(standing: Standing) -> Result<(), Refusal> {
    match standing {
        Standing::Approved => Ok(()),
        Standing::Suspended => {
            let detail = "An admin has suspended this account. Write to the platform's support.";
            Err(Refusal::new(Code::AccountSuspended, detail))
        }
        Standing::Pending => {
            let detail = "This account awaits an admin's approval; its apps may call once it is approved.";
            Err(Refusal::new(Code::AccountPending, detail))
        }
    }
}

fn named(sub: &str, mut apps: impl Iterator<Item = (AppId, StateKind)>) -> Result<AppId, Refusal> {
    let wanted = sub.parse::<AppId>().ok();
    let (id, state) = apps.find(|(id, _)| Some(*id) == wanted).ok_or_else(|| {
        let detail = "sub must be the id of one of this account's JWT apps (app_…), or be left out.";
        Refusal::new(Code::InvalidToken, detail)
    })?;
    allowed(state).map(|()| id)
}

/// Without `sub` the shared key cannot say which app asks, so a stopped one stops them all.
fn unnamed<I>(mut apps: I) -> Result<Option<AppId>, Refusal>
where
    I: Iterator<Item = (AppId, StateKind)> + Clone,
{
    let mut built = apps.clone().filter(|(_, state)| *state != StateKind::Draft);
    match (apps.next(), apps.next()) {
        (None, _) => Err(Refusal::new(Code::InvalidToken, "This account has no JWT app any more.")),
        (Some((id, state)), None) => allowed(state).map(|()| Some(id)),
        (Some(_), Some(_)) => match (built.next(), built.next()) {
            (None, _) => allowed(StateKind::Draft).map(|()| None),
            (Some((id, StateKind::Active)), None) => Ok(Some(id)),
            (Some((_, StateKind::Active)), Some((_, StateKind::Active)))
                if built.all(|(_, state)| state == StateKind::Active) =>
            {
                Ok(None)
            }
            (Some(_), _) => {
                let detail = "Several apps share this API key and not all of them are active. Add sub with the id of the app that is calling (app_…).";
                Err(Refusal::new(Code::AppRequired, detail))
            }
        },
    }
}

fn allowed(state: StateKind) -> Result<(), Refusal> {
    match state {
        StateKind::Active => Ok(()),
        StateKind::Draft => Err(Refusal::new(
            Code::AppDraft,
            "This app is a draft. Activate it on its Activation page before calling.",
        )),
        StateKind::Deactivated => Err(Refusal::new(
            Code::AppDeactivated,
            "This app was deactivated by its developers. Reactivate it on its page before calling.",
        )),
        StateKind::Suspended => Err(Refusal::new(
            Code::AppSuspended,
            "An admin has suspended this app. Its page says why and whom to write to.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::Id, time::Timestamp};
    use StateKind::{Active, Deactivated, Draft, Suspended};

    fn app(n: u8) -> AppId {
        AppId::generate(Timestamp::from_seconds(1), [n; 10])
    }

    fn decided(standing: Standing, states: &[StateKind], sub: Option<&str>) -> Result<Option<AppId>, Code> {
        let account = AccountId::generate(Timestamp::from_seconds(1), [9; 10]);
        let apps = states.iter().zip(0..).map(|(state, n)| (app(n), *state));
        decide(sub, account, standing, apps).map(|pass| pass.app).map_err(|refusal| refusal.code)
    }

    #[test]
    fn without_sub_a_stopped_app_stops_the_shared_key() {
        type Case = (&'static [StateKind], Result<Option<u8>, Code>);
        let table: [Case; 12] = [
            (&[], Err(Code::InvalidToken)),
            (&[Active], Ok(Some(0))),
            (&[Draft], Err(Code::AppDraft)),
            (&[Deactivated], Err(Code::AppDeactivated)),
            (&[Suspended], Err(Code::AppSuspended)),
            (&[Draft, Draft], Err(Code::AppDraft)),
            (&[Draft, Active], Ok(Some(1))),
            (&[Active, Active], Ok(None)),
            (&[Active, Active, Draft, Active], Ok(None)),
            (&[Active, Deactivated], Err(Code::AppRequired)),
            (&[Deactivated, Deactivated], Err(Code::AppRequired)),
            (&[Active, Active, Suspended], Err(Code::AppRequired)),
        ];
        for (states, expected) in table {
            let got = decided(Standing::Approved, states, None);
            assert_eq!(got, expected.map(|n| n.map(app)), "{states:?}");
        }
    }

    #[test]
    fn sub_names_the_app_whose_state_decides() {
        let states = [Active, Deactivated, Draft, Suspended];
        let code = |sub: &str| decided(Standing::Approved, &states, Some(sub));
        assert_eq!(code(&app(0).to_string()), Ok(Some(app(0))));
        assert_eq!(code(&app(1).to_string()), Err(Code::AppDeactivated));
        assert_eq!(code(&app(2).to_string()), Err(Code::AppDraft));
        assert_eq!(code(&app(3).to_string()), Err(Code::AppSuspended));
        for stranger in
            [app(4).to_string(), app(0).to_string().to_uppercase(), String::new(), String::from("ada")]
        {
            assert_eq!(code(&stranger), Err(Code::InvalidToken), "{stranger}");
        }
    }

    #[test]
    fn the_account_is_judged_before_the_app() {
        for (standing, code) in
            [(Standing::Suspended, Code::AccountSuspended), (Standing::Pending, Code::AccountPending)]
        {
            assert_eq!(decided(standing, &[Active], None), Err(code));
        }
    }
}
