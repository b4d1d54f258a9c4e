//! No secret stands anywhere in clear (S3, S13, S26)

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use portico::{domain::account::Developer, store::Database};
use reqwest::Method;

use crate::{
    apps::{Flow, at},
    support::{
        client::{Client, Page},
        databases::{Kind, on_both},
        site::Portal,
        world::PASSWORD,
    },
};

on_both!(
    no_secret_stands_in_the_database_in_clear,
    passwords_are_stored_by_argon2id_each_with_its_own_salt,
    a_weaker_hash_is_replaced_at_the_next_sign_in,
    a_sealed_secret_opens_in_its_own_row_alone,
);

/// A value of a cookie as the browser would send it.
fn cookie(page: &Page, name: &str) -> String {
    let set = page.headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok());
    let value = set.filter_map(|one| one.strip_prefix(&format!("{name}="))).next().expect("the cookie");
    value.split(';').next().unwrap_or_default().to_owned()
}

async fn signed_up(portal: &Portal, client: &Client) -> Vec<(&'static str, String)> {
    let fields = [
        ("name", "Noor"),
        ("email", "noor@x.example"),
        ("account_name", "Noor"),
        ("password", "canary of the coal mine"),
    ];
    let page = client.fill("/sign-up", "/sign-up", &fields).await;
    let session = ("session", cookie(&page, "portico"));
    let device = ("device", cookie(&page, "portico-device"));
    client.fill("/password/forgot", "/password/forgot", &[("email", "noor@x.example")]).await;
    // Mail waits sealed; what waits is looked at before it is sent.
    let waiting = format!("{:?}", portal.world.database.dump().await);
    assert!(
        !waiting.contains("password/reset") && !waiting.contains("verify-email"),
        "mail is sealed while it waits"
    );
    let mut found = vec![session, device, ("password", fields[3].1.to_owned())];
    for letter in portal.letters().await {
        let link = letter.link(portal);
        found.push(("a mailed link", link.split_once("token=").expect("a token").1.to_owned()));
    }
    assert_eq!(found.len(), 5, "the proof and the reset are among them");
    found
}

async fn no_secret_stands_in_the_database_in_clear(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let mut canaries = signed_up(&flow.portal, &flow.portal.client()).await;
    canaries.push(("password", PASSWORD.to_owned()));
    let credentials = at(&app, "/credentials");
    for keep in ["7d", "24h"] {
        let page = flow.client.fill(&credentials, &at(&app, "/credentials/reveal"), &[]).await;
        canaries.push(("API secret", page.texts("#secret").join("")));
        flow.client.fill(&credentials, &at(&app, "/credentials/regenerate"), &[("keep_old_for", keep)]).await;
    }
    let page = flow.client.fill(&credentials, &at(&app, "/credentials/token"), &[("expires_in", "1w")]).await;
    let token = page.texts("#token").join("");
    canaries.push(("JWT", token.rsplit('.').next().unwrap_or_default().to_owned()));
    flow.client.send(flow.client.request(Method::GET, "/api/v1/me").bearer_auth(&token)).await;
    let sub = flow.portal.world.subscription(&flow.ada, &app).await;
    let editor = at(&app, &format!("/subscriptions/{sub}"));
    let page = flow.client.fill(&editor, &format!("{editor}/reveal"), &[]).await;
    canaries.push(("signing secret", page.texts("#whsec").join("")));
    flow.client.fill(&editor, &format!("{editor}/rotate"), &[("keep_old_for", "7d")]).await;

    canaries.push(("platform key", flow.portal.world.platform_key("Publisher").await.1.expose().to_owned()));

    let mut places =
        vec![("the tables", format!("{:?}", flow.portal.world.database.dump().await).to_lowercase())];
    if let Database::Sqlite(path) = &flow.portal.world.database.database {
        for end in ["", "-wal", "-shm"] {
            let file = format!("{}{end}", path.display());
            let bytes = std::fs::read(&file).unwrap_or_default();
            assert!(!end.is_empty() || !bytes.is_empty(), "{file}");
            places.push(("the file", String::from_utf8_lossy(&bytes).to_lowercase()));
        }
    }
    for (what, canary) in &canaries {
        assert!(canary.len() >= 12, "{what}: {canary}");
        let clear = canary.to_lowercase();
        let bare =
            clear.trim_start_matches("as_").trim_start_matches("whsec_").trim_start_matches("pk_").to_owned();
        let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
        for (place, text) in &places {
            for form in [&clear, &bare, &hex] {
                assert!(!text.contains(form.as_str()), "{what} stands in {place}");
            }
        }
    }
    // The looking itself works: what is no secret is found.
    assert!(places[0].1.contains("noor@x.example"));
}

async fn passwords_are_stored_by_argon2id_each_with_its_own_salt(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    portal.world.user("bob@meridian.example").await;
    let hashes = portal.world.database.texts("select password_hash from users").await;
    for hash in &hashes {
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }
    assert_ne!(hashes[0], hashes[1], "one password, two hashes");
}

async fn a_weaker_hash_is_replaced_at_the_next_sign_in(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let params = Params::new(19_455, 2, 1, None).expect("parameters in range");
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen bytes ok")
        .expect("a hash")
        .to_string();
    let database = &portal.world.database;
    database.set("users", &ada.id, &format!("password_hash = '{weak}'")).await;
    let stored = async || database.texts("select password_hash from users").await.remove(0);
    let wrong = [("email", ada.email.as_str()), ("password", "not this one")];
    assert_eq!(portal.client().fill("/sign-in", "/sign-in", &wrong).await.status, 422);
    assert_eq!(stored().await, weak, "not by a wrong password");
    portal.signed_in(&ada).await;
    let strong = stored().await;
    assert!(strong.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{strong}");
    portal.signed_in(&ada).await;
    assert_eq!(stored().await, strong, "it is of the same password, and stays");
}

async fn a_sealed_secret_opens_in_its_own_row_alone(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let bob = flow.portal.world.user("bob@harbour.example").await;
    let theirs = flow.portal.world.jwt_app(&bob, "Theirs").await;
    let world = &flow.portal.world;
    let acting = world.acting::<Developer>(&bob);
    let secret = portico::actions::credentials::reveal(&world.ctx, &acting, &theirs).await.expect("a secret");
    // Whoever can write to the database puts another account's secret into a row (S27).
    let (own, other) = (world.database.literal(&app.account), world.database.literal(&theirs.account));
    let copy = format!(
        "update api_secrets set secret_sealed = (select secret_sealed from api_secrets where account_id = {other}) where account_id = {own}"
    );
    world.database.run(&copy).await;
    let credentials = at(&app, "/credentials");
    for (number, (verb, fields)) in
        [("reveal", &[][..]), ("token", &[("expires_in", "1h")])].into_iter().enumerate()
    {
        let page = flow.client.fill(&credentials, &at(&app, &format!("/credentials/{verb}")), fields).await;
        assert_eq!(page.status, 409, "{}", page.text());
        assert!(page.says("The stored secret cannot be read") && page.says("Replace it"), "{}", page.text());
        assert!(!page.body.contains(secret.expose()), "it does not open");
        assert_eq!(world.database.audited("secret_unreadable").await, number + 1);
    }
    let names =
        "select replace(detail, '\"', '') from audit_log where action = 'secret_unreadable' group by 1";
    let [detail] = &*world.database.texts(names).await else { panic!("one secret") };
    assert!(detail.starts_with("{secret:sec_"), "{detail}");
    assert_eq!(world.database.audited("secret_revealed").await, 1, "the one of its own account");
    assert_eq!(world.database.audited("token_made").await, 0);
    // What the page says to do is the way out.
    flow.client.fill(&credentials, &at(&app, "/credentials/regenerate"), &[("keep_old_for", "0")]).await;
    let page = flow.client.fill(&credentials, &at(&app, "/credentials/reveal"), &[]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(flow.client.visit("/account/audit").await.says("Stored secret unreadable"));
    let subscription = world.subscription(&flow.ada, &app).await;
    let spoil = match kind {
        Kind::Sqlite => "update signing_secrets set secret_sealed = x'01'",
        Kind::Postgres => "update signing_secrets set secret_sealed = '\\x01'",
    };
    world.database.run(spoil).await;
    let editor = at(&app, &format!("/subscriptions/{subscription}"));
    let page = flow.client.fill(&editor, &format!("{editor}/reveal"), &[]).await;
    assert_eq!(page.status, 409, "{}", page.text());
    assert_eq!(world.database.audited("secret_unreadable").await, 3);
    let page = flow.client.send(flow.client.request(Method::GET, "/api/v1/me").bearer_auth("x.y.z")).await;
    assert_eq!(page.status, 401);
}
