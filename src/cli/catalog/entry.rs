//! The entries of the file, and what is wrong with them.

use std::{collections::HashMap, fmt::Display};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    actions::catalog::{File, Listed, ListedScope, ListedScopeOf},
    domain::{
        event_type::{EventType, NewEventType},
        fields::{FieldErrors, capitalised},
        scope_catalog::{NewScope, Scope},
    },
};

/// One scope in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeEntry {
    name: String,
    description: String,
    /// What the file does not say stays as it is.
    #[serde(default)]
    retired: Option<bool>,
}

/// One event type in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventTypeEntry {
    name: String,
    group: String,
    description: String,
    example: Box<RawValue>,
    #[serde(default)]
    scope: SaidScope,
    /// As in [`ScopeEntry`].
    #[serde(default)]
    retired: Option<bool>,
}

/// What an entry says of the scope that an event type needs.
#[derive(Default)]
enum SaidScope {
    /// Nothing: it stays as it is.
    #[default]
    Unsaid,
    /// A name, or `null` for none.
    Said(Option<String>),
}

impl<'de> Deserialize<'de> for SaidScope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(Self::Said)
    }
}

impl Serialize for SaidScope {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unsaid => to.serialize_none(),
            Self::Said(scope) => scope.serialize(to),
        }
    }
}

/// The name in an entry that may have other faults.
#[derive(Deserialize)]
struct Named {
    name: String,
}

/// One kind of entry: what a complaint about it says.
struct Kind {
    /// Before the number: "scope 3", "entry 3".
    word: &'static str,
    /// What names must not be listed twice.
    listed_once: &'static str,
    members: &'static str,
}

const SCOPES: Kind =
    Kind { word: "scope", listed_once: "scope", members: "`name`, `description` and perhaps `retired`" };

const EVENT_TYPES: Kind = Kind {
    word: "entry",
    listed_once: "event type",
    members: "`name`, `group`, `description`, `example` and perhaps `scope` and `retired`",
};

/// What the entries say, or a sentence for each thing that is wrong with one.
pub(super) fn read(scopes: &[Box<RawValue>], event_types: &[Box<RawValue>]) -> Result<File, Vec<String>> {
    let (scopes, mut wrong) = entries(&SCOPES, scopes, ScopeEntry::parse);
    let (event_types, wrong_too) = entries(&EVENT_TYPES, event_types, EventTypeEntry::parse);
    wrong.extend(wrong_too);
    if wrong.is_empty() { Ok(File { scopes, event_types }) } else { Err(wrong) }
}

fn entries<E: DeserializeOwned, T>(
    kind: &Kind,
    raw: &[Box<RawValue>],
    parse: fn(&E) -> Result<T, FieldErrors>,
) -> (Vec<T>, Vec<String>) {
    let (mut listed, mut wrong) = (Vec::new(), Vec::new());
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (number, raw) in (1..).zip(raw) {
        let named = serde_json::from_str::<Named>(raw.get()).map(|entry| entry.name);
        let mut complain = |why: &dyn Display| {
            let name = named.as_ref().map(|name| format!(" (“{name}”)")).unwrap_or_default();
            wrong.push(format!("{} {number}{name}: {why}", kind.word));
        };
        match serde_json::from_str::<E>(raw.get()) {
            Err(error) => complain(&form_of_entry(kind, &error)),
            Ok(entry) => match parse(&entry) {
                Err(errors) => errors.iter().for_each(|(_, sentence)| complain(&sentence)),
                Ok(one) => listed.push(one),
            },
        }
        if let Ok(name) = &named
            && let Some(first) = numbers.insert(name.clone(), number)
        {
            let (entry, once) = (capitalised(kind.word), kind.listed_once);
            complain(&format!("{entry} {first} has this name too; list each {once} once."));
        }
    }
    (listed, wrong)
}

/// Its place is left out, since it is counted from the beginning of the entry.
fn form_of_entry(kind: &Kind, error: &serde_json::Error) -> String {
    let said = error.to_string();
    let why = said.split(" at line ").next().unwrap_or_default();
    format!("It must have {}: {why}.", kind.members)
}

impl ScopeEntry {
    fn parse(&self) -> Result<ListedScope, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", "the name", self.name.parse());
        let description = errors.take("description", "the description", self.description.parse());
        errors.into_result(|| {
            let scope = NewScope { name: name?, description: description? };
            Some(ListedScope { scope, retired: self.retired })
        })
    }
}

impl From<&Scope> for ScopeEntry {
    fn from(scope: &Scope) -> Self {
        let Scope { name, description, retired, version: _ } = scope;
        Self { name: name.to_string(), description: description.to_string(), retired: Some(*retired) }
    }
}

impl EventTypeEntry {
    /// # Errors
    /// The example is not JSON, which it always is.
    pub(super) fn of(event_type: &EventType) -> Result<Self, serde_json::Error> {
        let EventType { name, group, description, example, scope, retired, version: _ } = event_type;
        Ok(Self {
            name: name.to_string(),
            group: group.to_string(),
            description: description.to_string(),
            example: RawValue::from_string(example.to_string())?,
            scope: SaidScope::Said(scope.as_ref().map(ToString::to_string)),
            retired: Some(*retired),
        })
    }

    fn parse(&self) -> Result<Listed, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", "the name", self.name.parse());
        let group = errors.take("group", "the group", self.group.parse());
        let description = errors.take("description", "the description", self.description.parse());
        let example = errors.take("example", "the example", self.example.get().parse());
        let (said, scope) = match &self.scope {
            SaidScope::Unsaid => (ListedScopeOf::Unsaid, Some(None)),
            SaidScope::Said(None) => (ListedScopeOf::Said, Some(None)),
            SaidScope::Said(Some(scope)) => {
                (ListedScopeOf::Said, errors.take("scope", "the scope", scope.parse()).map(Some))
            }
        };
        errors.into_result(|| {
            let event_type = NewEventType {
                name: name?,
                group: group?,
                description: description?,
                example: example?,
                scope: scope?,
            };
            Some(Listed { event_type, retired: self.retired, scope: said })
        })
    }
}
