use std::collections::HashMap;

use crate::{
    support::databases::{Kind, on_both},
    support::rig::{Rig, another_worker, insert, run, until},
};

on_both!(ten_thousand_events_are_each_delivered_once_by_two_workers);

const EVENTS: usize = 10_000;

async fn ten_thousand_events_are_each_delivered_once_by_two_workers(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut lanes = Vec::new();
    for number in 0..10 {
        lanes.push(rig.lane(&format!("/{number}")).await);
    }
    let workers = [run(rig.worker()), run(another_worker(&rig).await)];
    let mut published = Vec::new();
    // While they are being sent, more are published.
    for _ in 0..EVENTS / 500 {
        let mut tx = rig.world.database.begin().await;
        for number in 0..500 {
            published.push(insert(&mut tx, rig.ctx(), lanes[number % 10]).await.to_string());
        }
        let ids: Vec<_> = lanes.iter().map(|lane| lane.id).collect();
        tx.due_lanes(&ids, rig.ctx().now()).await.expect("due");
        tx.commit().await.expect("it holds");
        portico::actions::queue::announce(rig.ctx(), &ids).await.expect("told");
    }
    let waiting = "select cast(count(*) as text) from deliveries where status <> 'succeeded'";
    until("an empty queue", async || rig.world.database.texts(waiting).await == ["0"]).await;
    for worker in workers {
        worker.stop().await;
    }
    let mut times: HashMap<String, usize> = HashMap::new();
    for received in rig.receiver.received() {
        *times.entry(received.header("webhook-id").expect("an id").to_owned()).or_default() += 1;
    }
    assert!(published.iter().all(|id| times.contains_key(id)), "every one that was acknowledged came");
    let again: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(again.is_empty() && times.len() == EVENTS, "nobody died, so each came once: {again:?}");
}
