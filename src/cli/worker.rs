//! `portico worker`: deliveries alone, and the worker within `portico serve`.

use std::{io, sync::Arc, thread};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::{oneshot, watch},
};

use super::{Outcome, boot, serve};
use crate::{actions::Context, config::Config, delivery::Worker, outbound::Outbound};

pub(super) async fn run(config: &Config) -> Outcome {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let ctx = boot::context(config).await?;
    let ctx = Context { metrics: Arc::new(boot::worker_metrics(config, &ctx)), ..ctx };
    let outbound = boot::outbound(config)?;
    let metrics = serve::serve_metrics(&ctx, config)?;
    let (stop, stopped) = watch::channel(());
    let worker = start(ctx.clone(), outbound, stopped)?;
    tracing::info!(database = %config.database, "events are delivered");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(stop);
    let _ = worker.await;
    if let Some(metrics) = metrics {
        metrics.stop(true).await;
    }
    ctx.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Runs a worker until the sender of `stopped` is gone, on threads of its own, so that deliveries
/// and pages do not wait for each other. What comes back ends when the worker has.
pub(super) fn start(
    ctx: Context,
    outbound: Outbound,
    stopped: watch::Receiver<()>,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().thread_name("deliveries").build()?;
    let (running, ended) = oneshot::channel::<()>();
    thread::Builder::new().name(String::from("deliveries")).spawn(move || {
        runtime.block_on(async { Worker::new(ctx, outbound).run(stopped).await });
        drop(running);
    })?;
    Ok(ended)
}
