//! Apps that use OAuth, and what passes between them and the portal.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portico::{
    actions::{
        self,
        clients::{Made, NewClient, WantedScope},
    },
    domain::{
        app::{App, AppType},
        client::RedirectUris,
        overlap::KeepOld,
    },
};
use reqwest::Method;
use sha2::{Digest, Sha256};

use super::{
    client::{Client, Page},
    world::{Person, World, parsed},
};

/// Where the users of an [`OauthApp`] go back to.
pub const CALLBACK: &str = "https://atlas.example/callback";

/// An active app with its client.
#[derive(Clone, Debug)]
pub struct OauthApp {
    pub app: App,
    pub owner: Person,
    pub client_id: String,
    /// Of a confidential client.
    pub secret: Option<String>,
}

/// What a client keeps between asking and redeeming.
#[derive(Clone, Debug)]
pub struct Proof {
    pub verifier: String,
    pub challenge: String,
}

impl Proof {
    /// Another one for each seed.
    pub fn new(seed: &str) -> Self {
        let verifier = format!("{seed}-{}", "v".repeat(43));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Self { verifier, challenge }
    }
}

impl World {
    /// An active app with these scopes, whose client keeps a secret.
    pub async fn oauth_app(&self, owner: &Person, name: &str, scopes: &str) -> OauthApp {
        let (app, client_id) = self.registered(owner, name, scopes, false).await;
        let acting = self.acting(owner);
        let made = actions::clients::regenerate(&self.ctx, &acting, app.id, self.form(owner), KeepOld::No);
        let Made::Now(secret) = made.await.expect("a secret") else { panic!("the form was sent once") };
        let app = self.activate(owner, &app).await;
        OauthApp { app, owner: owner.clone(), client_id, secret: Some(secret.expose().to_owned()) }
    }

    /// The same without a secret, as on its users' devices.
    pub async fn public_app(&self, owner: &Person, name: &str, scopes: &str) -> OauthApp {
        let (app, client_id) = self.registered(owner, name, scopes, true).await;
        let app = self.activate(owner, &app).await;
        OauthApp { app, owner: owner.clone(), client_id, secret: None }
    }

    async fn registered(&self, owner: &Person, name: &str, scopes: &str, is_public: bool) -> (App, String) {
        let app = self.app(owner, AppType::Oauth, name).await;
        let acting = self.acting(owner);
        let redirect_uris =
            RedirectUris::parse("redirect_uris", &format!("{CALLBACK}\nhttp://127.0.0.1/callback"));
        let redirect_uris = redirect_uris.expect("redirect URIs");
        let client = NewClient { redirect_uris, is_public, jwks: None };
        actions::clients::save(&self.ctx, &acting, app.id, client).await.expect("the client is saved");
        let wanted = scopes.split_whitespace().map(|scope| WantedScope { scope: parsed(scope), why: None });
        let wanted = wanted.collect();
        actions::clients::set_scopes(&self.ctx, &acting, app.id, wanted).await.expect("the scopes are saved");
        let client = actions::clients::of_app(&self.ctx, &acting, app.id).await.expect("the client");
        (app, client.client.client_id.to_string())
    }
}

impl OauthApp {
    /// A request that is right, with some of it changed; a value of `-` leaves one out.
    pub fn asking(&self, proof: &Proof, changes: &[(&str, &str)]) -> String {
        let right = [
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", CALLBACK),
            ("state", "xyz"),
            ("code_challenge", proof.challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let kept = right.iter().filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
        let all = kept.chain(changes.iter().filter(|(_, value)| *value != "-"));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all.copied()).finish();
        format!("/oauth/authorize?{query}")
    }

    /// The code that a user gives it.
    pub async fn code(&self, user: &Client, proof: &Proof, changes: &[(&str, &str)]) -> String {
        let page = user.get(&self.asking(proof, changes)).await;
        let back = if page.status == 303 { page } else { decide(user, &page, "allow").await };
        let answer = answer(&back);
        answer.get("code").unwrap_or_else(|| panic!("a code, not {answer:?}")).clone()
    }

    /// What the token endpoint answers; the client authenticates as it should.
    pub async fn token(&self, program: &Client, fields: &[(&str, &str)]) -> Page {
        let request = program.request(Method::POST, "/oauth/token");
        let request = match &self.secret {
            Some(secret) => request.basic_auth(&self.client_id, Some(secret)).form(fields),
            None => {
                let client = [("client_id", self.client_id.as_str())];
                request.form(&client.iter().chain(fields).copied().collect::<Vec<_>>())
            }
        };
        program.send(request).await
    }

    /// Redeems a code.
    pub async fn redeem(&self, program: &Client, code: &str, proof: &Proof) -> Page {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", proof.verifier.as_str()),
        ];
        self.token(program, &fields).await
    }

    pub async fn refresh(&self, program: &Client, token: &str) -> Page {
        self.token(program, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub async fn revoke(&self, program: &Client, token: &str) -> Page {
        let request = program.request(Method::POST, "/oauth/revoke");
        let request = request.basic_auth(&self.client_id, self.secret.as_ref()).form(&[("token", token)]);
        program.send(request).await
    }

    /// Tokens by which it acts for the user: access and refresh token.
    pub async fn tokens(&self, user: &Client, changes: &[(&str, &str)]) -> (String, String) {
        let proof = Proof::new("tokens");
        let code = self.code(user, &proof, changes).await;
        tokens(&self.redeem(user, &code, &proof).await)
    }
}

/// Presses a button of the consent page.
pub async fn decide(user: &Client, page: &Page, decision: &str) -> Page {
    assert_eq!(page.status, 200, "{}", page.text());
    user.submit(&page.form("/oauth/authorize").with("decision", decision)).await
}

/// What a client is answered in the address that the user goes back to.
pub fn answer(page: &Page) -> BTreeMap<String, String> {
    let location = page.location();
    let (_, query) = location.split_once('?').unwrap_or_else(|| panic!("an answer, not {location}"));
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Access and refresh token of an answer.
pub fn tokens(page: &Page) -> (String, String) {
    assert_eq!(page.status, 200, "{}", page.body);
    let answer: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name} in {answer}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

/// The code of an error that the token endpoint answers.
pub fn error(page: &Page) -> (u16, String) {
    let answer: serde_json::Value = serde_json::from_str(&page.body).unwrap_or_default();
    (page.status.as_u16(), answer["error"].as_str().unwrap_or_default().to_owned())
}
