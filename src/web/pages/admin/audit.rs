//! `/admin/audit`: what everybody did.

use actix_web::{HttpRequest, web::Data};
use askama::Template;

use crate::actions::Context;
use crate::actions::admin::{AsAdmin, users};
use crate::actions::audit::{self, HowMany, LogFilter, Scope};
use crate::domain::audit::Actor;
use crate::domain::email::Email;
use crate::web::audit::LogRow;
use crate::web::audit::export::export;
use crate::web::audit::filter::LogQuery;
use crate::web::audit::groups::{GROUPS, Group};
use crate::web::error::PageError;
use crate::web::extract::console::InConsole;
use crate::web::page::Chrome;
use crate::web::pages::errors::Refused;
use crate::web::respond::{PageResult, ok};

const PATH: &str = "/admin/audit";

/// The whole audit log.
#[derive(Template)]
#[template(path = "pages/admin/audit.html")]
pub(crate) struct AdminAuditPage {
    pub(crate) chrome: Chrome,
    pub(crate) query: LogQuery,
    /// What was typed and names nobody and nothing; it filters nothing.
    pub(crate) unknown: Vec<String>,
    pub(crate) groups: &'static [Group],
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

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InConsole) -> PageResult {
    let scope = Scope::whole(&at.acting);
    let typed = LogQuery::read(request.query_string());
    let (query, filter) = understood(&ctx, &at.acting, typed.clone()).await?;
    if let Some(format) = query.format() {
        if typed.widens(&query) {
            return Err(PageError::Refused(Refused::Filter));
        }
        return export(&request, &ctx, scope, filter, format).await;
    }
    let page = audit::page(&ctx, scope, &filter).await?;
    let is_later = !query.after.is_empty();
    let next = page.next.and_then(|next| next.after);
    ok(&AdminAuditPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        unknown: typed.dropped(&query),
        groups: GROUPS,
        rows: page.rows.into_iter().map(LogRow::from).collect(),
        count: page.count,
        first: if is_later { query.href(PATH, "") } else { String::new() },
        next: next.map(|after| query.href(PATH, &after.to_string())).unwrap_or_default(),
        csv: query.export_href(PATH, "csv"),
        json: query.export_href(PATH, "json"),
        query,
    })
}

/// The filter; an address stands in it for the user who has it.
async fn understood(
    ctx: &Context,
    acting: &AsAdmin,
    mut query: LogQuery,
) -> Result<(LogQuery, LogFilter), PageError> {
    if let Ok(email) = query.actor.trim().parse::<Email>() {
        let user = users::with_address(ctx, acting, &email).await?;
        query.actor = user.map(|id| id.to_string()).unwrap_or_default();
        let (query, filter) = query.understand();
        let actor = user.map(Actor::User);
        return Ok((query, LogFilter { actor, ..filter }));
    }
    Ok(query.understand())
}
