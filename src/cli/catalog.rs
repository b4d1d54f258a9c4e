//! `portico catalog`: the event types as a file, there and back.

use std::{
    collections::HashMap,
    fmt::Display,
    fs,
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::{Outcome, boot};
use crate::{
    actions::catalog::{self, Listed},
    config::Config,
    domain::{
        event_type::{EventType, NewEventType},
        fields::FieldErrors,
    },
};

#[derive(Debug, Error)]
enum CatalogError {
    #[error("{file} cannot be read")]
    File { file: String, source: io::Error },
    #[error(
        "{file} is no catalog, which is JSON of the form {{\"event_types\": […]}} as `portico catalog export` prints it"
    )]
    NotACatalog { file: String, source: serde_json::Error },
    #[error("{file} is not imported, since not all of it can be\n{}", .wrong.join("\n"))]
    Entries { file: String, wrong: Vec<String> },
}

/// The file, each entry as its text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    event_types: Vec<Box<RawValue>>,
}

/// The file as it is written.
#[derive(Serialize)]
struct Exported {
    event_types: Vec<Entry>,
}

/// One event type in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    group: String,
    description: String,
    example: Box<RawValue>,
    /// What the file does not say stays as it is.
    #[serde(default)]
    retired: Option<bool>,
}

/// The name in an entry that may have other faults.
#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Reads the file whole, then makes the catalog as it says.
pub(super) async fn import(config: &Config, file: &Path) -> Outcome {
    let name = file.display().to_string();
    let text =
        fs::read_to_string(file).map_err(|source| CatalogError::File { file: name.clone(), source })?;
    let read: File = serde_json::from_str(&text)
        .map_err(|source| CatalogError::NotACatalog { file: name.clone(), source })?;
    let listed = entries(&read.event_types).map_err(|wrong| CatalogError::Entries { file: name, wrong })?;
    let ctx = boot::context(config).await?;
    let imported = catalog::import(&ctx, &listed).await;
    ctx.store.close().await;
    let catalog::Imported { created, changed, unchanged } = imported?;
    writeln!(io::stdout(), "created {created}, changed {changed}, unchanged {unchanged}")?;
    Ok(())
}

/// Prints the catalog in its order.
pub(super) async fn export(config: &Config) -> Outcome {
    let ctx = boot::context(config).await?;
    let listed = catalog::list(&ctx).await;
    ctx.store.close().await;
    let entries = listed?.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let text = serde_json::to_string_pretty(&Exported { event_types: entries })?;
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

fn entry(event_type: EventType) -> Result<Entry, serde_json::Error> {
    let EventType { name, group, description, example, retired, version: _ } = event_type;
    Ok(Entry {
        name: name.to_string(),
        group: group.to_string(),
        description: description.to_string(),
        example: RawValue::from_string(example.to_string())?,
        retired: Some(retired),
    })
}

/// What the entries say, or a sentence for each thing that is wrong with one.
fn entries(raw: &[Box<RawValue>]) -> Result<Vec<Listed>, Vec<String>> {
    let (mut listed, mut wrong) = (Vec::new(), Vec::new());
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (number, raw) in (1..).zip(raw) {
        let named = serde_json::from_str::<Named>(raw.get()).map(|entry| entry.name);
        let mut complain = |why: &dyn Display| {
            let name = named.as_ref().map(|name| format!(" (“{name}”)")).unwrap_or_default();
            wrong.push(format!("entry {number}{name}: {why}"));
        };
        match serde_json::from_str::<Entry>(raw.get()) {
            Err(error) => complain(&form_of_entry(&error)),
            Ok(entry) => match parse(&entry) {
                Err(errors) => errors.iter().for_each(|(_, sentence)| complain(&sentence)),
                Ok(one) => listed.push(one),
            },
        }
        if let Ok(name) = &named
            && let Some(first) = numbers.insert(name.clone(), number)
        {
            complain(&format!("Entry {first} has this name too; list each event type once."));
        }
    }
    if wrong.is_empty() { Ok(listed) } else { Err(wrong) }
}

/// Its place is left out, since it is counted from the beginning of the entry.
fn form_of_entry(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let why = said.split(" at line ").next().unwrap_or_default();
    format!("It must have `name`, `group`, `description`, `example` and perhaps `retired`: {why}.")
}

fn parse(entry: &Entry) -> Result<Listed, FieldErrors> {
    let mut errors = FieldErrors::default();
    let name = errors.take("name", "the name", entry.name.parse());
    let group = errors.take("group", "the group", entry.group.parse());
    let description = errors.take("description", "the description", entry.description.parse());
    let example = errors.take("example", "the example", entry.example.get().parse());
    errors.into_result(|| {
        let event_type =
            NewEventType { name: name?, group: group?, description: description?, example: example? };
        Some(Listed { event_type, retired: entry.retired })
    })
}
