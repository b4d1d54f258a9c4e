//! Writing down what became of attempts, in groups: every step of its own would cost a commit.

use std::{
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

use super::lane::Said;
use crate::{
    actions::{
        Context, Error,
        queue::{self, Record},
    },
    domain::{
        id::{DeliveryId, SenderId},
        time::Span,
    },
};

/// Attempts of one transaction.
const GROUP: usize = 500;
/// How long the first of a group waits for others.
const WAIT: Duration = Duration::from_millis(40);
/// Attempts that wait to be written down; then no more are made.
const MOST: usize = 2_048;
/// How often a group is tried that the database refuses, before its attempts are tried one by one.
const TRIES: u32 = 3;
/// After a stop, how long the database is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a delivery is tried again of which an attempt cannot be written down.
const PUT_OFF: Span = Span::minutes(5);

/// Takes what is to be written down.
#[derive(Clone, Debug)]
pub(super) struct Recorder(mpsc::Sender<Item>);

#[derive(Debug)]
struct Item {
    record: Record,
    receipt: Receipt,
}

/// Tells the lane that nothing more is to come of an attempt, whatever became of its record.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) delivery: DeliveryId,
    pub(super) lane: mpsc::UnboundedSender<Said>,
}

impl Drop for Receipt {
    fn drop(&mut self) {
        // A lane that is gone does not want to know.
        let _ = self.lane.send(Said::Recorded(self.delivery));
    }
}

impl Recorder {
    pub(super) async fn record(&self, record: Record, receipt: Receipt) {
        // It goes on until the last sender is gone; if it broke, the receipt says so.
        let _ = self.0.send(Item { record, receipt }).await;
    }
}

/// Records until every clone of the recorder is gone.
pub(super) fn start(
    ctx: Context,
    sender: SenderId,
    is_stopping: Arc<AtomicBool>,
) -> (Recorder, JoinHandle<()>) {
    let (send, mut receive) = mpsc::channel(MOST);
    let recording = tokio::spawn(async move {
        let mut group = Vec::with_capacity(GROUP);
        while receive.recv_many(&mut group, GROUP).await > 0 {
            let end = Instant::now() + WAIT;
            while group.len() < GROUP {
                let room = GROUP - group.len();
                match timeout_at(end, receive.recv_many(&mut group, room)).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                }
            }
            let (records, receipts): (Vec<Record>, Vec<Receipt>) =
                group.drain(..).map(|Item { record, receipt }| (record, receipt)).unzip();
            write(&ctx, sender, &records, &is_stopping).await;
            drop(receipts);
        }
    });
    (Recorder(send), recording)
}

async fn write(ctx: &Context, sender: SenderId, records: &[Record], is_stopping: &AtomicBool) {
    let mut refused = 0;
    let mut stopping_since = None;
    loop {
        let Err(error) = queue::record(ctx, sender, records).await else { break };
        if refused == 0 {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "attempts could not be written down yet"
            );
        }
        // They were made and are made again by whoever gets the lanes next.
        if is_stopping.load(Ordering::Relaxed)
            && stopping_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE
        {
            tracing::error!(attempts = records.len(), "attempts were not written down before the stop");
            return;
        }
        refused += 1;
        if refused >= TRIES && !matches!(error, Error::Unavailable(_)) {
            return write_each(ctx, sender, records).await;
        }
        sleep(Duration::from_millis(50 * u64::from(refused.min(20)))).await;
    }
    for record in records {
        ctx.metrics.attempted(record.attempt.outcome);
    }
}

/// One that cannot be written down takes no others with it, and is not made again at once.
async fn write_each(ctx: &Context, sender: SenderId, records: &[Record]) {
    for record in records {
        let Err(error) = queue::record(ctx, sender, slice::from_ref(record)).await else {
            ctx.metrics.attempted(record.attempt.outcome);
            continue;
        };
        let delivery = record.attempt.delivery;
        complain(delivery, &error, "an attempt cannot be written down");
        if let Err(error) = queue::postpone(ctx, delivery, PUT_OFF).await {
            complain(delivery, &error, "a delivery cannot be put off");
        }
    }
}

fn complain(delivery: DeliveryId, error: &Error, what: &str) {
    tracing::error!(%delivery, error = error as &dyn std::error::Error, "{what}");
}
