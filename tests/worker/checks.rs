//! Test events and validations, to a real receiver.

use std::{collections::BTreeSet, time::Duration};

use portico::{
    actions::{
        checks::{self, Checks, NewTest},
        subscriptions,
    },
    delivery::Worker,
    domain::{
        account::Viewer,
        address::AllowedNets,
        delivery::{
            DeliveryKind, Stage,
            attempt::Outcome,
            failure::{Failed, Failure},
        },
        event::Environment,
        subscription::{Endpoints, EventTypes, NewSubscription},
        time::Span,
        validation::{Probed, Verdict},
    },
    outbound::Limits,
};
use serde_json::Value;

use crate::{
    sending::{expected, hmac},
    support::{
        databases::{Kind, on_both},
        receiver::{Received, Reply},
        rig::{Lane, Rig, outbound, run, until},
        world::parsed,
    },
};

on_both!(
    a_test_goes_to_the_url_that_was_chosen_by_the_path_of_an_event,
    a_test_waits_until_a_worker_comes,
    an_endpoint_that_proves_itself_is_validated,
    an_endpoint_that_takes_what_is_wrongly_signed_is_told_so,
    an_answer_that_is_not_the_one_says_what_is_wrong_with_it,
    whoever_still_has_the_old_secret_is_told_so,
    a_probe_is_answered_within_three_seconds_or_not_at_all,
    a_blocked_address_says_only_that,
    what_changes_takes_the_result_along,
    what_a_probe_comes_to_counts_for_nothing_else,
);

async fn send(rig: &Rig, lane: Lane, environment: Environment) {
    let (acting, form) = (rig.world.acting(&rig.owner), rig.world.form(&rig.owner));
    let test = NewTest {
        event_type: parsed("recording.deleted"),
        environment,
        data: parsed(r#"{ "recording": {"id": "r_1", "size": 1.50} }"#),
    };
    let sent = checks::send_test(rig.ctx(), &acting, &rig.app, lane.subscription, form, &test).await;
    sent.expect("it is sent");
}

async fn validate(rig: &Rig, lane: Lane) {
    let (acting, form) = (rig.world.acting(&rig.owner), rig.world.form(&rig.owner));
    let asked = checks::validate(rig.ctx(), &acting, &rig.app, lane.subscription, form).await;
    asked.expect("it is asked");
}

async fn view(rig: &Rig, lane: Lane) -> Checks {
    let acting = rig.world.acting::<Viewer>(&rig.owner);
    checks::view(rig.ctx(), &acting, lane.subscription).await.expect("the checks")
}

async fn verdict(rig: &Rig, lane: Lane, environment: Environment) -> Option<Verdict> {
    let validations = view(rig, lane).await.validations;
    validations.iter().find(|one| one.environment == environment).map(|one| one.verdict())
}

async fn production(rig: &Rig, lane: Lane) -> Option<Verdict> {
    verdict(rig, lane, Environment::Production).await
}

/// A minute later, so that there is room for more.
async fn turn(rig: &Rig, worker: Worker) {
    worker.turn().await.expect("the queue is there");
    worker.finish().await;
    rig.world.clock.advance(Span::minutes(2));
}

/// What docs/webhooks.md asks of an endpoint, and whether it checks signatures.
fn endpoint(secret: String, checks_signatures: bool) -> Reply {
    Reply::by(move |received: &Received| {
        let signed = received.header("webhook-signature").unwrap_or_default();
        if checks_signatures && !signed.split(' ').any(|one| one == expected(&secret, received)) {
            return Reply::status(401);
        }
        let message: Value = serde_json::from_slice(&received.body).expect("JSON");
        assert_eq!(message["type"], "endpoint.url_validation");
        let token = message["data"]["plain_token"].as_str().expect("a token");
        // The keys of HMAC longer than a block are hashed; this one is not longer.
        let encrypted: String =
            hmac(secret.as_bytes(), token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = serde_json::json!({ "plain_token": token, "encrypted_token": encrypted });
        Reply::body(200, answer.to_string())
    })
}

async fn a_test_goes_to_the_url_that_was_chosen_by_the_path_of_an_event(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    rig.receiver.answer("/hook-dev", Reply::status(500));
    send(&rig, lane, Environment::Production).await;
    turn(&rig, rig.worker()).await;
    send(&rig, lane, Environment::Development).await;
    rig.turn().await;
    let [production, development] = &rig.receiver.received()[..] else { panic!("two requests") };
    assert_eq!((production.path.as_str(), development.path.as_str()), ("/hook", "/hook-dev"));
    let secrets = rig.secrets(lane.subscription).await;
    for received in [production, development] {
        assert_eq!(received.header("webhook-signature"), Some(expected(&secrets[0], received).as_str()));
        let message: Value = serde_json::from_slice(&received.body).expect("JSON");
        let members: Vec<_> = message.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(members, ["type", "timestamp", "event_id", "account", "data"]);
        assert_eq!(message["type"], "recording.deleted");
        assert_eq!(message["account"], rig.app.account.to_string());
        let body = String::from_utf8_lossy(&received.body);
        assert!(body.ends_with(r#""data":{"recording":{"id":"r_1","size":1.50}}}"#), "{body}");
    }
    let checks = view(&rig, lane).await;
    let shown: Vec<_> = checks
        .tests
        .iter()
        .map(|(test, attempt)| {
            let attempt = attempt.as_ref().expect("an attempt");
            (test.environment, test.kind, test.stage, attempt.outcome)
        })
        .collect();
    let kind = DeliveryKind::Test;
    let expected = [
        (Environment::Development, kind, Stage::Failed, Outcome::Answered(500)),
        (Environment::Production, kind, Stage::Succeeded, Outcome::Answered(204)),
    ];
    assert_eq!(shown, expected, "the newest first, and none is sent again");
}

async fn a_test_waits_until_a_worker_comes(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    send(&rig, lane, Environment::Production).await;
    let checks = view(&rig, lane).await;
    let [(test, None)] = &checks.tests[..] else { panic!("one test, not sent: {checks:?}") };
    assert_eq!(test.stage, Stage::Waiting);
    let running = run(rig.worker());
    until("the test is sent", async || view(&rig, lane).await.tests[0].0.stage == Stage::Succeeded).await;
    running.stop().await;
}

async fn an_endpoint_that_proves_itself_is_validated(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let secret = rig.secrets(lane.subscription).await.swap_remove(0);
    rig.receiver.answer("/hook", endpoint(secret.clone(), true));
    rig.receiver.answer("/hook-dev", endpoint(secret, true));
    validate(&rig, lane).await;
    for environment in [Environment::Production, Environment::Development] {
        assert_eq!(verdict(&rig, lane, environment).await, Some(Verdict::Waiting));
    }
    rig.turn().await;
    for environment in [Environment::Production, Environment::Development] {
        assert_eq!(verdict(&rig, lane, environment).await, Some(Verdict::Validated));
    }
    let received = rig.receiver.received();
    assert_eq!(received.len(), 4, "two probes to each");
    let ids: BTreeSet<_> = received.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(ids.len(), 4);
    let sql = "select kind || ' ' || environment || ' ' || status from deliveries order by environment desc, kind desc";
    let rows = rig.world.database.texts(sql).await;
    let expected =
        ["probe production", "forged_probe production", "probe development", "forged_probe development"];
    assert_eq!(rows, expected.map(|row| format!("{row} succeeded")));
}

async fn an_endpoint_that_takes_what_is_wrongly_signed_is_told_so(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let secret = rig.secrets(lane.subscription).await.swap_remove(0);
    rig.receiver.answer("/hook", endpoint(secret.clone(), false));
    validate(&rig, lane).await;
    turn(&rig, rig.worker()).await;
    assert_eq!(production(&rig, lane).await, Some(Verdict::ChecksNoSignatures));
    rig.receiver.answer("/hook", endpoint(secret, true));
    validate(&rig, lane).await;
    assert_eq!(production(&rig, lane).await, Some(Verdict::Waiting), "it is asked anew");
    rig.turn().await;
    assert_eq!(production(&rig, lane).await, Some(Verdict::Validated));
}

async fn an_answer_that_is_not_the_one_says_what_is_wrong_with_it(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    for (reply, why) in [
        (Reply::status(204), Probed::OtherAnswer),
        (Reply::body(200, "<p>Welcome</p>"), Probed::OtherAnswer),
        (Reply::body(200, r#"{"plain_token":"x","encrypted_token":"y"}"#), Probed::OtherToken),
        (Reply::status(404), Probed::Refused),
        (Reply::status(302).with("location", "/elsewhere"), Probed::Refused),
        (endpoint(String::from("whsec_another"), false), Probed::WrongSecret),
    ] {
        rig.receiver.answer("/hook", reply.clone());
        validate(&rig, lane).await;
        turn(&rig, rig.worker()).await;
        assert_eq!(production(&rig, lane).await, Some(Verdict::Failed(why)), "{reply:?}");
    }
}

async fn whoever_still_has_the_old_secret_is_told_so(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let old = rig.secrets(lane.subscription).await.swap_remove(0);
    rig.rotate(lane).await;
    rig.receiver.answer("/hook", endpoint(old, true));
    validate(&rig, lane).await;
    rig.turn().await;
    assert_eq!(production(&rig, lane).await, Some(Verdict::Failed(Probed::OldSecret)));
}

async fn a_probe_is_answered_within_three_seconds_or_not_at_all(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    rig.receiver.answer("/hook", Reply::Hang);
    let limits = Limits::default();
    assert_eq!(limits.probe, Duration::from_secs(3));
    let limits = Limits { connect: Duration::from_secs(60), total: Duration::from_secs(120), ..limits };
    let nets = AllowedNets::new(vec![parsed("127.0.0.0/8")]);
    validate(&rig, lane).await;
    turn(&rig, Worker::new(rig.ctx().clone(), outbound(&rig.receiver, nets, limits))).await;
    assert_eq!(production(&rig, lane).await, Some(Verdict::Failed(Probed::Unanswered)));
    let validations = view(&rig, lane).await.validations;
    let probe = validations.iter().find(|one| one.environment == Environment::Production).expect("one");
    let late = Failed { why: Failure::ProbeTimedOut, certificate_at: None };
    assert_eq!(probe.probe.outcome, Some(Outcome::Failed(late)));
}

async fn a_blocked_address_says_only_that(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let blocking = outbound(&rig.receiver, AllowedNets::default(), Limits::default());
    validate(&rig, lane).await;
    send(&rig, lane, Environment::Production).await;
    turn(&rig, Worker::new(rig.ctx().clone(), blocking)).await;
    let checks = view(&rig, lane).await;
    let blocked = Outcome::Failed(Failure::Blocked.into());
    for validation in &checks.validations {
        assert_eq!(validation.verdict(), Verdict::Failed(Probed::Unanswered));
        assert_eq!(validation.probe.outcome, Some(blocked));
    }
    let attempt = checks.tests[0].1.as_ref().expect("an attempt");
    assert_eq!((attempt.outcome, attempt.timing), (blocked, None));
    let told = blocked.told_of(DeliveryKind::Test).expect("a sentence");
    assert_eq!(told, "The URL leads to an address that Portico does not send to.");
    assert!(rig.receiver.received().is_empty() && rig.receiver.connections() == 0);
}

async fn what_changes_takes_the_result_along(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    validate(&rig, lane).await;
    turn(&rig, rig.worker()).await;
    let acting = rig.world.acting(&rig.owner);
    let saved = async |production: &str, name: &str| {
        let url = |path: &str| Some(parsed(&rig.receiver.url(path)));
        let new = NewSubscription {
            name: Some(parsed(name)),
            endpoints: Endpoints::new(url("/hook-dev"), url(production)).expect("URLs"),
            event_types: EventTypes::new(vec![parsed("meeting.started")]).expect("a type"),
        };
        subscriptions::save(rig.ctx(), &acting, &rig.app, lane.subscription, &new).await.expect("saved");
        let validations = view(&rig, lane).await.validations;
        validations.iter().map(|one| one.environment).collect::<Vec<_>>()
    };
    assert_eq!(saved("/hook", "A name").await.len(), 2, "a name is no matter");
    assert_eq!(saved("/other", "A name").await, [Environment::Development]);
    validate(&rig, lane).await;
    rig.rotate(lane).await;
    assert!(view(&rig, lane).await.validations.is_empty());
    // The probes of before are on their way, and say nothing any more.
    turn(&rig, rig.worker()).await;
    assert!(view(&rig, lane).await.validations.is_empty());
    assert_eq!(rig.receiver.received().len(), 8);
}

async fn what_a_probe_comes_to_counts_for_nothing_else(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    rig.receiver.answer("/hook", Reply::status(410));
    rig.receiver.answer("/hook-dev", Reply::status(410));
    validate(&rig, lane).await;
    send(&rig, lane, Environment::Production).await;
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), 5);
    let database = &rig.world.database;
    assert_eq!(database.count("lanes", "turned_off_at is not null or failures > 0").await, 0);
    assert_eq!(database.count("delivery_hours", "true").await, 0);
    assert_eq!(database.audited("subscription_turned_off").await, 0);
}
