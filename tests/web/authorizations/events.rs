//! What an app that uses OAuth is sent: events of accounts whose owners let it in, and the end of
//! what it was granted.

use portico::{
    actions,
    domain::{account::Role, id::SubscriptionId},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        world::{Person, parsed, subscribing_to},
    },
};

on_both!(
    events_come_by_the_grants_of_owners_and_the_scopes_of_their_types,
    an_app_is_told_when_a_user_takes_back_what_they_granted,
    leaving_and_deleting_tell_it_too,
    an_app_that_does_not_listen_is_told_nothing,
);

/// The app's subscription, with events switched on.
async fn listening(scene: &Scene, event_types: &[&str]) -> SubscriptionId {
    let world = &scene.portal.world;
    let maker = world.acting(&scene.atlas.owner);
    let app = &scene.atlas.app;
    actions::subscriptions::toggle(&world.ctx, &maker, app, true).await.expect("events are on");
    let (form, new) = (world.form(&scene.atlas.owner), subscribing_to(event_types));
    let created = actions::subscriptions::create(&world.ctx, &maker, app, form, &new).await;
    created.expect("a subscription").into_inner()
}

/// How many deliveries an event for the account comes to.
async fn reached(scene: &Scene, account: &Person, event_type: &str, environment: &str) -> usize {
    let world = &scene.portal.world;
    let before = world.database.count("deliveries", "true").await;
    let (_, key) = world.platform_key("Publisher").await;
    let event = json!({
        "type": event_type, "account": account.account.to_string(), "environment": environment, "data": {},
    });
    let request = scene.program.request(Method::POST, "/api/v1/events").bearer_auth(key.expose());
    let request = request.header("content-type", "application/json").body(event.to_string());
    let page = scene.program.send(request).await;
    assert_eq!(page.status, 202, "{}", page.body);
    world.database.count("deliveries", "true").await - before
}

async fn events_come_by_the_grants_of_owners_and_the_scopes_of_their_types(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    listening(&scene, &["meeting.started", "recording.started", "user.created"]).await;
    let ada = scene.ada.clone();
    assert_eq!(reached(&scene, &ada, "meeting.started", "production").await, 0, "nobody let it in");
    let bob = world.colleague("bob@meridian.example", &ada).await;
    scene.atlas.tokens(&scene.portal.signed_in(&bob).await, &[]).await;
    assert_eq!(reached(&scene, &ada, "meeting.started", "production").await, 0, "a member is no owner");
    scene.atlas.tokens(&scene.client, &[("scope", "meeting:read")]).await;
    assert_eq!(reached(&scene, &ada, "meeting.started", "production").await, 1);
    assert_eq!(reached(&scene, &ada, "meeting.started", "development").await, 1);
    assert_eq!(reached(&scene, &ada, "user.created", "production").await, 0, "its scope was not granted");
    assert_eq!(reached(&scene, &ada, "recording.started", "production").await, 0, "it does not ask for that");
    assert_eq!(
        reached(&scene, &scene.atlas.owner, "meeting.started", "production").await,
        0,
        "its own account"
    );
    // A second owner who lets it in makes no second delivery.
    let cleo = world.colleague("cleo@meridian.example", &ada).await;
    let cleo = world.with_role(cleo, Role::Owner).await;
    scene.atlas.tokens(&scene.portal.signed_in(&cleo).await, &[]).await;
    assert_eq!(reached(&scene, &ada, "meeting.started", "production").await, 1);
    assert_eq!(reached(&scene, &ada, "user.created", "production").await, 1, "Cleo granted that");
    world.database.set("users", &cleo.id, "disabled_at = 1").await;
    assert_eq!(reached(&scene, &ada, "user.created", "production").await, 0, "Cleo is disabled");
    let maker = world.acting(&scene.atlas.owner);
    let wanted = vec![actions::clients::WantedScope { scope: parsed("user:read"), why: None }];
    let saved = actions::clients::set_scopes(&world.ctx, &maker, scene.atlas.app.id, wanted).await;
    saved.expect("fewer scopes");
    assert_eq!(
        reached(&scene, &ada, "meeting.started", "production").await,
        0,
        "the app asks for it no more"
    );
}

/// The data of the last event that the app was told.
async fn told(scene: &Scene) -> (Value, Value) {
    let sql = "select body from events where event_type = 'app.deauthorized' order by id desc limit 1";
    let bodies = scene.portal.world.database.texts(sql).await;
    let body: Value = serde_json::from_str(bodies.first().expect("an event")).expect("JSON");
    (body["account"].clone(), body["data"].clone())
}

async fn waiting(scene: &Scene) -> usize {
    let filter = "event_type = 'app.deauthorized' and status = 'waiting'";
    scene.portal.world.database.count("deliveries", filter).await
}

async fn an_app_is_told_when_a_user_takes_back_what_they_granted(kind: Kind) {
    let scene = Scene::new(kind).await;
    listening(&scene, &["app.deauthorized"]).await;
    let (access, _) = scene.atlas.tokens(&scene.client, &[("scope", "meeting:read user:read")]).await;
    let page = scene.client.visit("/settings/authorizations").await;
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    let done = scene.client.submit(&page.form(&revoke)).await;
    assert!(scene.client.follow(&done).await.says("authorised no more"));
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(waiting(&scene).await, 1);
    let (account, data) = told(&scene).await;
    assert_eq!(account, scene.ada.account.to_string());
    assert_eq!(data["user"], scene.ada.id.to_string());
    assert_eq!(data["client_id"], scene.atlas.client_id);
    assert_eq!(data["scopes"], json!(["meeting:read", "user:read"]));
    assert_eq!(data["reason"], "revoked_by_user");
    let maker = scene.portal.signed_in(&scene.atlas.owner).await;
    let page = maker.visit(&format!("/apps/{}/deliveries", scene.atlas.app.id)).await;
    assert!(page.says("app.deauthorized"), "{}", page.text());
    let gone = scene.client.submit(&scene.client.visit("/settings").await.form("/sign-out")).await;
    assert_eq!(gone.status, 303);
}

async fn leaving_and_deleting_tell_it_too(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    listening(&scene, &["app.deauthorized"]).await;
    let bob = world.colleague("bob@meridian.example", &scene.ada).await;
    scene.atlas.tokens(&scene.portal.signed_in(&bob).await, &[]).await;
    scene.atlas.tokens(&scene.client, &[]).await;
    actions::members::leave(&world.ctx, &world.acting(&bob)).await.expect("Bob leaves");
    assert_eq!(told(&scene).await.1["reason"], "membership_ended");
    // The event outlives the account that it tells of. Those of one moment have no order.
    world.clock.advance(portico::domain::time::Span::seconds(1));
    let owner = world.acting(&scene.ada);
    let name = scene.ada.email.as_str();
    actions::deletion::delete_account(&world.ctx, &owner, name).await.expect("the account is deleted");
    let (account, data) = told(&scene).await;
    assert_eq!(
        (account, data["reason"].as_str()),
        (json!(scene.ada.account.to_string()), Some("account_deleted"))
    );
    assert_eq!(waiting(&scene).await, 2);
}

async fn an_app_that_does_not_listen_is_told_nothing(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    listening(&scene, &["meeting.started"]).await;
    scene.atlas.tokens(&scene.client, &[]).await;
    let by = actions::By::user(scene.ada.id, portico::domain::audit::Origin::default());
    let user = world.database.read().await.user(scene.ada.id).await.expect("a row").expect("Ada").user;
    let apps = actions::oauth::grants::of_user(&world.ctx, &user, None).await.expect("apps");
    let [app] = apps.0.rows.as_slice() else { panic!("one app, not {apps:?}") };
    actions::oauth::grants::revoke(&world.ctx, &by, &user, app.id).await.expect("it is taken back");
    assert_eq!(world.database.count("events", "true").await, 0);
    let again = actions::oauth::grants::revoke(&world.ctx, &by, &user, app.id).await;
    assert!(matches!(again, Err(actions::Error::NotFound)), "{again:?}");
}
