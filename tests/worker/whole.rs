//! All of it: published by a service of the platform over HTTP, sent by a worker, received over
//! TLS and verified.

use portico::domain::id::EventId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    sending::expected,
    support::{
        client::Client,
        databases::{Kind, on_both},
        rig::{Rig, run},
        site::{Site, free_address},
        world::parsed,
    },
};

on_both!(what_a_service_publishes_is_received_and_verifies,);

async fn what_a_service_publishes_is_received_and_verifies(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lanes = [rig.lane("/one").await, rig.lane("/two").await];
    let (_, key) = rig.world.platform_key("Meetings").await;
    let site = Site::serve(rig.ctx().clone(), free_address());
    let client = Client::new(&site.url);
    let worker = run(rig.worker());

    let data = json!({"meeting": {"id": "m_41Xa", "topic": "Zoë", "pi": 3.10}});
    let account = rig.app.account.to_string();
    let body = json!({
        "type": "meeting.started",
        "account": account,
        "occurred_at": "2026-11-24T07:19:58.5Z",
        "data": data,
    });
    let request = client.request(Method::POST, "/api/v1/events").bearer_auth(key.expose());
    let page = client.send(request.body(body.to_string())).await;
    assert_eq!(page.status, 202, "{}", page.body);
    let answer: Value = serde_json::from_str(&page.body).expect("JSON");
    let event = answer["events"][0]["id"].as_str().expect("an id").to_owned();

    let received = rig.receiver.wait_for(2).await;
    worker.stop().await;
    for (lane, path) in lanes.into_iter().zip(["/one", "/two"]) {
        let received = received.iter().find(|one| one.path == path).expect("both got it");
        let secrets = rig.secrets(lane.subscription).await;
        let signature = received.header("webhook-signature");
        assert_eq!(signature, Some(expected(&secrets[0], received).as_str()), "{path}");
        let message: Value = serde_json::from_slice(&received.body).expect("JSON");
        let expected = json!({
            "type": "meeting.started",
            "timestamp": "2026-11-24T07:19:58.500000Z",
            "event_id": event,
            "account": account,
            "data": data,
        });
        assert_eq!(message, expected);
    }
    let ids: Vec<_> = received.iter().filter_map(|one| one.header("webhook-id")).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
    let id = rig.world.database.literal(&parsed::<EventId>(&event));
    let ended = format!("event_id = {id} and status = 'succeeded'");
    assert_eq!(rig.world.database.count("deliveries", &ended).await, 2);
}
