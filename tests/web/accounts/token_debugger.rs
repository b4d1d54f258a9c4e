//! `/account/token-debugger`: what it says of a token is what `/authorize` says to a call.

mod agreement;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use portico::{
    actions::{calls, credentials},
    domain::{
        account::{Developer, Owner},
        app::App,
        credential::{ApiKey, ApiSecret, AuthorizationCode, ClientSecret, PlatformKey, RefreshToken},
        overlap::KeepOld,
        time::Span,
    },
};

use self::agreement::answered;
use crate::{
    apps::{Flow, only_error},
    support::{
        client::Page,
        databases::{Kind, on_both},
        world::Person,
    },
};

on_both!(
    each_check_is_named_in_order_with_what_came_of_it,
    a_key_that_is_not_the_accounts_reads_the_same_whether_it_exists,
    the_secret_that_signed_it_is_named_with_its_end,
    what_stands_around_a_token_is_forgiven,
    what_is_no_token_is_told_and_kept,
    what_is_no_jwt_is_named_and_not_shown_again,
    nothing_is_stored_and_nobody_keeps_a_copy,
    a_form_of_another_account_is_refused,
    hostile_claims_are_text,
);

const PATH: &str = "/account/token-debugger";
const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The pair of a person's account, which has a JWT app.
struct Pair {
    key: ApiKey,
    secret: ApiSecret,
}

async fn pair(flow: &Flow, owner: &Person, app: &App) -> Pair {
    let ctx = &flow.portal.world.ctx;
    let key = ctx.store.read().await.expect("a connection").api_key(owner.account).await;
    let acting = flow.portal.world.acting::<Developer>(owner);
    let secret = credentials::reveal(ctx, &acting, app).await.expect("a secret");
    Pair { key: key.expect("a key").expect("every account has one"), secret }
}

/// A token of any content, signed.
fn signed(header: &str, payload: &str, secret: &str) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, Algorithm::HS256);
    format!("{input}.{}", signature.expect("a signature"))
}

impl Pair {
    fn token(&self, payload: &str) -> String {
        signed(HS256, payload, self.secret.expose())
    }

    /// With `iss` and these further members.
    fn claiming(&self, more: &str) -> String {
        self.token(&format!(r#"{{"iss":"{}",{more}}}"#, self.key))
    }
}

async fn inspect(flow: &Flow, token: &str) -> Page {
    let page = flow.client.fill(PATH, PATH, &[("token", token)]).await;
    assert_eq!(page.status, 200, "{token}: {}", page.text());
    page
}

/// The code and the sentence of a refusal; nothing of a pass.
type Refusal = Option<(String, String)>;

fn told(page: &Page) -> Refusal {
    let verdict = page.texts("#verdict").join("");
    if verdict == "This token would pass" {
        return None;
    }
    let code = verdict.strip_prefix("This token would be refused with ");
    Some((
        code.unwrap_or_else(|| panic!("no verdict: {verdict}")).to_owned(),
        page.texts(".note strong").join(""),
    ))
}

async fn each_check_is_named_in_order_with_what_came_of_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let pair = pair(&flow, &flow.ada, &app).await;
    let now = flow.portal.world.ctx.now().seconds();
    let names = [
        "Form",
        "Header",
        "Algorithm",
        "Type",
        "Extensions",
        "Encoding",
        "Payload",
        "Claims",
        "Signature",
        "Expiry",
        "Not before",
        "Issued at",
        "Audience",
        "Account",
        "App",
    ];
    let lines = |states: [&str; 15]| -> Vec<String> {
        names.iter().zip(states).map(|(name, state)| format!("{name} {state}")).collect()
    };
    let page = inspect(&flow, &pair.claiming(&format!(r#""exp":{},"sub":"{}""#, now + 300, app.id))).await;
    assert_eq!(page.texts(".checks .line"), lines(["Passed"; 15]));
    assert!(page.says("A call with it is a call of Relay."), "{}", page.text());
    assert!(page.says("It expires 24 Nov 2026, 07:25 UTC."), "{}", page.text());

    let page = inspect(&flow, &pair.claiming(&format!(r#""exp":{},"custom":1.50"#, now - 3_600))).await;
    let mut states = ["Passed"; 15];
    states[9] = "Failed";
    states[10..].fill("Not reached");
    assert_eq!(page.texts(".checks .line"), lines(states));
    let failed = page.texts(".checks p.bad");
    assert_eq!(
        failed,
        [
            "What to change: The token expired 3600 seconds ago. Sign a new one; if it is new, check your clock."
        ]
    );
    assert_eq!(page.attribute(".claims time", "datetime").as_deref(), Some("2026-11-24T06:20:00Z"));
    assert!(page.texts("#claims-json").join("").contains(r#""custom": 1.50"#));
    assert_eq!(page.texts("#header-json"), [r#"{ "alg": "HS256", "typ": "JWT" }"#]);

    let page = inspect(&flow, &pair.claiming(&format!(r#""exp":{}000"#, now + 300))).await;
    assert!(page.says("Milliseconds; in seconds it is 24 Nov 2026, 07:25 UTC"), "{}", page.text());
    let page = inspect(&flow, &pair.claiming(&format!(r#""exp":{}"#, now + 300)).replace("eyJ", "e!J")).await;
    assert_eq!(page.texts(".checks .line")[1], "Header Failed");
    assert!(!page.has("#header-json"), "what cannot be read is not shown");
}

/// Everything but the token itself and what it says.
fn findings(page: &Page) -> Vec<String> {
    [".note", ".checks li", "#verdict", ".claims dd.soft"].iter().flat_map(|css| page.texts(css)).collect()
}

async fn a_key_that_is_not_the_accounts_reads_the_same_whether_it_exists(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let own = pair(&flow, &flow.ada, &app).await;
    let eve = flow.portal.world.user("eve@evil.example").await;
    let theirs = flow.portal.world.jwt_app(&eve, "Theirs").await;
    let theirs_active = flow.portal.world.activate(&eve, &theirs).await;
    let their_pair = pair(&flow, &eve, &theirs_active).await;
    let now = flow.portal.world.ctx.now().seconds();
    let claims = |key: &ApiKey, sub: &str| format!(r#"{{"iss":"{key}","sub":"{sub}","exp":{}}}"#, now + 300);
    let their_app = theirs.id.to_string();
    let nobodys_app = "app_00000000000000000000000000";
    let valid = their_pair.token(&claims(&their_pair.key, &their_app));
    assert_eq!(answered(&flow, &valid).await, None, "it is a good token, of another account");
    let nobodys = ApiKey::from_random([9; 16]);
    let known = findings(&inspect(&flow, &valid).await);
    assert_eq!(told(&inspect(&flow, &valid).await).expect("a refusal").0, "invalid_token");
    let named = |words: &str| known.iter().any(|text| text.contains(words));
    assert!(named("is not the API key of"), "{known:?}");
    assert!(!named("Theirs") && !named("eve@"), "{known:?}");
    for (key, sub) in [(&their_pair.key, nobodys_app), (&nobodys, &their_app), (&nobodys, nobodys_app)] {
        for secret in [&their_pair.secret, &own.secret] {
            let token = signed(HS256, &claims(key, sub), secret.expose());
            assert_eq!(findings(&inspect(&flow, &token).await), known, "{key} {sub}");
        }
    }
    // Nor does it say whose app is named under one's own key.
    let with_own = |sub: &str| own.token(&claims(&own.key, sub));
    let foreign = findings(&inspect(&flow, &with_own(&their_app)).await);
    assert_eq!(foreign, findings(&inspect(&flow, &with_own(nobodys_app)).await));
}

async fn the_secret_that_signed_it_is_named_with_its_end(kind: Kind) {
    let mut flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let world = &flow.portal.world;
    let old = pair(&flow, &flow.ada, &app).await;
    let token = old.claiming(&format!(r#""exp":{}"#, world.ctx.now().seconds() + 90_000));
    let hint = |pair: &Pair| format!("as_…{}", pair.secret.hint());
    let page = inspect(&flow, &token).await;
    assert!(page.says(&format!("It fits the current API secret, {}.", hint(&old))), "{}", page.text());
    let owner = world.acting::<Owner>(&flow.ada);
    let form = world.form(&flow.ada);
    credentials::regenerate(&world.ctx, &owner, &app, form, KeepOld::Day).await.expect("a new secret");
    let page = inspect(&flow, &token).await;
    let words = format!("an old API secret, {}, which verifies until 25 Nov 2026, 07:20 UTC", hint(&old));
    assert!(page.says(&words), "{}", page.text());
    let new = pair(&flow, &flow.ada, &app).await;
    let page = inspect(&flow, &new.claiming(r#""exp":1"#)).await;
    assert!(page.says(&format!("the current API secret, {}", hint(&new))), "though it is refused");
    assert!(!page.body.contains(new.secret.expose()));
    world.clock.advance(Span::hours(24));
    // The sign-in has ended too.
    flow.client = flow.portal.signed_in(&flow.ada).await;
    let page = inspect(&flow, &token).await;
    assert!(page.says("so another secret signed it"), "{}", page.text());
    assert_eq!(told(&page), answered(&flow, &token).await);
}

async fn what_stands_around_a_token_is_forgiven(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let pair = pair(&flow, &flow.ada, &app).await;
    let token = pair.claiming(&format!(r#""exp":{}"#, flow.portal.world.ctx.now().seconds() + 300));
    let (start, end) = token.split_at(40);
    let note = "was left out; a call must send Authorization: Bearer and the token alone";
    for (pasted, says) in [
        (token.clone(), false),
        (format!("\r\n {token}\r\n"), false),
        (format!("Bearer {token}"), true),
        (format!("authorization: bearer {token}"), true),
        (format!("\"{token}\""), true),
        (format!("{start}\r\n{end}"), true),
    ] {
        let page = inspect(&flow, &pasted).await;
        assert_eq!(told(&page), None, "{pasted}");
        assert_eq!(page.says(note), says, "{pasted}");
    }
}

async fn what_is_no_token_is_told_and_kept(kind: Kind) {
    let flow = Flow::new(kind).await;
    for empty in ["", "  \n", "\"\""] {
        let page = flow.client.fill(PATH, PATH, &[("token", empty)]).await;
        assert_eq!(only_error(&page), (String::from("token"), String::from("Paste a token.")));
    }
    for (typed, detail) in [
        ("not a token", "A token has three parts with dots between them."),
        ("a.b.c.d", "A token has three parts with dots between them."),
        (&"a".repeat(8_193), "The token is longer than 8 KiB."),
        (&format!("{}.e30.x", "e".repeat(20_000)), "The token is longer than 8 KiB."),
    ] {
        let page = inspect(&flow, typed).await;
        assert_eq!(told(&page), Some((String::from("invalid_token"), String::from(detail))));
        assert_eq!(page.form(PATH).value("token"), Some(typed));
        assert_eq!(page.texts(".checks .line")[0], "Form Failed");
        assert!(!page.has("#decoded"));
    }
    let app = flow.jwt_app("Relay").await;
    let secret = pair(&flow, &flow.ada, &app).await.secret;
    let page = flow.client.fill(PATH, PATH, &[("token", secret.expose())]).await;
    assert!(only_error(&page).1.starts_with("This is an API secret."), "{}", page.text());
    assert!(!page.body.contains(secret.expose()), "a secret is not shown again");
}

async fn what_is_no_jwt_is_named_and_not_shown_again(kind: Kind) {
    let flow = Flow::new(kind).await;
    let access = format!("at_{}", "Xy-_".repeat(40));
    let client = ClientSecret::from_random([7; 32]);
    let refresh = RefreshToken::from_random([7; 32]);
    let code = AuthorizationCode::from_random([7; 32]);
    let platform = PlatformKey::from_random([7; 32]);
    for (secret, begins) in [
        (access.as_str(), "This is an access token of OAuth, which this page does not take apart."),
        (client.expose(), "This is a client secret, and no token."),
        (refresh.expose(), "This is a refresh token."),
        (code.expose(), "This is an authorization code."),
        (platform.expose(), "This is a platform key, and no token."),
    ] {
        for pasted in [secret.to_owned(), format!("Bearer {secret}\r\n")] {
            let page = flow.client.fill(PATH, PATH, &[("token", &pasted)]).await;
            assert_eq!(page.status, 422);
            let (field, sentence) = only_error(&page);
            assert!(field == "token" && sentence.starts_with(begins), "{field}: {sentence}");
            assert!(!page.has("#verdict"), "nothing is said of whether a call would pass");
            assert_eq!(page.form(PATH).value("token"), Some(""));
            assert!(!page.body.contains(secret), "{begins}");
        }
    }
    let page = flow.client.fill(PATH, PATH, &[("token", &access)]).await;
    let sentence = only_error(&page).1;
    let ways = ["Call GET /api/v1/me with it", "POST /oauth/introspect"];
    assert!(ways.iter().all(|way| sentence.contains(way)), "{sentence}");
}

async fn nothing_is_stored_and_nobody_keeps_a_copy(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let pair = pair(&flow, &flow.ada, &app).await;
    let token = pair.claiming(&format!(r#""exp":{}"#, flow.portal.world.ctx.now().seconds() + 300));
    flow.client.visit(PATH).await;
    let before = flow.portal.world.database.dump().await;
    for token in [token.as_str(), "x.y.z", "x"] {
        let page = inspect(&flow, token).await;
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("content-encoding"), "identity");
    }
    calls::flush(&flow.portal.world.ctx).await.expect("what was counted is written down");
    assert_eq!(flow.portal.world.database.dump().await, before);
}

async fn a_form_of_another_account_is_refused(kind: Kind) {
    let flow = Flow::new(kind).await;
    let stale = flow.client.visit(PATH).await.form(PATH).with("token", "a.b.c");
    flow.client.fill("/accounts/new", "/accounts/new", &[("name", "Harbour Clinic")]).await;
    let page = flow.client.submit(&stale).await;
    assert_eq!(page.status, 409);
    assert!(page.says("another account"), "{}", page.text());
    assert!(flow.client.visit(PATH).await.says("Harbour Clinic"));
}

async fn hostile_claims_are_text(kind: Kind) {
    let flow = Flow::new(kind).await;
    let hostile = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'";
    let json =
        serde_json::json!({ "iss": hostile, "sub": hostile, "exp": hostile, "aud": [hostile], hostile: 1 });
    for (header, payload) in [(HS256, json.to_string().as_str()), (hostile, hostile)] {
        let page = inspect(&flow, &signed(header, payload, "x")).await;
        assert_eq!(page.texts("#claims-json").len(), 1);
        assert!(page.texts("#claims-json").join("").contains("<script>alert(1)</script>"));
        assert!(!page.has("script:not([src])") && !page.has("img[onerror]"), "{}", page.body);
    }
}
