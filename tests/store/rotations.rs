//! Secrets that many regenerate at the same moment (S37).

use portico::{
    actions::{self, Conflict},
    domain::{
        account::{Developer, Owner},
        overlap::{KeepOld, MAX_OLD},
        time::Span,
    },
};

use crate::{
    races::{at_once, came_off},
    support::{
        databases::{Kind, on_both},
        world::World,
    },
};

on_both!(
    twenty_regenerations_at_once_leave_one_current_secret,
    twenty_rotations_at_once_leave_one_current_secret,
);

async fn twenty_regenerations_at_once_leave_one_current_secret(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.jwt_app(&ada, "Relay").await;
    for (keep, made) in [(KeepOld::No, 20), (KeepOld::Hour, MAX_OLD), (KeepOld::Week, 0)] {
        let outcomes = at_once(20, |_| {
            let (ctx, acting, app) = (world.ctx.clone(), world.acting::<Owner>(&ada), app.clone());
            let form = world.form(&ada);
            async move { actions::credentials::regenerate(&ctx, &acting, &app, form, keep).await }
        })
        .await;
        assert_eq!(came_off(&outcomes, &Conflict::OldSecrets), made, "{keep}");
        let pair =
            actions::credentials::pair(&world.ctx, &world.acting::<Owner>(&ada)).await.expect("a pair");
        assert!(pair.current.is_some());
        assert_eq!(pair.old.len(), if keep == KeepOld::No { 0 } else { MAX_OLD }, "{keep}");
        let secrets = world.database.read().await.api_secrets(ada.account, world.ctx.now()).await;
        let current = secrets.expect("rows").iter().filter(|one| one.facts.retires_at.is_none()).count();
        assert_eq!(current, 1, "{keep}");
    }
    // The overlap ends for all, and none comes back.
    world.clock.advance(Span::hours(1));
    let pair = actions::credentials::pair(&world.ctx, &world.acting::<Owner>(&ada)).await.expect("a pair");
    assert!(pair.current.is_some() && pair.old.is_empty());
    let written = world.database.audited("secret_regenerated").await;
    assert_eq!(written, 20 + MAX_OLD, "each that came off is written down, and no other");
}

async fn twenty_rotations_at_once_leave_one_current_secret(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.webhook_app(&ada, "Relay").await;
    let subscription = world.subscription(&ada, &app).await;
    for (keep, made) in [(KeepOld::No, 20), (KeepOld::Day, MAX_OLD)] {
        let outcomes = at_once(20, |_| {
            let (ctx, acting, app) = (world.ctx.clone(), world.acting::<Developer>(&ada), app.clone());
            let form = world.form(&ada);
            async move { actions::subscriptions::rotate(&ctx, &acting, &app, subscription, form, keep).await }
        })
        .await;
        assert_eq!(came_off(&outcomes, &Conflict::OldSecrets), made, "{keep}");
        let (_, secrets) =
            actions::subscriptions::view(&world.ctx, &world.acting::<Owner>(&ada), &app, subscription)
                .await
                .expect("a view");
        assert_eq!(secrets.iter().filter(|facts| facts.retires_at.is_none()).count(), 1, "{keep}");
        assert_eq!(secrets.len(), if keep == KeepOld::No { 1 } else { 1 + MAX_OLD }, "{keep}");
    }
    let written = world.database.audited("signing_secret_rotated").await;
    assert_eq!(written, 20 + MAX_OLD, "each that came off is written down, and no other");
}
