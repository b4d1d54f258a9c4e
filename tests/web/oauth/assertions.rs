//! Clients that authenticate by `private_key_jwt` (RFC 7523).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use portico::{
    actions::clients::{self, NewClient},
    domain::{account::Developer, client::RedirectUris, oauth::assertion::TYPE, time::Span},
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};

use super::{Server, post, refusal, refused, server};
use crate::support::{
    client::{Client, Page},
    databases::{Kind, on_both},
    site::{Site, free_address},
};

on_both!(
    a_client_authenticates_by_a_registered_key,
    an_assertion_is_good_once_at_whichever_process,
    an_assertion_for_somebody_else_or_of_another_time_is_refused,
    a_key_that_is_registered_no_more_is_refused_at_once,
);

struct Signer {
    key: KeyPair,
}

impl Signer {
    fn new() -> Self {
        Self { key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key") }
    }

    fn jwks(&self) -> Value {
        let raw = self.key.public_key_raw();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": number(&raw[1..33]), "y": number(&raw[33..]) }] })
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let input = format!("{}.{}", part(&json!({ "alg": "ES256" })), part(claims));
        let key = EncodingKey::from_ec_der(&self.key.serialize_der());
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, Algorithm::ES256);
        format!("{input}.{}", signature.expect("a signature"))
    }
}

async fn register(server: &Server, signer: &Signer) {
    let world = &server.flow.portal.world;
    let jwks = Some(signer.jwks().to_string().parse().expect("a JWK set"));
    let new = NewClient { redirect_uris: RedirectUris::default(), is_public: false, jwks };
    let acting = world.acting::<Developer>(&server.flow.ada);
    clients::save(&world.ctx, &acting, server.app.app.id, new).await.expect("the keys are saved");
}

fn claims(server: &Server, jti: &str) -> Value {
    let id = &server.app.id;
    let exp = server.flow.portal.world.ctx.now().seconds() + 60;
    json!({ "iss": id, "sub": id, "aud": server.flow.portal.site.url, "exp": exp, "jti": jti })
}

fn fields(assertion: &str) -> [(&str, &str); 3] {
    [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)]
}

async fn ask(server: &Server, assertion: &str) -> Page {
    post(&server.flow, "/oauth/token", &fields(assertion)).await
}

async fn a_client_authenticates_by_a_registered_key(kind: Kind) {
    let server = server(kind).await;
    let signer = Signer::new();
    assert_eq!(ask(&server, &signer.sign(&claims(&server, "1"))).await.status, 401, "it is not registered");
    register(&server, &signer).await;
    assert_eq!(ask(&server, &signer.sign(&claims(&server, "2"))).await.status, 200);
    let mut to_endpoint = claims(&server, "3");
    to_endpoint["aud"] = json!([format!("{}/oauth/token", server.flow.portal.site.url)]);
    assert_eq!(ask(&server, &signer.sign(&to_endpoint)).await.status, 200);
    // Beside the keys its secret goes on.
    assert_eq!(server.post("/oauth/token", &[("grant_type", "client_credentials")]).await.status, 200);
    // It serves the other endpoints as well.
    let token = server.token().await;
    let assertion = signer.sign(&claims(&server, "4"));
    let [_, kind_of, proof] = fields(&assertion);
    assert_eq!(post(&server.flow, "/oauth/revoke", &[kind_of, proof, ("token", &token)]).await.status, 200);
    assert_eq!(server.authorize("/authorize", &token).await.status, 401);
}

async fn an_assertion_is_good_once_at_whichever_process(kind: Kind) {
    let server = server(kind).await;
    let signer = Signer::new();
    register(&server, &signer).await;
    let assertion = signer.sign(&claims(&server, "once"));
    assert_eq!(ask(&server, &assertion).await.status, 200);
    let page = ask(&server, &assertion).await;
    assert_eq!(refusal(&page), refused(401, "invalid_client"));
    let other = server.flow.portal.world.another_process().await;
    let site = Site::serve(other, free_address());
    let client = Client::new(&site.url);
    let request = client.request(reqwest::Method::POST, "/oauth/token").form(&fields(&assertion));
    assert_eq!(client.send(request).await.status, 401);
    // Of many at once one is let in.
    let assertion = signer.sign(&claims(&server, "race"));
    let all = (0..20).map(|_| ask(&server, &assertion));
    let pages = futures_util::future::join_all(all).await;
    assert_eq!(pages.iter().filter(|page| page.status == 200).count(), 1);
    // What nobody would take any more is forgotten.
    let world = &server.flow.portal.world;
    world.clock.advance(Span::minutes(3));
    assert!(portico::actions::housekeeping::sweep(&world.ctx).await.expect("swept") >= 2);
}

async fn an_assertion_for_somebody_else_or_of_another_time_is_refused(kind: Kind) {
    let server = server(kind).await;
    let signer = Signer::new();
    register(&server, &signer).await;
    let other = server.flow.portal.world.server_app(&server.flow.ada, "Other", &[]).await;
    let now = server.flow.portal.world.ctx.now().seconds();
    let changed = |name: &str, value: Value| {
        let mut claims = claims(&server, name);
        claims[name] = value;
        signer.sign(&claims)
    };
    for (what, assertion) in [
        ("another server", changed("aud", json!("https://else.example"))),
        ("another client", changed("sub", json!(other.id))),
        ("another issuer", changed("iss", json!(other.id))),
        ("long over", changed("exp", json!(now - 61))),
        ("too long", changed("exp", json!(now + 3_700))),
        ("another key", Signer::new().sign(&claims(&server, "key"))),
    ] {
        assert_eq!(refusal(&ask(&server, &assertion).await), refused(401, "invalid_client"), "{what}");
    }
    let good = signer.sign(&claims(&server, "named"));
    let mut named = fields(&good).to_vec();
    named.push(("client_id", other.id.as_str()));
    let page = post(&server.flow, "/oauth/token", &named).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"), "another client is named beside it");
    named.pop();
    named.push(("client_id", server.app.id.as_str()));
    assert_eq!(post(&server.flow, "/oauth/token", &named).await.status, 200);
}

async fn a_key_that_is_registered_no_more_is_refused_at_once(kind: Kind) {
    let server = server(kind).await;
    let (old, new) = (Signer::new(), Signer::new());
    register(&server, &old).await;
    assert_eq!(ask(&server, &old.sign(&claims(&server, "1"))).await.status, 200);
    register(&server, &new).await;
    assert_eq!(ask(&server, &old.sign(&claims(&server, "2"))).await.status, 401);
    assert_eq!(ask(&server, &new.sign(&claims(&server, "3"))).await.status, 200);
}
