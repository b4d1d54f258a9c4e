//! Tokens made by hand, also such as no library would make.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use portico::{
    actions::credentials,
    domain::{
        account::Developer,
        app::App,
        credential::ApiKey,
        id::AppId,
        jwt,
        time::{Span, Timestamp},
    },
};
use serde_json::Value;

use crate::apps::Flow;

/// What the developers of an app have: the pair, and a clock.
pub(super) struct Maker {
    pub(super) key: String,
    pub(super) secret: String,
    /// In seconds since 1970.
    pub(super) now: i64,
    app: AppId,
}

impl Maker {
    pub(super) async fn of(flow: &Flow, app: &App) -> Self {
        let world = &flow.portal.world;
        let acting = world.acting::<Developer>(&flow.ada);
        let pair = credentials::pair(&world.ctx, &acting).await.expect("a pair");
        let secret = credentials::reveal(&world.ctx, &acting, app).await.expect("a secret");
        let secret = secret.expose().to_owned();
        Self { key: pair.api_key.to_string(), secret, now: world.ctx.now().seconds(), app: app.id }
    }

    /// A token of the app for an hour, as *View JWT Token* makes it.
    pub(super) fn token(&self) -> String {
        let key: ApiKey = self.key.parse().expect("a key");
        let now = Timestamp::from_seconds(self.now);
        let secret = self.secret.parse().expect("a secret");
        jwt::sign(&key, &secret, &self.app.to_string(), now, now + Span::hours(1)).expect("a token")
    }

    /// These claims and no others, signed as they should be.
    pub(super) fn signed(&self, claims: &Value) -> String {
        self.signed_with(&self.secret, claims)
    }

    pub(super) fn signed_with(&self, secret: &str, claims: &Value) -> String {
        joined(secret, r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string())
    }

    /// This header and these claims to the letter, signed with HMAC-SHA256 whatever the header says.
    pub(super) fn raw(&self, header: &str, claims: &str) -> String {
        joined(&self.secret, header, claims)
    }
}

pub(super) fn encoded(part: &str) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

fn joined(secret: &str, header: &str, claims: &str) -> String {
    let input = format!("{}.{}", encoded(header), encoded(claims));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(input.as_bytes(), &key, Algorithm::HS256).expect("a signature");
    format!("{input}.{signature}")
}
