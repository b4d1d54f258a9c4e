//! `/apps/{app}/credentials` of an app that uses OAuth: its client id, its secret, and where its
//! users are sent back to.

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::frame::{AppFrame, At};
use super::rotation::{OldSecret, RegenerateForm, Still};
use crate::actions::clients::{self, Made, NewClient, Registered};
use crate::actions::{Conflict, Context, Error, FormValue, calls};
use crate::domain::account::{AtLeast, Developer};
use crate::domain::app::AppType;
use crate::domain::client::{Client, RedirectUris};
use crate::domain::fields::FieldErrors;
use crate::domain::id::SecretId;
use crate::domain::overlap::MAX_OLD;
use crate::domain::secret::Secret;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::error::{PageError, of_form};
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, secret_page};

/// The third step of the flow, for an app that is a client of OAuth.
#[derive(Template)]
#[template(path = "pages/apps/client.html")]
pub(crate) struct ClientPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    pub(crate) account_name: String,
    /// Whether users are asked: an OAuth app, and no Server-to-Server app.
    pub(crate) asks_users: bool,
    /// `cid_…`
    pub(crate) client_id: String,
    pub(crate) secret: ClientSecretState,
    /// Old secrets that still work, the latest first.
    pub(crate) old: Vec<OldSecret>,
    /// Whether as many old secrets work as may: one must be revoked before the next.
    pub(crate) old_full: bool,
    /// The calls of the last day that passed.
    pub(crate) calls_a_day: Count,
    pub(crate) regenerate: RegenerateForm,
    pub(crate) form: ClientForm,
    pub(crate) errors: FieldErrors,
    pub(crate) urls: OauthUrls,
}

impl ClientPage {
    /// The address to which a person’s browser is sent, on one line.
    pub(crate) fn authorize_url(&self) -> String {
        format!(
            "{}?response_type=code&client_id={}&redirect_uri={}&state=RANDOM&code_challenge=S256_OF_VERIFIER&code_challenge_method=S256",
            self.urls.authorize,
            self.client_id,
            self.encoded_redirect_uri(),
        )
    }

    /// The first redirect URI as a query holds it: one with a query of its own must not end there.
    pub(crate) fn encoded_redirect_uri(&self) -> String {
        url::form_urlencoded::byte_serialize(self.first_redirect_uri().as_bytes()).collect()
    }

    /// The first redirect URI, for the examples; one that is plainly a placeholder if there is none.
    pub(crate) fn first_redirect_uri(&self) -> &str {
        self.form.redirect_uris.lines().next().unwrap_or("https://example.com/callback")
    }
}

/// What there is of the client's secret, of which nobody has more than a hash.
pub(crate) enum ClientSecretState {
    /// The client is public and may have none.
    Public,
    NoneYet,
    Stored {
        /// Enough to know it again: "cs_…Qm4e".
        hint: String,
        made: Timestamp,
        made_by: String,
    },
    /// It was made by this very post: shown this once.
    Shown(Secret<String>),
}

impl ClientSecretState {
    /// Whether there is one that works.
    pub(crate) const fn is_there(&self) -> bool {
        match self {
            Self::Stored { .. } | Self::Shown(_) => true,
            Self::Public | Self::NoneYet => false,
        }
    }
}

/// Where a client asks for tokens.
pub(crate) struct OauthUrls {
    pub(crate) authorize: String,
    pub(crate) token: String,
    pub(crate) metadata: String,
    pub(crate) me: String,
}

impl OauthUrls {
    pub(crate) fn of(ctx: &Context) -> Self {
        Self {
            authorize: ctx.policy.link("/oauth/authorize"),
            token: ctx.policy.link("/oauth/token"),
            metadata: ctx.policy.link("/.well-known/oauth-authorization-server"),
            me: ctx.policy.link("/api/v1/me"),
        }
    }
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClientForm {
    /// One a line.
    pub(crate) redirect_uris: String,
    /// There when it is on.
    pub(crate) public: Option<String>,
    /// A JWK set (RFC 7517 §5), or nothing.
    pub(crate) jwks: String,
    /// `continue` to go on to the next step.
    pub(crate) then: String,
}

impl ClientForm {
    /// The fields, in the order of the page.
    const ORDER: [&'static str; 4] = ["keep_old_for", "redirect_uris", "public", "jwks"];

    fn of(client: &Client) -> Self {
        Self {
            redirect_uris: client.redirect_uris.to_string().trim_end().to_owned(),
            public: client.is_public.then(|| String::from("1")),
            jwks: client.jwks.as_ref().map(ToString::to_string).unwrap_or_default(),
            then: String::new(),
        }
    }

    fn parse(&self, app_type: AppType) -> Result<NewClient, FieldErrors> {
        let mut errors = FieldErrors::default();
        let redirect_uris = match app_type {
            // It sends nobody anywhere, and its page has no such field.
            AppType::ServerToServer if self.redirect_uris.trim().is_empty() => Some(RedirectUris::default()),
            AppType::Oauth | AppType::ServerToServer | AppType::Jwt | AppType::Webhook => {
                match RedirectUris::parse("redirect_uris", &self.redirect_uris) {
                    Ok(uris) => Some(uris),
                    Err(wrong) => {
                        wrong.iter().for_each(|(_, sentence)| errors.add("redirect_uris", sentence));
                        None
                    }
                }
            }
        };
        let jwks = errors.take_optional("jwks", "the JWK set", &self.jwks);
        errors.into_result(|| {
            let is_public = self.public.is_some();
            Some(NewClient { redirect_uris: redirect_uris?, is_public, jwks: jwks? })
        })
    }
}

/// What the page says, where it says nothing new.
pub(in crate::web) async fn get<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> PageResult {
    let registered = clients::of_app(ctx, &at.acting, at.app.id).await?;
    ok(&Drawn::new(&registered).page(ctx, at, registered).await?)
}

pub(in crate::web) async fn save(ctx: Data<Context>, post: Post<InApp<Developer>, ClientForm>) -> PageResult {
    let Post { at, form } = post;
    // A type without a client has no such page.
    let registered = clients::of_app(&ctx, &at.acting, at.app.id).await?;
    let saved = match form.parse(at.app.app_type) {
        Ok(new) => clients::save(&ctx, &at.acting, at.app.id, new).await,
        Err(errors) => Err(errors.into()),
    };
    match saved {
        Ok(()) => {
            let next = if form.then == "continue" { "/scopes" } else { "/credentials" };
            done(&at.signed_in.visit, &at.at(next), Done::ClientSaved)
        }
        Err(error) => {
            let mut errors = of_form(error)?;
            errors.sort_by_page(&ClientForm::ORDER);
            refused(&Drawn { form, errors, ..Drawn::new(&registered) }.page(&ctx, &at, registered).await?)
        }
    }
}

/// Makes a secret, the first one too, and shows it once.
pub(super) async fn regenerate(ctx: &Context, at: &InApp<Developer>, form: RegenerateForm) -> PageResult {
    at.signed_in.fresh(ctx.now(), &at.at("/credentials"))?;
    let registered = clients::of_app(ctx, &at.acting, at.app.id).await?;
    let keep = match form.keep() {
        Ok(keep) => keep,
        Err(errors) => {
            let drawn = Drawn { regenerate: form, errors, ..Drawn::new(&registered) };
            return refused(&drawn.page(ctx, at, registered).await?);
        }
    };
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    match clients::regenerate(ctx, &at.acting, at.app.id, value, keep).await {
        Ok(Made::Now(secret)) => {
            let shown = Some(Secret::new(secret.expose().to_owned()));
            let registered = clients::of_app(ctx, &at.acting, at.app.id).await?;
            secret_page(&Drawn { shown, ..Drawn::new(&registered) }.page(ctx, at, registered).await?)
        }
        Ok(Made::Before) => done(&at.signed_in.visit, &at.at("/credentials"), Done::ClientSecretMadeBefore),
        Err(Error::Conflict(Conflict::OldSecrets)) => {
            let errors = FieldErrors::one("keep_old_for", Conflict::OldSecrets.to_string());
            let drawn = Drawn { regenerate: form, errors, ..Drawn::new(&registered) };
            refused(&drawn.page(ctx, at, registered).await?)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn revoke(
    ctx: &Context,
    at: &InApp<Developer>,
    path: &Path<(String, String)>,
) -> PageResult {
    let secret: SecretId = path.1.parse().map_err(|_| PageError::NotFound)?;
    clients::revoke_secret(ctx, &at.acting, at.app.id, secret).await?;
    done(&at.signed_in.visit, &at.at("/credentials"), Done::ClientSecretRevoked)
}

/// What one answer shows beyond what is stored.
struct Drawn {
    shown: Option<Secret<String>>,
    regenerate: RegenerateForm,
    form: ClientForm,
    errors: FieldErrors,
}

impl Drawn {
    fn new(registered: &Registered) -> Self {
        Self {
            shown: None,
            regenerate: RegenerateForm::fresh(),
            form: ClientForm::of(&registered.client),
            errors: FieldErrors::default(),
        }
    }

    async fn page<R: AtLeast>(
        self,
        ctx: &Context,
        at: &InApp<R>,
        registered: Registered,
    ) -> Result<ClientPage, PageError> {
        let Registered { client, current, made_by, old } = registered;
        let secret = match (self.shown, current) {
            (Some(secret), _) => ClientSecretState::Shown(secret),
            (None, _) if client.is_public => ClientSecretState::Public,
            (None, Some(facts)) => ClientSecretState::Stored {
                hint: format!("cs_…{}", facts.hint),
                made: facts.made_at,
                made_by,
            },
            (None, None) => ClientSecretState::NoneYet,
        };
        let now = ctx.now();
        let old = old.iter().filter_map(|old| {
            OldSecret::new("cs_", &old.facts, Some(Still::of(old.uses, old.replaced_at, now)))
        });
        let old: Vec<_> = old.collect();
        Ok(ClientPage {
            chrome: at.signed_in.visit.chrome(ctx),
            frame: AppFrame::of(ctx, at, At::Credentials).await?,
            account_name: at.membership.account.name.to_string(),
            asks_users: at.app.app_type.asks_users(),
            client_id: client.client_id.to_string(),
            secret,
            old_full: old.len() >= MAX_OLD,
            old,
            calls_a_day: Count(calls::of_app(ctx, &at.acting, &at.app).await?.last_day.allowed),
            regenerate: self.regenerate,
            form: self.form,
            errors: self.errors,
            urls: OauthUrls::of(ctx),
        })
    }
}
