//! The code flow with clients that are not ours: `oauth4webapi` for Node.js, Authlib, and the crate
//! `oauth2` (S44). The test plays the user at a browser.

use std::time::{SystemTime, UNIX_EPOCH};

use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse, TokenUrl, basic::BasicClient,
};
use portico::domain::time::{Clock as _, Span};
use serde_json::{Value, json};

use crate::{
    clients::send,
    makers::Maker,
    support::{
        client::Client,
        databases::Kind,
        oauth::{CALLBACK, OauthApp, answer, decide},
        site::Portal,
        world::Person,
    },
};

const CLIENTS: [Maker; 2] = [
    Maker { name: "oauth4webapi", program: &["node", "tests/interop/node/oauth4webapi-code.mjs"] },
    Maker { name: "Authlib", program: &["python3", "-I", "-S", "tests/interop/python/oauth_code.py"] },
];

struct Scene {
    portal: Portal,
    confidential: OauthApp,
    public: OauthApp,
    ada: Person,
    user: Client,
}

async fn scene() -> Scene {
    let portal = Portal::new(Kind::Sqlite).await;
    // The libraries know no clock but the machine's.
    #[expect(clippy::disallowed_methods, reason = "the libraries ask the machine for the time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let ahead = i64::try_from(now).expect("a time") - portal.world.clock.now().seconds();
    portal.world.clock.advance(Span::seconds(ahead));
    let maker = portal.world.user("maker@atlas.example").await;
    let confidential = portal.world.oauth_app(&maker, "Atlas", "meeting:read user:read").await;
    let public = portal.world.public_app(&maker, "Pocket", "meeting:read user:read").await;
    let ada = portal.world.user("ada@meridian.example").await;
    let user = portal.signed_in(&ada).await;
    Scene { portal, confidential, public, ada, user }
}

impl Scene {
    fn job(&self, app: &OauthApp, scope: &str) -> Value {
        let mut job = json!({
            "issuer": self.portal.site.url,
            "client_id": app.client_id,
            "redirect_uri": CALLBACK,
            "scope": scope,
        });
        if let Some(secret) = &app.secret {
            job["client_secret"] = json!(secret);
        }
        job
    }

    /// Where the user comes back to from the library's address.
    async fn back(&self, url: &str, decision: &str) -> String {
        let path = url.strip_prefix(&self.portal.site.url).expect("an address of the portal");
        let page = self.user.get(path).await;
        let back = if page.status == 303 { page } else { decide(&self.user, &page, decision).await };
        back.location()
    }
}

fn with(mut job: Value, more: &[(&str, &Value)]) -> Value {
    for (name, value) in more {
        job[*name] = (*value).clone();
    }
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn independent_clients_have_users_asked_and_refresh_and_end_what_they_got() {
    let scene = scene().await;
    for client in CLIENTS {
        for (app, pushed) in
            [(&scene.confidential, false), (&scene.public, false), (&scene.confidential, true)]
        {
            if pushed && client.name == "Authlib" {
                // It has no words for RFC 9126.
                continue;
            }
            let job = with(scene.job(app, "user:read"), &[("pushed", &json!(pushed))]);
            let begun = client.run(&json!([job])).remove(0);
            let callback = scene.back(begun["url"].as_str().expect("an address"), "allow").await;
            let more = [
                ("callback", &json!(callback)),
                ("verifier", &begun["verifier"]),
                ("state", &begun["state"]),
            ];
            let done = client.run(&json!([with(job, &more)])).remove(0);
            let expected = json!({
                "scope": "user:read",
                "user": scene.ada.id.to_string(),
                "refreshed": "user:read",
                "revoked": "invalid_token",
                "again": "invalid_grant",
                "used": "invalid_grant",
            });
            assert_eq!(done, expected, "{} {} {pushed}", client.name, app.client_id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn independent_clients_are_told_what_is_wrong() {
    let scene = scene().await;
    let finish = |job: Value, begun: &Value, callback: String, verifier: &Value| {
        let more = [("callback", &json!(callback)), ("verifier", verifier), ("state", &begun["state"])];
        with(job, &more)
    };
    for client in CLIENTS {
        let begin = |scope: &str| {
            let job = scene.job(&scene.public, scope);
            let begun = client.run(&json!([job])).remove(0);
            (job, begun)
        };
        let url = |begun: &Value| begun["url"].as_str().expect("an address").to_owned();
        let told = |job: Value| client.run(&json!([job])).remove(0)["error"].clone();
        // Authlib takes an answer without a code for none, and asks for the client itself.
        let said =
            |error: &str| if client.name == "Authlib" { json!("unauthorized_client") } else { json!(error) };
        let (job, begun) = begin("user:read");
        let denied = scene.back(&url(&begun), "deny").await;
        assert_eq!(
            told(finish(job, &begun, denied, &begun["verifier"])),
            said("access_denied"),
            "{}",
            client.name
        );
        let (job, begun) = begin("user:write");
        let more = scene.back(&url(&begun), "allow").await;
        assert_eq!(
            told(finish(job, &begun, more, &begun["verifier"])),
            said("invalid_scope"),
            "{}",
            client.name
        );
        let (job, begun) = begin("user:read");
        let callback = scene.back(&url(&begun), "allow").await;
        let other = json!("another-verifier-than-the-one-that-was-drawn-for-it");
        assert_eq!(told(finish(job, &begun, callback, &other)), "invalid_grant", "{}", client.name);
    }
    // Of the two one knows RFC 9207.
    let [oauth4webapi, _] = CLIENTS;
    let job = scene.job(&scene.public, "user:read");
    let begun = oauth4webapi.run(&json!([job])).remove(0);
    let callback = scene.back(begun["url"].as_str().expect("an address"), "allow").await;
    let mixed_up = callback.replace("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128");
    assert_ne!(mixed_up, callback);
    let answer = oauth4webapi.run(&json!([finish(job, &begun, mixed_up, &begun["verifier"])])).remove(0);
    assert!(answer["says"].as_str().is_some_and(|says| says.contains("iss")), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crate_oauth2_has_a_user_asked() {
    let scene = scene().await;
    let (url, app) = (&scene.portal.site.url, &scene.confidential);
    let client = BasicClient::new(ClientId::new(app.client_id.clone()))
        .set_client_secret(ClientSecret::new(app.secret.clone().expect("a secret")))
        .set_auth_uri(AuthUrl::new(format!("{url}/oauth/authorize")).expect("a URL"))
        .set_token_uri(TokenUrl::new(format!("{url}/oauth/token")).expect("a URL"))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("a URL"));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let asked = client.authorize_url(CsrfToken::new_random).add_scope(Scope::new(String::from("user:read")));
    let (asking, state) = asked.set_pkce_challenge(challenge).url();
    let path = asking.as_str().strip_prefix(url.as_str()).expect("an address of the portal");
    let page = scene.user.visit(path).await;
    let answer = answer(&decide(&scene.user, &page, "allow").await);
    assert_eq!(&answer["state"], state.secret());
    let code = AuthorizationCode::new(answer["code"].clone());
    let token = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&send).await;
    let token = token.expect("a token");
    let refresh = token.refresh_token().expect("a refresh token");
    let next = client.exchange_refresh_token(refresh).request_async(&send).await.expect("the next token");
    let me = scene.portal.client().get_as("/api/v1/me", next.access_token().secret()).await;
    assert!(me.body.contains(&scene.ada.id.to_string()), "{}", me.body);
    let again = client.exchange_refresh_token(refresh).request_async(&send).await;
    assert!(format!("{again:?}").contains("invalid_grant"), "{again:?}");
}
