use std::collections::HashMap;

use portico::{
    actions::queue::{self, Wanted},
    domain::id::DeliveryId,
};

use crate::support::{
    databases::{Kind, on_both},
    receiver::Reply,
    rig::{Rig, active_app, run, until},
    world::Person,
};

on_both!(
    an_account_of_hanging_endpoints_does_not_delay_another,
    many_accounts_of_hanging_endpoints_do_not_delay_another,
    an_answer_that_drips_holds_nothing_up,
    an_account_with_many_lanes_leaves_some_to_others,
    a_hanging_endpoint_does_not_delay_its_nine_neighbours
);

/// Deliveries to as many endpoints of an account, none of which ever answers.
async fn hanging(rig: &Rig, owner: &Person, number: usize, endpoints: usize) -> Vec<DeliveryId> {
    let app = active_app(&rig.world, owner, &format!("Slow {number}")).await;
    let mut hanging = Vec::new();
    for endpoint in 0..endpoints {
        let path = format!("/hang-{number}-{endpoint}");
        rig.receiver.answer(&path, Reply::Hang);
        let lane = rig.lane_of(owner, &app, &path).await;
        hanging.extend(rig.publish(lane, 20).await);
    }
    hanging
}

/// While so many of these are on their way, all of another account's are delivered, in a time in
/// which none of them ends.
async fn another_is_not_delayed(rig: &Rig, hanging: &[DeliveryId], on_their_way: usize) {
    let worker = run(rig.worker());
    rig.receiver.wait_for(on_their_way).await;
    let bo = rig.world.user("bo@other.example").await;
    let app = active_app(&rig.world, &bo, "Quick").await;
    let lane = rig.lane_of(&bo, &app, "/quick").await;
    let made = rig.publish(lane, 50).await;
    let all_done = async || rig.states(&made).await.iter().all(|state| state == "succeeded after 1");
    until("every delivery of the other account", all_done).await;
    assert!(rig.states(hanging).await.iter().all(|state| state == "waiting after 0"), "still hanging");
    worker.kill().await;
}

async fn an_account_of_hanging_endpoints_does_not_delay_another(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut all = Vec::new();
    for number in 0..3 {
        all.extend(hanging(&rig, &rig.owner, number, 10).await);
    }
    // As many of one account as there may be at once.
    another_is_not_delayed(&rig, &all, 128).await;
    assert_eq!(rig.receiver.received().iter().filter(|one| one.path != "/quick").count(), 128);
}

/// Six accounts could hold every slot if each were given as many as one alone.
async fn many_accounts_of_hanging_endpoints_do_not_delay_another(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut all = Vec::new();
    for number in 0..6 {
        let owner = rig.world.user(&format!("slow{number}@other.example")).await;
        all.extend(hanging(&rig, &owner, number, 8).await);
    }
    // Nobody has more than a third of what is free.
    another_is_not_delayed(&rig, &all, 300).await;
}

async fn an_answer_that_drips_holds_nothing_up(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/drip", Reply::HeadAlone(200));
    let lane = rig.lane("/drip").await;
    let made = rig.publish(lane, 20).await;
    // Were each body waited for as long as an attempt may take, this would take minutes.
    let worker = run(rig.worker());
    let all_done = async || rig.states(&made).await.iter().all(|state| state == "succeeded after 1");
    until("every delivery", all_done).await;
    worker.stop().await;
    let cut = "select 'cut' from attempts where excerpt_is_cut and status = 200";
    assert_eq!(rig.world.database.texts(cut).await.len(), 20);
}

async fn an_account_with_many_lanes_leaves_some_to_others(kind: Kind) {
    let rig = Rig::new(kind).await;
    for number in 0..3 {
        let lane = rig.lane(&format!("/{number}")).await;
        rig.publish(lane, 1).await;
    }
    let bo = rig.world.user("bo@other.example").await;
    let app = active_app(&rig.world, &bo, "Quick").await;
    let quick = rig.lane_of(&bo, &app, "/quick").await;
    rig.publish(quick, 1).await;
    let claim = async |each, held: &HashMap<_, _>| {
        let by = rig.ctx().new_id();
        queue::claim(rig.ctx(), by, Wanted { limit: 10, each, held }).await.expect("claimed")
    };
    let ada = rig.app.account;
    assert_eq!(claim(5, &HashMap::from([(ada, 5)])).await, [(quick.id, bo.account)], "full");
    assert_eq!(claim(5, &HashMap::from([(ada, 3)])).await.len(), 2, "so much is left");
    assert_eq!(claim(5, &HashMap::new()).await.len(), 1);
}

async fn a_hanging_endpoint_does_not_delay_its_nine_neighbours(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/0", Reply::Hang);
    let mut made = Vec::new();
    for number in 0..10 {
        let lane = rig.lane(&format!("/{number}")).await;
        let some = rig.publish(lane, 100).await;
        if number > 0 {
            made.extend(some);
        }
    }
    let worker = run(rig.worker());
    let all_done = async || rig.states(&made).await.iter().all(|state| state == "succeeded after 1");
    until("every delivery of the nine", all_done).await;
    assert_eq!(rig.receiver.received().iter().filter(|one| one.path == "/0").count(), 16);
    worker.kill().await;
}
