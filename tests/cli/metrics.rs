//! `PORTICO_METRICS_LISTEN`: what Prometheus reads of a portal that is used

use std::{
    collections::BTreeMap,
    net::TcpListener,
    time::{Duration, Instant},
};

use reqwest::Method;

use crate::{
    program::{KEY, Program},
    support::{client::Client, exposition::Exposition, site::free_address},
};

/// What the log says when there are metrics.
const SERVED: &str = "metrics are served";

/// With metrics on an address of their own.
fn measured() -> (Program, Client) {
    let listen = free_address();
    let program = Program::new().with("PORTICO_METRICS_LISTEN", &listen.to_string());
    (program, Client::new(&format!("http://{listen}")))
}

async fn scrape(metrics: &Client) -> Exposition {
    let page = metrics.get("/metrics").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    Exposition::parse(&page.body)
}

fn counts(expected: &[(&str, f64)]) -> BTreeMap<String, f64> {
    expected.iter().map(|(labels, count)| ((*labels).to_owned(), *count)).collect()
}

#[tokio::test]
async fn what_was_done_is_what_was_counted() {
    let (program, metrics) = measured();
    let running = program.serve().await;
    let (app, token) = running.sign_up().await;
    let client = &running.client;
    let before = scrape(&metrics).await;

    for _ in 0..3 {
        assert_eq!(client.get_as("/authorize", &token).await.status, 200);
    }
    assert_eq!(client.get_as("/api/v1/me", &token).await.status, 200);
    assert_eq!(client.get_as("/authorize/v1/rooms", "no.token.atall").await.status, 401);
    assert_eq!(client.get("/authorize").await.status, 401);
    let imitated = client.request(Method::GET, "/authorize").header("x_portico_app", "app_x");
    assert_eq!(client.send(imitated).await.status, 403);
    client.visit("/docs").await;
    assert_eq!(client.get("/no-such-page").await.status, 404);
    let odd = Method::from_bytes(b"BREW").expect("a method");
    assert_eq!(client.send(client.request(odd, "/sign-in")).await.status, 405);

    let after = scrape(&metrics).await;
    let decisions = counts(&[
        ("code=\"pass\"", 4.0),
        ("code=\"invalid_token\"", 1.0),
        ("code=\"missing_token\"", 1.0),
        ("code=\"ambiguous_identity_header\"", 1.0),
    ]);
    assert_eq!(after.since(&before, "portico_authorize_decisions_total"), decisions);
    let requests = counts(&[
        ("method=\"GET\",status=\"2xx\"", 2.0),
        ("method=\"GET\",status=\"4xx\"", 1.0),
        ("method=\"other\",status=\"4xx\"", 1.0),
    ]);
    assert_eq!(after.since(&before, "portico_http_requests_total"), requests);
    let more = |series: &str| after.value(series) - before.value(series);
    assert_eq!(more("portico_authorize_seconds_count"), 7.0);
    assert_eq!(more("portico_http_request_seconds_count"), 4.0);
    assert!(more("portico_authorize_seconds_sum") > 0.0);
    let version = format!("portico_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(after.value(&version), 1.0);
    assert!(after.value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(after.value("process_start_time_seconds") > 1_700_000_000.0);

    // The account may just have been forgotten, since its last change was read in the log.
    let began = Instant::now();
    while scrape(&metrics).await.value("portico_directory_accounts") != 1.0 {
        assert!(began.elapsed() < Duration::from_secs(30), "one account is in memory");
        client.get_as("/authorize", &token).await;
    }
    let labels: Vec<String> = after.labels().into_iter().collect();
    let id = app.trim_start_matches("/apps/");
    for label in labels {
        let secretive = ["acc_", "ak_", "as_", "usr_", "Noor", "noor", "eyJ", "/"];
        assert!(label.len() < 30 && label != id, "{label}");
        assert!(!secretive.iter().any(|word| label.contains(word)) && !label.starts_with("app_0"), "{label}");
    }
}

/// Or an alert would tell of a directory that is out of date, which nobody asks.
#[tokio::test]
async fn a_worker_measures_deliveries_and_no_directory() {
    let (program, metrics) = measured();
    let program = program.with("PORTICO_SECRET_KEY", KEY);
    let worker = program.start("worker");
    worker.says("events are delivered").await;
    let said = scrape(&metrics).await;
    assert_eq!(said.value("portico_delivery_attempts_total{outcome=\"2xx\"}"), 0.0);
    assert!(said.samples.contains_key("portico_deliveries_waiting"));
    let of_judging = |series: &&String| {
        ["portico_directory", "portico_authorize", "portico_http"].iter().any(|name| series.starts_with(name))
    };
    assert_eq!(said.samples.keys().find(of_judging), None);
}

#[tokio::test]
async fn metrics_are_off_unless_an_address_is_given() {
    let running = Program::new().serve().await;
    assert_eq!(running.client.get("/metrics").await.status, 404);
    assert!(!running.log().contains(SERVED), "{}", running.log());
}

#[tokio::test]
async fn metrics_and_the_portal_are_apart() {
    let (program, metrics) = measured();
    let running = program.serve().await;
    running.says(SERVED).await;
    assert_eq!(running.client.get("/metrics").await.status, 404);
    for path in ["/", "/sign-in", "/healthz", "/authorize", "/api/v1/me", "/metrics/", "/metrics/x"] {
        let page = metrics.get(path).await;
        assert_eq!((page.status.as_u16(), page.header("set-cookie")), (404, ""), "{path}");
    }
    let post = metrics.send(metrics.request(Method::POST, "/metrics")).await;
    assert_eq!((post.status.as_u16(), post.header("allow")), (405, "GET, HEAD"));
    assert_eq!(metrics.send(metrics.request(Method::HEAD, "/metrics")).await.body, "");
    // Nobody is shown here, so nothing of what asks is counted.
    let requests = scrape(&metrics).await;
    let answered = requests.samples.iter().filter(|(series, _)| series.starts_with("portico_http_requests"));
    assert_eq!(answered.map(|(_, count)| count).sum::<f64>(), 1.0, "the portal's own 404");
    let (code, log) = running.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
    assert!(
        tokio::time::timeout(Duration::from_secs(10), tokio::net::TcpStream::connect(program.listen))
            .await
            .is_ok_and(|connected| connected.is_err())
    );
}

#[test]
fn a_taken_address_for_metrics_ends_the_start() {
    let listen = free_address();
    let taken = TcpListener::bind(listen).expect("it was free");
    let program = Program::new().with("PORTICO_METRICS_LISTEN", &listen.to_string());
    let said = program.complaint(&[]);
    assert!(said.starts_with(&format!("Cannot listen on {listen} for metrics")), "{said}");
    assert!(said.contains("PORTICO_METRICS_LISTEN"), "{said}");
    drop(taken);
}

#[test]
fn metrics_on_the_portals_own_port_end_the_start() {
    let program = Program::new();
    let port = program.listen.port();
    let program = program.with("PORTICO_METRICS_LISTEN", &format!("0.0.0.0:{port}"));
    let said = program.complaint(&[]);
    assert!(said.starts_with("PORTICO_METRICS_LISTEN must have another port than PORTICO_LISTEN"), "{said}");
    assert!(!program.path("portico.db").exists(), "nothing was made");
}
