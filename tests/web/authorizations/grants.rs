//! What users and admins see of grants, and how they end them.

use portico::domain::{grant::Grant, time::Span};

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        oauth::error,
        world::parsed,
    },
};

on_both!(
    a_user_sees_and_revokes_the_apps_they_let_in,
    every_authorised_app_is_on_one_of_the_pages,
    what_an_app_asks_for_no_more_it_cannot_use,
    nobody_revokes_what_another_granted,
    admins_revoke_one_grant_or_all_of_an_app,
    deleting_the_app_ends_its_tokens,
    a_name_that_changes_is_the_next_answers,
);

async fn a_user_sees_and_revokes_the_apps_they_let_in(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (access, refresh) = scene.atlas.tokens(&scene.client, &[("scope", "meeting:read")]).await;
    let settings = scene.client.visit("/settings").await;
    assert!(settings.has("a[href='/settings/authorizations']"));
    let page = scene.client.visit("/settings/authorizations").await;
    let maker = scene.portal.signed_in(&scene.atlas.owner).await;
    let overview = maker.visit(&format!("/apps/{}", scene.atlas.app.id)).await;
    assert!(overview.texts("dl.facts dd").iter().any(|fact| fact == "1 user"), "{}", overview.text());
    let scope = "See meetings: when they are, what they are about and who is invited";
    for words in ["1 authorisation", "Atlas", "Meridian GmbH", "ada@meridian.example", scope, "meeting:read"]
    {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    assert!(!page.says("user:read") && !page.has(".pager"), "{}", page.text());
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    let form = page.form(&revoke);
    let after = scene.client.follow(&scene.client.submit(&form).await).await;
    assert!(after.says("No app yet"), "{}", after.text());
    let overview = maker.visit(&format!("/apps/{}", scene.atlas.app.id)).await;
    assert!(overview.texts("dl.facts dd").iter().any(|fact| fact == "nobody yet"), "{}", overview.text());
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await).1, "invalid_grant");
    assert_eq!(scene.client.submit(&form).await.status, 404, "once more");
    let page = scene.client.visit("/account/audit").await;
    assert!(page.says("Authorisation ended") && page.says("its user took it back"), "{}", page.text());
}

async fn every_authorised_app_is_on_one_of_the_pages(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    scene.atlas.tokens(&scene.client, &[]).await;
    // What the user granted for another 25 accounts, some of it at the same moment.
    let (app, user) = (scene.atlas.app.id, scene.ada.id);
    for number in 0_i64..25 {
        let other = world.user(&format!("user{number}@other.example")).await;
        let grant = Grant {
            id: world.ctx.new_id(),
            app,
            user,
            account: other.account,
            scopes: parsed("user:read"),
            created_at: world.ctx.now() + Span::seconds(1 + number / 3),
            agreed_at: world.ctx.now(),
        };
        let mut tx = world.database.begin().await;
        tx.insert_grant(&grant).await.expect("granted");
        tx.commit().await.expect("it holds");
    }
    let page = scene.client.visit("/settings/authorizations").await;
    assert!(page.says("26 authorisations"), "{}", page.text());
    let mut seen = page.texts("td[data-label=For]");
    assert_eq!(seen.len(), 25);
    let next = page.attribute(".pager a[rel=next]", "href").expect("another page");
    let page = scene.client.visit(&next).await;
    let rest = page.texts("td[data-label=For]");
    assert_eq!(rest, ["ada@meridian.example"], "the oldest last");
    assert!(!page.has(".pager a[rel=next]") && page.has(".pager a[rel=first]"));
    seen.extend(rest);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 26, "each once");
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    scene.client.submit(&page.form(&revoke)).await;
    let page = scene.client.visit(&next).await;
    assert!(page.says("No further app") && page.has(".pager a[rel=first]"), "{}", page.text());
}

async fn what_an_app_asks_for_no_more_it_cannot_use(kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.atlas.tokens(&scene.client, &[("scope", "meeting:read user:read")]).await;
    scene.portal.world.set_scopes(&scene.atlas.owner, &scene.atlas.app, &["meeting:read"]).await;
    let page = scene.client.visit("/settings/authorizations").await;
    assert!(page.says("meeting:read") && !page.says("user:read"), "{}", page.text());
    scene.portal.world.set_scopes(&scene.atlas.owner, &scene.atlas.app, &[]).await;
    let page = scene.client.visit("/settings/authorizations").await;
    assert!(page.says("Who you are") && !page.says("meeting:read"), "{}", page.text());
}

async fn nobody_revokes_what_another_granted(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (access, _) = scene.atlas.tokens(&scene.client, &[]).await;
    let page = scene.client.visit("/settings/authorizations").await;
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    for person in [&scene.atlas.owner, &scene.portal.world.user("eve@evil.example").await] {
        let client = scene.portal.signed_in(person).await;
        let csrf = client.visit("/settings").await.attribute("input[name=csrf]", "value").expect("a value");
        let form = page.form(&revoke).with("csrf", &csrf);
        assert_eq!(client.submit(&form).await.status, 404);
    }
    assert_eq!(scene.me(&access).await.0, 200);
}

async fn admins_revoke_one_grant_or_all_of_an_app(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let (ada, _) = scene.atlas.tokens(&scene.client, &[]).await;
    let bob = world.user("bob@other.example").await;
    world.clock.advance(Span::seconds(1));
    let (bobs, _) = scene.atlas.tokens(&scene.portal.signed_in(&bob).await, &[]).await;
    let root = world.admin("root@meridian.example").await;
    let root = scene.portal.signed_in(&root).await;
    let path = format!("/admin/apps/{}/grants", scene.atlas.app.id);
    let app = root.visit(&format!("/admin/apps/{}", scene.atlas.app.id)).await;
    assert!(app.has(&format!("a[href='{path}']")), "{}", app.text());
    let page = root.visit(&path).await;
    assert!(page.says("2 authorisations") && page.says("bob@other.example"), "{}", page.text());
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    let after = root.follow(&root.submit(&page.form(&revoke)).await).await;
    assert!(after.says("1 authorisation"), "{}", after.text());
    assert_eq!((scene.me(&ada).await.0, scene.me(&bobs).await.0), (401, 200), "the first one first");
    assert_eq!(root.submit(&page.form(&revoke)).await.status, 409);
    let seen = scene.client.visit("/account/audit").await;
    assert!(seen.says("Authorisation revoked by staff") && !seen.says("root@"), "{}", seen.text());
    let all = after.form(&format!("{path}/revoke-all"));
    let after = root.follow(&root.submit(&all).await).await;
    assert!(after.says("Nobody has authorised it"), "{}", after.text());
    assert_eq!(scene.me(&bobs).await.0, 401);
    assert_eq!(root.submit(&all).await.status, 409);
}

async fn deleting_the_app_ends_its_tokens(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let (access, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    let maker = world.acting(&scene.atlas.owner);
    portico::actions::apps::delete(&world.ctx, &maker, scene.atlas.app.id, "Atlas").await.expect("deleted");
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await).0, 401);
    assert!(scene.client.visit("/settings/authorizations").await.says("No app yet"));
}

async fn a_name_that_changes_is_the_next_answers(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (access, _) = scene.atlas.tokens(&scene.client, &[]).await;
    scene.me(&access).await;
    scene.client.fill("/settings", "/settings/profile", &[("name", "Ada Osei")]).await;
    assert_eq!(scene.me(&access).await.1["user"]["name"], "Ada Osei");
}
