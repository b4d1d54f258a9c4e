//! `/authorize`, from memory: what passes, what does not, and how soon a change holds.

mod counted;
mod explained;
mod paths;
mod rate_limit;

use portico::{
    actions::{Context, activation, credentials},
    domain::{
        account::{Developer, Owner},
        app::App,
        authorization::Code,
        credential::{ApiKey, ApiSecret},
        jwt,
        lane::Waiting,
        overlap::KeepOld,
        time::Span,
    },
};
use reqwest::Method;

use crate::support::{
    client::{Client, Page},
    databases::{Kind, on_both},
    site::Portal,
    site::{Site, free_address},
    world::Person,
};

on_both!(
    a_pass_is_200_with_every_identity_header_and_no_body,
    any_method_and_path_is_answered_and_the_query_is_the_clients,
    a_refusal_says_why_in_a_header_and_a_problem,
    a_change_holds_for_the_very_next_request,
    a_change_made_by_another_process_holds_once_the_log_is_read,
    a_look_up_that_began_before_a_change_is_not_kept,
    an_imitation_of_an_identity_header_is_refused,
    an_unknown_key_and_a_bad_signature_read_the_same,
);

struct Calls {
    portal: Portal,
    owner: Person,
    app: App,
    key: ApiKey,
    secret: ApiSecret,
}

async fn calls(kind: Kind) -> Calls {
    calls_of(Portal::new(kind).await).await
}

async fn calls_of(portal: Portal) -> Calls {
    let owner = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&owner, "Relay").await;
    let app = portal.world.activate(&owner, &app).await;
    let ctx = &portal.world.ctx;
    let key = ctx.store.read().await.expect("a connection").api_key(owner.account).await;
    let key = key.expect("a key").expect("every account has one");
    let acting = portal.world.acting::<Developer>(&owner);
    let secret = credentials::reveal(ctx, &acting, &app).await.expect("a secret");
    Calls { portal, owner, app, key, secret }
}

impl Calls {
    fn ctx(&self) -> &Context {
        &self.portal.world.ctx
    }

    fn token(&self) -> String {
        let now = self.portal.world.ctx.now();
        let sub = self.app.id.to_string();
        jwt::sign(&self.key, &self.secret, &sub, now, now + Span::hours(1)).expect("a token")
    }
}

async fn ask(client: &Client, method: Method, path: &str, token: &str) -> Page {
    client.send(client.request(method, path).bearer_auth(token)).await
}

async fn a_pass_is_200_with_every_identity_header_and_no_body(kind: Kind) {
    let calls = calls(kind).await;
    let page = ask(&calls.portal.client(), Method::GET, "/authorize", &calls.token()).await;
    assert_eq!((page.status.as_u16(), page.body.as_str()), (200, ""), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-portico-account"), calls.owner.account.to_string());
    assert_eq!(page.header("x-portico-app"), calls.app.id.to_string());
    assert_eq!(page.header("x-portico-app-type"), "jwt");
    assert_eq!(page.header("x-portico-scopes"), "*");
    for empty in ["x-portico-account-external-id", "x-portico-user"] {
        assert!(page.headers.contains_key(empty), "{empty} is there");
        assert_eq!(page.header(empty), "");
    }
    assert_eq!(page.header("x-portico-request-id").len(), 16);
    assert!(!page.headers.contains_key("set-cookie"));
}

async fn any_method_and_path_is_answered_and_the_query_is_the_clients(kind: Kind) {
    let calls = calls(kind).await;
    let client = calls.portal.client();
    for method in
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS]
    {
        for path in ["/authorize", "/authorize/", "/authorize/v1/rooms?scope=x", "/authorize/a//b/%2e%2e/c"] {
            let page = ask(&client, method.clone(), path, &calls.token()).await;
            assert_eq!(page.status, 200, "{method} {path}");
        }
    }
    // A preflight has no token; gateways answer those themselves.
    assert_eq!(client.send(client.request(Method::OPTIONS, "/authorize")).await.status, 401);
    // A token in the query is none.
    assert_eq!(client.get(&format!("/authorize?access_token={}", calls.token())).await.status, 401);
}

async fn a_refusal_says_why_in_a_header_and_a_problem(kind: Kind) {
    let calls = calls(kind).await;
    let client = calls.portal.client();
    let page = client.get("/authorize").await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (401, "missing_token"));
    assert_eq!(page.header("www-authenticate"), "Bearer");
    let page = ask(&client, Method::GET, "/authorize", "not.a.token").await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (401, "invalid_token"));
    assert!(page.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    assert_eq!(page.header("content-type"), "application/problem+json");
    assert_eq!(page.header("cache-control"), "no-store");
    let problem: serde_json::Value = serde_json::from_str(&page.body).expect("a problem");
    assert_eq!(problem["code"], "invalid_token");
    calls.portal.world.clock.advance(Span::days(2));
    let old = {
        let now = calls.portal.world.ctx.now() - Span::hours(3);
        jwt::sign(&calls.key, &calls.secret, &calls.app.id.to_string(), now, now + Span::hours(1))
    };
    let page = ask(&client, Method::GET, "/authorize", &old.expect("a token")).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (401, "token_expired"));
}

async fn a_change_holds_for_the_very_next_request(kind: Kind) {
    let calls = calls(kind).await;
    let client = calls.portal.client();
    let (ctx, world) = (&calls.portal.world.ctx, &calls.portal.world);
    let developer = world.acting::<Developer>(&calls.owner);
    let token = calls.token();
    for _ in 0..10 {
        assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 200);
        activation::deactivate(ctx, &developer, calls.app.id).await.expect("deactivated");
        let page = ask(&client, Method::GET, "/authorize", &token).await;
        assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (403, "app_deactivated"));
        activation::reactivate(ctx, &developer, calls.app.id, Waiting::Send).await.expect("reactivated");
    }
    let owner = world.acting::<Owner>(&calls.owner);
    let form = world.form(&calls.owner);
    credentials::regenerate(ctx, &owner, &calls.app, form, KeepOld::Hour).await.expect("a new secret");
    assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 200, "in its overlap");
    let form = world.form(&calls.owner);
    credentials::regenerate(ctx, &owner, &calls.app, form, KeepOld::No).await.expect("a new secret");
    assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 401, "stopped at once");
}

async fn a_change_made_by_another_process_holds_once_the_log_is_read(kind: Kind) {
    let calls = calls(kind).await;
    let other = calls.portal.world.another_process().await;
    let site = Site::serve(other.clone(), free_address());
    let client = Client::new(&site.url);
    let token = calls.token();
    assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 200);
    let developer = calls.portal.world.acting::<Developer>(&calls.owner);
    activation::deactivate(&calls.portal.world.ctx, &developer, calls.app.id).await.expect("deactivated");
    // One turn of the loop that `serve` runs five times a second.
    other.directory.follow().await.expect("the log is read");
    let page = ask(&client, Method::GET, "/authorize", &token).await;
    assert_eq!(page.header("x-portico-error"), Code::AppDeactivated.as_str());
}

async fn a_look_up_that_began_before_a_change_is_not_kept(kind: Kind) {
    let calls = calls(kind).await;
    let (world, client, token) = (&calls.portal.world, calls.portal.client(), calls.token());
    let developer = world.acting::<Developer>(&calls.owner);
    // Requests that look the account up while its state goes to and fro never leave an old one behind.
    for _ in 0..20 {
        let asking = async {
            for _ in 0..5 {
                ask(&client, Method::GET, "/authorize", &token).await;
            }
        };
        let changing = async {
            activation::deactivate(&world.ctx, &developer, calls.app.id).await.expect("deactivated");
        };
        tokio::join!(asking, changing);
        assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 403);
        let changing = async {
            activation::reactivate(&world.ctx, &developer, calls.app.id, Waiting::Send)
                .await
                .expect("reactivated");
        };
        tokio::join!(ask(&client, Method::GET, "/authorize", &token), changing);
        assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 200);
    }
}

async fn an_imitation_of_an_identity_header_is_refused(kind: Kind) {
    let calls = calls(kind).await;
    let client = calls.portal.client();
    for name in ["X_Portico_App", "X.Portico.App", "x-portico_user"] {
        let request =
            client.request(Method::GET, "/authorize").bearer_auth(calls.token()).header(name, "forged");
        let page = client.send(request).await;
        assert_eq!(
            (page.status.as_u16(), page.header("x-portico-error")),
            (403, "ambiguous_identity_header"),
            "{name}"
        );
    }
    // The header itself the gateway overwrites.
    let request = client
        .request(Method::GET, "/authorize")
        .bearer_auth(calls.token())
        .header("X-Portico-App", "forged");
    let page = client.send(request).await;
    assert_eq!(page.header("x-portico-app"), calls.app.id.to_string());
}

async fn an_unknown_key_and_a_bad_signature_read_the_same(kind: Kind) {
    let calls = calls(kind).await;
    let client = calls.portal.client();
    let now = calls.portal.world.ctx.now();
    let sign = |key: &ApiKey, secret: &ApiSecret| {
        jwt::sign(key, secret, "app_x", now, now + Span::hours(1)).expect("a token")
    };
    let bad =
        ask(&client, Method::GET, "/authorize", &sign(&calls.key, &ApiSecret::from_random([1; 32]))).await;
    let unknown =
        ask(&client, Method::GET, "/authorize", &sign(&ApiKey::from_random([1; 16]), &calls.secret)).await;
    assert_eq!((bad.status, bad.body.clone()), (unknown.status, unknown.body.clone()));
    assert_eq!(bad.header("www-authenticate"), unknown.header("www-authenticate"));
}
