//! Who may what: every route as every role (S63), and no post without its form's value (S18).
//! The routes are read from the table itself, so that a new one cannot be forgotten here.

mod forgery;
mod links;
mod table;

use std::collections::BTreeSet;

use portico::{
    actions::credentials,
    domain::{
        account::{Owner, Role},
        app::App,
        overlap::KeepOld,
    },
};
use reqwest::Method;

use self::table::{PROGRAMS, TABLE};
use crate::support::{
    client::Client,
    databases::{Kind, on_both},
    site::Portal,
    world::Person,
};

on_both!(
    every_route_answers_each_role_as_the_table_says,
    what_is_for_programs_answers_alike_whoever_is_signed_in,
    what_belongs_to_another_app_is_not_found_under_ones_own,
);

/// How `routes.rs` names a URL, and what stands before its path.
const NAMED: [(&str, &str); 6] = [
    ("page(\"", ""),
    ("Endpoint::site(\"", ""),
    ("Endpoint::api(\"/v1", "/api/v1"),
    ("Endpoint::api(\"/oauth", "/oauth"),
    ("Endpoint::api(\"/.well-known", "/.well-known"),
    ("resource(\"", ""),
];

/// How it says what is done there, and by which method.
const DONE: [(&str, &str); 7] = [
    (".get(", "GET"),
    (".post(", "POST"),
    (".put(", "PUT"),
    (".patch(", "PATCH"),
    (".delete(", "DELETE"),
    (".options(", "OPTIONS"),
    (".to(", "ANY"),
];

/// Every route of the table in `routes.rs`, as (method, path).
pub(crate) fn routes() -> BTreeSet<(String, String)> {
    let source = std::fs::read_to_string("src/web/routes.rs").expect("the table of routes");
    let mut named: Vec<_> = NAMED
        .iter()
        .flat_map(|(word, base)| source.match_indices(word).map(move |(at, _)| (at + word.len(), *base)))
        .collect();
    named.sort_unstable();
    let ends = named.iter().skip(1).map(|(at, _)| *at).chain([source.len()]);
    let mut routes = BTreeSet::new();
    for ((at, base), end) in named.iter().zip(ends) {
        let (path, rest) = source[*at..end].split_once('"').expect("a path");
        let methods = DONE.iter().filter(|(word, _)| rest.contains(word)).map(|(_, method)| *method);
        let before = routes.len();
        routes.extend(methods.map(|method| (method.to_owned(), format!("{base}{path}"))));
        assert!(routes.len() > before, "nothing is done at {path}, or in a way that is not known here");
    }
    routes
}

#[test]
fn every_route_stands_in_the_table() {
    let mut table = BTreeSet::new();
    for (method, path, _) in TABLE {
        table.insert(((*method).to_owned(), (*path).to_owned()));
    }
    for (method, path, _) in PROGRAMS {
        table.insert(((*method).to_owned(), (*path).to_owned()));
    }
    assert_eq!(routes(), table);
}

struct Cast {
    portal: Portal,
    viewer: Person,
    developer: Person,
    owner: Person,
    stranger: Person,
    admin: Person,
    disabled: Person,
    app: String,
    sub: String,
    delivery: String,
    invitation: String,
    colleague: String,
    key: String,
    /// One of the owner and one of the colleague, neither that of a client.
    sessions: [String; 2],
    /// One of the account that was replaced.
    secret: String,
}

async fn cast(kind: Kind) -> Cast {
    let portal = Portal::new(kind).await;
    let owner = portal.world.user("ada@meridian.example").await;
    let developer = portal.world.colleague("dev@meridian.example", &owner).await;
    let viewer = portal.world.colleague("viewer@meridian.example", &owner).await;
    let viewer = portal.world.with_role(viewer, Role::Viewer).await;
    let stranger = portal.world.user("eve@evil.example").await;
    let admin = portal.world.admin("root@meridian.example").await;
    let leave =
        format!("delete from memberships where user_id = {}", portal.world.database.literal(&admin.id));
    portal.world.database.run(&leave).await;
    let disabled = portal.world.colleague("gone@meridian.example", &owner).await;
    let app = portal.world.jwt_app(&owner, "Relay").await;
    let sub = portal.world.subscription(&owner, &app).await.to_string();
    let (app, delivery, invitation) = (app.id.to_string(), String::new(), String::new());
    let (colleague, key) = (String::new(), String::new());
    let (sessions, secret) = ([String::new(), String::new()], String::new());
    let mut cast = Cast {
        app,
        portal,
        viewer,
        developer,
        owner,
        stranger,
        admin,
        disabled,
        sub,
        delivery,
        invitation,
        colleague,
        key,
        sessions,
        secret,
    };
    cast.renew(0).await;
    cast
}

impl Cast {
    /// What one role deletes is there again for the next.
    async fn renew(&mut self, round: usize) {
        let world = &self.portal.world;
        let app = world.jwt_app(&self.owner, &format!("Relay {round}")).await;
        let sub = world.subscription(&self.owner, &app).await;
        self.sub = sub.to_string();
        self.delivery = world.delivery(&self.owner, &app, sub).await.to_string();
        self.app = app.id.to_string();
        let colleague = world.colleague(&format!("c{round}@meridian.example"), &self.owner).await;
        self.colleague = colleague.id.to_string();
        self.sessions = [self.session_of(&self.owner).await, self.session_of(&colleague).await];
        self.secret = self.old_secret(&app).await;
        let email = format!("guest{round}@meridian.example");
        self.key = world.platform_key(&format!("Publisher {round}")).await.0.to_string();
        self.invitation = world.invite(&self.owner, &email, Role::Viewer).await.to_string();
    }

    async fn session_of(&self, person: &Person) -> String {
        let world = &self.portal.world;
        let signed_in = world.sign_in(person).await;
        let session = world.database.read().await.session(signed_in.session.hash().as_bytes()).await;
        session.expect("a row").expect("the session").id.to_string()
    }

    /// The only replaced secret of the owner's account.
    async fn old_secret(&self, app: &App) -> String {
        let (world, acting) = (&self.portal.world, self.portal.world.acting::<Owner>(&self.owner));
        for keep in [KeepOld::No, KeepOld::Week] {
            let form = world.form(&self.owner);
            credentials::regenerate(&world.ctx, &acting, app, form, keep).await.expect("another secret");
        }
        let pair = credentials::pair(&world.ctx, &acting).await.expect("a pair");
        pair.old.first().expect("an old secret").facts.id.to_string()
    }

    /// The path of something that is there.
    fn path(&self, template: &str) -> String {
        let [own, colleagues] = &self.sessions;
        template
            .replace("{session}", if template.starts_with("/admin") { colleagues } else { own })
            .replace("{secret}", &self.secret)
            .replace("{app}", &self.app)
            .replace("{subscription}", &self.sub)
            .replace("{delivery}", &self.delivery)
            .replace("{invitation}", &self.invitation)
            .replace("{key}", &self.key)
            .replace("{event_type}", "recording.deleted")
            .replace("{scope}", "user:write")
            .replace("{user}", &self.colleague)
            .replace("{token}", "a-token-that-nobody-has")
            .replace("{account}", &self.owner.account.to_string())
            .replace("{grant}", "grt_00000000000000000000000000")
    }
}

/// A form's value that is the client's own.
async fn csrf(client: &Client) -> String {
    let page = client.get("/docs").await;
    page.attribute("input[name=csrf]", "value").unwrap_or_default()
}

/// What comes of it: `d`, `o` or `n`, and `m` for a method that the path has not. An account to
/// switch to is the owner's.
async fn ask(client: &Client, method: &str, path: &str, (csrf, account): (&str, &str)) -> char {
    let request = match method {
        "GET" => client.request(Method::GET, path),
        _ if path.ends_with("/information") => {
            let body = reqwest::multipart::Form::new().text("csrf", csrf.to_owned());
            client.request(Method::POST, path).multipart(body)
        }
        _ if path == "/account/switch" => {
            client.request(Method::POST, path).form(&[("csrf", csrf), ("account", account)])
        }
        _ => client.request(Method::POST, path).form(&[("csrf", csrf)]),
    };
    let page = client.send(request).await;
    match page.status.as_u16() {
        303 if page.header("location").starts_with("/sign-in?next=") => 'd',
        // A form without its fields is refused by its own page, which is as good as a page.
        200 | 303 | 409 | 422 => 'o',
        // It says on a page what is wrong with what an app asks.
        400 if path == "/oauth/authorize" => 'o',
        404 => 'n',
        405 => 'm',
        other => panic!("{method} {path} answers {other}: {}", page.text()),
    }
}

async fn every_route_answers_each_role_as_the_table_says(kind: Kind) {
    let mut cast = cast(kind).await;
    let account = cast.owner.account.to_string();
    let mut wrong = Vec::new();
    let people = [
        None,
        Some(cast.viewer.clone()),
        Some(cast.developer.clone()),
        Some(cast.owner.clone()),
        Some(cast.stranger.clone()),
        Some(cast.admin.clone()),
        Some(cast.disabled.clone()),
    ];
    for (role, person) in people.iter().enumerate() {
        cast.renew(role + 1).await;
        let mut client = match person {
            None => cast.portal.client(),
            Some(person) => cast.portal.signed_in(person).await,
        };
        let column = if role == 6 { 0 } else { role };
        let mut value = signed_out_or_own_csrf(&client).await;
        if role == 6 {
            cast.portal.world.database.set("users", &cast.disabled.id, "disabled_at = 1").await;
            value = signed_out_or_own_csrf(&client).await;
        }
        let (done, closed): (Vec<_>, Vec<_>) =
            TABLE.iter().partition(|(.., expected)| expected.chars().nth(column) == Some('o'));
        // What is not theirs comes first, while everything is there; it changes nothing.
        let before = cast.portal.world.database.dump().await;
        for (method, path, expected) in closed.iter().copied().chain(&others()) {
            let expected = expected.chars().nth(column).expect("six columns");
            let got = ask(&client, method, &cast.path(path), (&value, &account)).await;
            if got != expected {
                wrong.push(format!("{method} {path} as role {role}: {got}, not {expected}"));
            }
        }
        assert_eq!(cast.portal.world.database.dump().await, before, "role {role}");
        for (method, path, _) in done {
            let got = ask(&client, method, &cast.path(path), (&value, &account)).await;
            if got != 'o' {
                wrong.push(format!("{method} {path} as role {role}: {got}, not o"));
            }
            // Signed out, one is somebody else; begin anew.
            if *path == "/sign-out"
                && let Some(person) = person
                && role != 6
            {
                client = cast.portal.signed_in(person).await;
                value = csrf(&client).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// No cookie opens or closes anything of it.
async fn what_is_for_programs_answers_alike_whoever_is_signed_in(kind: Kind) {
    let cast = cast(kind).await;
    let [visitor, owner, admin] = [
        cast.portal.client(),
        cast.portal.signed_in(&cast.owner).await,
        cast.portal.signed_in(&cast.admin).await,
    ];
    let style = visitor.visit("/").await.attribute("link[rel=stylesheet]", "href").expect("a style");
    let before = cast.portal.world.database.dump().await;
    for (method, template, status) in PROGRAMS {
        let path = match *template {
            "/assets/{path:.*}" => style.clone(),
            template => template.replace("{any:.*}", "v1/meetings").replace("{hash}", &"0".repeat(64)),
        };
        let methods: &[&str] = if *method == "ANY" { &["GET", "POST", "DELETE"] } else { &[*method] };
        for method in methods {
            let method: Method = method.parse().expect("a method");
            for client in [&visitor, &owner, &admin] {
                let page = client.send(client.request(method.clone(), &path)).await;
                assert_eq!(page.status, *status, "{method} {path}: {}", page.body);
            }
        }
    }
    assert_eq!(cast.portal.world.database.dump().await, before);
}

/// The other method of each path of the console that has but one: for whoever is no admin
/// there is nothing at all, not even that there would be another method.
fn others() -> Vec<(&'static str, &'static str, &'static str)> {
    let console = TABLE.iter().filter(|(_, path, _)| path.starts_with("/admin"));
    let other = console.map(|(method, path, _)| (if *method == "GET" { "POST" } else { "GET" }, *path));
    let missing = other.filter(|(method, path)| !TABLE.iter().any(|(m, p, _)| (m, p) == (method, path)));
    // The last of an admin's column is told so.
    missing.map(|(method, path)| (method, path, "dnnnnm")).collect()
}

/// The door has a form whether or not anybody is signed in.
async fn signed_out_or_own_csrf(client: &Client) -> String {
    let own = csrf(client).await;
    if !own.is_empty() {
        return own;
    }
    client.visit("/sign-in").await.form("/sign-in").value("csrf").unwrap_or_default().to_owned()
}

async fn what_belongs_to_another_app_is_not_found_under_ones_own(kind: Kind) {
    let cast = cast(kind).await;
    let world = &cast.portal.world;
    let theirs = world.jwt_app(&cast.stranger, "Theirs").await;
    let client = cast.portal.signed_in(&cast.stranger).await;
    let value = csrf(&client).await;
    let own_app_others_sub = format!("/apps/{}/subscriptions/{}", theirs.id, cast.sub);
    assert_eq!(client.get(&own_app_others_sub).await.status, 404);
    for verb in ["", "/reveal", "/rotate", "/resume", "/test", "/validate", "/delete"] {
        let path = format!("{own_app_others_sub}{verb}");
        let fields = [
            ("csrf", value.as_str()),
            ("production_url", "https://evil.example/"),
            ("event_types", "user.created"),
            ("keep_old_for", "0"),
        ];
        let page = client.send(client.request(Method::POST, &path).form(&fields)).await;
        assert_eq!(page.status, 404, "POST {path}: {}", page.text());
    }
    let own_app_others_delivery = format!("/apps/{}/deliveries/{}", theirs.id, cast.delivery);
    assert_eq!(client.get(&own_app_others_delivery).await.status, 404);
    let redeliver = client.request(Method::POST, &format!("{own_app_others_delivery}/redeliver"));
    assert_eq!(client.send(redeliver.form(&[("csrf", value.as_str())])).await.status, 404);
    let before = world.database.dump().await;
    let others_secret = format!("/apps/{}/credentials/secrets/{}/revoke", theirs.id, cast.secret);
    let revoke = client.request(Method::POST, &others_secret);
    assert_eq!(client.send(revoke.form(&[("csrf", value.as_str())])).await.status, 404);
    assert_eq!(world.database.dump().await, before);
    let owner = cast.portal.signed_in(&cast.owner).await;
    assert_eq!(owner.get(&format!("/apps/{}/subscriptions/{}", cast.app, cast.sub)).await.status, 200);
}
