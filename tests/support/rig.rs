//! An app with endpoints that answer, deliveries for them, and workers.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::{collections::HashMap, slice, time::Duration};

use portico::{
    actions::{self, Context, Policy, queue},
    crypto::keyring::Place,
    delivery::Worker,
    domain::{
        address::AllowedNets,
        app::App,
        delivery::{DeliveryKind, NewDelivery},
        event::{Environment, Event},
        id::{AccountId, AppId, DeliveryId, Id as _, LaneId, SubscriptionId},
        lane::LaneKind,
        overlap::KeepOld,
        subscription::{Endpoints, EventTypes, NewSubscription},
        time::Timestamp,
    },
    outbound::{Limits, Outbound, Settings},
    store::{SealedSecret, Tx},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    databases::Kind,
    receiver::Receiver,
    world::{Person, World, parsed, policy},
};

/// The body of every event.
pub const BODY: &str = r#"{"type":"meeting.started","data":{"topic":"Zoë"}}"#;

pub struct Rig {
    pub world: World,
    pub owner: Person,
    pub app: App,
    pub receiver: Receiver,
    pub outbound: Outbound,
}

/// Where deliveries go, and what they are.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    pub id: LaneId,
    pub subscription: SubscriptionId,
    pub app: AppId,
    pub account: AccountId,
    pub kind: DeliveryKind,
    pub environment: Environment,
}

impl Rig {
    pub async fn new(kind: Kind) -> Self {
        Self::under(kind, policy()).await
    }

    pub async fn under(kind: Kind, policy: Policy) -> Self {
        let nets = AllowedNets::new(vec![parsed("127.0.0.0/8")]);
        let world = World::under(kind, Policy { webhook_nets: nets.clone(), ..policy }).await;
        let owner = world.user("ada@meridian.example").await;
        let app = active_app(&world, &owner, "Relay").await;
        let receiver = Receiver::start();
        // A machine under load must not fail a test that is about something else.
        let limits = Limits {
            connect: Duration::from_secs(60),
            total: Duration::from_secs(120),
            probe: Duration::from_secs(60),
            ..Limits::default()
        };
        let outbound = outbound(&receiver, nets, limits);
        Self { world, owner, app, receiver, outbound }
    }

    pub const fn ctx(&self) -> &Context {
        &self.world.ctx
    }

    /// The production lane of a new subscription to a path of the receiver.
    pub async fn lane(&self, path: &str) -> Lane {
        self.lane_of(&self.owner, &self.app, path).await
    }

    pub async fn lane_of(&self, owner: &Person, app: &App, path: &str) -> Lane {
        let url = |path: &str| Some(parsed(&self.receiver.url(path)));
        let new = NewSubscription {
            name: None,
            endpoints: Endpoints::new(url(&format!("{path}-dev")), url(path)).expect("URLs"),
            event_types: EventTypes::new(vec![parsed("meeting.started")]).expect("a type"),
        };
        let world = &self.world;
        let acting = world.acting(owner);
        let made = actions::subscriptions::create(&world.ctx, &acting, app, world.form(owner), &new);
        let subscription = made.await.expect("the subscription is made").into_inner();
        let mut tx = world.database.begin().await;
        let id =
            tx.ensure_lane(world.ctx.new_id(), subscription, LaneKind::Production).await.expect("a lane");
        tx.commit().await.expect("it holds");
        let (kind, environment) = (DeliveryKind::Event, Environment::Production);
        Lane { id, subscription, app: app.id, account: app.account, kind, environment }
    }

    /// As many events for a lane, told to the worker of this process.
    pub async fn publish(&self, lane: Lane, count: usize) -> Vec<DeliveryId> {
        let mut tx = self.world.database.begin().await;
        let mut made = Vec::new();
        for _ in 0..count {
            made.push(insert(&mut tx, self.ctx(), lane).await);
        }
        tx.due_lanes(&[lane.id], self.ctx().now()).await.expect("due");
        tx.commit().await.expect("it holds");
        queue::announce(self.ctx(), &[lane.id]).await.expect("told");
        made
    }

    /// One more delivery of the event of another, in a lane that is not told of it.
    pub async fn beside(&self, delivery: DeliveryId, lane: Lane) -> DeliveryId {
        let database = &self.world.database;
        let other: DeliveryId = self.ctx().new_id();
        let (id, new) = (database.literal(&delivery), database.literal(&other));
        let (lane_id, subscription) = (database.literal(&lane.id), database.literal(&lane.subscription));
        let app = database.literal(&lane.app);
        let sql = format!(
            "insert into deliveries (id, event_id, app_id, subscription_id, lane_id, kind, environment, event_type,
                status, created_at, next_at, attempts, tries)
            select {new}, event_id, {app}, {subscription}, {lane_id}, kind, environment, event_type, 'waiting',
                created_at, created_at, 0, 0 from deliveries where id = {id}"
        );
        database.run(&sql).await;
        other
    }

    pub fn worker(&self) -> Worker {
        Worker::new(self.ctx().clone(), self.outbound.clone())
    }

    /// Sends what is due now, to its end.
    pub async fn turn(&self) {
        let worker = self.worker();
        worker.turn().await.expect("the queue is there");
        worker.finish().await;
    }

    /// The secrets of a subscription as its page shows them, the current one first.
    pub async fn secrets(&self, subscription: SubscriptionId) -> Vec<String> {
        let mut read = self.world.database.read().await;
        let sealed = read.signing_secrets(self.owner.account, subscription, self.ctx().now()).await;
        let open = |secret: &SealedSecret| {
            let place = Place { column: "signing_secrets.secret", row: &secret.facts.id };
            self.ctx().keys.open_text(place, &secret.sealed).expect("it opens").expose().clone()
        };
        sealed.expect("secrets").iter().map(open).collect()
    }

    /// Another secret, with the one before for an hour beside it.
    pub async fn rotate(&self, lane: Lane) {
        let (acting, form) = (self.world.acting(&self.owner), self.world.form(&self.owner));
        let keep = KeepOld::Hour;
        actions::subscriptions::rotate(self.ctx(), &acting, &self.app, lane.subscription, form, keep)
            .await
            .expect("rotated");
    }

    /// `succeeded after 1`, of each delivery.
    pub async fn states(&self, deliveries: &[DeliveryId]) -> Vec<String> {
        let id = match self.world.database.kind() {
            Kind::Sqlite => "lower(hex(id))",
            Kind::Postgres => "replace(cast(id as text), '-', '')",
        };
        let sql = format!("select {id} || ' ' || status || ' after ' || attempts from deliveries");
        let rows = self.world.database.texts(&sql).await;
        let states: HashMap<&str, &str> = rows.iter().filter_map(|row| row.split_once(' ')).collect();
        let state = |id: &DeliveryId| states[id.uuid().simple().to_string().as_str()].to_owned();
        deliveries.iter().map(state).collect()
    }

    pub async fn state(&self, delivery: DeliveryId) -> String {
        self.states(&[delivery]).await.join("")
    }

    /// One column of a lane as text, `-` if it is null.
    pub async fn of_lane(&self, lane: Lane, column: &str) -> String {
        let id = self.world.database.literal(&lane.id);
        let sql = format!("select coalesce(cast({column} as text), '-') from lanes where id = {id}");
        self.world.database.texts(&sql).await.join("")
    }

    /// How long from now a delivery is due, in seconds.
    pub async fn due_in(&self, delivery: DeliveryId) -> i64 {
        let id = self.world.database.literal(&delivery);
        let sql = format!("select cast(next_at as text) from deliveries where id = {id}");
        let at: i64 = parsed(&self.world.database.texts(&sql).await.join(""));
        (at - self.ctx().now().micros()).div_euclid(1_000_000)
    }
}

/// A client that trusts the receiver's certificate and may reach these networks.
pub fn outbound(receiver: &Receiver, allowed: AllowedNets, limits: Limits) -> Outbound {
    let extra_roots = Some(receiver.authority_pem.as_bytes().to_vec());
    Outbound::new(Settings { allowed, extra_roots, limits, ..Settings::default() }).expect("a client")
}

/// An active app with Event Subscriptions on.
pub async fn active_app(world: &World, owner: &Person, name: &str) -> App {
    let app = world.webhook_app(owner, name).await;
    let app = world.activate(owner, &app).await;
    actions::subscriptions::toggle(&world.ctx, &world.acting(owner), &app, true).await.expect("toggled");
    app
}

/// One more event with its delivery, within a transaction.
pub async fn insert(tx: &mut Tx, ctx: &Context, lane: Lane) -> DeliveryId {
    insert_due(tx, ctx, lane, ctx.now()).await
}

/// The same, due since a moment.
pub async fn insert_due(tx: &mut Tx, ctx: &Context, lane: Lane, now: Timestamp) -> DeliveryId {
    let event = Event {
        id: ctx.new_id(),
        account: lane.account,
        event_type: parsed("meeting.started"),
        environment: lane.environment,
        body: String::from(BODY),
        occurred_at: now,
        created_at: now,
    };
    tx.insert_events(slice::from_ref(&event)).await.expect("an event");
    let new = NewDelivery {
        id: ctx.new_id(),
        event: event.id,
        app: lane.app,
        subscription: lane.subscription,
        lane: lane.id,
        kind: lane.kind,
        environment: lane.environment,
        event_type: event.event_type,
        created_at: now,
    };
    tx.insert_deliveries(slice::from_ref(&new)).await.expect("a delivery");
    new.id
}

/// A worker that runs until it is stopped.
pub struct Running {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

pub fn run(worker: Worker) -> Running {
    let (stop, stopped) = watch::channel(());
    Running { stop, task: tokio::spawn(worker.run(stopped)) }
}

impl Running {
    pub async fn stop(self) {
        drop(self.stop);
        self.task.await.expect("no panic");
    }

    /// As if the process were killed.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Waits until something holds; a minute at most.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..3_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in a minute there was not: {what}");
}

/// A second process over the same database.
pub async fn another_worker(rig: &Rig) -> Worker {
    Worker::new(rig.world.another_process().await, rig.outbound.clone())
}
