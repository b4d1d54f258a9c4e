//! `/apps/{app}/subscriptions/…`: one event subscription, new or not.

mod checks;
mod handlers;
mod making;
mod needs;

use askama::Template;
use serde::Deserialize;

use super::credentials::ShownSecret;
use super::deliveries::Off;
use super::frame::{AppFrame, State};
use super::rotation::{OldSecret, RegenerateForm};
use crate::domain::{fields::FieldErrors, time::Timestamp};
use crate::web::page::Chrome;
use crate::web::proof::Asked;

pub(crate) use checks::ChecksPart;
pub(in crate::web) use checks::{test, validate};
pub(in crate::web) use handlers::{delete, get, resume, reveal, rotate, save};
pub(in crate::web) use making::{create, new};
pub(crate) use needs::Needs;

/// The editor of a subscription.
#[derive(Template)]
#[template(path = "pages/apps/subscription.html")]
pub(crate) struct SubscriptionPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// Nothing while it is new.
    pub(crate) saved: Option<SavedSubscription>,
    /// Who saves has to show again who they are.
    pub(crate) proof: Option<Asked>,
    pub(crate) form: SubscriptionForm,
    pub(crate) errors: FieldErrors,
    /// Whether events come by what users grant: an OAuth app.
    pub(crate) asks_users: bool,
    pub(crate) groups: Vec<EventGroup>,
}

impl SubscriptionPage {
    /// Where the form posts.
    pub(crate) fn action(&self) -> String {
        self.saved.as_ref().map_or_else(|| self.frame.at("/subscriptions"), |saved| saved.at(&self.frame, ""))
    }

    /// Whether the viewer may have something sent to the endpoints.
    pub(crate) fn can_check(&self) -> bool {
        self.frame.can_edit && self.saved.is_some() && self.frame.state != State::Suspended
    }

    /// Whether it was a test or a validation that was refused.
    pub(crate) fn is_of_checks(&self) -> bool {
        let fields = ["event_type", "environment", "data", "send", "validate"];
        self.errors.iter().all(|(field, _)| fields.contains(&field))
    }

    /// How many event types are ticked, hidden ones too.
    pub(crate) fn chosen(&self) -> usize {
        self.groups.iter().map(EventGroup::chosen).sum()
    }

    /// How many event types there are to choose from, hidden ones too.
    pub(crate) fn known(&self) -> usize {
        self.groups.iter().map(|group| group.types.len()).sum()
    }
}

/// A subscription that exists.
pub(crate) struct SavedSubscription {
    pub(crate) id: String,
    /// Its saved name; empty if it has none.
    pub(crate) name: String,
    pub(crate) made: Timestamp,
    pub(crate) secret: ShownSecret,
    /// Old signing secrets that still sign, the latest first.
    pub(crate) old: Vec<OldSecret>,
    /// Whether as many old secrets sign as may.
    pub(crate) old_full: bool,
    pub(crate) rotate: RegenerateForm,
    /// Its endpoints to which nothing is sent any more.
    pub(crate) off: Vec<Off>,
    pub(crate) checks: ChecksPart,
}

impl SavedSubscription {
    pub(crate) fn at(&self, frame: &AppFrame, path: &str) -> String {
        format!("/apps/{}/subscriptions/{}{path}", frame.id, self.id)
    }
}

/// What was typed. `once` is written by the page itself, for a new subscription.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SubscriptionForm {
    pub(crate) name: String,
    pub(crate) development_url: String,
    pub(crate) production_url: String,
    pub(crate) event_types: Vec<String>,
    /// The key of a group whose button *Select all* was pressed: nothing is saved.
    pub(crate) select_all: String,
    /// The words of the filter box.
    pub(crate) filter: String,
    /// Not empty when *Filter* was pressed: nothing is saved.
    pub(crate) apply_filter: String,
    pub(crate) once: String,
    /// With a sign-in that became old meanwhile.
    pub(crate) password: String,
    pub(crate) code: String,
}

impl SubscriptionForm {
    /// Whether a button was pressed that only redraws the form.
    pub(crate) fn only_redraws(&self) -> bool {
        !self.select_all.is_empty() || !self.apply_filter.is_empty()
    }
}

/// Event types that belong together.
pub(crate) struct EventGroup {
    /// What *Select all* sends: "meetings".
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) types: Vec<EventChoice>,
}

impl EventGroup {
    pub(crate) fn chosen(&self) -> usize {
        self.types.iter().filter(|choice| choice.chosen).count()
    }

    pub(crate) fn any_shown(&self) -> bool {
        self.shown().next().is_some()
    }

    /// Ticks every event type of the group that is shown; if all were ticked, none.
    pub(crate) fn select_all(&mut self) {
        let all = self.shown().all(|choice| choice.chosen);
        for choice in self.types.iter_mut().filter(|choice| choice.shown) {
            choice.chosen = !all;
        }
    }

    fn shown(&self) -> impl Iterator<Item = &EventChoice> {
        self.types.iter().filter(|choice| choice.shown)
    }
}

/// One event type to choose.
pub(crate) struct EventChoice {
    /// "meeting.started"
    pub(crate) name: String,
    /// "The first person came in"
    pub(crate) description: String,
    /// Whether it is offered here only because the subscription holds it.
    pub(crate) retired: bool,
    pub(crate) needs: Needs,
    pub(crate) chosen: bool,
    /// Whether it fits the filter; what is chosen is kept either way.
    pub(crate) shown: bool,
    /// Whether it is the first one of the page, to which an error leads.
    pub(crate) first: bool,
}

impl EventChoice {
    /// What the filter box looks through.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.name, self.description).to_lowercase()
    }
}

/// An event type of the catalog, in the catalog's order: group by group.
pub(crate) struct CatalogEntry<'a> {
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) retired: bool,
    pub(crate) needs: Needs,
}

/// The catalog as the form shows it: in groups, with what was chosen ticked.
pub(crate) fn groups<'a>(
    catalog: impl IntoIterator<Item = CatalogEntry<'a>>,
    form: &SubscriptionForm,
) -> Vec<EventGroup> {
    let words = form.filter.trim().to_lowercase();
    let mut groups: Vec<EventGroup> = Vec::new();
    for entry in catalog {
        let mut choice = EventChoice {
            name: entry.name.to_owned(),
            description: entry.description.to_owned(),
            retired: entry.retired,
            needs: entry.needs,
            chosen: form.event_types.iter().any(|name| name == entry.name),
            shown: true,
            first: false,
        };
        choice.shown = choice.key().contains(&words);
        match groups.last_mut() {
            Some(group) if group.name == entry.group => group.types.push(choice),
            Some(_) | None => groups.push(EventGroup {
                key: entry.group.to_lowercase().replace(' ', "_"),
                name: entry.group.to_owned(),
                types: vec![choice],
            }),
        }
    }
    if let Some(group) = groups.iter_mut().find(|group| group.key == form.select_all) {
        group.select_all();
    }
    let first = groups.iter_mut().flat_map(|group| &mut group.types).find(|choice| choice.shown);
    if let Some(choice) = first {
        choice.first = true;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> [CatalogEntry<'static>; 3] {
        [
            ("Users", "user.created", "Somebody joined"),
            ("Meetings", "meeting.started", "The first person came in"),
            ("Meetings", "meeting.ended", "The last person left"),
        ]
        .map(|(group, name, description)| CatalogEntry {
            group,
            name,
            description,
            retired: false,
            needs: Needs::Nothing,
        })
    }

    #[test]
    fn the_filter_hides_and_keeps_what_was_chosen() {
        let form = SubscriptionForm {
            event_types: vec![String::from("user.created")],
            filter: String::from(" ENDED "),
            ..SubscriptionForm::default()
        };
        let groups = groups(catalog(), &form);
        let flat: Vec<_> = groups
            .iter()
            .flat_map(|group| &group.types)
            .map(|choice| (choice.chosen, choice.shown, choice.first))
            .collect();
        assert_eq!(flat, [(true, false, false), (false, false, false), (false, true, true)]);
    }

    #[test]
    fn select_all_ticks_its_group_alone_and_unticks_it_again() {
        let mut form =
            SubscriptionForm { select_all: String::from("meetings"), ..SubscriptionForm::default() };
        let counts = |form: &SubscriptionForm| -> Vec<usize> {
            groups(catalog(), form).iter().map(EventGroup::chosen).collect()
        };
        assert_eq!(counts(&form), [0, 2]);
        form.event_types = vec![String::from("meeting.started"), String::from("meeting.ended")];
        assert_eq!(counts(&form), [0, 0]);
    }
}
