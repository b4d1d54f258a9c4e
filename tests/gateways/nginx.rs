//! nginx of Debian with `docs/gateways/nginx.conf`.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use portico::{
    actions::{activation, credentials},
    domain::{account::Developer, app::App, credential::ApiKey, jwt, time::Span},
};
use reqwest::Method;
use tempfile::TempDir;

use super::upstream;
use crate::support::{
    client::{Client, Page},
    databases::Kind,
    site::{Portal, free_address},
    world::Person,
};

/// An nginx that ends with the test.
struct Nginx {
    child: Child,
    _folder: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM would leave the workers a moment; nobody waits for them here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    fn start(portico: &str, api: SocketAddr) -> (Self, String) {
        let listen = free_address();
        let site = fs::read_to_string("docs/gateways/nginx.conf").expect("the documented configuration");
        let portico = portico.trim_start_matches("http://");
        let site = site
            .replace("127.0.0.1:8080", portico)
            .replace("127.0.0.1:9000", &api.to_string())
            .replace("127.0.0.1:8000", &listen.to_string());
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().display();
        let whole = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
             fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n{site}\n}}\n"
        );
        let path = folder.path().join("nginx.conf");
        fs::write(&path, whole).expect("the configuration is written");
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .arg("-p")
            .arg(folder.path())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("nginx is installed; scripts/test does so");
        let began = Instant::now();
        while TcpStream::connect(listen).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "nginx listens");
            std::thread::sleep(Duration::from_millis(20));
        }
        (Self { child, _folder: folder }, format!("http://{listen}"))
    }
}

struct Behind {
    portal: Portal,
    _nginx: Nginx,
    client: Client,
    owner: Person,
    app: App,
    token: String,
}

async fn behind_nginx() -> Behind {
    let portal = Portal::new(Kind::Sqlite).await;
    let owner = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&owner, "Relay").await;
    let app = portal.world.activate(&owner, &app).await;
    let ctx = &portal.world.ctx;
    let acting = portal.world.acting::<Developer>(&owner);
    let exp = ctx.now() + Span::hours(1);
    let token = credentials::test_token(ctx, &acting, &app, exp).await.expect("a token").token;
    let (nginx, url) = Nginx::start(&portal.site.url, upstream::serve());
    Behind { client: Client::new(&url), portal, _nginx: nginx, owner, app, token }
}

impl Behind {
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = self.client.request(method, path).bearer_auth(&self.token);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.client.send(request).await
    }
}

/// The values of a header that reached the API, under any spelling of its name.
fn reached(page: &Page, name: &str) -> Vec<String> {
    let echo: serde_json::Value = serde_json::from_str(&page.body).expect("the API answered");
    let headers = echo["headers"].as_array().expect("its headers");
    let same = |got: &str| got.to_lowercase().replace(['_', '.'], "-") == name;
    let pairs = headers
        .iter()
        .map(|pair| (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default()));
    pairs.filter(|(got, _)| same(got)).map(|(_, value)| value.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_reaches_the_api_with_the_callers_identity() {
    let behind = behind_nginx().await;
    for (method, path) in
        [(Method::GET, "/v1/rooms?x=1"), (Method::POST, "/v1/rooms"), (Method::DELETE, "/a/b")]
    {
        let page = behind.ask(method, path, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(reached(&page, "x-portico-account"), [behind.owner.account.to_string()]);
        assert_eq!(reached(&page, "x-portico-app"), [behind.app.id.to_string()]);
        assert_eq!(reached(&page, "x-portico-scopes"), ["*"]);
        assert!(reached(&page, "authorization").is_empty(), "the token stays here");
    }
    let body = "x".repeat(100_000);
    let request = behind.client.request(Method::POST, "/v1/rooms").bearer_auth(&behind.token).body(body);
    assert_eq!(behind.client.send(request).await.status, 200, "a body is no business of Portico's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_own_identity_headers_never_reach_the_api() {
    let behind = behind_nginx().await;
    for name in
        ["X-Portico-App", "x-portico-app", "X-PORTICO-APP", "X-Portico-User", "X-Portico-Account-External-Id"]
    {
        let page = behind.ask(Method::GET, "/", &[(name, "forged"), (name, "forged twice")]).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("forged"), "{name}: {}", page.body);
    }
    for name in ["X_Portico_App", "X.Portico.App", "x-portico_app"] {
        let page = behind.ask(Method::GET, "/", &[(name, "forged")]).await;
        assert!(page.status == 403 || !page.body.contains("forged"), "{name}: {}", page.body);
    }
    let page = behind.ask(Method::GET, "/", &[("Connection", "X-Portico-App, X-Portico-Account")]).await;
    assert_eq!(reached(&page, "x-portico-app"), [behind.app.id.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_comes_with_its_reason_and_body() {
    let behind = behind_nginx().await;
    let page = behind.client.get("/v1/rooms").await;
    assert_eq!(page.status, 401);
    assert_eq!(
        (page.header("x-portico-error"), page.header("www-authenticate")),
        ("missing_token", "Bearer")
    );
    assert!(page.body.contains("\"code\":\"missing_token\""), "{}", page.body);

    let (ctx, world) = (&behind.portal.world.ctx, &behind.portal.world);
    let stranger = jwt::sign(
        &ApiKey::from_random([1; 16]),
        &portico::domain::credential::ApiSecret::from_random([1; 32]),
        "app_x",
        ctx.now(),
        ctx.now() + Span::hours(1),
    );
    let request = behind.client.request(Method::GET, "/").bearer_auth(stranger.expect("a token"));
    let page = behind.client.send(request).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (401, "invalid_token"));

    let developer = world.acting::<Developer>(&behind.owner);
    activation::deactivate(ctx, &developer, behind.app.id).await.expect("deactivated");
    let page = behind.ask(Method::POST, "/v1/rooms", &[]).await;
    assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (403, "app_deactivated"));
    assert!(page.body.contains("Reactivate"), "{}", page.body);
    assert_eq!(page.header("content-type"), "application/problem+json");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_portico_is_away_nothing_passes() {
    let behind = behind_nginx().await;
    assert_eq!(behind.ask(Method::GET, "/", &[]).await.status, 200);
    let Behind { portal, client, token, _nginx, .. } = behind;
    drop(portal);
    let page = client.send(client.request(Method::GET, "/").bearer_auth(&token)).await;
    assert!(matches!(page.status.as_u16(), 500 | 502 | 503 | 504), "{}", page.status);
    assert!(!page.body.contains("headers"), "the API was not asked");
}
