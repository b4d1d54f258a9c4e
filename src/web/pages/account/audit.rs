//! `/account/audit`: what was done in the account the viewer acts for.

use actix_web::{HttpRequest, web::Data};
use askama::Template;

use crate::actions::Context;
use crate::actions::audit::{self, Choices, HowMany, Scope};
use crate::domain::account::Viewer;
use crate::web::audit::LogRow;
use crate::web::audit::export::export;
use crate::web::audit::filter::LogQuery;
use crate::web::audit::groups::{GROUPS, Group};
use crate::web::error::PageError;
use crate::web::extract::account::InAccount;
use crate::web::page::Chrome;
use crate::web::pages::errors::Refused;
use crate::web::respond::{PageResult, ok};

const PATH: &str = "/account/audit";

/// The account's part of the audit log.
#[derive(Template)]
#[template(path = "pages/account/audit.html")]
pub(crate) struct AuditPage {
    pub(crate) chrome: Chrome,
    pub(crate) account_name: String,
    pub(crate) query: LogQuery,
    /// Who can be chosen: an id or a word, and a name.
    pub(crate) actors: Vec<(String, String)>,
    pub(crate) apps: Vec<(String, String)>,
    pub(crate) groups: Vec<&'static Group>,
    /// The newest first.
    pub(crate) rows: Vec<LogRow>,
    /// How many rows the filter finds, on all pages.
    pub(crate) count: HowMany,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
    /// The addresses of all that the filter finds, as files.
    pub(crate) csv: String,
    pub(crate) json: String,
}

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    request: HttpRequest,
    at: InAccount<Viewer>,
) -> PageResult {
    let scope = Scope::of(&at.acting);
    let (query, filter) = LogQuery::understood(request.query_string());
    if let Some(format) = query.format() {
        let typed = LogQuery { account: String::new(), ..LogQuery::read(request.query_string()) };
        if typed.widens(&query) {
            return Err(PageError::Refused(Refused::Filter));
        }
        return export(&request, &ctx, scope, filter, format).await;
    }
    let page = audit::page(&ctx, scope, &filter).await?;
    let choices = audit::choices(&ctx, &at.acting).await?;
    let is_later = !query.after.is_empty();
    let next = page.next.and_then(|next| next.after);
    ok(&AuditPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        account_name: at.membership.account.name.to_string(),
        actors: actors(&choices, &query.actor),
        apps: apps(&choices, &query.app),
        groups: GROUPS.iter().filter(|group| group.of_accounts).collect(),
        rows: page.rows.into_iter().map(LogRow::from).collect(),
        count: page.count,
        first: if is_later { query.href(PATH, "") } else { String::new() },
        next: next.map(|after| query.href(PATH, &after.to_string())).unwrap_or_default(),
        csv: query.export_href(PATH, "csv"),
        json: query.export_href(PATH, "json"),
        query,
    })
}

/// The members, the operator, the portal, and whoever else is chosen.
fn actors(choices: &Choices, chosen: &str) -> Vec<(String, String)> {
    let members = choices.members.iter().map(|(id, name)| (id.to_string(), name.to_string()));
    let operator = (String::from("operator"), String::from("The operator"));
    let portal = (String::from("system"), String::from("The portal itself"));
    with_chosen(members.chain([operator, portal]).collect(), chosen, "Somebody who is no member")
}

/// The apps, and one that is gone if it is chosen.
fn apps(choices: &Choices, chosen: &str) -> Vec<(String, String)> {
    let apps = choices.apps.iter().map(|(id, name)| (id.to_string(), name.to_string()));
    with_chosen(apps.collect(), chosen, "A deleted app")
}

fn with_chosen(mut options: Vec<(String, String)>, chosen: &str, called: &str) -> Vec<(String, String)> {
    if !chosen.is_empty() && options.iter().all(|(id, _)| id != chosen) {
        options.push((chosen.to_owned(), called.to_owned()));
    }
    options
}
