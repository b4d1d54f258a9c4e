//! `/account/token-debugger`: a token, check by check, as a call with it is judged. Nothing
//! is stored.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::actions::token_debugger::{self, Inspection, SignedBy};
use crate::actions::{Context, accounts, authorize::Caller};
use crate::domain::account::{AtLeast, Viewer};
use crate::domain::authorization::Refusal;
use crate::domain::authorization::checks::{Check, Outcome};
use crate::domain::fields::FieldErrors;
use crate::domain::id::AppId;
use crate::domain::jwt::{MAX_BYTES, MILLISECONDS, pasted};
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::account::InAccount;
use crate::web::extract::form::Post;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, ok, refused, secret_page};

/// Characters of a claim's value that its row shows.
const MAX_VALUE: usize = 200;

/// The form, and what came of it.
#[derive(Template)]
#[template(path = "pages/account/token_debugger.html")]
pub(crate) struct TokenDebuggerPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: TokenDebuggerForm,
    pub(crate) errors: FieldErrors,
    pub(crate) account_name: String,
    pub(crate) api_key: String,
    /// `PORTICO_AUDIENCE`
    pub(crate) audience: String,
    pub(crate) inspected: Option<Inspected>,
}

/// What was pasted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenDebuggerForm {
    /// The account the form was made for; a post that no longer fits is 409.
    pub(crate) account: String,
    pub(crate) token: String,
}

/// What would become of a call with the token.
pub(crate) struct Inspected {
    pub(crate) at: Timestamp,
    pub(crate) verdict: Verdict,
    pub(crate) checks: Vec<(Check, Outcome)>,
    pub(crate) signed_by: Option<SignedBy>,
    /// Whether `iss` is the key of the account.
    pub(crate) own_key: bool,
    /// The app of the account that `sub` names.
    pub(crate) named_app: Option<AppLink>,
    /// Whether more was pasted than the token.
    pub(crate) more_pasted: bool,
    /// Header and claims as text; nothing if they cannot be read.
    pub(crate) header: Option<String>,
    pub(crate) claims: Option<String>,
    pub(crate) rows: Vec<ClaimRow>,
}

/// Yes or no.
pub(crate) enum Verdict {
    Pass {
        until: Timestamp,
        /// Unknown when several active apps share the key and `sub` is missing.
        app: Option<AppLink>,
    },
    Refused(Refusal),
}

/// An app of the account, by name.
#[derive(Clone)]
pub(crate) struct AppLink {
    pub(crate) href: String,
    pub(crate) name: String,
}

/// A claim that decides something, and what it says.
pub(crate) struct ClaimRow {
    pub(crate) name: &'static str,
    /// As JSON writes it, its beginning if it is long.
    pub(crate) value: String,
    pub(crate) meaning: Meaning,
}

pub(crate) enum Meaning {
    /// Only its check can say.
    Unsaid,
    OwnKey,
    NotOwnKey,
    App(AppLink),
    NotAnApp,
    Time(Timestamp),
    /// It was given in milliseconds.
    Milliseconds(Timestamp),
    OurAudience,
    NotOurAudience,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InAccount<Viewer>) -> PageResult {
    ok(&draw(&ctx, &at, TokenDebuggerForm::default()).await?)
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    post: Post<InAccount<Viewer>, TokenDebuggerForm>,
) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    let token = pasted::bare(&form.token);
    let errors = |sentence| FieldErrors::one("token", sentence);
    if token.is_empty() {
        let errors = errors("Paste a token.");
        return refused(&TokenDebuggerPage { errors, ..draw(&ctx, &at, form).await? });
    }
    if let Some(sentence) = no_jwt(&token) {
        let errors = errors(sentence);
        let form = TokenDebuggerForm { token: String::new(), ..form };
        return refused(&TokenDebuggerPage { errors, ..draw(&ctx, &at, form).await? });
    }
    let inspection = token_debugger::inspect(&ctx, at.membership.account.id, &token).await?;
    let more_pasted = token != form.token.trim();
    let inspected = Inspected { more_pasted, ..Inspected::new(&inspection, &token, &ctx.policy.audience) };
    secret_page(&TokenDebuggerPage { inspected: Some(inspected), ..draw(&ctx, &at, form).await? })
}

/// What a credential is that is no JWT, and what to do with it, if this is one.
fn no_jwt(token: &str) -> Option<&'static str> {
    let sentences = [
        (
            "at_",
            "This is an access token of OAuth, which this page does not take apart. Call GET /api/v1/me with \
             it, or ask POST /oauth/introspect; the token is not shown again.",
        ),
        ("as_", "This is an API secret. Paste the token that it signed; the secret is not shown again."),
        ("cs_", "This is a client secret, and no token. POST /oauth/token takes it; it is not shown again."),
        ("rt_", "This is a refresh token. POST /oauth/token takes it, once; it is not shown again."),
        ("ac_", "This is an authorization code. POST /oauth/token takes it, once; it is not shown again."),
        ("pk_", "This is a platform key, and no token. It is not shown again."),
    ];
    sentences.into_iter().find_map(|(prefix, sentence)| token.starts_with(prefix).then_some(sentence))
}

async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InAccount<R>,
    form: TokenDebuggerForm,
) -> Result<TokenDebuggerPage, PageError> {
    let view = accounts::view(ctx, at.membership.account.id).await?;
    Ok(TokenDebuggerPage {
        chrome: at.signed_in.visit.chrome(ctx),
        form: TokenDebuggerForm { account: view.account.id.to_string(), ..form },
        errors: FieldErrors::default(),
        account_name: view.account.name.to_string(),
        api_key: view.api_key.to_string(),
        audience: ctx.policy.audience.clone(),
        inspected: None,
    })
}

impl Inspected {
    fn new(inspection: &Inspection, token: &str, audience: &str) -> Self {
        let mut parts =
            token.split('.').map(|part| pasted::readable(part).filter(|_| token.len() <= MAX_BYTES));
        let header = parts.next().flatten();
        let claims = parts.next().flatten();
        let read =
            claims.as_deref().and_then(|claims| serde_json::from_str::<Map<String, Value>>(claims).ok());
        let read = read.unwrap_or_default();
        let sub = read.get("sub").and_then(Value::as_str);
        Self {
            at: inspection.at,
            verdict: Verdict::new(inspection),
            checks: inspection.record.outcomes().collect(),
            signed_by: inspection.signed_by.clone(),
            own_key: read.get("iss").and_then(Value::as_str) == Some(inspection.api_key.as_str()),
            named_app: sub.and_then(|sub| AppLink::named(inspection, sub)),
            more_pasted: false,
            rows: ["iss", "sub", "exp", "nbf", "iat", "aud"]
                .into_iter()
                .filter_map(|name| Some(ClaimRow::new(inspection, name, read.get(name)?, audience)))
                .collect(),
            header,
            claims,
        }
    }
}

impl Verdict {
    fn new(inspection: &Inspection) -> Self {
        match &inspection.verdict {
            Ok(caller) => Self::Pass { until: caller.expires_at, app: AppLink::of(caller) },
            Err(refusal) => Self::Refused(refusal.clone()),
        }
    }
}

impl AppLink {
    fn of(caller: &Caller) -> Option<Self> {
        caller.app().map(|app| Self { href: format!("/apps/{}", app.id), name: app.name.to_string() })
    }

    fn named(inspection: &Inspection, sub: &str) -> Option<Self> {
        let id: AppId = sub.parse().ok()?;
        let name = inspection.app_name(id)?.to_owned();
        Some(Self { href: format!("/apps/{id}"), name })
    }
}

impl ClaimRow {
    fn new(inspection: &Inspection, name: &'static str, value: &Value, audience: &str) -> Self {
        let meaning = match (name, value) {
            ("iss", Value::String(iss)) if iss == inspection.api_key.as_str() => Meaning::OwnKey,
            ("iss", _) => Meaning::NotOwnKey,
            ("sub", Value::String(sub)) => {
                AppLink::named(inspection, sub).map_or(Meaning::NotAnApp, Meaning::App)
            }
            ("sub", _) => Meaning::NotAnApp,
            ("aud", Value::String(one)) if one == audience => Meaning::OurAudience,
            ("aud", Value::Array(many)) if many.iter().any(|one| one == audience) => Meaning::OurAudience,
            ("aud", _) => Meaning::NotOurAudience,
            (_, Value::Number(number)) => number.as_f64().map_or(Meaning::Unsaid, Meaning::time),
            (_, _) => Meaning::Unsaid,
        };
        Self { name, value: shortened(&value.to_string()), meaning }
    }
}

/// The claims are shown whole below the rows.
fn shortened(value: &str) -> String {
    match value.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

impl Meaning {
    fn time(number: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "beyond i64 the nearest moment is as good as any"
        )]
        let moment = |seconds: f64| Timestamp::from_seconds(seconds.floor() as i64);
        if number.abs() >= MILLISECONDS {
            Self::Milliseconds(moment(number / 1_000.0))
        } else {
            Self::Time(moment(number))
        }
    }
}
