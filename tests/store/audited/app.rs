//! What is done to an app and what belongs to it.

use portico::{
    actions::{
        activation, apps, credentials, deliveries, information, information::IconChoice, redeliveries,
        subscriptions,
    },
    domain::{
        account::{Developer, Owner},
        app::App,
        lane::Waiting,
        overlap::KeepOld,
        time::Span,
    },
};

use super::Walk;
use crate::support::world::{Person, information as entered, subscribing_to};

pub(super) async fn walk(walk: &mut Walk) {
    let ada = walk.world.user("app@meridian.example").await;
    walk.past().await;
    let app = walk.world.jwt_app(&ada, "Relay").await;
    walk.left(&["app_created"]).await;
    states(walk, &ada, &app).await;
    secrets(walk, &ada, &app).await;
    events(walk, &ada, &app).await;
    let owner = walk.world.acting::<Owner>(&ada);
    apps::delete(&walk.world.ctx, &owner, app.id, "Relay").await.expect("gone");
    walk.left(&["app_deleted"]).await;
}

async fn states(walk: &mut Walk, ada: &Person, app: &App) {
    let ctx = walk.world.ctx.clone();
    let acting = walk.world.acting::<Developer>(ada);
    information::save(&ctx, &acting, app.id, entered("Relay"), IconChoice::Keep).await.expect("saved");
    walk.left(&["app_information_changed"]).await;
    activation::activate(&ctx, &acting, app.id).await.expect("active");
    walk.left(&["app_activated"]).await;
    activation::deactivate(&ctx, &acting, app.id).await.expect("stopped");
    walk.left(&["app_deactivated"]).await;
    activation::reactivate(&ctx, &acting, app.id, Waiting::Send).await.expect("active again");
    walk.left(&["app_reactivated"]).await;
}

async fn secrets(walk: &mut Walk, ada: &Person, app: &App) {
    let ctx = walk.world.ctx.clone();
    let (acting, owner) = (walk.world.acting::<Developer>(ada), walk.world.acting::<Owner>(ada));
    credentials::reveal(&ctx, &acting, app).await.expect("a secret");
    walk.left(&["secret_revealed"]).await;
    credentials::test_token(&ctx, &acting, app, ctx.now() + Span::hours(1)).await.expect("a token");
    walk.left(&["token_made"]).await;
    let form = walk.world.form(ada);
    credentials::regenerate(&ctx, &owner, app, form, KeepOld::Week).await.expect("another secret");
    walk.left(&["secret_regenerated"]).await;
    let old = credentials::pair(&ctx, &owner).await.expect("a pair").old;
    credentials::revoke(&ctx, &owner, app, old.first().expect("an old one").facts.id).await.expect("revoked");
    walk.left(&["secret_revoked"]).await;
    walk.world.database.run(&walk.spoil("api_secrets")).await;
    credentials::reveal(&ctx, &acting, app).await.expect_err("it does not open");
    walk.left(&["secret_unreadable"]).await;
}

async fn events(walk: &mut Walk, ada: &Person, app: &App) {
    let ctx = walk.world.ctx.clone();
    let acting = walk.world.acting::<Developer>(ada);
    let app = &apps::seen_by(&ctx, ada.id, app.id).await.expect("its owner sees it");
    subscriptions::toggle(&ctx, &acting, app, !app.events_on).await.expect("switched");
    walk.left(&["events_toggled"]).await;
    subscriptions::toggle(&ctx, &acting, app, app.events_on).await.expect("switched back");
    walk.left(&["events_toggled"]).await;
    let id = walk.world.subscription(ada, app).await;
    walk.left(&["subscription_created"]).await;
    let new = subscribing_to(&["user.created"]);
    subscriptions::save(&ctx, &acting, app, id, &new).await.expect("saved");
    walk.left(&["subscription_changed"]).await;
    subscriptions::reveal(&ctx, &acting, app, id).await.expect("a secret");
    walk.left(&["signing_secret_revealed"]).await;
    let form = walk.world.form(ada);
    subscriptions::rotate(&ctx, &acting, app, id, form, KeepOld::Hour).await.expect("another secret");
    walk.left(&["signing_secret_rotated"]).await;

    let delivery = walk.world.delivery(ada, app, id).await;
    let failed = "status = 'failed', attempts = 8, next_at = null, finished_at = created_at";
    walk.world.database.set("deliveries", &delivery, failed).await;
    let since = ctx.now() - Span::hours(1);
    let form = walk.world.form(ada);
    let asked = redeliveries::begin(&ctx, &acting, app, since, form).await.expect("asked");
    assert_eq!(asked.into_inner(), 1);
    walk.left(&["failed_redelivered"]).await;
    let form = walk.world.form(ada);
    deliveries::redeliver(&ctx, &acting, app, delivery, form).await.expect("again");
    walk.left(&["delivery_redelivered"]).await;
    walk.world.database.run("update lanes set turned_off_at = 1, turned_off_cause = 'gone'").await;
    subscriptions::resume(&ctx, &acting, app, id).await.expect("resumed");
    walk.left(&["subscription_resumed"]).await;
    subscriptions::delete(&ctx, &acting, app, id).await.expect("gone");
    walk.left(&["subscription_deleted"]).await;
}
