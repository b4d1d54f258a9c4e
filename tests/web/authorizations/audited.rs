//! What users, clients and admins do with grants is written down (S65).

use portico::{
    actions::{apps, remains},
    domain::{account::Owner, time::Span},
};

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        oauth::{Proof, tokens},
    },
};

on_both!(every_change_of_a_grant_leaves_its_row);

/// How often each action stands in the log.
async fn rows(scene: &Scene, actions: &[(&str, usize)]) {
    let log = scene.portal.world.database.texts("select action from audit_log").await;
    for (action, times) in actions {
        assert_eq!(log.iter().filter(|one| one == action).count(), *times, "{action}");
    }
}

async fn every_change_of_a_grant_leaves_its_row(kind: Kind) {
    let scene = Scene::new(kind).await;
    let Scene { atlas, client, program, portal, .. } = &scene;
    atlas.tokens(client, &[("scope", "meeting:read")]).await;
    rows(&scene, &[("grant_given", 1), ("grant_widened", 0)]).await;
    let (_, refresh) = atlas.tokens(client, &[("scope", "meeting:read user:read")]).await;
    rows(&scene, &[("grant_given", 1), ("grant_widened", 1)]).await;

    assert_eq!(atlas.refresh(program, &refresh).await.status, 200);
    assert_eq!(atlas.refresh(program, &refresh).await.status, 400);
    rows(&scene, &[("refresh_token_reused", 1)]).await;
    let proof = Proof::new("twice");
    let code = atlas.code(client, &proof, &[]).await;
    tokens(&atlas.redeem(program, &code, &proof).await);
    for _ in 0..3 {
        assert_eq!(atlas.redeem(program, &code, &proof).await.status, 400);
        rows(&scene, &[("code_reused", 1)]).await;
    }

    let page = client.visit("/settings/authorizations").await;
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    client.submit(&page.form(&revoke)).await;
    rows(&scene, &[("grant_ended", 1), ("grant_revoked", 0)]).await;

    let root = portal.signed_in(&portal.world.admin("root@meridian.example").await).await;
    let path = format!("/admin/apps/{}/grants", atlas.app.id);
    atlas.tokens(client, &[]).await;
    portal.world.clock.advance(Span::seconds(1));
    let page = root.visit(&path).await;
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    root.submit(&page.form(&revoke)).await;
    rows(&scene, &[("grant_revoked", 1), ("grants_revoked", 0)]).await;
    atlas.tokens(client, &[]).await;
    let page = root.visit(&path).await;
    root.submit(&page.form(&format!("{path}/revoke-all"))).await;
    rows(&scene, &[("grants_revoked", 1), ("grant_revoked", 2)]).await;

    // The app itself ends what came of an authorisation, by either token, and once.
    let (access, refresh) = atlas.tokens(client, &[]).await;
    for token in [&refresh, &access] {
        assert_eq!(atlas.revoke(program, token).await.status, 200);
        rows(&scene, &[("tokens_revoked", 1)]).await;
    }
    let (access, _) = atlas.tokens(client, &[]).await;
    assert_eq!(atlas.revoke(program, &access).await.status, 200);
    rows(&scene, &[("tokens_revoked", 2)]).await;
    let maker = portal.signed_in(&atlas.owner).await;
    assert!(maker.visit("/account/audit").await.says("Tokens revoked by the app"));

    // The end of the app is written down where it was let in.
    let owner = portal.world.acting::<Owner>(&atlas.owner);
    apps::delete(&portal.world.ctx, &owner, atlas.app.id, "Atlas").await.expect("deleted");
    while remains::go_on(&portal.world.ctx).await.expect("a step") {}
    rows(&scene, &[("grant_ended", 2)]).await;
    let page = client.visit("/account/audit").await;
    assert!(page.says("the app is deleted") && !page.says("maker@atlas.example"), "{}", page.text());
}
