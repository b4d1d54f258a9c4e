//! `/admin/event-types`: the catalog of events, group by group.

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use serde::Deserialize;

use super::Total;
use crate::actions::Context;
use crate::actions::admin::event_types;
use crate::domain::event_type::EventType;
use crate::domain::text::casefolded;
use crate::web::extract::console::InConsole;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, ok};

/// The catalog, or the part of it that fits the filter.
#[derive(Template)]
#[template(path = "pages/admin/event_types.html")]
pub(crate) struct EventTypesPage {
    pub(crate) chrome: Chrome,
    pub(crate) filter: CatalogFilter,
    pub(crate) groups: Vec<EventTypeGroup>,
}

impl EventTypesPage {
    /// How many event types are shown.
    pub(crate) fn count(&self) -> usize {
        self.groups.iter().map(|group| group.types.len()).sum()
    }
}

/// The filter of a catalog’s list, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CatalogFilter {
    /// Part of a name or of the words beside it.
    pub(crate) q: String,
    /// `offered`, `retired` or nothing.
    pub(crate) state: String,
}

/// Event types under one heading.
pub(crate) struct EventTypeGroup {
    pub(crate) name: String,
    pub(crate) types: Vec<EventTypeRow>,
}

/// One event type in the list.
pub(crate) struct EventTypeRow {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) retired: bool,
    /// How many subscriptions hold it.
    pub(crate) uses: Total,
}

impl CatalogFilter {
    /// Whether anything is filtered.
    pub(crate) fn narrows(&self) -> bool {
        !self.q.trim().is_empty() || !self.state.is_empty()
    }

    /// The filter in the query of an address.
    pub(super) fn read(query: &str) -> Self {
        let filter: Self = serde_html_form::from_str(query).unwrap_or_default();
        filter.understood()
    }

    /// The filter without what is no state, as if it had not been there.
    fn understood(mut self) -> Self {
        if !matches!(self.state.as_str(), "offered" | "retired") {
            self.state.clear();
        }
        self
    }

    /// Whether an entry is in the state that is asked for, and one of its texts has the words.
    pub(super) fn fits(&self, retired: bool, texts: &[&str]) -> bool {
        let state = self.state.is_empty() || (self.state == "retired") == retired;
        let words = casefolded(&self.q);
        state && texts.iter().any(|text| casefolded(text).contains(&words))
    }
}

/// What an event type is found by.
fn texts(one: &EventType) -> [&str; 3] {
    [one.name.as_str(), one.group.as_str(), one.description.as_str()]
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InConsole) -> PageResult {
    let filter = CatalogFilter::read(request.query_string());
    let (catalog, uses) = event_types::list(&ctx, &at.acting).await?;
    let mut groups: Vec<EventTypeGroup> = Vec::new();
    for one in catalog.into_iter().filter(|one| filter.fits(one.retired, &texts(one))) {
        let row = EventTypeRow {
            uses: Total::of(uses.get(&one.name).copied().unwrap_or_default()),
            name: one.name.to_string(),
            description: one.description.to_string(),
            retired: one.retired,
        };
        match groups.last_mut() {
            Some(group) if group.name == one.group.as_str() => group.types.push(row),
            Some(_) | None => {
                groups.push(EventTypeGroup { name: one.group.to_string(), types: vec![row] });
            }
        }
    }
    ok(&EventTypesPage { chrome: at.signed_in.visit.chrome(&ctx), filter, groups })
}
