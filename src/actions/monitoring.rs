//! What Prometheus reads.

use super::Context;
use crate::telemetry::metrics::{Connections, Now};

/// Everything counted so far, and what can be read this moment (text exposition format).
#[must_use]
pub fn text(ctx: &Context) -> String {
    let connections = ctx.store.pools().into_iter().map(|pool| Connections {
        pool: pool.name,
        in_use: pool.in_use,
        idle: pool.idle,
        max: pool.max,
    });
    ctx.metrics.text(&Now {
        directory_accounts: ctx.directory.len(),
        directory_clients: ctx.directory.clients(),
        directory_families: ctx.directory.families(),
        directory_age: ctx.directory.age(),
        connections: connections.collect(),
    })
}
