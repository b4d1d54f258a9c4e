//! nginx of Debian with `docs/gateways/nginx`, as the README shows it.

use std::{path::Path, process::Command};

use portico::{
    actions::{Context, activation},
    domain::account::Developer,
    limiter::Limiter,
};
use reqwest::Method;

use crate::{
    gateway::{Gateway, Program},
    support::{
        client::Client,
        databases::Kind,
        site::{Portal, Site, free_address},
        world::{at_most, policy},
    },
    upstream,
};

pub(crate) const NGINX: Program = Program {
    file: "docs/gateways/nginx/api.conf",
    whole,
    command,
    in_front_of: None,
    preflights: Some(("nginx", "        include /etc/nginx/portico/guard.conf;")),
    tells_what_is_left: true,
};

fn whole(site: &str, folder: &Path) -> String {
    let at = folder.display();
    let included = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gateways/nginx/");
    let site = site.replace("/etc/nginx/portico/", included);
    format!(
        "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
         events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
         fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n{site}\n}}\n"
    )
}

fn command(configuration: &Path, folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-c").arg(configuration).arg("-p").arg(folder);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_asks_for_scopes() {
    let guide = std::fs::read_to_string("docs/gateways.md").expect("the guide");
    assert!(guide.contains("set $portico_scope meeting:read+user:read;"));
    let guard = "include /etc/nginx/portico/guard.conf;";
    let site = std::fs::read_to_string(NGINX.file).expect("the documented configuration");
    let site =
        site.replacen(guard, &format!("{guard}\n        set $portico_scope meeting:write+user:read;"), 1);
    let plain =
        "    location /plain { include /etc/nginx/portico/guard.conf; proxy_pass http://127.0.0.1:9000; }\n}";
    let site = format!("{}{plain}\n", site.trim_end().trim_end_matches('}'));
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let gateway = Gateway::start_with(&site, &NGINX, &portal.site.url, upstream::serve());
    let client = Client::new(&gateway.url);
    let token = async |name: &str, scopes: &[&str]| {
        let app = portal.world.server_app(&ada, name, scopes).await;
        let request = portal.client().request(Method::POST, "/oauth/token");
        let request = request.basic_auth(&app.id, Some(&app.secret));
        let page = portal.client().send(request.form(&[("grant_type", "client_credentials")])).await;
        let answer: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    };
    let (reads, writes) =
        (token("Reader", &["user:read"]).await, token("Writer", &["meeting:write", "user:read"]).await);
    // What a client adds asks for nothing.
    for path in ["/rooms", "/rooms?scope=user:read"] {
        let refused = client.get_as(path, &reads).await;
        assert_eq!((refused.status.as_u16(), refused.header("x-portico-error")), (403, "insufficient_scope"));
        assert!(refused.header("www-authenticate").contains(r#"scope="meeting:write user:read""#), "{path}");
        assert!(refused.body.contains("insufficient_scope"), "{}", refused.body);
        assert_eq!(client.get_as(path, &writes).await.status, 200, "{path}");
    }
    for (path, status) in [("/plain", 200), ("/plain?scope=meeting:write", 200)] {
        assert_eq!(client.get_as(path, &reads).await.status, status, "{path}");
    }
}

/// Of two processes the first one judges and the second one, which has not yet heard of the change,
/// gives the words: what was refused is told as it was, whatever the second one finds.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_keeps_its_reason_when_another_process_knows_better() {
    let limited = |ctx: &mut Context| ctx.limiter = Some(Limiter::per_minute(at_most(5)).into());
    let portal = Portal::with(Kind::Sqlite, policy(), limited).await;
    let world = &portal.world;
    let mut other = world.another_process().await;
    limited(&mut other);
    let other = Site::serve(other, free_address());
    let one = "server 127.0.0.1:8080;";
    let both = format!("{one} server {};", other.url.trim_start_matches("http://"));
    let site = std::fs::read_to_string(NGINX.file).expect("the documented configuration");
    assert!(site.contains(one));
    let site = site.replace(one, &both);
    let gateway = Gateway::start_with(&site, &NGINX, &portal.site.url, upstream::serve());
    let client = Client::new(&gateway.url);
    let mut tokens = Vec::new();
    for (email, name) in [("ada@meridian.example", "Relay"), ("bo@other.example", "Ledger")] {
        let owner = world.user(email).await;
        let app = world.jwt_app(&owner, name).await;
        let app = world.activate(&owner, &app).await;
        let token = world.token(&owner, &app).await;
        assert_eq!(Client::new(&other.url).get_as("/authorize", &token).await.status, 200);
        tokens.push((owner, app, token));
    }
    let [(ada, relay, stopped), (_, _, unknown)] = &tokens[..] else { panic!("two") };
    activation::deactivate(&world.ctx, &world.acting::<Developer>(ada), relay.id).await.expect("deactivated");
    let deactivated = client.get_as("/", stopped).await;
    // The first process cannot look up an account that it has not seen, the second one knows it.
    world.ctx.store.close().await;
    let unavailable = client.get_as("/", unknown).await;
    for (page, status, code) in [(deactivated, 403, "app_deactivated"), (unavailable, 503, "unavailable")] {
        assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (status, code), "{}", page.body);
        let problem: serde_json::Value = serde_json::from_str(&page.body).expect("a problem");
        assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(status.into()), Some(code)));
        assert_eq!(problem["detail"], "What refused this call holds no longer. Send it again.");
        assert_eq!(page.header("ratelimit"), "");
    }
}

#[test]
fn the_readme_shows_what_is_tested_in_under_fifteen_lines() {
    let shown = std::fs::read_to_string(NGINX.file).expect("the documented configuration");
    let readme = std::fs::read_to_string("README.md").expect("the README");
    assert!(readme.contains(&format!("```nginx\n{shown}```")));
    assert!(shown.lines().count() < 15);
}
