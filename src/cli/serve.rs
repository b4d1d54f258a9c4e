//! `portico serve`: the portal, its worker, the mail it sends, and what sweeps after it.

use std::{
    io::Write as _,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actix_web::dev::ServerHandle;
use thiserror::Error;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{Outcome, arguments::Serve, boot, worker};
use crate::{
    actions::{Context, calls, housekeeping, outbox, setup},
    config::{Config, LogFormat, Mail},
    mail::{MailError, Mailer, Shape},
    web::{MetricsServer, Server, Settings},
};

/// How often the log of changes is read: a change elsewhere holds here within a second.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);
/// How long a start waits for the directory to be filled. Then accounts are looked up as they call.
const FILL_WAIT: Duration = Duration::from_secs(20);
/// How often the outbox is looked at.
const MAIL_EVERY: Duration = Duration::from_secs(1);
/// How long counts of calls wait until they are written, if writing them is quick.
const COUNTS_WAIT: Duration = Duration::from_secs(2);
/// And at most. A crash loses no more than this.
const COUNTS_WAIT_LONGEST: Duration = Duration::from_secs(15);
/// They wait so many times as long as the last writing took: however many apps call, writing
/// takes a small share of the time that answers could have.
const COUNTS_WAIT_FACTOR: u32 = 50;
const SWEEP_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often what was timed is sorted into buckets.
const TIDY_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Error)]
pub(super) enum ServeError {
    #[error("Cannot listen on {0}; stop what listens there or set PORTICO_LISTEN to another address")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    #[error(
        "Cannot listen on {0} for metrics; stop what listens there or set PORTICO_METRICS_LISTEN to another address"
    )]
    MetricsListen(std::net::SocketAddr, #[source] std::io::Error),
    #[error("PORTICO_MAIL cannot be used")]
    Mail(#[source] MailError),
}

pub(super) async fn run(config: &Config, serve: Serve) -> Outcome {
    // Whichever half runs here, what is wrong with the settings of deliveries stops the start.
    let outbound = boot::outbound(config)?;
    let ctx = boot::context(config).await?;
    let mailer = mailer(config).map_err(ServeError::Mail)?;
    let settings = Settings {
        public_url: config.public_url.origin(),
        https: config.public_url.is_https(),
        trusted_proxies: config.trusted_proxies.clone(),
    };
    let memory = [actix_web::rt::spawn(follow(ctx.clone())), fill(&ctx).await];
    let (server, metrics) = match listen(&ctx, config, settings).await {
        Ok(listening) => listening,
        Err(error) => {
            end(memory).await;
            return Err(error);
        }
    };
    let (stop, stopped) = watch::channel(());
    let worker = match serve.no_worker {
        true => None,
        false => Some(worker::start(ctx.clone(), outbound, stopped.clone())?),
    };
    let mail = actix_web::rt::spawn(send_mail(ctx.clone(), mailer, stopped.clone()));
    let sweep = actix_web::rt::spawn(sweep(ctx.clone()));
    let counts = actix_web::rt::spawn(write_counts(ctx.clone(), stopped.clone()));
    server.run().await?;
    if let Some(metrics) = metrics {
        metrics.stop(true).await;
    }
    end(memory).await;
    sweep.abort();
    // A mail that is on its way is finished: cut off, it could be sent a second time. So are
    // the last counts.
    drop(stop);
    mail.await?;
    if let Some(worker) = worker {
        let _ = worker.await;
    }
    counts.await?;
    ctx.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Ends what keeps memory true, and waits for that: it must not be reading when the runtime is gone.
async fn end(memory: [JoinHandle<()>; 2]) {
    for task in memory {
        task.abort();
        let _ = task.await;
    }
}

async fn listen(
    ctx: &Context,
    config: &Config,
    settings: Settings,
) -> Outcome<(Server, Option<ServerHandle>)> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let server = Server::bind(ctx.clone(), settings, config.listen, workers)
        .map_err(|error| ServeError::Listen(config.listen, error))?;
    let metrics = serve_metrics(ctx, config)?;
    tracing::info!(listen = %server.address(), database = %config.database, "Portico is at {}", ctx.policy.public_url);
    print_setup_link(ctx).await?;
    Ok((server, metrics))
}

/// Serves metrics from now on, if they are wanted.
pub(super) fn serve_metrics(ctx: &Context, config: &Config) -> Result<Option<ServerHandle>, ServeError> {
    let Some(listen) = config.metrics_listen else { return Ok(None) };
    let server =
        MetricsServer::bind(ctx.clone(), listen).map_err(|error| ServeError::MetricsListen(listen, error))?;
    tracing::info!(%listen, "metrics are served");
    let handle = server.handle();
    // Apart from the server: should that end, what is timed goes on, and would take ever more memory.
    actix_web::rt::spawn(tidy(ctx.clone()));
    actix_web::rt::spawn(async move {
        if let Err(error) = server.run().await {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics are not served any more");
        }
    });
    Ok(Some(handle))
}

fn mailer(config: &Config) -> Result<Mailer, MailError> {
    let (name, address) = (config.mail_from.name.as_str(), config.mail_from.address.as_str());
    match &config.mail {
        Mail::Log => {
            let shape = match config.log_format {
                LogFormat::Text => Shape::Text,
                LogFormat::Json => Shape::Json,
            };
            Mailer::log(name, address, shape)
        }
        Mail::File(directory) => Mailer::file(name, address, directory.clone()),
        Mail::Smtp(url) => Mailer::smtp(name, address, url.expose()),
    }
}

/// To stderr itself and not to the log, which may be kept: the link makes an admin.
async fn print_setup_link(ctx: &Context) -> Outcome {
    if let Some(token) = setup::first_admin_link(ctx).await? {
        let link = ctx.policy.link(&format!("/setup?token={}", token.expose()));
        writeln!(
            std::io::stderr(),
            "There is no admin yet. Make the first one within 24 hours at\n  {link}"
        )?;
    }
    Ok(())
}

/// Keeps the directory filled. Returns when it is for the first time, so that the first calls find
/// their accounts in memory; a database that is slow or away does not hold up the start for long.
async fn fill(ctx: &Context) -> JoinHandle<()> {
    let directory = Arc::clone(&ctx.directory);
    let filling = actix_web::rt::spawn(async move { directory.keep_filled().await });
    if timeout(FILL_WAIT, ctx.directory.first_filled()).await.is_err() {
        tracing::warn!("the directory is not filled yet; accounts are looked up as they call");
    }
    filling
}

/// Has the directory hear of what other processes change. From the first moment on, since
/// accounts that were read early may change while others are still being read.
async fn follow(ctx: Context) {
    let mut turns = interval(FOLLOW_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_read = true;
    loop {
        turns.tick().await;
        let read = ctx.directory.follow().await;
        // Said once, and not five times a second for as long as the database is away.
        match (&read, was_read) {
            (Err(error), true) => {
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, "the log of changes cannot be read; tokens are judged from memory");
            }
            (Ok(()), false) => tracing::info!("the log of changes is read again"),
            (Err(_), false) | (Ok(()), true) => {}
        }
        was_read = read.is_ok();
    }
}

/// Until the sender of `stopped` is gone; then it ends after the mail it is sending.
async fn send_mail(ctx: Context, mailer: Mailer, mut stopped: watch::Receiver<()>) {
    let mut turns = interval(MAIL_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = turns.tick() => {}
        }
        while stopped.has_changed().is_ok() {
            match outbox::send_next(&ctx, &mailer).await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the outbox could not be looked at");
                    break;
                }
            }
        }
    }
}

/// Until the sender of `stopped` is gone, and then once more.
async fn write_counts(ctx: Context, mut stopped: watch::Receiver<()>) {
    let mut wait = COUNTS_WAIT;
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            _ = stopped.changed() => is_last = true,
            () = sleep(wait) => {}
        }
        let began = Instant::now();
        if let Err(error) = calls::flush(&ctx).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "counts of calls could not be written");
        }
        wait = (began.elapsed() * COUNTS_WAIT_FACTOR).clamp(COUNTS_WAIT, COUNTS_WAIT_LONGEST);
    }
}

/// Keeps what was timed small, for as long as the process runs.
async fn tidy(ctx: Context) {
    let mut turns = interval(TIDY_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        ctx.metrics.tidy();
    }
}

async fn sweep(ctx: Context) {
    let mut turns = interval(SWEEP_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match housekeeping::sweep(&ctx).await {
            Ok(dropped) => tracing::debug!(dropped, "swept"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not sweep");
            }
        }
    }
}
