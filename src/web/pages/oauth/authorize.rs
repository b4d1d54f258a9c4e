//! `/oauth/authorize`: whether the user lets an app in, and for which account.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::unproven;
use crate::actions::Context;
use crate::actions::oauth::authorization::{self, Asking, Choice};
use crate::actions::sign_in::SignedInUser;
use crate::domain::account::{Membership, Role, Standing};
use crate::domain::fields::FieldErrors;
use crate::domain::id::AccountId;
use crate::domain::oauth::authorization::{Asked, Parameters, Unproven};
use crate::domain::text_enum::text_enum;
use crate::web::error::PageError;
use crate::web::extract::form::{Post, bad_request};
use crate::web::extract::signed_in::SignedIn;
use crate::web::extract::visit::Visit;
use crate::web::middleware::security_headers;
use crate::web::page::Chrome;
use crate::web::pages::apps::tile::Tile;
use crate::web::respond::{PageResult, refused_secret_page, secret_page, see_other};

/// The question.
#[derive(Template)]
#[template(path = "pages/oauth/authorize.html")]
pub(crate) struct ConsentPage {
    pub(crate) chrome: Chrome,
    pub(crate) app: AskingApp,
    /// Whom it asks.
    pub(crate) email: String,
    /// Where the user goes back to: "atlas.example".
    pub(crate) host: String,
    pub(crate) scopes: Vec<ScopeRow>,
    pub(crate) accounts: Vec<AccountRow>,
    /// Id and name of the account, where there is no choice.
    pub(crate) only: Option<(String, String)>,
    /// Accounts of the user that it cannot be for, and why.
    pub(crate) closed: Vec<ClosedRow>,
    /// What is sent to the app of an account that the user owns.
    pub(crate) events: Vec<EventGroup>,
    /// Whether one of the accounts is the user's own.
    pub(crate) owns_one: bool,
    /// Whether there is nothing to allow before the address is proven.
    pub(crate) is_unproven: bool,
    /// The request, to be asked again.
    pub(crate) request: String,
    /// The scopes as they stand on the page.
    pub(crate) agreed: String,
    pub(crate) errors: FieldErrors,
}

/// What the app says of itself.
pub(crate) struct AskingApp {
    pub(crate) tile: Tile,
    pub(crate) name: String,
    pub(crate) company: String,
    pub(crate) does: String,
    pub(crate) contact_name: String,
    pub(crate) contact_email: String,
    /// Each with what it is called within a sentence.
    pub(crate) links: Vec<(String, &'static str)>,
}

/// One thing that the app will be able to do.
pub(crate) struct ScopeRow {
    pub(crate) name: String,
    pub(crate) words: String,
    /// Why, in the words of its developers; or nothing.
    pub(crate) why: String,
}

/// An account to choose.
pub(crate) struct AccountRow {
    pub(crate) id: String,
    pub(crate) name: String,
    /// "an owner"
    pub(crate) role: &'static str,
    pub(crate) chosen: bool,
}

/// An account that cannot be chosen.
pub(crate) struct ClosedRow {
    pub(crate) name: String,
    /// "awaits approval", "is suspended"
    pub(crate) why: &'static str,
}

/// Events that come with the scopes.
pub(crate) struct EventGroup {
    pub(crate) name: String,
    pub(crate) descriptions: Vec<String>,
}

/// What the user answered, to what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConsentForm {
    pub(crate) decision: String,
    pub(crate) account: String,
    pub(crate) request: String,
    pub(crate) agreed: String,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Allow,
    Deny,
}

text_enum!(Decision, "decision", Allow = "allow", Deny = "deny");

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, visit: Visit) -> PageResult {
    let parameters = Parameters::parse(request.query_string());
    let asking = match authorization::hear(&ctx, &parameters).await? {
        Ok(asking) => asking,
        Err(why) => return unproven::answer(&ctx, &visit, why),
    };
    // Nobody is sent on before they are known: else a link to us would lead anywhere that somebody
    // registered (RFC 9700 §4.11.2).
    let Some(who) = visit.who.clone() else {
        return Err(PageError::SignIn { next: way_back(&asking) });
    };
    let asked = match &asking.asked {
        Ok(asked) => asked,
        Err(refusal) => {
            return Ok(see_other(&asking.redirection.refused(refusal, &ctx.policy.public_url)));
        }
    };
    // HEAD changes nothing (RFC 9110 §9.2.1): it has the head of the question.
    if request.method() != Method::HEAD
        && who.user.proven_at.is_some()
        && let Some(account) = authorization::remembered(&ctx, &who, &asking, asked).await?
    {
        let answered = authorization::allow(&ctx, &visit.by(), &who.user, &asking, asked, account).await?;
        return answer(&ctx, &visit, answered);
    }
    let page = draw(&ctx, &visit, &who, &asking, asked).await?;
    leading_on(secret_page(&page)?, &asking)
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    request: HttpRequest,
    post: Post<SignedIn, ConsentForm>,
) -> PageResult {
    let Post { at: SignedIn { visit, who }, form } = post;
    let decision: Decision = form.decision.parse().map_err(|_| bad_request())?;
    let asked = if form.request.is_empty() { request.query_string() } else { form.request.as_str() };
    let asking = match authorization::hear(&ctx, &Parameters::parse(asked)).await? {
        Ok(asking) => asking,
        Err(why) => return unproven::answer(&ctx, &visit, why),
    };
    let asked = match &asking.asked {
        Ok(asked) => asked,
        Err(refusal) => {
            return Ok(see_other(&asking.redirection.refused(refusal, &ctx.policy.public_url)));
        }
    };
    let answered = match decision {
        Decision::Deny => authorization::deny(&ctx, &asking).await?,
        Decision::Allow => {
            let mut page = draw(&ctx, &visit, &who, &asking, asked).await?;
            match page.account(&form, asked) {
                Ok(account) => {
                    authorization::allow(&ctx, &visit.by(), &who.user, &asking, asked, account).await?
                }
                Err(errors) => {
                    page.errors = errors;
                    return leading_on(refused_secret_page(&page)?, &asking);
                }
            }
        }
    };
    answer(&ctx, &visit, answered)
}

/// Back to the app, unless the request had been answered before.
fn answer(ctx: &Context, visit: &Visit, to: Option<String>) -> PageResult {
    match to {
        Some(to) => Ok(see_other(&to)),
        None => unproven::answer(ctx, visit, Unproven::RequestUriOver),
    }
}

fn way_back(asking: &Asking) -> String {
    format!("/oauth/authorize?{}", asking.parameters.encoded())
}

/// The page's form leads on to the app, which its policy must allow.
fn leading_on(mut response: actix_web::HttpResponse, asking: &Asking) -> PageResult {
    let policy = security_headers::leading_to(&asking.redirection.source());
    let policy = HeaderValue::from_str(&policy).map_err(|_| PageError::Broken { unavailable: false })?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

async fn draw(
    ctx: &Context,
    visit: &Visit,
    who: &SignedInUser,
    asking: &Asking,
    asked: &Asked,
) -> Result<ConsentPage, PageError> {
    let Choice { accounts, closed, before, events } = authorization::choice(ctx, who, asking, asked).await?;
    let mut groups: Vec<EventGroup> = Vec::new();
    for event in events {
        let (name, description) = (event.group.to_string(), event.description.to_string());
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.descriptions.push(description),
            None => groups.push(EventGroup { name, descriptions: vec![description] }),
        }
    }
    let current = who.current().map(|membership| membership.account.id);
    let ids: Vec<AccountId> = accounts.iter().map(|one| one.account.id).collect();
    let chosen = before.or(current).filter(|id| ids.contains(id)).or(ids.first().copied());
    let only = match accounts.as_slice() {
        [one] => Some((one.account.id.to_string(), one.account.name.to_string())),
        _ => None,
    };
    let row = |one: Membership| AccountRow {
        id: one.account.id.to_string(),
        name: one.account.name.to_string(),
        role: one.role.label(),
        chosen: Some(one.account.id) == chosen,
    };
    let scope = |scope: &authorization::ScopeInWords| ScopeRow {
        name: scope.name.to_string(),
        words: scope.description.clone(),
        why: scope.why.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    Ok(ConsentPage {
        chrome: visit.chrome(ctx),
        app: AskingApp::of(asking),
        email: who.user.email.to_string(),
        host: asking.redirection.host(),
        scopes: asking.scopes(asked).map(scope).collect(),
        owns_one: accounts.iter().any(|one| one.role == Role::Owner),
        only,
        accounts: accounts.into_iter().map(row).collect(),
        closed: closed.iter().map(ClosedRow::of).collect(),
        events: groups,
        is_unproven: who.user.proven_at.is_none(),
        request: asking.parameters.encoded(),
        agreed: asked.scopes.to_string(),
        errors: FieldErrors::default(),
    })
}

impl ConsentPage {
    /// The account that was chosen, on a page that said what is so.
    fn account(&self, form: &ConsentForm, asked: &Asked) -> Result<AccountId, FieldErrors> {
        if form.agreed != asked.scopes.to_string() {
            let sentence =
                "What the app asks for has changed meanwhile. Read again what it will be able to do.";
            return Err(FieldErrors::one("account", sentence));
        }
        let mut rows = self.accounts.iter();
        let row = match form.account.as_str() {
            "" => rows.next().filter(|_| self.accounts.len() == 1),
            id => rows.find(|row| row.id == id),
        };
        row.and_then(|row| row.id.parse().ok())
            .ok_or_else(|| FieldErrors::one("account", "Choose one of your accounts."))
    }
}

impl ClosedRow {
    fn of(membership: &Membership) -> Self {
        let why = match membership.account.standing {
            Standing::Pending => "awaits approval by the platform’s staff",
            Standing::Suspended => "is suspended by the platform’s staff",
            Standing::Approved => "is open",
        };
        Self { name: membership.account.name.to_string(), why }
    }
}

impl AskingApp {
    fn of(asking: &Asking) -> Self {
        let information = &asking.app.information;
        let text = |text: Option<String>| text.unwrap_or_default();
        let links = [
            (&information.privacy_policy_url, "Privacy policy"),
            (&information.terms_url, "Terms"),
            (&information.support_url, "Support"),
        ];
        Self {
            tile: Tile::of(&asking.app),
            name: information.name.to_string(),
            company: text(information.company_name.as_ref().map(ToString::to_string)),
            does: text(information.short_description.as_ref().map(ToString::to_string)),
            contact_name: text(information.contact_name.as_ref().map(ToString::to_string)),
            contact_email: text(information.contact_email.as_ref().map(ToString::to_string)),
            links: links
                .into_iter()
                .filter_map(|(url, words)| Some((url.as_ref()?.to_string(), words)))
                .collect(),
        }
    }
}
