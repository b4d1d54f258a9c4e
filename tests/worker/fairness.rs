use crate::support::{
    databases::{Kind, on_both},
    receiver::Reply,
    rig::{Rig, active_app, run, until},
};

on_both!(
    an_account_of_hanging_endpoints_does_not_delay_another,
    a_hanging_endpoint_does_not_delay_its_nine_neighbours
);

async fn an_account_of_hanging_endpoints_does_not_delay_another(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut hanging = Vec::new();
    for number in 0..3 {
        let app = active_app(&rig.world, &rig.owner, &format!("Slow {number}")).await;
        for lane in 0..10 {
            let path = format!("/hang-{number}-{lane}");
            rig.receiver.answer(&path, Reply::Hang);
            let lane = rig.lane_of(&rig.owner, &app, &path).await;
            hanging.extend(rig.publish(lane, 20).await);
        }
    }
    let worker = run(rig.worker());
    // As many of one account as there may be at once.
    rig.receiver.wait_for(128).await;
    let bo = rig.world.user("bo@other.example").await;
    let app = active_app(&rig.world, &bo, "Quick").await;
    let lane = rig.lane_of(&bo, &app, "/quick").await;
    let made = rig.publish(lane, 50).await;
    let all_done = async || rig.states(&made).await.iter().all(|state| state == "succeeded after 1");
    until("every delivery of the other account", all_done).await;
    assert!(rig.states(&hanging).await.iter().all(|state| state == "waiting after 0"), "still hanging");
    assert_eq!(rig.receiver.received().iter().filter(|one| one.path != "/quick").count(), 128);
    worker.kill().await;
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
