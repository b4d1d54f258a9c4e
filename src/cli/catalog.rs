//! `portico catalog`: the scopes and event types as a file, there and back.

mod entry;

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use self::entry::{EventTypeEntry, ScopeEntry};
use super::{Outcome, boot};
use crate::{
    actions::{
        self,
        catalog::{self, Count},
        scopes,
    },
    config::Config,
};

#[derive(Debug, Error)]
enum CatalogError {
    #[error("{file} cannot be read")]
    File { file: String, source: io::Error },
    #[error(
        "{file} is no catalog, which is JSON of the form {{\"scopes\": […], \"event_types\": […]}} as `portico catalog export` prints it"
    )]
    NotACatalog { file: String, source: serde_json::Error },
    #[error("{file} is not imported, since not all of it can be\n{}", .wrong.join("\n"))]
    Entries { file: String, wrong: Vec<String> },
}

/// The file, each entry as its text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Files of before there were scopes have none.
    #[serde(default)]
    scopes: Vec<Box<RawValue>>,
    event_types: Vec<Box<RawValue>>,
}

/// The file as it is written.
#[derive(Serialize)]
struct Exported {
    scopes: Vec<ScopeEntry>,
    event_types: Vec<EventTypeEntry>,
}

/// Reads the file whole, then makes the catalog as it says.
pub(super) async fn import(config: &Config, file: &Path) -> Outcome {
    let name = file.display().to_string();
    let text =
        fs::read_to_string(file).map_err(|source| CatalogError::File { file: name.clone(), source })?;
    let read: File = serde_json::from_str(&text)
        .map_err(|source| CatalogError::NotACatalog { file: name.clone(), source })?;
    let listed = entry::read(&read.scopes, &read.event_types)
        .map_err(|wrong| CatalogError::Entries { file: name.clone(), wrong })?;
    let ctx = boot::context(config).await?;
    let imported = catalog::import(&ctx, &listed).await;
    ctx.store.close().await;
    let imported = match imported {
        Err(actions::Error::Invalid(errors)) => {
            let wrong = errors.iter().map(|(_, sentence)| sentence.to_owned()).collect();
            return Err(CatalogError::Entries { file: name, wrong }.into());
        }
        imported => imported?,
    };
    for (what, Count { created, changed, unchanged }) in
        [("scopes", imported.scopes), ("event types", imported.event_types)]
    {
        writeln!(io::stdout(), "{what}: created {created}, changed {changed}, unchanged {unchanged}")?;
    }
    Ok(())
}

/// Prints the catalog in its order.
pub(super) async fn export(config: &Config) -> Outcome {
    let ctx = boot::context(config).await?;
    let (scopes, event_types) = (scopes::list(&ctx).await, catalog::list(&ctx).await);
    ctx.store.close().await;
    let exported = Exported {
        scopes: scopes?.iter().map(ScopeEntry::from).collect(),
        event_types: event_types?.iter().map(EventTypeEntry::of).collect::<Result<Vec<_>, _>>()?,
    };
    let text = serde_json::to_string_pretty(&exported)?;
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}
