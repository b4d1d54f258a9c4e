//! Clients of OAuth that are not ours: `oauth4webapi` for Node.js, Authlib, and the crate `oauth2`
//! (S44). `scripts/test` installs the first two.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    makers::Maker,
    support::{clients::ClientApp, databases::Kind, site::Portal},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use oauth2::{
    ClientId, ClientSecret, HttpRequest, HttpResponse, Scope, TokenResponse, TokenUrl, basic::BasicClient,
};
use portico::{
    actions::clients::{self, NewClient},
    domain::{
        account::Developer,
        client::RedirectUris,
        time::{Clock as _, Span},
    },
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};

const CLIENTS: [Maker; 2] = [
    Maker { name: "oauth4webapi", program: &["node", "tests/interop/node/oauth4webapi.mjs"] },
    Maker { name: "Authlib", program: &["python3", "-I", "-S", "tests/interop/python/oauth.py"] },
];

const SCOPES: &[&str] = &["meeting:read", "user:read"];

struct Registered {
    portal: Portal,
    app: ClientApp,
    key: KeyPair,
}

async fn registered() -> Registered {
    let portal = Portal::new(Kind::Sqlite).await;
    let owner = portal.world.user("ada@meridian.example").await;
    let app = portal.world.server_app(&owner, "Ledger", SCOPES).await;
    // The libraries know no clock but the machine's.
    #[expect(clippy::disallowed_methods, reason = "the libraries ask the machine for the time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let ahead = i64::try_from(now).expect("a time") - portal.world.clock.now().seconds();
    portal.world.clock.advance(Span::seconds(ahead));
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let raw = key.public_key_raw();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": number(&raw[1..33]), "y": number(&raw[33..]) });
    let jwks = json!({ "keys": [jwk] }).to_string().parse().expect("a JWK set");
    let new = NewClient { redirect_uris: RedirectUris::default(), is_public: false, jwks: Some(jwks) };
    let acting = portal.world.acting::<Developer>(&owner);
    clients::save(&portal.world.ctx, &acting, app.app.id, new).await.expect("the keys are saved");
    Registered { portal, app, key }
}

impl Registered {
    fn job(&self, method: &str) -> Value {
        json!({
            "issuer": self.portal.site.url,
            "client_id": self.app.id,
            "client_secret": self.app.secret,
            "private_key": STANDARD.encode(self.key.serialize_der()),
            "method": method,
            "scope": "user:read",
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn independent_clients_get_try_and_end_a_token() {
    let registered = registered().await;
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let jobs: Value = methods.iter().map(|method| registered.job(method)).collect();
    for client in CLIENTS {
        let refused = "invalid_token";
        let expected = json!({
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "user:read",
            "app": registered.app.app.id.to_string(),
            "before": {"active": true, "scope": "user:read", "client_id": registered.app.id},
            "after": {"active": false},
            "refused": refused,
        });
        for (method, mut answer) in methods.iter().zip(client.run(&jobs)) {
            // RFC 6749 §5.1 has its value without regard to case, and libraries fold it.
            if let Some(token_type) = answer["token_type"].as_str() {
                let is_bearer = token_type.eq_ignore_ascii_case("bearer");
                assert!(is_bearer, "{} {method}: {token_type}", client.name);
                answer["token_type"] = json!("Bearer");
            }
            assert_eq!(answer, expected, "{} {method}", client.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn independent_clients_are_told_what_is_wrong() {
    let registered = registered().await;
    let with = |name: &str, value: &str| {
        let mut job = registered.job("client_secret_post");
        job[name] = json!(value);
        job
    };
    let other = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let mut foreign = registered.job("private_key_jwt");
    foreign["private_key"] = json!(STANDARD.encode(other.serialize_der()));
    let wrong = [
        (with("scope", "recording:read"), "invalid_scope"),
        (with("scope", "READ"), "invalid_scope"),
        (with("client_secret", "cs_wrong"), "invalid_client"),
        (with("client_id", "cid_0000000000000000000000"), "invalid_client"),
        (foreign, "invalid_client"),
    ];
    let jobs: Value = wrong.iter().map(|(job, _)| job.clone()).collect();
    for client in CLIENTS {
        for ((job, error), answer) in wrong.iter().zip(client.run(&jobs)) {
            let got = answer["error"].as_str().unwrap_or_default();
            // oauth4webapi shows the challenge of a 401, which is for the header's scheme.
            let is_told = got == *error || (*error == "invalid_client" && got.starts_with("Basic"));
            assert!(is_told, "{} {}: {answer}", client.name, job["scope"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crate_oauth2_gets_a_token() {
    let registered = registered().await;
    let url = &registered.portal.site.url;
    let client = |secret: &str| {
        BasicClient::new(ClientId::new(registered.app.id.clone()))
            .set_client_secret(ClientSecret::new(secret.to_owned()))
            .set_token_uri(TokenUrl::new(format!("{url}/oauth/token")).expect("a URL"))
    };
    let right = client(&registered.app.secret);
    let asked = right.exchange_client_credentials().add_scope(Scope::new(String::from("meeting:read")));
    let token = asked.request_async(&send).await.expect("a token");
    assert_eq!(token.expires_in().map(|lasts| lasts.as_secs()), Some(3_600));
    let scopes: Vec<_> = token.scopes().into_iter().flatten().map(|scope| scope.as_str()).collect();
    assert_eq!(scopes, ["meeting:read"]);
    let secret = token.access_token().secret();
    assert_eq!(registered.portal.client().get_as("/api/v1/me", secret).await.status, 200);
    let wrong = client("cs_wrong");
    let refused = wrong.exchange_client_credentials().request_async(&send).await;
    assert!(format!("{refused:?}").contains("invalid_client"), "{refused:?}");
}

/// By the HTTP client that all tests have.
pub(crate) async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    #[expect(clippy::disallowed_methods, reason = "a client of tests, which talks to this machine alone")]
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    let response = client.execute(request.try_into()?).await?;
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    *answer.body_mut() = response.bytes().await?.to_vec();
    Ok(answer)
}
