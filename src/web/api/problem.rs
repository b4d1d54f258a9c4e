//! Refusals as RFC 9457 problems, with the challenge of RFC 6750.

use std::borrow::Cow;

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::Bytes,
};
use quick_cache::{Equivalent, sync::Cache};
use serde::Serialize;

use super::rate_limit;
use crate::domain::authorization::{Code, Refusal};

/// The code of a refusal, for gateways that pass headers on.
const ERROR: HeaderName = HeaderName::from_static("x-portico-error");

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

impl Problem<'_> {
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Its headers are written straight into the response: the builder takes each apart again.
fn response(status: StatusCode, code: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(body.into()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ERROR, HeaderValue::from_static(code));
    response
}

/// Answers requests that were refused. What is said in the same words again is put together
/// once: a refusal must cost no more than a pass.
#[derive(Debug)]
pub(in crate::web) struct Refusals {
    public_url: String,
    /// Sentences that are constants, by where they stand in the program.
    constant: Cache<(Code, u16, usize, usize), Said>,
    /// Those with numbers or names in them.
    said: Cache<(Code, u16, Box<str>), Said>,
}

/// What is said, before anybody put it together.
#[derive(Hash)]
struct Sentence<'a>(Code, u16, &'a str);

impl Equivalent<(Code, u16, Box<str>)> for Sentence<'_> {
    fn equivalent(&self, (code, status, detail): &(Code, u16, Box<str>)) -> bool {
        self.0 == *code && self.1 == *status && *self.2 == **detail
    }
}

/// A refusal's words, as they are sent.
#[derive(Clone, Debug)]
struct Said {
    body: Bytes,
    challenge: Option<HeaderValue>,
}

impl Said {
    /// For as long as the process runs: nobody then counts who still sends it. Of constants alone, of
    /// which there are so many and no more.
    fn for_good(self) -> Self {
        let kept = |bytes: &[u8]| Bytes::from_static(Box::leak(bytes.into()));
        let challenge = self
            .challenge
            .map(|value| HeaderValue::from_maybe_shared(kept(value.as_bytes())).unwrap_or(value));
        Self { body: kept(&self.body), challenge }
    }
}

/// More than there are constants, with each status; and the latest of the others: a program that goes
/// on with a token that has expired is told so in the same words for a second.
const SENTENCES: usize = 1_024;

impl Refusals {
    pub(in crate::web) fn new(public_url: &str) -> Self {
        let public_url = public_url.to_owned();
        Self { public_url, constant: Cache::new(SENTENCES), said: Cache::new(SENTENCES) }
    }

    /// The answer, with this status.
    pub(super) fn answer(&self, refusal: &Refusal, status: u16) -> HttpResponse {
        let Refusal { code, detail, off_by_s: _, retry_after_s, left, scope } = refusal;
        let Said { body, challenge } = match scope {
            None => self.known(refusal, status),
            Some(scope) => self.say(*code, status, detail, Some(scope)),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = response(status, code.as_str(), body);
        let headers = response.headers_mut();
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        rate_limit::tell(headers, *left);
        response
    }

    fn known(&self, refusal: &Refusal, status: u16) -> Said {
        let code = refusal.code;
        match &refusal.detail {
            Cow::Borrowed(constant) => {
                let key = (code, status, constant.as_ptr().addr(), constant.len());
                self.constant.get(&key).unwrap_or_else(|| {
                    let said = self.say(code, status, constant, None);
                    if self.constant.len() >= SENTENCES / 2 {
                        return said;
                    }
                    let said = said.for_good();
                    self.constant.insert(key, said.clone());
                    said
                })
            }
            Cow::Owned(text) => self.said.get(&Sentence(code, status, text)).unwrap_or_else(|| {
                let said = self.say(code, status, text, None);
                self.said.insert((code, status, text.as_str().into()), said.clone());
                said
            }),
        }
    }

    fn say(&self, code: Code, status: u16, detail: &str, scope: Option<&str>) -> Said {
        let problem = Problem {
            r#type: format!("{}/docs/refusals#{code}", self.public_url),
            title: code.title(),
            status,
            code: code.as_str(),
            detail,
        };
        let challenge = challenge(code, detail, scope).and_then(|text| HeaderValue::try_from(text).ok());
        Said { body: problem.json().into(), challenge }
    }
}

/// No such endpoint.
pub(in crate::web) async fn not_found() -> HttpResponse {
    plain(StatusCode::NOT_FOUND, "not_found", "There is nothing under this address.")
}

/// An endpoint that does not know the method; `allow` lists those it knows.
pub(in crate::web) fn method_not_allowed(allow: &str) -> HttpResponse {
    let detail = format!("This address takes {allow} only.");
    plain(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &detail)
}

/// Our own fault; the log says what it was.
pub(in crate::web) fn broken() -> HttpResponse {
    let detail = "Something went wrong here. The request's id, in X-Request-Id, finds it in the log.";
    plain(StatusCode::INTERNAL_SERVER_ERROR, "broken", detail)
}

/// A problem that says no more than its status does (RFC 9457 §4.2.1).
pub(super) fn plain(status: StatusCode, code: &'static str, detail: &str) -> HttpResponse {
    let problem = Problem {
        r#type: String::from("about:blank"),
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        code,
        detail,
    };
    response(status, code, problem.json())
}

/// RFC 6750 §3: without a token the bare scheme, else the error by its registered name.
fn challenge(code: Code, detail: &str, scope: Option<&str>) -> Option<String> {
    let error = match code {
        Code::MissingToken => return Some(String::from("Bearer")),
        // Of the names that RFC 6750 registers none fits a stopped app better: a token is
        // "invalid for other reasons". The problem's code says which.
        Code::InvalidToken
        | Code::TokenExpired
        | Code::TokenNotYetValid
        | Code::AppRequired
        | Code::AppDraft
        | Code::AppDeactivated
        | Code::AppSuspended
        | Code::AccountPending
        | Code::AccountSuspended => "invalid_token",
        Code::InsufficientScope => "insufficient_scope",
        Code::AmbiguousIdentityHeader => "invalid_request",
        // Neither says anything against the token.
        Code::RateLimited | Code::Unavailable => return None,
    };
    // What RFC 6750 §3 allows within the quotes; our sentences hold nothing else.
    let fits = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let described = if detail.chars().all(|c| fits(&c)) {
        Cow::Borrowed(detail)
    } else {
        Cow::Owned(detail.chars().filter(fits).collect())
    };
    let mut text = format!("Bearer error=\"{error}\", error_description=\"{described}\"");
    // RFC 6750 §3: what would be enough.
    if let Some(scope) = scope.filter(|scope| scope.chars().all(|c| fits(&c))) {
        text.push_str(&format!(", scope=\"{scope}\""));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn said(
        refusals: &Refusals,
        code: Code,
        status: u16,
        detail: Cow<'static, str>,
    ) -> (u16, String, String) {
        let answer = refusals.answer(&Refusal::new(code, detail), status);
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE).unwrap().to_str().unwrap().to_owned();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap_or_default();
        (status, challenge, String::from_utf8_lossy(&body).into_owned())
    }

    #[actix_web::test]
    async fn words_that_are_known_are_said_as_at_first() {
        let refusals = Refusals::new("https://portico.example");
        const WORDS: &str = "No, for this reason.";
        let first = said(&refusals, Code::InvalidToken, 401, Cow::Borrowed(WORDS)).await;
        assert!(first.1.contains(WORDS) && first.2.contains(WORDS), "{first:?}");
        for detail in [Cow::Borrowed(WORDS), Cow::Owned(WORDS.to_owned()), Cow::Owned(WORDS.to_owned())] {
            assert_eq!(said(&refusals, Code::InvalidToken, 401, detail).await, first);
        }
        for detail in [Cow::Borrowed(WORDS), Cow::Owned(WORDS.to_owned())] {
            let (status, _, body) = said(&refusals, Code::InvalidToken, 403, detail.clone()).await;
            assert!(status == 403 && body.contains("403"), "{body}");
            let (_, _, body) = said(&refusals, Code::AppDraft, 401, detail).await;
            assert!(body.contains("app_draft"), "{body}");
        }
        let start = said(&refusals, Code::InvalidToken, 401, Cow::Borrowed(&WORDS[..3])).await;
        assert!(!start.2.contains(WORDS), "{start:?}");
    }
}
