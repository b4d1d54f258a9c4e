//! Actions that are given an app of another account, as only a mistake in a page could do (S63).

use portico::{
    actions::{Error, activation, apps, credentials, invitations, members, subscriptions},
    domain::{
        account::{Developer, Owner, Role},
        lane::Waiting,
        overlap::KeepOld,
        time::Span,
    },
};

use crate::support::{
    databases::{Kind, on_both},
    world::{World, subscribing_to},
};

on_both!(an_app_of_another_account_is_not_there);

async fn an_app_of_another_account_is_not_there(kind: Kind) {
    let world = World::new(kind).await;
    let (ada, eve) = (world.user("ada@meridian.example").await, world.user("eve@evil.example").await);
    let app = world.jwt_app(&ada, "Relay").await;
    let subscription = world.subscription(&ada, &app).await;
    let invitation = world.invite(&ada, "bo@meridian.example", Role::Viewer).await;
    let old = {
        let acting = world.acting::<Owner>(&ada);
        let form = world.form(&ada);
        credentials::regenerate(&world.ctx, &acting, &app, form, KeepOld::Week).await.expect("a secret");
        credentials::pair(&world.ctx, &acting)
            .await
            .expect("a pair")
            .old
            .first()
            .expect("an old one")
            .facts
            .id
    };
    let theirs = world.jwt_app(&eve, "Theirs").await;
    let (ctx, edit, own) = (&world.ctx, world.acting::<Developer>(&eve), world.acting::<Owner>(&eve));
    let new = subscribing_to(&["user.created"]);
    let exp = ctx.now() + Span::hours(1);
    let outcomes = [
        credentials::reveal(ctx, &edit, &app).await.map(drop),
        credentials::test_token(ctx, &edit, &app, exp).await.map(drop),
        credentials::regenerate(ctx, &own, &app, world.form(&eve), KeepOld::No).await.map(drop),
        credentials::revoke(ctx, &own, &app, old).await,
        credentials::revoke(ctx, &own, &theirs, old).await,
        subscriptions::toggle(ctx, &edit, &app, !app.events_on).await,
        subscriptions::create(ctx, &edit, &app, world.form(&eve), &new).await.map(drop),
        subscriptions::view(ctx, &edit, &app, subscription).await.map(drop),
        subscriptions::save(ctx, &edit, &app, subscription, &new).await,
        subscriptions::reveal(ctx, &edit, &app, subscription).await.map(drop),
        subscriptions::rotate(ctx, &edit, &app, subscription, world.form(&eve), KeepOld::No).await.map(drop),
        subscriptions::delete(ctx, &edit, &app, subscription).await,
        activation::activate(ctx, &edit, app.id).await,
        activation::deactivate(ctx, &edit, app.id).await,
        activation::reactivate(ctx, &edit, app.id, Waiting::Send).await,
        invitations::resend(ctx, &own, world.form(&eve), invitation).await.map(drop),
        invitations::revoke(ctx, &own, invitation).await,
        members::view(ctx, &own, ada.id).await.map(drop),
        members::set_role(ctx, &own, ada.id, Role::Viewer).await,
        members::remove(ctx, &own, ada.id).await,
    ];
    for (number, outcome) in outcomes.iter().enumerate() {
        assert!(matches!(outcome, Err(Error::NotFound)), "{number}: {outcome:?}");
    }
    assert!(subscriptions::list(ctx, &edit, &app).await.expect("no rows").is_empty());
    assert!(apps::activity(ctx, &edit, &app).await.expect("no rows").is_empty());
    let kept = subscriptions::list(ctx, &world.acting::<Owner>(&ada), &app).await.expect("rows");
    assert_eq!(kept.len(), 1);
    let pair = credentials::pair(ctx, &world.acting::<Owner>(&ada)).await.expect("a pair");
    assert_eq!(pair.old.first().map(|one| one.facts.id), Some(old));
}
