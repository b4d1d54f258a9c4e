//! `/apps/{app}/credentials`: the API key and secret, a token to try out, and new secrets.

use actix_web::{
    HttpRequest,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;

use super::client;
use super::frame::{AppFrame, At};
use super::rotation::{OldSecret, RegenerateForm, Still};
use crate::actions::credentials::{self, TestToken};
use crate::actions::{Conflict, Context, Error, FormValue, Once, apps, calls};
use crate::domain::account::{AtLeast, Developer, Viewer};
use crate::domain::app::AppType;
use crate::domain::expiry;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::id::SecretId;
use crate::domain::overlap::MAX_OLD;
use crate::domain::secret::Secret;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::app::{InApp, Rotates};
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, prefers_json, refused, secret_json, secret_page};

/// The third step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/credentials.html")]
pub(crate) struct CredentialsPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// Nothing for a Webhook Only app, which has no API credentials.
    pub(crate) jwt: Option<JwtCredentials>,
    /// About *View JWT Token* and *Regenerate*.
    pub(crate) errors: FieldErrors,
}

/// The pair of the account, and what this viewer may do with it.
pub(crate) struct JwtCredentials {
    pub(crate) account_name: String,
    /// Whether it is the account that the viewer acts for on pages that belong to no app.
    pub(crate) acts_here: bool,
    /// `ak_…`
    pub(crate) key: String,
    pub(crate) secret: ShownSecret,
    /// When the secret was made.
    pub(crate) made: Timestamp,
    pub(crate) made_by: String,
    /// The JWT apps of the account, this one too, by name.
    pub(crate) sharing: Vec<String>,
    /// Old secrets that still verify, the latest first.
    pub(crate) old: Vec<OldSecret>,
    /// The calls of the last day that passed with a secret of the pair.
    pub(crate) calls_a_day: Count,
    /// Whether the viewer may regenerate and revoke: an owner.
    pub(crate) can_regenerate: bool,
    /// Whether as many old secrets verify as may: one must be revoked before the next.
    pub(crate) old_full: bool,
    pub(crate) regenerate: RegenerateForm,
    pub(crate) token_form: TokenForm,
    /// The token that was asked for.
    pub(crate) token: Option<ShownToken>,
}

/// How much of a secret this page shows.
pub(crate) enum ShownSecret {
    /// The viewer's role may not see it.
    Hidden,
    Masked,
    Revealed(Secret<String>),
}

/// A token made by *View JWT Token*. Never logged or stored.
pub(crate) struct ShownToken {
    /// The three parts, base64url (RFC 7515 §7.1).
    pub(crate) header: String,
    pub(crate) claims: String,
    pub(crate) signature: String,
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    /// `{PORTICO_PUBLIC_URL}/api/v1/me`
    pub(crate) me_url: String,
}

/// What *View JWT Token* asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct TokenForm {
    /// `1h`, `1d`, `1w` or `custom`.
    pub(crate) expires_in: String,
    /// `YYYY-MM-DDTHH:MM`, for `custom`.
    pub(crate) expires_at: String,
    /// The IANA zone of `expires_at`; script fills in the viewer's.
    pub(crate) expires_zone: String,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self { expires_in: String::from("1h"), expires_at: String::new(), expires_zone: String::from("UTC") }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InApp<Viewer>) -> PageResult {
    if at.app.app_type.has_client() {
        return client::get(&ctx, &at).await;
    }
    ok(&Drawn::new(&at).page(&ctx, &at).await?)
}

pub(in crate::web) async fn reveal(
    ctx: Data<Context>,
    request: HttpRequest,
    post: Post<InApp<Developer>, Nothing>,
) -> PageResult {
    let at = post.at;
    may_show(&ctx, &at)?;
    let secret = credentials::reveal(&ctx, &at.acting, &at.app).await?;
    if prefers_json(&request) {
        return secret_json(secret.expose());
    }
    let secret = ShownSecret::Revealed(Secret::new(secret.expose().to_owned()));
    secret_page(&Drawn { secret, ..Drawn::new(&at) }.page(&ctx, &at).await?)
}

pub(in crate::web) async fn token(ctx: Data<Context>, post: Post<InApp<Developer>, TokenForm>) -> PageResult {
    let Post { at, form } = post;
    may_show(&ctx, &at)?;
    let expires = expiry::moment(&form.expires_in, &form.expires_at, &form.expires_zone, ctx.now());
    let drawn = Drawn { token_form: form, ..Drawn::new(&at) };
    match expires {
        Ok(expires) => {
            let token = credentials::test_token(&ctx, &at.acting, &at.app, expires).await?;
            let token = Some(ShownToken::new(&token, ctx.policy.link("/api/v1/me")));
            secret_page(&Drawn { token, ..drawn }.page(&ctx, &at).await?)
        }
        Err(error) => {
            let errors = FieldErrors::one(error.field(), error.sentence("the expiration time"));
            refused(&Drawn { errors, ..drawn }.page(&ctx, &at).await?)
        }
    }
}

pub(in crate::web) async fn regenerate(
    ctx: Data<Context>,
    post: Post<Rotates, RegenerateForm>,
) -> PageResult {
    let (at, form) = match post {
        Post { at: Rotates::Pair(at), form } => (at, form),
        Post { at: Rotates::Client(at), form } => return client::regenerate(&ctx, &at, form).await,
    };
    may_show(&ctx, &at)?;
    let keep = match form.keep() {
        Ok(keep) => keep,
        Err(errors) => {
            return refused(&Drawn { regenerate: form, errors, ..Drawn::new(&at) }.page(&ctx, &at).await?);
        }
    };
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    let flash = match credentials::regenerate(&ctx, &at.acting, &at.app, value, keep).await {
        Ok(Once::Now(_)) => Done::SecretRegenerated,
        Ok(Once::Before(_)) => Done::Again,
        Err(Error::Conflict(Conflict::OldSecrets)) => {
            let errors = FieldErrors::one("keep_old_for", Conflict::OldSecrets.to_string());
            let drawn = Drawn { regenerate: form, errors, ..Drawn::new(&at) };
            return refused(&drawn.page(&ctx, &at).await?);
        }
        Err(error) => return Err(error.into()),
    };
    done(&at.signed_in.visit, &at.at("/credentials"), flash)
}

pub(in crate::web) async fn revoke(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<Rotates, Nothing>,
) -> PageResult {
    let at = match post.at {
        Rotates::Pair(at) => at,
        Rotates::Client(at) => return client::revoke(&ctx, &at, &path).await,
    };
    only_jwt(&at)?;
    let secret: SecretId = path.1.parse().map_err(|_| PageError::NotFound)?;
    credentials::revoke(&ctx, &at.acting, &at.app, secret).await?;
    done(&at.signed_in.visit, &at.at("/credentials"), Done::SecretRevoked)
}

/// A secret is shown or made for a JWT app alone, soon after the password was entered.
fn may_show<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<(), PageError> {
    only_jwt(at)?;
    at.signed_in.fresh(ctx.now(), &at.at("/credentials"))
}

fn only_jwt<R: AtLeast>(at: &InApp<R>) -> Result<(), PageError> {
    match at.app.app_type {
        AppType::Jwt => Ok(()),
        AppType::Oauth | AppType::ServerToServer | AppType::Webhook => Err(PageError::NotFound),
    }
}

impl ShownToken {
    fn new(token: &TestToken, me_url: String) -> Self {
        let mut parts = token.token.splitn(3, '.').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        Self {
            header: part(),
            claims: part(),
            signature: part(),
            iss: token.iss.to_string(),
            sub: token.sub.to_string(),
            issued: token.iat,
            expires: token.exp,
            me_url,
        }
    }
}

/// What one answer shows beyond what is stored.
struct Drawn {
    secret: ShownSecret,
    token_form: TokenForm,
    token: Option<ShownToken>,
    regenerate: RegenerateForm,
    errors: FieldErrors,
}

impl Drawn {
    fn new<R: AtLeast>(at: &InApp<R>) -> Self {
        Self {
            secret: if at.can_edit() { ShownSecret::Masked } else { ShownSecret::Hidden },
            token_form: TokenForm::default(),
            token: None,
            regenerate: RegenerateForm::fresh(),
            errors: FieldErrors::default(),
        }
    }

    async fn page<R: AtLeast>(self, ctx: &Context, at: &InApp<R>) -> Result<CredentialsPage, PageError> {
        Ok(CredentialsPage {
            chrome: at.signed_in.visit.chrome(ctx),
            frame: AppFrame::of(ctx, at, At::Credentials).await?,
            errors: self.errors.clone(),
            jwt: match at.app.app_type {
                AppType::Jwt => Some(self.jwt(ctx, at).await?),
                AppType::Oauth | AppType::ServerToServer | AppType::Webhook => None,
            },
        })
    }

    async fn jwt<R: AtLeast>(self, ctx: &Context, at: &InApp<R>) -> Result<JwtCredentials, PageError> {
        let pair = credentials::pair(ctx, &at.acting).await?;
        let sharing = apps::jwt_apps(ctx, at.app.account).await?;
        let now = ctx.now();
        let old = pair.old.iter().filter_map(|old| {
            OldSecret::new("as_", &old.facts, Some(Still::of(old.uses, old.replaced_at, now)))
        });
        let calls = Count(calls::of_pair(ctx, &at.acting, &at.app).await?.allowed);
        Ok(JwtCredentials {
            account_name: at.membership.account.name.to_string(),
            acts_here: at.signed_in.who.current().is_some_and(|current| current.account.id == at.app.account),
            key: pair.api_key.to_string(),
            secret: self.secret,
            made: pair.current.ok_or(PageError::NotFound)?.made_at,
            made_by: pair.made_by,
            sharing: sharing.into_iter().map(|(_, name, _)| name.to_string()).collect(),
            old: old.collect(),
            can_regenerate: at.can_own(),
            calls_a_day: calls,
            old_full: pair.old.len() >= MAX_OLD,
            regenerate: self.regenerate,
            token_form: self.token_form,
            token: self.token,
        })
    }
}
