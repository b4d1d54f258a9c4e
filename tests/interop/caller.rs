//! A service that calls the API with an app's token, or with what it takes for one.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use portico::{
    actions::credentials,
    domain::{account::Developer, app::App},
};
use serde_json::{Value, json};

use crate::support::{databases::Kind, site::Portal, world::Person};

/// Where tokens count, and must count alike.
pub(crate) const ENDPOINTS: [&str; 2] = ["/authorize", "/api/v1/me"];
pub(crate) const JWT: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A portal with one active app, what its service knows, and what it does not know.
pub(crate) struct Caller {
    pub(crate) portal: Portal,
    pub(crate) owner: Person,
    pub(crate) app: App,
    pub(crate) key: String,
    pub(crate) secret: String,
    /// In seconds since 1970. The clock stands still.
    pub(crate) now: i64,
    /// The audience, which is the public URL.
    pub(crate) audience: String,
}

/// What came back, as far as a refusal goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Empty for a pass, and where HTTP itself was broken.
    pub(crate) code: String,
    pub(crate) challenge: String,
    pub(crate) body: String,
}

impl Caller {
    /// SQLite, since nothing here is the database's business.
    pub(crate) async fn new() -> Self {
        let portal = Portal::new(Kind::Sqlite).await;
        let owner = portal.world.user("ada@meridian.example").await;
        let app = portal.world.jwt_app(&owner, "Relay").await;
        let app = portal.world.activate(&owner, &app).await;
        let (key, secret) = pair(&portal, &owner, &app).await;
        let now = portal.world.ctx.now().seconds();
        let audience = portal.world.ctx.policy.audience.clone();
        Self { portal, owner, app, key, secret, now, audience }
    }

    /// Claims that pass for an hour, and more of them.
    pub(crate) fn claims(&self, more: &Value) -> Value {
        let mut claims =
            json!({"iss": self.key, "sub": self.app.id.to_string(), "iat": self.now, "exp": self.now + 3600});
        let (Some(claims_of), Some(more)) = (claims.as_object_mut(), more.as_object()) else {
            panic!("claims are objects: {more}");
        };
        claims_of.extend(more.clone());
        claims
    }

    /// A header and a payload to the letter, signed with HMAC-SHA256 whatever the header says.
    pub(crate) fn raw(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        signed(&input(header, payload), self.secret.as_bytes(), Algorithm::HS256)
    }

    /// A header to the letter over claims that pass, signed as it should be.
    pub(crate) fn under(&self, header: &str) -> String {
        self.raw(header, self.claims(&json!({})).to_string())
    }

    /// Claims that pass but for these, signed as they should be.
    pub(crate) fn claiming(&self, more: &Value) -> String {
        self.raw(JWT, self.claims(more).to_string())
    }

    /// A payload to the letter that begins with `iss`: `"iss":"ak_…"` and then `more`.
    pub(crate) fn payload(&self, more: &str) -> String {
        self.raw(JWT, format!(r#"{{"iss":"{}"{more}}}"#, self.key))
    }

    /// A token that passes.
    pub(crate) fn good(&self) -> String {
        self.claiming(&json!({}))
    }

    /// What an endpoint answers to these header lines, each with its line end.
    pub(crate) fn ask(&self, path: &str, lines: &[u8]) -> Answer {
        let address = self.portal.site.url.trim_start_matches("http://");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        Answer::read(&exchange(address, &[head.as_bytes(), lines, b"\r\n"].concat()))
    }

    /// What both endpoints answer to a token, which must be the same but for what a pass says.
    pub(crate) fn judge(&self, token: impl AsRef<[u8]>) -> Answer {
        self.judge_lines(&[b"Authorization: Bearer ", token.as_ref(), b"\r\n"].concat())
    }

    pub(crate) fn judge_lines(&self, lines: &[u8]) -> Answer {
        let [authorize, me] = ENDPOINTS.map(|path| self.ask(path, lines));
        assert_eq!((authorize.status, &authorize.code), (me.status, &me.code), "both judge alike");
        assert!(me.status == 200 || authorize == me, "both refuse in the same words: {authorize:?} {me:?}");
        authorize
    }
}

impl Answer {
    fn read(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap_or_else(|| panic!("an answer, not {raw:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let header = |name: &str| {
            let value = head.lines().filter_map(|line| line.split_once(": "));
            let value = value.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            value.collect::<Vec<_>>().join(", ")
        };
        Self {
            status: status.unwrap_or_else(|| panic!("a status in {head}")),
            code: header("x-portico-error"),
            challenge: header("www-authenticate"),
            body: body.to_owned(),
        }
    }

    /// The sentence of the problem.
    pub(crate) fn detail(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).expect("a problem");
        problem["detail"].as_str().expect("a sentence").to_owned()
    }
}

/// The key and secret of the person's account.
pub(crate) async fn pair(portal: &Portal, owner: &Person, app: &App) -> (String, String) {
    let acting = portal.world.acting::<Developer>(owner);
    let key = credentials::api_key(&portal.world.ctx, owner.account).await.expect("a key");
    let secret = credentials::reveal(&portal.world.ctx, &acting, app).await.expect("a secret");
    (key.to_string(), secret.expose().to_owned())
}

pub(crate) fn encoded(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

pub(crate) fn input(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", encoded(header), encoded(payload))
}

/// The input with the signature that this algorithm makes of it.
pub(crate) fn signed(input: &str, key: &[u8], algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(key);
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, algorithm);
    format!("{input}.{}", signature.expect("a signature"))
}

/// Sends bytes as they are, which no HTTP client would.
fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the portal listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a bound");
    // Who refuses a head half-way closes; what it said first is still there to be read.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("an answer of text")
}
