//! What is sent to an OAuth app of accounts that let it in: nothing, once no grant allows it.

use portico::{
    actions::{Conflict, Error, checks, deliveries, members, oauth, redeliveries},
    domain::{
        account::{Developer, Owner, Role},
        delivery::DeliveryKind,
        event::Environment,
        grant::Grant,
        id::{DeliveryId, GrantId},
        time::Span,
    },
};

use crate::support::{
    databases::{Kind, on_both},
    oauth::OauthApp,
    receiver::Reply,
    rig::{Lane, Rig},
    world::{Person, parsed},
};

on_both!(
    what_waits_is_dropped_when_the_grant_that_allowed_it_ends,
    what_no_grant_allows_is_not_delivered_again,
    what_needs_no_grant_is_sent_without_one,
);

/// An app of Ada's that Cleo, of another account, let in.
struct Scene {
    rig: Rig,
    atlas: OauthApp,
    cleo: Person,
    grant: GrantId,
    /// For events of Cleo's account.
    lane: Lane,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let rig = Rig::new(kind).await;
        let world = &rig.world;
        let atlas = world.oauth_app(&rig.owner, "Atlas", "meeting:read").await;
        let acting = world.acting::<Developer>(&rig.owner);
        let toggled = portico::actions::subscriptions::toggle(rig.ctx(), &acting, &atlas.app, true).await;
        toggled.expect("events are on");
        let cleo = world.user("cleo@harbour.example").await;
        let own = rig.lane_of(&rig.owner, &atlas.app, "/hook").await;
        let lane = Lane { account: cleo.account, ..own };
        let grant = let_in(&rig, &atlas, &cleo).await;
        Self { rig, atlas, cleo, grant, lane }
    }

    /// Cleo takes it back.
    async fn take_back(&self) {
        let world = &self.rig.world;
        let user = world.database.read().await.user(self.cleo.id).await.expect("a read").expect("Cleo").user;
        let by = world.acting::<Owner>(&self.cleo).by();
        oauth::grants::revoke(self.rig.ctx(), &by, &user, self.grant).await.expect("taken back");
    }

    async fn redeliver(&self, id: DeliveryId) -> Result<(), Error> {
        let (acting, form) =
            (self.rig.world.acting::<Developer>(&self.rig.owner), self.rig.world.form(&self.rig.owner));
        let made = deliveries::redeliver(self.rig.ctx(), &acting, &self.atlas.app, id, form).await;
        made.map(|_| ())
    }
}

async fn let_in(rig: &Rig, app: &OauthApp, user: &Person) -> GrantId {
    let (id, now) = (rig.ctx().new_id(), rig.ctx().now());
    let scopes = parsed("meeting:read");
    let grant = Grant {
        id,
        app: app.app.id,
        user: user.id,
        account: user.account,
        scopes,
        created_at: now,
        agreed_at: now,
    };
    let mut tx = rig.world.database.begin().await;
    tx.insert_grant(&grant).await.expect("a grant");
    tx.commit().await.expect("it holds");
    id
}

async fn what_waits_is_dropped_when_the_grant_that_allowed_it_ends(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (rig, lane) = (&scene.rig, scene.lane);
    let sent = rig.publish(lane, 2).await;
    rig.turn().await;
    assert_eq!(rig.states(&sent).await, ["succeeded after 1"; 2]);
    // Another owner's grant serves as well; one who is an owner no more does not.
    let dora = rig.world.colleague("dora@harbour.example", &scene.cleo).await;
    let dora = rig.world.with_role(dora, Role::Owner).await;
    let_in(rig, &scene.atlas, &dora).await;
    scene.take_back().await;
    let still = rig.publish(lane, 1).await;
    rig.turn().await;
    assert_eq!(rig.states(&still).await, ["succeeded after 1"]);
    // More than are looked at together, which waited for the endpoint, or were held.
    rig.receiver.answer("/hook", Reply::status(500));
    let waiting = rig.publish(lane, 1).await;
    rig.turn().await;
    assert_eq!(rig.states(&waiting).await, ["waiting after 1"]);
    let more = rig.publish(lane, 150).await;
    let owner = rig.world.acting::<Owner>(&scene.cleo);
    members::set_role(rig.ctx(), &owner, dora.id, Role::Developer).await.expect("another role");
    rig.world.clock.advance(Span::minutes(10));
    let before = rig.receiver.received().len();
    for _ in 0..5 {
        rig.turn().await;
    }
    assert_eq!(rig.receiver.received().len(), before, "nothing is sent");
    assert_eq!(rig.states(&waiting).await, ["dropped after 1"]);
    assert_eq!(rig.states(&more).await, vec!["dropped after 0"; 150]);
}

async fn what_no_grant_allows_is_not_delivered_again(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (rig, lane) = (&scene.rig, scene.lane);
    let made = rig.publish(lane, 2).await;
    rig.turn().await;
    rig.world.database.run("update deliveries set status = 'failed'").await;
    scene.take_back().await;
    let refused = scene.redeliver(made[0]).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::NotGranted))), "{refused:?}");
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let seen = deliveries::view(rig.ctx(), &acting, &scene.atlas.app, made[0]).await.expect("a delivery");
    assert!(seen.is_ungranted);
    // Of those that are asked for together each is looked at when it would be sent.
    let (since, form) = (rig.ctx().now() - Span::hours(1), rig.world.form(&rig.owner));
    rig.world.clock.advance(Span::minutes(1));
    redeliveries::begin(rig.ctx(), &acting, &scene.atlas.app, since, form).await.expect("it begins");
    while redeliveries::go_on(rig.ctx()).await.expect("a step") {}
    let before = rig.receiver.received().len();
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), before);
    assert_eq!(rig.states(&made).await, ["dropped after 1"; 2]);
    // Let in again, it may have them.
    let_in(rig, &scene.atlas, &scene.cleo).await;
    scene.redeliver(made[0]).await.expect("it waits");
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 2", "dropped after 1"]);
}

async fn what_needs_no_grant_is_sent_without_one(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (rig, lane) = (&scene.rig, scene.lane);
    scene.take_back().await;
    let own = Lane { account: scene.atlas.app.account, ..lane };
    let farewell = rig.publish(own, 1).await;
    rig.world.database.run("update deliveries set event_type = 'app.deauthorized'").await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let new = checks::NewTest {
        event_type: parsed("meeting.started"),
        environment: Environment::Production,
        data: parsed("{}"),
    };
    let form = rig.world.form(&rig.owner);
    let sent = checks::send_test(rig.ctx(), &acting, &scene.atlas.app, lane.subscription, form, &new).await;
    sent.expect("a test");
    rig.turn().await;
    assert_eq!(rig.states(&farewell).await, ["succeeded after 1"]);
    let tests = format!("kind = '{}' and status = 'succeeded'", DeliveryKind::Test.as_str());
    assert_eq!(rig.world.database.count("deliveries", &tests).await, 1);
}
