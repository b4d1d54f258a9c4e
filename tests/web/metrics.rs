//! What is counted of decisions, by every code that one process can be made to say.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use portico::{
    actions::{Context, activation, credentials, monitoring},
    domain::{account::Developer, credential::ApiKey, jwt, time::Span},
    telemetry::metrics::Metrics,
};
use reqwest::Method;

use crate::support::{
    databases::{Kind, on_both},
    exposition::Exposition,
    site::Portal,
    world::policy,
};

on_both!(every_decision_is_counted_once_under_its_code, pools_are_told_as_they_are,);

const DECISIONS: &str = "portico_authorize_decisions_total";

async fn measured(kind: Kind) -> Portal {
    Portal::with(kind, policy(), |ctx| ctx.metrics = Arc::new(Metrics::on(ctx.now()))).await
}

fn scrape(ctx: &Context) -> Exposition {
    Exposition::parse(&monitoring::text(ctx))
}

async fn every_decision_is_counted_once_under_its_code(kind: Kind) {
    let portal = measured(kind).await;
    let (world, ctx, client) = (&portal.world, &portal.world.ctx, portal.client());
    let owner = world.user("ada@meridian.example").await;
    let app = world.jwt_app(&owner, "Relay").await;
    let acting = world.acting::<Developer>(&owner);
    let key = ctx.store.read().await.expect("a connection").api_key(owner.account).await;
    let key = key.expect("a key").expect("every account has one");
    let secret = credentials::reveal(ctx, &acting, &app).await.expect("a secret");
    let token = |key: &ApiKey, from: Span, until: Span| {
        let now = ctx.now();
        jwt::sign(key, &secret, &app.id.to_string(), now + from, now + until).expect("a token")
    };
    let hour = Span::hours(1);
    let good = token(&key, Span::hours(0), hour);
    let ask = async |path: &str, token: &str, header: &str| {
        let request = client.request(Method::GET, path).bearer_auth(token).header(header, "x");
        client.send(request).await.status.as_u16()
    };

    let before = scrape(ctx);
    assert!(before.samples.keys().filter(|series| series.starts_with(DECISIONS)).count() >= 13);
    for path in ["/authorize", "/authorize/v1/rooms", "/api/v1/me"] {
        assert_eq!(client.get(path).await.status, 401);
        assert_eq!(ask(path, "not.a.token", "accept").await, 401);
        assert_eq!(ask(path, &good, "accept").await, 403, "a draft");
    }
    world.activate(&owner, &app).await;
    assert_eq!(ask("/authorize", &good, "accept").await, 200);
    assert_eq!(ask("/api/v1/me", &good, "accept").await, 200);
    assert_eq!(ask("/authorize", &good, "x_portico_app").await, 403);
    assert_eq!(ask("/authorize", &token(&key, hour, Span::hours(2)), "accept").await, 401, "not yet");
    activation::deactivate(ctx, &acting, app.id).await.expect("deactivated");
    assert_eq!(ask("/authorize", &good, "accept").await, 403);
    world.clock.advance(Span::hours(2));
    assert_eq!(ask("/authorize", &good, "accept").await, 401, "expired");
    // Without a database a key that was never seen cannot be judged.
    ctx.store.close().await;
    let stranger = token(&ApiKey::from_random([1; 16]), Span::hours(0), hour);
    assert_eq!(ask("/authorize", &stranger, "accept").await, 503);

    let after = scrape(ctx);
    let expected = [
        ("missing_token", 3.0),
        ("invalid_token", 3.0),
        ("app_draft", 3.0),
        ("pass", 2.0),
        ("ambiguous_identity_header", 1.0),
        ("token_not_yet_valid", 1.0),
        ("app_deactivated", 1.0),
        ("token_expired", 1.0),
        ("unavailable", 1.0),
    ];
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(code, times)| (format!("code=\"{code}\""), *times)).collect();
    assert_eq!(after.since(&before, DECISIONS), expected);
    assert_eq!(after.value("portico_authorize_seconds_count"), expected.values().sum::<f64>());
    let requests = after.since(&before, "portico_http_requests_total");
    let pages: f64 = requests.values().sum();
    assert_eq!(pages, 4.0, "what gateways ask is not among the requests: {requests:?}");
}

async fn pools_are_told_as_they_are(kind: Kind) {
    let world = measured(kind).await.world;
    let (read, write) = match kind {
        Kind::Sqlite => ("read", "write"),
        Kind::Postgres => ("all", "all"),
    };
    let in_use = |pool: &str| {
        let series = format!("portico_database_connections{{pool=\"{pool}\",state=\"in_use\"}}");
        scrape(&world.ctx).value(&series)
    };
    // A connection goes back to its pool a moment after it was let go.
    let began = Instant::now();
    while in_use(read) + in_use(write) > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(30), "connections are given back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let reading = world.ctx.store.read().await.expect("a connection");
    assert_eq!(in_use(read), 1.0);
    let writing = world.ctx.store.begin().await.expect("a transaction");
    match kind {
        Kind::Sqlite => assert_eq!((in_use(read), in_use(write)), (1.0, 1.0)),
        Kind::Postgres => assert_eq!(in_use("all"), 2.0),
    }
    let max = |pool: &str| {
        scrape(&world.ctx).value(&format!("portico_database_connections_max{{pool=\"{pool}\"}}"))
    };
    assert!(max(read) >= 2.0 && max(write) >= 1.0);
    drop((reading, writing));
}
