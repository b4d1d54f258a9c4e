//! Sending from one lane for as long as something of it is due.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout_at},
};

use super::{Shared, leases::Lease, limits::Share, record::Receipt, send};
use crate::{
    actions::{
        Result,
        queue::{self, Due, Place, Record},
    },
    crypto,
    domain::{
        delivery::{
            attempt::{Attempt, Next},
            signature::SigningKey,
        },
        id::{DeliveryId, LaneId},
        lane::{Health, Lane},
        time::{Span, Timestamp},
    },
};

/// Attempts at once to one endpoint that is well. One is made at a time to one that is not, and
/// twice as many with each success.
const AT_ONCE: usize = 16;
/// The same to one that takes long for each: it would hold what others need.
const AT_ONCE_SLOW: usize = 4;
const SLOW: Span = Span::seconds(1);
/// Bytes of messages that are read together, unless one alone has more.
const READ_BYTES: usize = 64 * 1_024;
/// How long what was read of URL, secrets and state holds.
const FRESH: Duration = Duration::from_millis(500);
/// How long it is skipped at most what was committed late, behind what is already sent.
const PASS: Duration = Duration::from_millis(500);
/// When a lane is looked at again after an error.
const AFTER_ERROR: Span = Span::seconds(5);
/// Before each try to give a lane back.
const GIVE_BACK_AFTER: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(1_000)];
/// While something is on its way, how soon it is looked again for what is due, and how late.
const LOOK_FIRST: Duration = Duration::from_millis(25);
const LOOK_LAST: Duration = Duration::from_millis(100);
/// How long a lane is kept of which nothing is due any more: giving it back and leasing it again
/// are writes, which a steady trickle of events would ask for each time.
pub(super) const QUIET: Duration = Duration::from_millis(400);

pub(super) struct Runner {
    shared: Arc<Shared>,
    id: LaneId,
    lease: Lease,
    /// How long it is kept when nothing is due.
    quiet: Duration,
    /// What is told by attempts that end, and by the recorder.
    said: mpsc::UnboundedReceiver<Said>,
    tell: mpsc::UnboundedSender<Said>,
    read: Option<Read>,
    ready: VecDeque<Ready>,
    /// Of the last one that was begun.
    place: Place,
    /// Since when deliveries are read after `place`, and not from the beginning.
    pass_began: Instant,
    at_once: usize,
    on_their_way: HashSet<DeliveryId>,
    /// Begun, and not written down yet; with when it became due.
    unrecorded: HashMap<DeliveryId, Timestamp>,
    health: Health,
    is_off: bool,
}

/// As it was read of the database.
struct Read {
    lane: Arc<Lane>,
    keys: Arc<[SigningKey]>,
    at: Instant,
}

/// A delivery in memory.
struct Ready {
    due: Due,
    body: Bytes,
    room: Share,
}

pub(super) enum Said {
    Ended(Box<Ended>),
    /// Nothing more comes of the attempt.
    Recorded(DeliveryId),
}

pub(super) struct Ended {
    due: Due,
    lane: Arc<Lane>,
    attempt: Attempt,
    asked_to_wait: Option<Span>,
    receipt: Receipt,
}

/// What there is to do after looking at the lane.
enum Look {
    Some,
    /// Nothing, for now.
    Nothing,
    /// The lane is held, or not ours any more.
    Over,
}

impl Runner {
    pub(super) fn new(shared: Arc<Shared>, lease: Lease, quiet: Duration) -> Self {
        let (tell, said) = mpsc::unbounded_channel();
        Self {
            shared,
            id: lease.lane(),
            lease,
            quiet,
            said,
            tell,
            read: None,
            ready: VecDeque::new(),
            place: queue::beginning(),
            pass_began: Instant::now(),
            at_once: AT_ONCE,
            on_their_way: HashSet::new(),
            unrecorded: HashMap::new(),
            health: Health::default(),
            is_off: false,
        }
    }

    /// Sends until nothing is due or nothing may be sent, and gives the lane back.
    pub(super) async fn run(mut self) {
        let sent = self.send().await;
        self.ready.clear();
        while !self.unrecorded.is_empty() {
            self.hear().await;
        }
        let (shared, lane, opens_at) = (self.shared, self.id, self.health.opens_at);
        // From here on it is not renewed; and nobody claims it again before it is given back.
        drop(self.lease);
        let not_before = match sent {
            Ok(()) => opens_at,
            Err(error) => {
                tracing::warn!(%lane, error = &error as &dyn std::error::Error, "a lane was left");
                opens_at.max(Some(shared.ctx.now() + AFTER_ERROR))
            }
        };
        give_back(&shared, lane, not_before).await;
    }

    async fn send(&mut self) -> Result<()> {
        let mut slot: Option<Pin<Box<dyn Future<Output = Share> + Send>>> = None;
        let mut look_after = LOOK_FIRST;
        let mut busy_at = Instant::now();
        while self.may_send() {
            if self.on_their_way.len() >= self.at_once {
                // What waits in the line is given a slot, even if it does not look.
                slot = None;
                self.hear().await;
                continue;
            }
            if self.ready.is_empty() {
                match self.look().await? {
                    Look::Some => (look_after, busy_at) = (LOOK_FIRST, Instant::now()),
                    Look::Over => return Ok(()),
                    Look::Nothing if self.unrecorded.is_empty() && busy_at.elapsed() >= self.quiet => {
                        return Ok(());
                    }
                    Look::Nothing => {
                        // An attempt that ends is no reason to look sooner: at most looks nothing
                        // would be due. What was heard is worked on to its end, however long the
                        // recorder takes.
                        let next_look = Instant::now() + look_after;
                        while let Ok(said) = timeout_at(next_look.into(), self.said.recv()).await {
                            self.take(said).await;
                        }
                        look_after = (look_after * 2).min(LOOK_LAST);
                        continue;
                    }
                }
            }
            let Some(read) = &self.read else { return Ok(()) };
            let waiting =
                slot.get_or_insert_with(|| Box::pin(Arc::clone(&self.shared.limits).slot(read.lane.account)));
            tokio::select! {
                biased;
                said = self.said.recv() => self.take(said).await,
                free = waiting => {
                    slot = None;
                    self.begin(free).await?;
                }
            }
        }
        Ok(())
    }

    fn may_send(&self) -> bool {
        !self.is_off
            && !self.shared.is_stopping.load(Ordering::Relaxed)
            && !self.health.is_open(self.shared.ctx.now())
            && self.lease.may_send()
    }

    /// Reads some of what is due, with what it takes to send it.
    async fn look(&mut self) -> Result<Look> {
        let is_idle = self.unrecorded.is_empty();
        // Deliveries are due since before their commit, and by the clock of whoever published
        // them: what comes to light now may lie before what is on its way.
        if is_idle || self.pass_began.elapsed() > PASS {
            self.place = queue::beginning();
            self.pass_began = Instant::now();
        }
        let Some(due) = self.read_lane(is_idle).await? else { return Ok(Look::Over) };
        let due = up_to(READ_BYTES, due);
        let Some(read) = self.read.as_ref().filter(|_| !due.is_empty()) else { return Ok(Look::Nothing) };
        let mut room = self.shared.limits.room(read.lane.account, due.iter().map(kibibytes).sum()).await;
        let ids: Vec<DeliveryId> = due.iter().map(|due| due.id).collect();
        let mut bodies = queue::bodies(&self.shared.ctx, &ids).await?;
        for due in due {
            let room = room.split(kibibytes(&due));
            // One that is missing was cancelled meanwhile.
            if let Some(body) = bodies.remove(&due.id) {
                self.ready.push_back(Ready { body: body.into(), room, due });
            }
        }
        Ok(Look::Some)
    }

    /// Reads the lane, and what is due after the last one that was begun, without what is on its
    /// way; nothing if it is held or not ours any more.
    async fn read_lane(&mut self, is_idle: bool) -> Result<Option<Vec<Due>>> {
        let at = Instant::now();
        let place = self.place;
        let ahead = self.unrecorded.iter().filter(|(id, next_at)| (**next_at, **id) > place).count();
        let batch = queue::next(&self.shared.ctx, self.shared.sender, self.id, place, ahead).await?;
        let Some(mut batch) = batch.filter(|batch| !batch.lane.is_held()) else { return Ok(None) };
        batch.due.retain(|due| !self.unrecorded.contains_key(&due.id));
        batch.due.truncate(queue::BATCH);
        let is_another = self.read.as_ref().is_some_and(|read| read.lane.endpoint() != batch.lane.endpoint());
        // While attempts are on their way, it is known here how the endpoint does.
        if is_idle || is_another {
            self.health = batch.lane.health;
            self.at_once = if self.health.failures > 0 { 1 } else { AT_ONCE };
        }
        self.read = Some(Read { lane: batch.lane, keys: batch.keys, at });
        Ok(Some(batch.due))
    }

    /// Begins the next attempt.
    async fn begin(&mut self, slot: Share) -> Result<()> {
        if self.read.as_ref().is_none_or(|read| read.at.elapsed() > FRESH) {
            let due = self.read_lane(false).await?;
            let still: HashSet<DeliveryId> = due.unwrap_or_default().iter().map(|due| due.id).collect();
            self.ready.retain(|ready| still.contains(&ready.due.id));
        }
        // Waiting for the slot may have taken long.
        if !self.may_send() {
            return Ok(());
        }
        let (Some(Ready { due, body, room }), Some(read)) = (self.ready.pop_front(), &self.read) else {
            return Ok(());
        };
        self.place = due.place();
        let Some(url) = read.lane.url(due.environment).cloned() else {
            return queue::cancel(&self.shared.ctx, due.id).await;
        };
        self.on_their_way.insert(due.id);
        self.unrecorded.insert(due.id, due.next_at);
        let (lane, keys) = (Arc::clone(&read.lane), Arc::clone(&read.keys));
        let (shared, tell) = (Arc::clone(&self.shared), self.tell.clone());
        let receipt = Receipt { delivery: due.id, lane: tell.clone() };
        tokio::spawn(async move {
            let sent = send::attempt(&shared.ctx, &shared.outbound, (&due, url), &keys, body);
            let (attempt, asked_to_wait) = sent.await;
            drop((slot, room));
            let _ = tell.send(Said::Ended(Box::new(Ended { due, lane, attempt, asked_to_wait, receipt })));
        });
        Ok(())
    }

    /// Waits until something is told.
    async fn hear(&mut self) {
        let said = self.said.recv().await;
        self.take(said).await;
    }

    async fn take(&mut self, said: Option<Said>) {
        match said {
            Some(Said::Ended(ended)) => self.end(*ended).await,
            Some(Said::Recorded(delivery)) => {
                self.unrecorded.remove(&delivery);
                self.on_their_way.remove(&delivery);
            }
            // The lane keeps a sender itself.
            None => {}
        }
    }

    /// What follows from an attempt, by the rules; the recorder writes it down.
    async fn end(&mut self, ended: Ended) {
        let Ended { due, lane, attempt, asked_to_wait, receipt } = ended;
        let now = self.shared.ctx.now();
        let outcome = attempt.outcome;
        self.on_their_way.remove(&due.id);
        let before = self.health;
        let mut turns_off = None;
        // What went to a URL that was replaced meanwhile says nothing of the new one.
        let is_same = self.read.as_ref().is_none_or(|read| read.lane.endpoint() == lane.endpoint());
        if lane.keeps_health() && is_same {
            self.health = before.after(outcome, now, asked_to_wait);
            let is_slow = attempt.timing.is_some_and(|timing| timing.total > SLOW);
            let most = if is_slow { AT_ONCE_SLOW } else { AT_ONCE };
            self.at_once = if outcome.is_success() { (self.at_once * 2).min(most) } else { 1 };
            turns_off = self.health.turns_off(outcome, now);
            self.is_off |= turns_off.is_some();
        }
        let random = u32::try_from(crypto::once() >> 32).unwrap_or_default();
        let tried = (due.tries(), now);
        let schedule = &self.shared.ctx.policy.retry_schedule;
        let next = Next::after(due.kind, outcome, asked_to_wait, tried, schedule, random);
        let health = (self.health != before).then_some(self.health);
        let tries = due.tries().saturating_sub(1);
        let record = Record { lane, kind: due.kind, attempt, next, tries, health, turns_off };
        self.shared.recorder.record(record, receipt).await;
    }
}

/// Gives a lane back, if need be on the second or third try. Should none succeed, its lease ends.
async fn give_back(shared: &Shared, lane: LaneId, not_before: Option<Timestamp>) {
    for pause in GIVE_BACK_AFTER {
        sleep(pause).await;
        match queue::release(&shared.ctx, shared.sender, lane, not_before).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%lane, error = &error as &dyn std::error::Error, "a lane could not be given back");
            }
        }
    }
}

/// The first of them, as many as have so many bytes together; one in any case.
fn up_to(bytes: usize, mut due: Vec<Due>) -> Vec<Due> {
    let mut sum = 0;
    let fits = due.iter().take_while(|due| {
        sum += due.size_bytes();
        sum <= bytes
    });
    let count = fits.count().max(1);
    due.truncate(count);
    due
}

fn kibibytes(due: &Due) -> u32 {
    u32::try_from(due.size_bytes() / 1_024 + 1).unwrap_or(u32::MAX)
}
