//! `/apps/{app}/deliveries/redeliver`: what failed since a moment

use portico::{
    actions::{redeliveries, subscriptions},
    domain::{
        account::{Developer, Role},
        time::Span,
    },
};

use super::{at, deliveries::Log};
use crate::support::{
    client::{Form, Page},
    databases::{Kind, on_both},
};

on_both!(
    what_failed_is_counted_and_asked_for_again,
    a_moment_of_ones_own_is_counted_first,
    a_moment_that_is_none_comes_back_as_it_was_typed,
    a_second_one_waits_for_the_first,
    viewers_read_how_far_it_is,
    a_list_is_live_while_something_on_it_waits,
);

fn path(log: &Log) -> String {
    at(&log.app, "/deliveries/redeliver")
}

fn form(log: &Log, page: &Page) -> Form {
    page.form(&path(log))
}

fn choices(page: &Page) -> Vec<String> {
    page.texts("#redeliver-since option")
}

async fn finish(log: &Log) {
    while redeliveries::go_on(&log.flow.portal.world.ctx).await.expect("a step") {}
}

async fn what_failed_is_counted_and_asked_for_again(kind: Kind) {
    let log = Log::new(kind).await;
    log.answered(204).await;
    assert!(!log.list("").await.has("#redeliver"), "nothing failed");
    let old = log.answered(500).await;
    for _ in 0..3 {
        // In steps: a session ends that was idle for twelve hours.
        log.flow.portal.world.clock.advance(Span::hours(10));
        log.list("").await;
    }
    let young = log.answered(503).await;
    let page = log.list("").await;
    let counted =
        ["An hour ago: 1 failed", "24 hours ago: 1 failed", "7 days ago: 2 failed", "30 days ago: 2 failed"];
    assert_eq!(choices(&page), counted);
    let form = form(&log, &page);
    assert_eq!(form.value("since"), Some("24h"));
    assert_eq!(log.flow.client.submit(&form).await.location(), at(&log.app, "/deliveries"));
    let page = log.list("").await;
    assert!(
        page.says("What failed is delivered again.") && page.says("0 of 1 are in the queue again"),
        "{}",
        page.text()
    );
    assert!(page.has("#redelivery[data-live] progress[max='1'][value='0']") && !page.has("#redeliver"));
    finish(&log).await;
    let page = log.list("").await;
    assert!(page.says("1 failed delivery is in the queue again"), "{}", page.text());
    assert!(!page.has("[data-live] progress") && page.has("#redelivery:not([data-live])"));
    assert_eq!(choices(&page)[..2], ["An hour ago: 0 failed", "24 hours ago: 0 failed"]);
    assert!(
        log.one(young).await.says("Waiting after 1 attempt")
            && log.one(old).await.says("Failed after 1 attempt")
    );
    // The same form once more, after all of it is over.
    assert_eq!(log.flow.client.submit(&form).await.location(), at(&log.app, "/deliveries"));
    assert!(log.list("").await.says("This form was sent twice."), "it did its work before");
    finish(&log).await;
    assert!(log.one(old).await.says("Failed after 1 attempt"));
    log.flow.portal.world.clock.advance(Span::hours(1));
    assert!(!log.list("").await.has("#redelivery"), "it is said for an hour");
    let activity = log.flow.client.visit(&at(&log.app, "")).await;
    assert!(activity.says("Failed events delivered again, 1, made since"), "{}", activity.text());
}

async fn a_moment_of_ones_own_is_counted_first(kind: Kind) {
    let log = Log::new(kind).await;
    // At 07:20:01 and 09:20:02 UTC.
    log.answered(500).await;
    log.flow.portal.world.clock.advance(Span::hours(2));
    let young = log.answered(500).await;
    let page = log.list("?failed_since=2026-11-24T09:00&failed_zone=Europe/Berlin").await;
    assert!(page.says("1 failed delivery since 24 Nov 2026, 08:00 UTC"), "{}", page.text());
    assert_eq!(choices(&page).last().map(String::as_str), Some("24 Nov 2026, 08:00 UTC: 1 failed"));
    let answer = log.flow.client.submit(&form(&log, &page)).await;
    assert_eq!(answer.location(), at(&log.app, "/deliveries"));
    finish(&log).await;
    assert_eq!(super::deliveries::ids(&log.list("?status=waiting").await), [young.to_string()]);
    assert!(log.list("?failed_since=2026-11-24T23:00").await.errors().contains_key("failed_since"));
    // As the contract has it, without a choice of the page.
    let direct = form(&log, &log.list("").await);
    let direct = direct.with("since", "2026-11-24T16:20").and("since_zone", "Asia/Tokyo");
    assert_eq!(log.flow.client.submit(&direct).await.location(), at(&log.app, "/deliveries"));
    finish(&log).await;
    assert_eq!(super::deliveries::ids(&log.list("?status=waiting").await).len(), 2);
}

async fn a_moment_that_is_none_comes_back_as_it_was_typed(kind: Kind) {
    let log = Log::new(kind).await;
    log.answered(500).await;
    let form = form(&log, &log.list("").await);
    for (typed, zone, sentence) in [
        ("", "", "Enter since when failed deliveries are meant."),
        ("<yesterday>", "", "Enter a date and time such as 2026-11-24T07:20."),
        ("2026-11-24T07:20", "Mars/Phobos", "This time zone is not known; enter the time in UTC."),
        ("2026-11-24T07:22", "", "This time is yet to come; choose one that is past."),
        ("2026-11-25", "", "This time is yet to come; choose one that is past."),
    ] {
        let answer = log.flow.client.submit(&form.clone().with("since", typed).and("since_zone", zone)).await;
        assert_eq!(answer.status, 422, "{typed}");
        assert_eq!(
            answer.errors().into_iter().collect::<Vec<_>>(),
            [(String::from("failed_since"), sentence.to_owned())]
        );
        assert_eq!(answer.attribute("#failed_since", "value").as_deref(), Some(typed));
        assert!(answer.title().starts_with("Error: ") && answer.has("details[open] #failed_since"));
    }
    let rows = log.flow.portal.world.database.texts("select 'one' from redeliveries").await;
    assert!(rows.is_empty(), "nothing is asked for");
    let none = form.with("since", "1h");
    log.flow.portal.world.clock.advance(Span::hours(2));
    assert_eq!(log.flow.client.submit(&none).await.location(), at(&log.app, "/deliveries"));
    assert!(log.list("").await.says("Nothing has failed since then."));
}

async fn a_second_one_waits_for_the_first(kind: Kind) {
    let log = Log::new(kind).await;
    log.answered(500).await;
    let page = log.list("").await;
    let (first, second) = (form(&log, &page), form(&log, &log.list("").await));
    log.flow.client.submit(&first).await.location();
    let answer = log.flow.client.submit(&second).await;
    assert_eq!(answer.status, 409);
    assert!(answer.says("are being asked for again already") && answer.says("0 of 1"), "{}", answer.text());
    let audited = "select 'one' from audit_log where action = 'failed_redelivered'";
    assert_eq!(log.flow.portal.world.database.texts(audited).await.len(), 1);
    assert_eq!(log.flow.client.submit(&first).await.status, 303, "the first form did its work");
}

async fn viewers_read_how_far_it_is(kind: Kind) {
    let log = Log::new(kind).await;
    log.answered(500).await;
    let form = form(&log, &log.list("").await);
    let world = &log.flow.portal.world;
    let viewer = world.colleague("viewer@meridian.example", &log.flow.ada).await;
    let viewer = world.with_role(viewer, Role::Viewer).await;
    let client = log.flow.portal.signed_in(&viewer).await;
    assert!(!client.visit(&at(&log.app, "/deliveries")).await.has("#redeliver"));
    let theirs = client.visit("/settings").await.form("/settings/profile");
    let csrf = theirs.value("csrf").expect("a value").to_owned();
    assert_eq!(client.submit(&form.clone().with("csrf", &csrf)).await.status, 404);
    log.flow.client.submit(&form).await.location();
    assert!(client.visit(&at(&log.app, "/deliveries")).await.says("0 of 1 are in the queue again"));
}

async fn a_list_is_live_while_something_on_it_waits(kind: Kind) {
    let log = Log::new(kind).await;
    let done = log.answered(204).await;
    assert!(!log.list("").await.has("[data-live]") && !log.one(done).await.has("[data-live]"));
    let waits = log.made().await;
    assert!(
        log.list("").await.has("#deliveries[data-live] table")
            && log.one(waits).await.has("#delivery[data-live]")
    );
    assert!(!log.list("?status=succeeded").await.has("[data-live]"));
    assert!(!log.list(&format!("?after={waits}")).await.has("[data-live]"), "a later page stands still");
    let world = &log.flow.portal.world;
    subscriptions::delete(&world.ctx, &world.acting::<Developer>(&log.flow.ada), &log.app, log.sub)
        .await
        .expect("deleted");
    assert!(!log.one(waits).await.has("[data-live]"), "nothing more comes of it");
}
