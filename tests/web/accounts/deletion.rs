//! `/account/export`, `/account/delete`, `/settings/export`, `/settings/delete`

use portico::{
    actions::{
        clients::{self, WantedScope},
        credentials,
    },
    domain::account::{Developer, Role},
};
use reqwest::Method;
use serde_json::Value;

use crate::{
    apps::Flow,
    support::{
        client::Page,
        databases::{Kind, on_both},
        oauth::CALLBACK,
        world::{PASSWORD, parsed},
    },
};

on_both!(
    an_account_is_exported_without_its_secrets,
    a_user_is_exported_for_the_password,
    clients_and_authorisations_are_exported,
    an_account_goes_with_everything_it_owns,
    an_account_goes_soon_after_the_password_alone,
    what_is_suspended_is_not_deleted,
    a_user_goes_with_the_accounts_that_are_theirs_alone,
    a_user_whom_others_need_stays,
    the_last_admin_stays,
);

fn json(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("content-type"), "application/json");
    assert!(page.header("content-disposition").starts_with("attachment; filename="));
    assert_eq!(page.header("cache-control"), "no-store");
    serde_json::from_str(&page.body).expect("JSON")
}

async fn an_account_is_exported_without_its_secrets(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let app = flow.active_app("Relay").await;
    let sub = world.subscription(&flow.ada, &app).await;
    world.invite(&flow.ada, "bo@other.example", Role::Viewer).await;
    let acting = world.acting::<Developer>(&flow.ada);
    let secret = credentials::reveal(&world.ctx, &acting, &app).await.expect("the secret");
    let page = flow.client.fill("/account", "/account/export", &[]).await;
    let whole = json(&page);
    assert_eq!(whole["account"]["id"], flow.ada.account.to_string());
    assert!(whole["account"]["api_key"].as_str().is_some_and(|key| key.starts_with("ak_")));
    assert_eq!(whole["members"][0]["email"], "ada@meridian.example");
    assert_eq!(
        (&whole["invitations"][0]["email"], &whole["invitations"][0]["role"]),
        (&Value::from("bo@other.example"), &Value::from("viewer"))
    );
    assert_eq!(
        (&whole["apps"][0]["name"], &whole["apps"][0]["state"]),
        (&Value::from("Relay"), &Value::from("active"))
    );
    assert_eq!(whole["apps"][0]["subscriptions"][0]["id"], sub.to_string());
    assert!(
        !page.body.contains(secret.expose()) && !page.body.contains("as_") && !page.body.contains("whsec_")
    );
    let rows = "select action from audit_log where action = 'account_exported'";
    assert_eq!(world.database.texts(rows).await.len(), 1);
}

async fn a_user_is_exported_for_the_password(kind: Kind) {
    let flow = Flow::new(kind).await;
    let wrong =
        flow.client.fill("/settings", "/settings/export", &[("export_password", "not this one")]).await;
    assert_eq!(wrong.errors()["export_password"], "This is not your password.");
    let page = flow.client.fill("/settings", "/settings/export", &[("export_password", PASSWORD)]).await;
    let whole = json(&page);
    assert_eq!(whole["user"]["email"], "ada@meridian.example");
    assert_eq!(whole["accounts"][0]["role"], "owner");
    assert_eq!(whole["sessions"].as_array().map(Vec::len), Some(1));
    let activity = whole["activity"].as_array().expect("rows");
    for action in ["confirm_failed", "signed_in"] {
        assert!(activity.iter().any(|row| row["action"] == action), "{action} in {activity:?}");
    }
    assert!(!page.body.contains("argon2"));
}

async fn clients_and_authorisations_are_exported(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    flow.active_app("Relay").await;
    let atlas = world.oauth_app(&flow.ada, "Atlas", "meeting:read").await;
    let wanted = vec![
        WantedScope { scope: parsed("meeting:read"), why: Some(parsed("To list them")) },
        WantedScope { scope: parsed("user:read"), why: None },
    ];
    let acting = world.acting::<Developer>(&flow.ada);
    clients::set_scopes(&world.ctx, &acting, atlas.app.id, wanted).await.expect("the scopes are saved");
    atlas.tokens(&flow.client, &[("scope", "meeting:read")]).await;
    let bo = world.user("bo@other.example").await;
    atlas.tokens(&flow.portal.signed_in(&bo).await, &[]).await;

    let page = flow.client.fill("/account", "/account/export", &[]).await;
    let whole = json(&page);
    let apps = whole["apps"].as_array().expect("apps");
    let client = |name: &str| &apps.iter().find(|app| app["name"] == name).expect("the app")["client"];
    assert_eq!(*client("Relay"), Value::Null);
    let expected = serde_json::json!({
        "client_id": atlas.client_id,
        "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
        "public": false,
        "jwks": null,
        "scopes": [{"name": "meeting:read", "why": "To list them"}, {"name": "user:read", "why": null}],
    });
    assert_eq!(*client("Atlas"), expected);
    let told = |grant: &Value| {
        assert_eq!(grant["app"]["id"], atlas.app.id.to_string());
        assert_eq!(grant["account"]["id"], flow.ada.account.to_string());
        assert_eq!(grant["user"], flow.ada.id.to_string());
        assert_eq!(grant["scopes"], serde_json::json!(["meeting:read"]));
    };
    let given = whole["authorisations"].as_array().expect("authorisations");
    assert_eq!(given.len(), 1, "not what others granted for theirs: {given:?}");
    told(&given[0]);
    assert!(!page.body.contains(atlas.secret.as_deref().expect("a secret")) && !page.body.contains("cs_"));

    let page = flow.client.fill("/settings", "/settings/export", &[("export_password", PASSWORD)]).await;
    let whole = json(&page);
    let given = whole["authorised_apps"].as_array().expect("authorised apps");
    assert_eq!(given.len(), 1, "{given:?}");
    told(&given[0]);
    assert_eq!(given[0]["app"]["name"], "Atlas");
}

async fn an_account_goes_with_everything_it_owns(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let app = flow.active_app("Relay").await;
    let token = world.token(&flow.ada, &app).await;
    let me = async || {
        let client = flow.portal.client();
        client.send(client.request(Method::GET, "/api/v1/me").bearer_auth(&token)).await.status.as_u16()
    };
    assert_eq!(me().await, 200);
    let bo = world.colleague("bo@meridian.example", &flow.ada).await;
    let theirs = flow.portal.signed_in(&bo).await;
    world.invite(&flow.ada, "cy@other.example", Role::Viewer).await;
    let letters = flow.portal.letters().await;
    let link = letters.last().expect("a letter").link(&flow.portal);

    let wrong = flow.client.fill("/account", "/account/delete", &[("delete_name", "ada")]).await;
    assert!(wrong.errors()["delete_name"].contains("ada@meridian.example"), "{:?}", wrong.errors());
    assert_eq!(wrong.form("/account/delete").value("delete_name"), Some("ada"));
    let fields = [("delete_name", " ada@meridian.example ")];
    let page = flow.client.fill("/account", "/account/delete", &fields).await;
    assert_eq!(page.location(), "/accounts/new");
    assert!(flow.client.follow(&page).await.says("The account is deleted."));

    assert_eq!(me().await, 401, "at the very next call");
    assert_eq!(theirs.get("/apps").await.location(), "/accounts/new");
    assert_eq!(theirs.get(&format!("/apps/{}", app.id)).await.status, 404);
    assert!(flow.portal.client().visit(&link).await.says("There is no such invitation"));
    for table in ["apps", "api_keys", "api_secrets", "memberships", "invitations"] {
        let rows = world.database.dump().await.remove(table).expect("the table");
        assert!(rows.is_empty(), "{table}: {rows:?}");
    }
    let rows = "select action from audit_log where action in ('account_deleted', 'app_deleted')";
    let mut rows = world.database.texts(rows).await;
    rows.sort();
    assert_eq!(rows, ["account_deleted", "app_deleted"]);
    // The name of an app that was once active is not free yet.
    flow.client.fill("/accounts/new", "/accounts/new", &[("name", "Anew")]).await;
    let page = flow.client.fill("/apps/new", "/apps", &[("app_type", "jwt"), ("name", "Relay")]).await;
    assert_eq!(page.status, 422);
}

async fn an_account_goes_soon_after_the_password_alone(kind: Kind) {
    let flow = Flow::new(kind).await;
    let page = flow.client.visit("/account").await;
    let delete = page.form("/account/delete").with("delete_name", "ada@meridian.example");
    let export = page.form("/account/export");
    flow.portal.world.clock.advance(portico::domain::time::Span::minutes(61));
    for form in [&delete, &export] {
        assert_eq!(flow.client.submit(form).await.location(), "/confirm?next=%2Faccount");
    }
    let database = &flow.portal.world.database;
    assert_eq!(database.audited("account_deleted").await + database.audited("account_exported").await, 0);
    flow.client.fill("/confirm?next=%2Faccount", "/confirm", &[("password", PASSWORD)]).await;
    for action in ["/account/export", "/account/delete"] {
        let fields = [("delete_name", "ada@meridian.example")];
        let fields = if action.ends_with("delete") { &fields[..] } else { &[] };
        let page = flow.client.fill("/account", action, fields).await;
        assert!(matches!(page.status.as_u16(), 200 | 303), "{action}: {}", page.text());
    }
    assert_eq!(
        (database.audited("account_deleted").await, database.audited("account_exported").await),
        (1, 1)
    );
}

async fn what_is_suspended_is_not_deleted(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let form = flow.client.visit("/account").await.form("/account/delete");
    let form = form.with("delete_name", "ada@meridian.example");
    let own = flow.client.visit("/settings").await.form("/settings/delete").with("delete_password", PASSWORD);
    flow.suspend(&app, "spam").await;
    let page = flow.client.visit("/account").await;
    assert!(!page.has("form[action='/account/delete']") && page.says("has suspended"), "{}", page.text());
    assert_eq!(flow.client.submit(&form).await.status, 409);
    assert_eq!(flow.client.submit(&own).await.status, 409, "nor along with its only member");

    let world = &flow.portal.world;
    world
        .database
        .run("update apps set state = 'active', suspended_before = null, suspended_reason = null")
        .await;
    world.database.run("update accounts set standing = 'suspended'").await;
    assert_eq!(flow.client.submit(&form).await.status, 409);
    let page = flow.client.visit("/account").await;
    assert!(!page.has("form[action='/account/delete']") && page.says("is suspended"));
    assert_eq!(world.database.texts("select name from accounts").await.len(), 1);
}

async fn a_user_goes_with_the_accounts_that_are_theirs_alone(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let bo = world.user("bo@other.example").await;
    world.invite(&flow.ada, "bo@other.example", Role::Developer).await;
    let letters = flow.portal.letters().await;
    let link = letters.last().expect("a letter").link(&flow.portal);
    let theirs = flow.portal.signed_in(&bo).await;
    theirs.fill(&link, &link, &[]).await;
    let page = theirs.visit("/settings").await;
    assert!(page.says("Deletes bo@other.example along with its apps"), "{}", page.text());
    assert!(!page.texts(".danger-zone").concat().contains("ada@meridian.example"));
    let wrong = theirs.fill("/settings", "/settings/delete", &[("delete_password", "not this one")]).await;
    assert_eq!(wrong.errors()["delete_password"], "This is not your password.");
    let gone = theirs.fill("/settings", "/settings/delete", &[("delete_password", PASSWORD)]).await;
    assert_eq!(gone.location(), "/sign-in");
    assert!(theirs.follow(&gone).await.says("Your user is deleted."));
    assert_eq!(theirs.get("/settings").await.location(), "/sign-in?next=%2Fsettings");
    let fields = [("email", "bo@other.example"), ("password", PASSWORD)];
    assert_eq!(flow.portal.client().fill("/sign-in", "/sign-in", &fields).await.status, 422);
    assert_eq!(world.database.texts("select name from accounts").await, ["ada@meridian.example"]);
    let page = flow.client.visit("/account").await;
    assert!(!page.says("bo@other.example") && page.says("A deleted user"), "{}", page.text());
    let rows =
        "select action from audit_log where action in ('user_deleted', 'account_deleted', 'member_left')";
    let mut rows = world.database.texts(rows).await;
    rows.sort();
    assert_eq!(rows, ["account_deleted", "member_left", "user_deleted"]);
}

async fn a_user_whom_others_need_stays(kind: Kind) {
    let flow = Flow::new(kind).await;
    let own = flow.client.visit("/settings").await.form("/settings/delete").with("delete_password", PASSWORD);
    flow.portal.world.colleague("bo@meridian.example", &flow.ada).await;
    let page = flow.client.visit("/settings").await;
    assert!(!page.has("form[action='/settings/delete']"));
    assert!(page.says("You are the only owner of ada@meridian.example."), "{}", page.text());
    let refused = flow.client.submit(&own).await;
    assert_eq!(refused.status, 409);
    assert!(flow.client.visit("/account").await.says("bo@meridian.example"));
}

async fn the_last_admin_stays(kind: Kind) {
    let flow = Flow::new(kind).await;
    let root = flow.portal.world.admin("root@meridian.example").await;
    let client = flow.portal.signed_in(&root).await;
    let fields = [("delete_password", PASSWORD)];
    let refused = client.fill("/settings", "/settings/delete", &fields).await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("You are the only admin"), "{}", refused.text());
    flow.portal.world.admin("other@meridian.example").await;
    assert_eq!(client.fill("/settings", "/settings/delete", &fields).await.location(), "/sign-in");
}
