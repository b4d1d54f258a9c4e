//! What an access token opens that acts for a user, and how soon it stops.

use portico::actions::admin::accounts;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    authorizations::Scene,
    support::{
        client::{Client, Page},
        databases::{Kind, on_both},
        site::{Site, free_address},
        world::parsed,
    },
};

on_both!(
    a_pass_says_for_whom_and_for_which_account,
    the_platform_is_told_whom_a_token_acts_for,
    suspending_either_account_refuses_the_very_next_call,
    another_process_hears_of_a_revoked_grant,
);

fn code(page: &Page) -> (u16, &str) {
    (page.status.as_u16(), page.header("x-portico-error"))
}

/// Takes back the one thing that Ada granted.
async fn revoke(scene: &Scene) {
    let page = scene.client.visit("/settings/authorizations").await;
    let action = page.attribute("form[action$='/revoke']", "action").expect("a form");
    assert_eq!(scene.client.submit(&page.form(&action)).await.status, 303);
}

async fn a_pass_says_for_whom_and_for_which_account(kind: Kind) {
    let scene = Scene::new(kind).await;
    assert_ne!(scene.ada.account, scene.atlas.owner.account);
    let (access, _) = scene.atlas.tokens(&scene.client, &[("scope", "meeting:read user:read")]).await;
    for path in
        ["/authorize", "/authorize?scope=user:read+meeting:read", "/authorize/v1/x?scope=meeting:write"]
    {
        let page = scene.program.get_as(path, &access).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, ""), "{path}");
        assert_eq!(page.header("x-portico-user"), scene.ada.id.to_string());
        assert_eq!(page.header("x-portico-account"), scene.ada.account.to_string(), "not the app's own");
        assert_eq!(page.header("x-portico-app"), scene.atlas.app.id.to_string());
        assert_eq!(page.header("x-portico-app-type"), "oauth");
        assert_eq!(page.header("x-portico-scopes"), "meeting:read user:read");
    }
    // The app asks for it, and the user was not asked.
    let page = scene.program.get_as("/authorize?scope=meeting:write", &access).await;
    assert_eq!(code(&page), (403, "insufficient_scope"));
    assert!(page.header("x-portico-user").is_empty());
    // What the app asks for no more, the token grants no more.
    scene.portal.world.set_scopes(&scene.atlas.owner, &scene.atlas.app, &["user:read"]).await;
    let page = scene.program.get_as("/authorize", &access).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-scopes")), (200, "user:read"));
}

async fn the_platform_is_told_whom_a_token_acts_for(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let (_, key) = world.platform_key("Gateway").await;
    let (access, _) = scene.atlas.tokens(&scene.client, &[("scope", "meeting:read")]).await;
    let told = async || -> Value {
        let request = scene.program.request(Method::POST, "/oauth/introspect").bearer_auth(key.expose());
        let page = scene.program.send(request.form(&[("token", access.as_str())])).await;
        assert_eq!(page.status, 200, "{}", page.body);
        serde_json::from_str(&page.body).expect("JSON")
    };
    let mut answer = told().await;
    answer.as_object_mut().expect("an object").remove("jti").expect("its id");
    let (now, url) = (world.ctx.now().seconds(), scene.portal.site.url.as_str());
    let account = json!({
        "id": scene.ada.account.to_string(), "name": "ada@meridian.example", "external_id": null,
    });
    let expected = json!({
        "active": true, "scope": "meeting:read", "client_id": scene.atlas.client_id,
        "token_type": "Bearer", "exp": now + 3_600, "iat": now, "sub": scene.ada.id.to_string(),
        "aud": url, "iss": url, "account": account,
        "app": {"id": scene.atlas.app.id.to_string(), "name": "Atlas", "type": "oauth"},
    });
    assert_eq!(answer, expected);
    revoke(&scene).await;
    assert_eq!(told().await, json!({ "active": false }));
}

async fn suspending_either_account_refuses_the_very_next_call(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let (access, _) = scene.atlas.tokens(&scene.client, &[]).await;
    let root = world.admin("root@platform.example").await;
    let root = world.as_admin(&root).await;
    for (account, whose) in [(scene.ada.account, "the user's"), (scene.atlas.owner.account, "the app's")] {
        let page = scene.program.get_as("/authorize", &access).await;
        assert_eq!(page.status, 200, "before {whose} is suspended: {}", page.body);
        accounts::suspend(&world.ctx, &root, account, &parsed("Unpaid")).await.expect("suspended");
        let page = scene.program.get_as("/authorize", &access).await;
        assert_eq!(code(&page), (403, "account_suspended"), "{whose}");
        let (status, problem) = scene.me(&access).await;
        assert_eq!((status, problem["code"].as_str()), (403, Some("account_suspended")), "{whose}");
        accounts::reinstate(&world.ctx, &root, account, None).await.expect("reinstated");
        let page = scene.program.get_as("/authorize", &access).await;
        assert_eq!(page.status, 200, "it goes on once {whose} is reinstated: {}", page.body);
    }
}

async fn another_process_hears_of_a_revoked_grant(kind: Kind) {
    let scene = Scene::new(kind).await;
    let other = scene.portal.world.another_process().await;
    let site = Site::serve(other.clone(), free_address());
    let client = Client::new(&site.url);
    let (access, _) = scene.atlas.tokens(&scene.client, &[]).await;
    assert_eq!(client.get_as("/authorize", &access).await.status, 200, "never seen, and looked up");
    revoke(&scene).await;
    assert_eq!(code(&scene.program.get_as("/authorize", &access).await), (401, "invalid_token"));
    // One turn of the loop that `serve` runs five times a second.
    other.directory.follow().await.expect("the log is read");
    assert_eq!(code(&client.get_as("/authorize", &access).await), (401, "invalid_token"));
}
