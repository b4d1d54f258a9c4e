//! Refresh tokens: each once, until the user, the app or three months end it.

use futures_util::future::join_all;
use portico::{
    actions,
    domain::{account::Role, grant::REFRESHES_AN_HOUR, time::Span},
};
use reqwest::Method;

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        oauth::{error, tokens},
        world::parsed,
    },
};

on_both!(
    a_refresh_token_gives_way_to_another_one,
    a_refresh_token_used_twice_ends_its_whole_family,
    of_fifty_who_refresh_at_once_one_gets_tokens,
    a_refresh_gives_no_more_scopes_than_were_granted,
    a_refresh_for_what_the_app_asks_for_no_more_gives_nothing,
    an_authorisation_ends_after_ninety_days,
    an_authorisation_is_refreshed_sixty_times_an_hour_at_most,
    what_is_over_is_dropped_some_at_a_time,
    a_refresh_token_is_its_clients_alone,
    while_the_app_is_stopped_nothing_is_used_up,
    whoever_is_disabled_or_leaves_has_no_tokens,
    revoking_a_refresh_token_ends_its_family,
);

fn invalid() -> (u16, String) {
    (400, String::from("invalid_grant"))
}

async fn a_refresh_token_gives_way_to_another_one(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (first, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    scene.portal.world.clock.advance(Span::hours(1));
    assert_eq!(scene.me(&first).await.0, 401);
    let (second, next) = tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
    assert_eq!(scene.me(&second).await.0, 200);
    assert_ne!(refresh, next);
    tokens(&scene.atlas.refresh(&scene.program, &next).await);
    let dump = format!("{:?}", scene.portal.world.database.dump().await);
    assert!(!dump.contains(&next), "only a hash of it is kept");
}

async fn a_refresh_token_used_twice_ends_its_whole_family(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (_, stolen) = scene.atlas.tokens(&scene.client, &[]).await;
    let (others, _) = scene.atlas.tokens(&scene.client, &[]).await;
    let (access, latest) = tokens(&scene.atlas.refresh(&scene.program, &stolen).await);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &stolen).await), invalid());
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &latest).await), invalid());
    assert_eq!(scene.me(&others).await.0, 200, "another authorisation goes on");
    let maker = scene.portal.signed_in(&scene.atlas.owner).await;
    let page = maker.visit("/account/audit").await;
    assert!(page.says("Refresh token used twice"), "{}", page.text());
}

async fn of_fifty_who_refresh_at_once_one_gets_tokens(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (_, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    let all = join_all((0..50).map(|_| scene.atlas.refresh(&scene.program, &refresh))).await;
    let given: Vec<_> = all.iter().filter(|page| page.status == 200).collect();
    assert_eq!(given.len(), 1);
    for page in all.iter().filter(|page| page.status != 200) {
        assert_eq!(error(page), invalid(), "{}", page.body);
    }
    let (access, next) = tokens(given[0]);
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &next).await), invalid(), "there is no grace");
}

async fn a_refresh_gives_no_more_scopes_than_were_granted(kind: Kind) {
    let scene = Scene::new(kind).await;
    let granted = "meeting:read user:read";
    let (_, mut refresh) = scene.atlas.tokens(&scene.client, &[("scope", granted)]).await;
    for (scope, expected) in [("meeting:read", "meeting:read"), ("", granted), (granted, granted)] {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", scope)];
        let page = scene.atlas.token(&scene.program, &fields).await;
        let answer: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        assert_eq!(answer["scope"], expected, "{scope}: {}", page.body);
        let (access, next) = tokens(&page);
        let scopes: Vec<&str> = expected.split(' ').collect();
        assert_eq!(scene.me(&access).await.1["scopes"], serde_json::json!(scopes));
        refresh = next;
    }
    for more in ["meeting:write", "meeting:read meeting:write", "unknown:scope", "NONSENSE"] {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", more)];
        let page = scene.atlas.token(&scene.program, &fields).await;
        assert_eq!(error(&page), (400, String::from("invalid_scope")), "{more}");
    }
    tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
}

async fn a_refresh_for_what_the_app_asks_for_no_more_gives_nothing(kind: Kind) {
    let scene = Scene::new(kind).await;
    let granted = "meeting:read user:read";
    let (_, refresh) = scene.atlas.tokens(&scene.client, &[("scope", granted)]).await;
    scene.portal.world.set_scopes(&scene.atlas.owner, &scene.atlas.app, &["user:read"]).await;
    let ask = async |refresh: &str, scope: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", scope)];
        scene.atlas.token(&scene.program, &fields).await
    };
    let page = ask(&refresh, "meeting:read").await;
    assert_eq!(error(&page), (400, String::from("invalid_scope")), "{}", page.body);
    // Nothing was used up, and what is left is given.
    let page = ask(&refresh, granted).await;
    assert!(page.body.contains("\"scope\":\"user:read\""), "{}", page.body);
    let (_, next) = tokens(&page);
    let page = scene.atlas.refresh(&scene.program, &next).await;
    assert!(page.body.contains("\"scope\":\"user:read\""), "{}", page.body);
}

async fn an_authorisation_is_refreshed_sixty_times_an_hour_at_most(kind: Kind) {
    let scene = Scene::new(kind).await;
    let (_, mut refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    // The one that came of the code counts.
    for _ in 1..REFRESHES_AN_HOUR {
        (_, refresh) = tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
    }
    scene.portal.world.clock.advance(Span::minutes(59));
    let page = scene.atlas.refresh(&scene.program, &refresh).await;
    assert_eq!(error(&page), (429, String::from("temporarily_unavailable")), "{}", page.body);
    assert_eq!(page.header("retry-after"), "60");
    scene.portal.world.clock.advance(Span::minutes(1));
    tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
}

async fn what_is_over_is_dropped_some_at_a_time(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    scene.atlas.tokens(&scene.client, &[]).await;
    let hash = match kind {
        Kind::Sqlite => "randomblob(32)",
        Kind::Postgres => "sha256(cast(cast(n as text) as bytea))",
    };
    let many = format!(
        "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 450)
         insert into refresh_tokens (token_hash, family_id, made_at, used_at)
         select {hash}, f.id, 0, 1 from numbers cross join token_families f"
    );
    world.database.run(&many).await;
    scene.atlas.tokens(&scene.client, &[]).await;
    world.database.run("update token_families set expires_at = 1 where id = (select family_id from refresh_tokens where made_at = 0 limit 1)").await;
    actions::housekeeping::sweep(&world.ctx).await.expect("swept");
    assert_eq!(world.database.count("refresh_tokens", "true").await, 1);
    assert_eq!(world.database.count("token_families", "true").await, 1, "the other goes on");
    world.clock.advance(Span::days(91));
    actions::housekeeping::sweep(&world.ctx).await.expect("swept");
    for table in ["refresh_tokens", "token_families", "authorization_codes"] {
        assert_eq!(world.database.count(table, "true").await, 0, "{table}");
    }
}

async fn an_authorisation_ends_after_ninety_days(kind: Kind) {
    let scene = Scene::new(kind).await;
    let clock = &scene.portal.world.clock;
    let (_, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    clock.advance(Span::seconds(90 * 86_400 - 1));
    let (access, refresh) = tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
    assert_eq!(scene.me(&access).await.0, 200);
    clock.advance(Span::seconds(1));
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), invalid());
    assert_eq!(scene.me(&access).await.0, 401, "no token outlives it");
    actions::housekeeping::sweep(&scene.portal.world.ctx).await.expect("what ended is swept away");
}

async fn a_refresh_token_is_its_clients_alone(kind: Kind) {
    let scene = Scene::new(kind).await;
    let other = scene.portal.world.oauth_app(&scene.atlas.owner, "Other", "user:read").await;
    let (access, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    assert_eq!(error(&other.refresh(&scene.program, &refresh).await), invalid());
    for wrong in ["nonsense", "", &access, &format!("{refresh}x")] {
        let page = scene.atlas.refresh(&scene.program, wrong).await;
        let expected = if wrong.is_empty() { "invalid_request" } else { "invalid_grant" };
        assert_eq!(error(&page), (400, expected.to_owned()), "{wrong}");
    }
    tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
}

async fn while_the_app_is_stopped_nothing_is_used_up(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let (access, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    let maker = world.acting(&scene.atlas.owner);
    actions::activation::deactivate(&world.ctx, &maker, scene.atlas.app.id).await.expect("it stops");
    let (status, problem) = scene.me(&access).await;
    assert_eq!((status, problem["code"].as_str()), (403, Some("app_deactivated")));
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), invalid());
    let send = parsed("send");
    actions::activation::reactivate(&world.ctx, &maker, scene.atlas.app.id, send).await.expect("it goes on");
    assert_eq!(scene.me(&access).await.0, 200, "the tokens go on");
    let (_, refresh) = tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
    world.database.set("accounts", &scene.ada.account, "standing = 'suspended'").await;
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), invalid());
    world.database.set("accounts", &scene.ada.account, "standing = 'approved'").await;
    tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
}

async fn whoever_is_disabled_or_leaves_has_no_tokens(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let bob = world.colleague("bob@meridian.example", &scene.ada).await;
    let bob = world.with_role(bob, Role::Viewer).await;
    let (access, refresh) = scene.atlas.tokens(&scene.portal.signed_in(&bob).await, &[]).await;
    assert_eq!(scene.me(&access).await.0, 200);
    let root = world.admin("root@meridian.example").await;
    let root = world.as_admin(&root).await;
    actions::admin::users::disable(&world.ctx, &root, bob.id).await.expect("Bob is disabled");
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), invalid());
    actions::admin::users::enable(&world.ctx, &root, bob.id).await.expect("Bob is enabled");
    assert_eq!(scene.me(&access).await.0, 200, "it was held");
    let (access, refresh) = tokens(&scene.atlas.refresh(&scene.program, &refresh).await);
    let owner = world.acting(&scene.ada);
    actions::members::remove(&world.ctx, &owner, bob.id).await.expect("Bob is removed");
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), invalid());
}

async fn revoking_a_refresh_token_ends_its_family(kind: Kind) {
    let scene = Scene::new(kind).await;
    let other = scene.portal.world.oauth_app(&scene.atlas.owner, "Other", "user:read").await;
    let (access, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    let revoke = async |app: &crate::support::oauth::OauthApp, token: &str| {
        let request = scene.program.request(Method::POST, "/oauth/revoke");
        let request = request.basic_auth(&app.client_id, app.secret.as_ref());
        scene.program.send(request.form(&[("token", token)])).await.status.as_u16()
    };
    assert_eq!(revoke(&other, &refresh).await, 400, "another's");
    assert_eq!(scene.me(&access).await.0, 200);
    assert_eq!(revoke(&scene.atlas, &refresh).await, 200);
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), invalid());
    assert_eq!(revoke(&scene.atlas, &refresh).await, 200, "once more");
}
