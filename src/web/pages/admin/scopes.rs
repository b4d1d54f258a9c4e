//! `/admin/scopes`: the catalog of scopes.

use actix_web::{HttpRequest, web::Data};
use askama::Template;

use super::Total;
use super::event_types::CatalogFilter;
use crate::actions::Context;
use crate::actions::admin::scopes;
use crate::web::extract::console::InConsole;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, ok};

/// The catalog, or the part of it that fits the filter.
#[derive(Template)]
#[template(path = "pages/admin/scopes.html")]
pub(crate) struct ScopesPage {
    pub(crate) chrome: Chrome,
    pub(crate) filter: CatalogFilter,
    pub(crate) scopes: Vec<ScopeRow>,
}

/// One scope in the list.
pub(crate) struct ScopeRow {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) retired: bool,
    /// How many apps ask for it.
    pub(crate) uses: Total,
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InConsole) -> PageResult {
    let filter = CatalogFilter::read(request.query_string());
    let (catalog, uses) = scopes::list(&ctx, &at.acting).await?;
    let scopes = catalog
        .into_iter()
        .filter(|one| filter.fits(one.retired, &[one.name.as_str(), one.description.as_str()]));
    let scopes = scopes.map(|one| ScopeRow {
        uses: Total::of(uses.get(&one.name).copied().unwrap_or_default()),
        name: one.name.to_string(),
        description: one.description.to_string(),
        retired: one.retired,
    });
    let scopes = scopes.collect();
    ok(&ScopesPage { chrome: at.signed_in.visit.chrome(&ctx), filter, scopes })
}
