//! Headers of every kind of answer (S21), and cookies under https (S13)

use reqwest::Method;

use crate::{
    apps::{Flow, at},
    support::{
        client::{Client, Page},
        databases::{Kind, on_both},
        pages::pages,
        pictures::{plain, png},
        site::Portal,
        world::PASSWORD,
    },
};

on_both!(
    every_answer_carries_its_headers,
    pages_are_nobodys_to_keep_and_assets_everybodys,
    under_https_cookies_are_bound_to_the_host_and_browsers_stay_with_it,
    without_https_nothing_pretends_to_it,
);

fn carries_its_headers(what: &str, page: &Page) {
    let policy = page.header("content-security-policy");
    let sandbox = policy.contains("sandbox");
    for part in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(sandbox || policy.contains(part), "{what}: {part} in {policy:?}");
    }
    assert!(!policy.contains("unsafe-"), "{what}: {policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(page.header("x-frame-options"), "DENY", "{what}");
    assert_eq!(page.header("x-request-id").len(), 16, "{what}");
    for told in ["server", "x-powered-by"] {
        assert!(page.header(told).is_empty(), "{what} tells of {told}");
    }
}

async fn every_answer_carries_its_headers(kind: Kind) {
    let flow = Flow::new(kind).await;
    let root = flow.portal.world.admin("root@meridian.example").await;
    let admin = flow.portal.signed_in(&root).await;
    for page in pages(&flow.portal.world, &flow.ada).await {
        for client in [&flow.client, &flow.portal.client(), &admin] {
            carries_its_headers(&page, &client.get(&page).await);
        }
    }
    let client = &flow.client;
    let post = |path: &str| client.request(Method::POST, path);
    let stylesheet =
        client.visit("/apps").await.attribute("link[rel=stylesheet]", "href").expect("a style sheet");
    let app = flow.active_app("Painted").await;
    let picture = png(&plain(160, 160, [9, 9, 9, 255]));
    let information = at(&app, "/information");
    let form = client.visit(&information).await.form(&information);
    assert_eq!(client.submit(&form.file("icon", "icon.png", &picture)).await.status, 303);
    let icon = client.visit(&information).await.attribute("#icon-tile img", "src").expect("an icon");
    let form = client.visit("/apps/new").await.form("/apps");
    for (what, status, request) in [
        ("an icon", 200, client.request(Method::GET, &icon)),
        ("a style sheet", 200, client.request(Method::GET, &stylesheet)),
        ("no such asset", 404, client.request(Method::GET, "/assets/x.css")),
        ("no such icon", 404, client.request(Method::GET, &format!("/icons/{}", "0".repeat(64)))),
        ("no such page", 404, client.request(Method::GET, "/no/such/page")),
        ("not a method of it", 405, client.request(Method::DELETE, "/apps")),
        (
            "not a method of anything",
            405,
            client.request(Method::from_bytes(b"BREW").expect("a method"), "/apps"),
        ),
        ("a forged form", 403, post("/apps").form(&[("csrf", "x")])),
        ("from elsewhere", 403, post("/apps").form(form.fields()).header("origin", "https://evil.example")),
        ("a form too large", 413, post("/apps").form(&[("name", "x".repeat(70_000))])),
        ("a refused form", 422, post("/apps").form(form.fields())),
        ("a redirect", 303, flow.portal.client().request(Method::GET, "/apps")),
        ("a preflight", 204, client.request(Method::OPTIONS, "/api/v1/me")),
        ("a refused token", 401, client.request(Method::GET, "/api/v1/me").bearer_auth("x")),
    ] {
        let page = client.send(request).await;
        assert_eq!(page.status, status, "{what}: {}", page.text());
        carries_its_headers(what, &page);
    }
    // What is broken says so without a word of why, under a number that the log knows.
    flow.portal.world.database.run("alter table apps rename to gone").await;
    let broken = client.get("/apps").await;
    assert_eq!(broken.status, 500);
    carries_its_headers("a fault", &broken);
    assert!(broken.says(broken.header("x-request-id")), "{}", broken.text());
    for told in ["gone", "apps rename", "no such table", "sqlx", "relation", "panicked"] {
        assert!(!broken.says(told), "{}", broken.text());
    }
    flow.portal.world.database.run("alter table gone rename to apps").await;
    client.visit("/apps").await;
}

async fn pages_are_nobodys_to_keep_and_assets_everybodys(kind: Kind) {
    let flow = Flow::new(kind).await;
    let root = flow.portal.world.admin("root@meridian.example").await;
    let admin = flow.portal.signed_in(&root).await;
    for page in pages(&flow.portal.world, &flow.ada).await {
        for client in [&flow.client, &admin] {
            let answer = client.get(&page).await;
            assert_eq!(answer.header("cache-control"), "no-store", "{page}");
        }
    }
    let page = flow.client.visit("/apps").await;
    for (css, name) in [("link[rel=stylesheet]", "href"), ("script[src]", "src")] {
        let path = page.attribute(css, name).expect("an asset");
        let asset = flow.client.visit(&path).await;
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert!(asset.header("set-cookie").is_empty(), "{path}");
    }
    assert!(
        !page.has("style") && !page.has("[style]") && !page.has("script:not([src])"),
        "no inline style or script"
    );
    assert!(!page.body.contains(" onclick="), "no inline handler");
}

/// The cookies that an answer sets.
fn cookies(page: &Page) -> Vec<String> {
    page.headers.get_all("set-cookie").iter().map(|one| one.to_str().expect("text").to_owned()).collect()
}

/// Signs in over a connection that a browser would call https, which this client cannot.
async fn sign_in(portal: &Portal, client: &Client, email: &str) -> Page {
    let door = client.visit("/sign-in").await;
    let visit = cookies(&door).first().cloned().expect("a cookie");
    let visit = visit.split(';').next().unwrap_or_default().to_owned();
    let form = door.form("/sign-in").with("email", email).with("password", PASSWORD);
    let request = client.request(Method::POST, "/sign-in").form(form.fields()).header("cookie", visit);
    let request = request.header("origin", portal.world.ctx.policy.public_url.clone());
    client.send(request).await
}

async fn under_https_cookies_are_bound_to_the_host_and_browsers_stay_with_it(kind: Kind) {
    let portal = Portal::behind(kind, true, &[]).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    for path in ["/", "/nowhere", "/healthz", "/api/v1/me", "/assets/x"] {
        assert_eq!(client.get(path).await.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    let page = sign_in(&portal, &portal.client(), ada.email.as_str()).await;
    assert_eq!(page.location(), "/apps");
    let mut set = cookies(&page);
    set.extend(cookies(&portal.client().visit("/sign-in").await));
    let names: Vec<_> = set.iter().filter_map(|one| one.split('=').next()).collect();
    for name in ["__Host-portico", "__Host-portico-device", "__Host-portico-visit"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for cookie in &set {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let session = set.iter().find(|one| one.starts_with("__Host-portico=")).expect("a session");
    let value = session.split(['=', ';']).nth(1).expect("a value");
    assert!(value.len() >= 43, "256 bits in base64: {value}");
    // The name without the prefix, which another host could set, means nothing.
    for (name, status) in [("__Host-portico", 200), ("portico", 303)] {
        let request = client.request(Method::GET, "/apps").header("cookie", format!("{name}={value}"));
        assert_eq!(client.send(request).await.status, status, "{name}");
    }
    // Two of one name are somebody's doing; neither is believed (F14).
    let two = format!("__Host-portico={value}; __Host-portico={}", "A".repeat(value.len()));
    let request = client.request(Method::GET, "/apps").header("cookie", two);
    assert_eq!(client.send(request).await.status, 303);
}

async fn without_https_nothing_pretends_to_it(kind: Kind) {
    let portal = Portal::new(kind).await;
    let page = portal.client().visit("/sign-in").await;
    assert!(page.header("strict-transport-security").is_empty());
    assert!(
        cookies(&page).iter().all(|one| !one.contains("Secure") && !one.contains("__Host-")),
        "{:?}",
        cookies(&page)
    );
}
