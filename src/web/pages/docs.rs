//! `/docs`: the documentation, with the reader's own key where there is one.

use actix_web::web::Data;
use askama::Template;

use crate::actions::{Context, apps, credentials, registrations};
use crate::domain::app::AppType;
use crate::web::error::PageError;
use crate::web::extract::visit::Visit;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, ok};

/// `/docs`: the contents, and the way from nothing to a first call.
#[derive(Template)]
#[template(path = "docs/start.html")]
pub(crate) struct StartPage {
    pub(crate) chrome: Chrome,
    pub(crate) examples: Examples,
}

/// `/docs/jwt`: sign a JWT in one's own code.
#[derive(Template)]
#[template(path = "docs/jwt.html")]
pub(crate) struct JwtPage {
    pub(crate) chrome: Chrome,
    pub(crate) examples: Examples,
}

/// `/docs/server-to-server`: get an access token in one's own code.
#[derive(Template)]
#[template(path = "docs/server_to_server.html")]
pub(crate) struct ServerToServerPage {
    pub(crate) chrome: Chrome,
    pub(crate) examples: Examples,
}

/// `/docs/oauth`: have users let one's app in.
#[derive(Template)]
#[template(path = "docs/oauth.html")]
pub(crate) struct OauthPage {
    pub(crate) chrome: Chrome,
    pub(crate) examples: Examples,
}

/// `/docs/refusals`: every code, and what to do about it. Each code is an anchor.
#[derive(Template)]
#[template(path = "docs/refusals.html")]
pub(crate) struct RefusalsPage {
    pub(crate) chrome: Chrome,
}

/// `/docs/secrets`: what identifiers and secrets look like.
#[derive(Template)]
#[template(path = "docs/secrets.html")]
pub(crate) struct SecretsPage {
    pub(crate) chrome: Chrome,
}

/// `/docs/webhooks`: receive events, verify them, answer a validation.
#[derive(Template)]
#[template(path = "docs/webhooks.html")]
pub(crate) struct WebhooksPage {
    pub(crate) chrome: Chrome,
}

/// `/docs/icons`: the rules for names and icons.
#[derive(Template)]
#[template(path = "docs/icons.html")]
pub(crate) struct IconsPage {
    pub(crate) chrome: Chrome,
}

/// What the examples are filled with.
pub(crate) struct Examples {
    /// `PORTICO_PUBLIC_URL`, without a slash at its end.
    pub(crate) public_url: String,
    /// `PORTICO_AUDIENCE`
    pub(crate) audience: String,
    /// The name of the reader's current account.
    pub(crate) own_account_name: Option<String>,
    /// The API key of the reader's current account.
    pub(crate) own_api_key: Option<String>,
    /// The id of a JWT app of that account.
    pub(crate) own_app_id: Option<String>,
    /// The client id of an app of that account, of the type that the page is about.
    pub(crate) own_client_id: Option<String>,
}

impl Examples {
    /// The key to print: the reader's own, or one that is plainly a placeholder.
    pub(crate) fn api_key(&self) -> &str {
        self.own_api_key.as_deref().unwrap_or("ak_YOUR_API_KEY")
    }

    /// The app to print, likewise.
    pub(crate) fn app_id(&self) -> &str {
        self.own_app_id.as_deref().unwrap_or("app_YOUR_APP_ID")
    }

    /// The client id to print, likewise.
    pub(crate) fn client_id(&self) -> &str {
        self.own_client_id.as_deref().unwrap_or("cid_YOUR_CLIENT_ID")
    }

    /// The account to print, likewise.
    pub(crate) fn account_name(&self) -> &str {
        self.own_account_name.as_deref().unwrap_or("Your organisation")
    }
}

pub(in crate::web) async fn start(ctx: Data<Context>, visit: Visit) -> PageResult {
    let examples = examples(&ctx, &visit, AppType::ServerToServer).await?;
    ok(&StartPage { chrome: visit.chrome(&ctx), examples })
}

pub(in crate::web) async fn jwt(ctx: Data<Context>, visit: Visit) -> PageResult {
    let examples = examples(&ctx, &visit, AppType::ServerToServer).await?;
    ok(&JwtPage { chrome: visit.chrome(&ctx), examples })
}

pub(in crate::web) async fn server_to_server(ctx: Data<Context>, visit: Visit) -> PageResult {
    let examples = examples(&ctx, &visit, AppType::ServerToServer).await?;
    ok(&ServerToServerPage { chrome: visit.chrome(&ctx), examples })
}

pub(in crate::web) async fn oauth(ctx: Data<Context>, visit: Visit) -> PageResult {
    let examples = examples(&ctx, &visit, AppType::Oauth).await?;
    ok(&OauthPage { chrome: visit.chrome(&ctx), examples })
}

pub(in crate::web) async fn refusals(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&RefusalsPage { chrome: visit.chrome(&ctx) })
}

pub(in crate::web) async fn secrets(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&SecretsPage { chrome: visit.chrome(&ctx) })
}

pub(in crate::web) async fn webhooks(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&WebhooksPage { chrome: visit.chrome(&ctx) })
}

pub(in crate::web) async fn icons(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&IconsPage { chrome: visit.chrome(&ctx) })
}

/// The reader's own key, app and client, where there are any.
async fn examples(ctx: &Context, visit: &Visit, client_of: AppType) -> Result<Examples, PageError> {
    let membership = visit.who.as_ref().and_then(|who| who.current());
    let (own_api_key, own_app_id, own_client_id) = match membership {
        None => (None, None, None),
        Some(membership) => {
            let account = membership.account.id;
            let key = credentials::api_key(ctx, account).await?;
            let app = apps::jwt_apps(ctx, account).await?.into_iter().next();
            let client = registrations::example(ctx, account, client_of).await?;
            (Some(key.to_string()), app.map(|(id, ..)| id.to_string()), client.map(|id| id.to_string()))
        }
    };
    Ok(Examples {
        public_url: ctx.policy.public_url.clone(),
        audience: ctx.policy.audience.clone(),
        own_account_name: membership.map(|membership| membership.account.name.to_string()),
        own_api_key,
        own_app_id,
        own_client_id,
    })
}
