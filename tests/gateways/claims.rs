//! What holds behind every gateway (S39, S40, S42, S43).

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use portico::{
    actions::{activation, credentials},
    domain::{
        account::Developer,
        app::App,
        credential::{ApiKey, ApiSecret},
        jwt,
        time::Span,
    },
    limiter::Limiter,
    tally::Counted,
};
use reqwest::Method;

use crate::{
    gateway::{Gateway, Program},
    support::{
        client::{Client, Page},
        databases::Kind,
        site::Portal,
        world::{Person, at_most, policy},
    },
    upstream,
};

/// One test a gateway for each function named: `claims::caddy::nothing_passes_without_portico`.
macro_rules! behind_each {
    ($($test:ident),+ $(,)?) => {
        behind!(nginx, crate::nginx::NGINX, $($test),+);
        behind!(caddy, crate::caddy::CADDY, $($test),+);
    };
}

macro_rules! behind {
    ($gateway:ident, $program:expr, $($test:ident),+ $(,)?) => {
        mod $gateway {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&$program).await;
            }
        )+}
    };
}

behind_each!(
    what_passes_reaches_the_api_with_the_callers_identity,
    a_clients_own_identity_headers_never_reach_the_api,
    a_path_is_the_apis_matter_however_it_is_spelt,
    a_preflight_passes_no_gateway_unless_it_answers_it_itself,
    a_refusal_comes_with_its_reason_and_body,
    a_refused_call_is_counted_once_and_a_client_cannot_hide_it,
    a_refused_call_is_kept_with_the_callers_address_and_not_one_it_claims,
    past_the_limit_the_answer_is_403_and_when_to_come_back,
    what_portico_cannot_know_is_503,
    nothing_passes_without_portico,
);

// In front of nginx. Preflights are nginx's matter there.
behind!(
    haproxy,
    crate::haproxy::HAPROXY,
    what_passes_reaches_the_api_with_the_callers_identity,
    a_clients_own_identity_headers_never_reach_the_api,
    a_path_is_the_apis_matter_however_it_is_spelt,
    a_refusal_comes_with_its_reason_and_body,
    a_refused_call_is_counted_once_and_a_client_cannot_hide_it,
    a_refused_call_is_kept_with_the_callers_address_and_not_one_it_claims,
    past_the_limit_the_answer_is_403_and_when_to_come_back,
    what_portico_cannot_know_is_503,
    nothing_passes_without_portico,
);

struct Behind {
    portal: Portal,
    gateway: Gateway,
    client: Client,
    owner: Person,
    app: App,
    token: String,
}

async fn behind(program: &Program) -> Behind {
    behind_of(program, Portal::new(Kind::Sqlite).await).await
}

async fn behind_of(program: &Program, portal: Portal) -> Behind {
    let owner = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&owner, "Relay").await;
    let app = portal.world.activate(&owner, &app).await;
    let ctx = &portal.world.ctx;
    let acting = portal.world.acting::<Developer>(&owner);
    let exp = ctx.now() + Span::hours(1);
    let token = credentials::test_token(ctx, &acting, &app, exp).await.expect("a token").token;
    let gateway = Gateway::start(program, &portal.site.url, upstream::serve());
    Behind { client: Client::new(&gateway.url), portal, gateway, owner, app, token }
}

impl Behind {
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = self.client.request(method, path).bearer_auth(&self.token);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.client.send(request).await
    }

    /// A token under a key that nobody has.
    fn strangers_token(&self) -> String {
        let now = self.portal.world.ctx.now();
        let (key, secret) = (ApiKey::from_random([1; 16]), ApiSecret::from_random([1; 32]));
        jwt::sign(&key, &secret, "app_x", now, now + Span::hours(1)).expect("a token")
    }

    /// Exactly what Portico said of the caller reached the API, under any spelling of the names.
    fn assert_identity(&self, page: &Page, what: &str) {
        assert_eq!(page.status, 200, "{what}: {}", page.body);
        for (name, value) in [
            ("x-portico-account", self.owner.account.to_string()),
            ("x-portico-account-external-id", String::new()),
            ("x-portico-app", self.app.id.to_string()),
            ("x-portico-app-type", String::from("jwt")),
            ("x-portico-scopes", String::from("*")),
            ("x-portico-user", String::new()),
        ] {
            // Some gateways leave an empty header out.
            let got: Vec<String> = reached(page, name).into_iter().filter(|got| !got.is_empty()).collect();
            let said: Vec<String> = [value].into_iter().filter(|value| !value.is_empty()).collect();
            assert_eq!(got, said, "{what}: {name}");
        }
        assert_eq!(reached(page, "x-portico-request-id").concat().len(), 16, "{what}");
    }
}

/// The values of a header that reached the API, under any spelling of its name.
fn reached(page: &Page, name: &str) -> Vec<String> {
    let echo: serde_json::Value = serde_json::from_str(&page.body).expect("the API answered");
    let headers = echo["headers"].as_array().expect("its headers");
    let folded = |got: &str| got.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let same = |got: &str| folded(got) == name;
    let pairs = headers
        .iter()
        .map(|pair| (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default()));
    pairs.filter(|(got, _)| same(got)).map(|(_, value)| value.to_owned()).collect()
}

async fn what_passes_reaches_the_api_with_the_callers_identity(program: &Program) {
    let behind = behind(program).await;
    for (method, path) in
        [(Method::GET, "/v1/rooms?x=1"), (Method::POST, "/v1/rooms"), (Method::DELETE, "/a/b")]
    {
        let page = behind.ask(method, path, &[]).await;
        behind.assert_identity(&page, path);
        assert!(reached(&page, "authorization").is_empty(), "the token stays here");
    }
    let body = "x".repeat(100_000);
    let request = behind.client.request(Method::POST, "/v1/rooms").bearer_auth(&behind.token).body(body);
    let page = behind.client.send(request).await;
    behind.assert_identity(&page, "a body is no business of Portico's");
    assert!(page.body.contains("\"body_bytes\":100000"), "{}", page.body);
}

async fn a_clients_own_identity_headers_never_reach_the_api(program: &Program) {
    let behind = behind(program).await;
    // In each case, as it is, twice, and empty.
    for name in [
        "X-Portico-Account",
        "x-portico-app",
        "X-PORTICO-APP-TYPE",
        "X-Portico-Scopes",
        "X-Portico-User",
        "X-Portico-Account-External-Id",
        "X-Portico-Request-Id",
    ] {
        for headers in
            [&[(name, "forged")][..], &[(name, "forged"), (name, "forged twice")], &[(name, ""), (name, "")]]
        {
            let page = behind.ask(Method::GET, "/", headers).await;
            behind.assert_identity(&page, name);
            assert!(!page.body.contains("forged"), "{name}: {}", page.body);
        }
    }
    // What a server could read as one of them: the gateway drops it or Portico refuses it.
    for name in [
        "X_Portico_App",
        "x_portico_account",
        "X.Portico.App",
        "x-portico_app",
        "X-Portico.User",
        "X+Portico+App",
        "X~Portico!User",
        "X-Portico-App_Type",
    ] {
        let page = behind.ask(Method::GET, "/", &[(name, "forged")]).await;
        if page.status == 200 {
            behind.assert_identity(&page, name);
        } else {
            let refused = (page.status.as_u16(), page.header("x-portico-error"));
            assert_eq!(refused, (403, "ambiguous_identity_header"), "{name}");
        }
        assert!(!page.body.contains("forged"), "{name}: {}", page.body);
    }
    // What Connection names is for the next hop alone, and dropped on the way (RFC 9110 §7.6.1).
    for value in ["X-Portico-App, X-Portico-Account", "close, x-portico-scopes", "keep-alive, X-Portico-User"]
    {
        let page = behind.ask(Method::GET, "/", &[("Connection", value)]).await;
        behind.assert_identity(&page, value);
    }
}

async fn a_preflight_passes_no_gateway_unless_it_answers_it_itself(program: &Program) {
    let behind = behind(program).await;
    let ask = async |client: &Client| client.send(client.request(Method::OPTIONS, "/v1/rooms")).await;
    let page = ask(&behind.client).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (401, "missing_token"));
    assert!(!page.body.contains("headers"), "the API was not asked");
    // As docs/gateways.md shows it.
    let site = program.with_preflights();
    let gateway = Gateway::start_with(&site, program, &behind.portal.site.url, upstream::serve());
    let client = Client::new(&gateway.url);
    let page = ask(&client).await;
    assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (204, "*"));
    assert_eq!(page.header("access-control-allow-headers"), "authorization, content-type");
    let page = client.send(client.request(Method::GET, "/").bearer_auth(&behind.token)).await;
    behind.assert_identity(&page, "other methods are judged");
    let page = client.send(client.request(Method::GET, "/")).await;
    assert_eq!(page.status, 401);
}

async fn a_path_is_the_apis_matter_however_it_is_spelt(program: &Program) {
    let behind = behind(program).await;
    let address = behind.gateway.url.trim_start_matches("http://").to_owned();
    // By hand, since clients tidy a path up before they send it.
    let status = |path: &str, token: &str| {
        let mut stream = TcpStream::connect(&address).expect("the gateway listens");
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nx-forwarded-uri: /public\r\n\
             x-original-uri: /public\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer of text");
        answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status")
    };
    for path in ["/a/%2e%2e/b", "/a/../b", "//a//b", "/a%2fb", "/a%5cb", "/authorize", "/authorize/%2e%2e"] {
        assert_eq!(status(path, &behind.token), 200, "{path}");
        assert_eq!(status(path, "no.token.atall"), 401, "{path}");
    }
    // What a gateway keeps for itself is nobody's way around it.
    for path in ["/_portico", "/%5fportico", "/a/..//_portico"] {
        assert!([401, 404].contains(&status(path, "no.token.atall")), "{path}");
    }
}

async fn a_refusal_comes_with_its_reason_and_body(program: &Program) {
    let behind = behind(program).await;
    let page = behind.client.get("/v1/rooms").await;
    assert_eq!(page.status, 401);
    assert_eq!(
        (page.header("x-portico-error"), page.header("www-authenticate")),
        ("missing_token", "Bearer")
    );
    assert!(page.body.contains("\"code\":\"missing_token\""), "{}", page.body);

    let request = behind.client.request(Method::GET, "/").bearer_auth(behind.strangers_token());
    let page = behind.client.send(request).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (401, "invalid_token"));

    let (ctx, world) = (&behind.portal.world.ctx, &behind.portal.world);
    let developer = world.acting::<Developer>(&behind.owner);
    activation::deactivate(ctx, &developer, behind.app.id).await.expect("deactivated");
    let page = behind.ask(Method::POST, "/v1/rooms", &[]).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (403, "app_deactivated"));
    assert!(page.body.contains("Reactivate"), "{}", page.body);
    assert_eq!(page.header("content-type"), "application/problem+json");
}

async fn a_refused_call_is_counted_once_and_a_client_cannot_hide_it(program: &Program) {
    let behind = behind(program).await;
    let (ctx, world) = (&behind.portal.world.ctx, &behind.portal.world);
    let developer = world.acting::<Developer>(&behind.owner);
    activation::deactivate(ctx, &developer, behind.app.id).await.expect("deactivated");
    for headers in [&[][..], &[("X-Portico-Explain", "1")], &[("X-Portico-Explain", "app_draft")]] {
        let page = behind.ask(Method::GET, "/", headers).await;
        assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (403, "app_deactivated"));
    }
    let counted = ctx.tally.take();
    let refused = counted.iter().filter(|counted| matches!(counted, Counted::Refused(..)));
    assert_eq!(refused.count(), 3, "{counted:?}");
}

async fn a_refused_call_is_kept_with_the_callers_address_and_not_one_it_claims(program: &Program) {
    let portal = Portal::behind(Kind::Sqlite, false, &["127.0.0.1/32"]).await;
    let behind = behind_of(program, portal).await;
    let (ctx, world) = (&behind.portal.world.ctx, &behind.portal.world);
    let developer = world.acting::<Developer>(&behind.owner);
    activation::deactivate(ctx, &developer, behind.app.id).await.expect("deactivated");
    let claims = [("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=203.0.113.9")];
    assert_eq!(behind.ask(Method::GET, "/", &claims).await.status, 403);
    let counted = ctx.tally.take();
    let addresses: Vec<_> = counted
        .iter()
        .filter_map(|counted| match counted {
            Counted::Refused(_, call) => call.address.map(|address| address.to_string()),
            Counted::Calls(..) | Counted::OldSecret(..) | Counted::PlatformKey(..) => None,
        })
        .collect();
    assert_eq!(addresses, ["127.0.0.1"]);
}

async fn past_the_limit_the_answer_is_403_and_when_to_come_back(program: &Program) {
    let limiter = Limiter::per_minute(at_most(2));
    let portal = Portal::with(Kind::Sqlite, policy(), |ctx| ctx.limiter = Some(limiter.into())).await;
    let behind = behind_of(program, portal).await;
    for left in [1, 0] {
        let page = behind.ask(Method::GET, "/", &[]).await;
        assert_eq!(page.status, 200);
        let told = page.header("ratelimit").starts_with(&format!("\"account\";r={left};t="));
        assert_eq!(told, program.tells_what_is_left, "{}", page.header("ratelimit"));
    }
    let page = behind.ask(Method::GET, "/", &[]).await;
    assert_eq!(page.header("ratelimit"), "\"account\";r=0;t=60");
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (403, "rate_limited"));
    let wait: u32 = page.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(page.body.contains("\"code\":\"rate_limited\""), "{}", page.body);
}

async fn what_portico_cannot_know_is_503(program: &Program) {
    let behind = behind(program).await;
    assert_eq!(behind.ask(Method::GET, "/", &[]).await.status, 200);
    behind.portal.world.ctx.store.close().await;
    let request = behind.client.request(Method::POST, "/").bearer_auth(behind.strangers_token());
    let page = behind.client.send(request).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (503, "unavailable"), "{}", page.body);
    assert_eq!(page.header("retry-after"), "1");
    assert!(!page.body.contains("headers"), "the API was not asked");
    assert_eq!(behind.ask(Method::GET, "/", &[]).await.status, 200, "known in memory");
}

async fn nothing_passes_without_portico(program: &Program) {
    let behind = behind(program).await;
    assert_eq!(behind.ask(Method::GET, "/", &[]).await.status, 200);
    let Behind { portal, client, token, gateway, .. } = behind;
    drop(portal);
    let page = client.send(client.request(Method::GET, "/").bearer_auth(&token)).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, "1"), "{}", page.body);
    assert!(!page.body.contains("headers"), "the API was not asked");
    drop(gateway);
}
