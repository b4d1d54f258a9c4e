//! Sending from one lane for as long as something of it is due.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{sync::mpsc, time::timeout};

use super::{
    Shared,
    leases::Leased,
    limits::{Room, Slot},
    record::Receipt,
    send,
};
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
        time::Span,
    },
};

/// Attempts at once to one endpoint that is well. One is made at a time to one that is not, and
/// twice as many with each success.
const AT_ONCE: usize = 16;
/// Bytes of messages that are read together, unless one alone has more.
const READ_BYTES: usize = 64 * 1_024;
/// How long what was read of URL, secrets and state holds.
const FRESH: Duration = Duration::from_millis(500);
/// While something is on its way, how soon it is looked again for what is due, and how late.
const LOOK_FIRST: Duration = Duration::from_millis(25);
const LOOK_LAST: Duration = Duration::from_millis(200);

pub(super) struct Runner {
    shared: Arc<Shared>,
    id: LaneId,
    leased: Arc<Leased>,
    /// What is told by attempts that end, and by the recorder.
    said: mpsc::UnboundedReceiver<Said>,
    tell: mpsc::UnboundedSender<Said>,
    read: Option<Read>,
    ready: VecDeque<Ready>,
    /// Of the last one that was begun.
    place: Place,
    at_once: usize,
    on_their_way: HashSet<DeliveryId>,
    /// Begun, and not written down yet.
    unrecorded: HashSet<DeliveryId>,
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
    room: Room,
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
    pub(super) fn new(shared: Arc<Shared>, id: LaneId, leased: Arc<Leased>) -> Self {
        let (tell, said) = mpsc::unbounded_channel();
        Self {
            shared,
            id,
            leased,
            said,
            tell,
            read: None,
            ready: VecDeque::new(),
            place: queue::beginning(),
            at_once: AT_ONCE,
            on_their_way: HashSet::new(),
            unrecorded: HashSet::new(),
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
        let (shared, lane) = (&self.shared, self.id);
        let ended = match sent {
            Ok(()) => queue::release(&shared.ctx, shared.sender, lane, self.health.opens_at).await,
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            // Its lease ends, and with it whatever was wrong here.
            tracing::warn!(%lane, error = &error as &dyn std::error::Error, "a lane was left");
        }
        shared.leases.remove(lane);
    }

    async fn send(&mut self) -> Result<()> {
        let mut slot: Option<Pin<Box<dyn Future<Output = Slot> + Send>>> = None;
        let mut look_after = LOOK_FIRST;
        while self.may_send() {
            if self.on_their_way.len() >= self.at_once {
                // What waits in the line is given a slot, even if it does not look.
                slot = None;
                self.hear().await;
                continue;
            }
            if self.ready.is_empty() {
                match self.look().await? {
                    Look::Some => look_after = LOOK_FIRST,
                    Look::Over => return Ok(()),
                    Look::Nothing if self.unrecorded.is_empty() => return Ok(()),
                    Look::Nothing => {
                        let _ = timeout(look_after, self.hear()).await;
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
            && self.leased.may_send()
    }

    /// Reads some of what is due, with what it takes to send it.
    async fn look(&mut self) -> Result<Look> {
        let is_new_pass = self.unrecorded.is_empty();
        if is_new_pass {
            self.place = queue::beginning();
        }
        let Some(due) = self.read_lane(is_new_pass).await? else { return Ok(Look::Over) };
        let due = up_to(READ_BYTES, due);
        let (Some(first), Some(last), Some(read)) = (due.first(), due.last(), &self.read) else {
            return Ok(Look::Nothing);
        };
        let (from, to) = (first.place(), last.place());
        let mut room = self.shared.limits.room(read.lane.account, due.iter().map(kibibytes).sum()).await;
        let mut bodies = queue::bodies(&self.shared.ctx, self.id, from, to).await?;
        for due in due {
            let room = room.split(kibibytes(&due));
            // One that is missing was cancelled meanwhile.
            match bodies.remove(&due.id) {
                Some(body) => self.ready.push_back(Ready { body: body.into(), room, due }),
                None => self.place = due.place(),
            }
        }
        Ok(Look::Some)
    }

    /// Reads the lane, and what is due after the last one that was begun; nothing if it is held or
    /// not ours any more.
    async fn read_lane(&mut self, is_new_pass: bool) -> Result<Option<Vec<Due>>> {
        let at = Instant::now();
        let batch = queue::next(&self.shared.ctx, self.shared.sender, self.id, self.place).await?;
        let Some(batch) = batch.filter(|batch| !batch.lane.is_held()) else { return Ok(None) };
        // While attempts are on their way, it is known here how the endpoint does.
        if is_new_pass {
            self.health = batch.lane.health;
            self.at_once = if self.health.failures > 0 { 1 } else { AT_ONCE };
        }
        self.read = Some(Read { lane: batch.lane, keys: batch.keys, at });
        Ok(Some(batch.due))
    }

    /// Begins the next attempt.
    async fn begin(&mut self, slot: Slot) -> Result<()> {
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
        self.unrecorded.insert(due.id);
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
        if lane.keeps_health() {
            self.health = before.after(outcome, now);
            self.at_once = if outcome.is_success() { (self.at_once * 2).min(AT_ONCE) } else { 1 };
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
