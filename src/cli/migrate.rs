//! `portico migrate`: the database up to date, and nothing else.

use super::{Outcome, boot};
use crate::config::Config;

pub(super) async fn run(config: &Config) -> Outcome {
    let store = boot::open(config).await?;
    // What triggers count is counted anew here: they may have been off, as in a restore.
    let mut tx = store.begin().await?;
    tx.recount_figures().await?;
    tx.commit().await?;
    store.close().await;
    tracing::info!(database = %config.database, "the database is up to date");
    Ok(())
}
