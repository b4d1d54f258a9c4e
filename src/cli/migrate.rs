//! `portico migrate`: the database up to date, and nothing else.

use super::{Outcome, boot};
use crate::{actions::housekeeping, config::Config};

pub(super) async fn run(config: &Config) -> Outcome {
    let store = boot::open(config).await?;
    housekeeping::recount(&store).await?;
    store.close().await;
    tracing::info!(database = %config.database, "the database is up to date");
    Ok(())
}
