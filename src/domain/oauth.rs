//! What the authorization server asks and answers, beyond what an HTTP server does: RFC 6749,
//! and those that build on it.

pub mod assertion;
pub mod authorization;
pub mod parameters;
pub mod pkce;

use std::borrow::Cow;

use super::{secret::Secret, text_enum::text_enum};

/// Why the token endpoint, and those beside it, refuse (RFC 6749 §5.2), or a client is sent back
/// without a code (§4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    /// The user, or whoever answers for them, did not allow it (§4.1.2.1).
    AccessDenied,
    /// §4.1.2.1
    UnsupportedResponseType,
    /// `OpenID` Connect Core §3.1.2.6
    RequestNotSupported,
    /// Portico cannot know now, or was asked wrongly too often. Not of RFC 6749 §5.2, which has no
    /// word for it, but of §4.1.2.1.
    TemporarilyUnavailable,
}

text_enum!(
    ErrorCode,
    "OAuth error",
    InvalidRequest = "invalid_request",
    InvalidClient = "invalid_client",
    InvalidGrant = "invalid_grant",
    UnauthorizedClient = "unauthorized_client",
    UnsupportedGrantType = "unsupported_grant_type",
    InvalidScope = "invalid_scope",
    AccessDenied = "access_denied",
    UnsupportedResponseType = "unsupported_response_type",
    RequestNotSupported = "request_not_supported",
    TemporarilyUnavailable = "temporarily_unavailable",
);

/// A no: the code for machines, a sentence that tells a developer what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthError {
    pub code: ErrorCode,
    /// What RFC 6749 §5.2 allows alone: printable ASCII without `"` and `\`.
    description: Cow<'static, str>,
    /// After how many seconds the same request may succeed.
    pub retry_after_s: Option<u64>,
    /// It was asked wrongly too often.
    pub is_throttled: bool,
}

impl OauthError {
    #[must_use]
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let description = described(description.into());
        Self { code, description, retry_after_s: None, is_throttled: false }
    }

    #[must_use]
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// Whoever it is did not prove to be a client; how is not told to one who guesses.
    #[must_use]
    pub fn invalid_client() -> Self {
        let description = "The client could not be authenticated. Check the client id and that the client authenticates in one of its ways: by a current secret (Basic or in the body), or by private_key_jwt with a registered key; a public client sends its client_id alone.";
        Self::new(ErrorCode::InvalidClient, description)
    }

    /// As many wrong tries as anybody may make in a while.
    #[must_use]
    pub fn throttled(retry_after_s: u64) -> Self {
        let description = "There were too many failed authentications of this client from this address. Wait, and check the secret.";
        Self::wait(description, retry_after_s)
    }

    /// Something was done as often as it may be in a while.
    #[must_use]
    pub fn wait(description: &'static str, retry_after_s: u64) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            is_throttled: true,
            ..Self::new(ErrorCode::TemporarilyUnavailable, description)
        }
    }

    /// Portico cannot know at this moment.
    #[must_use]
    pub fn unavailable() -> Self {
        let description = "Portico cannot answer right now. Try again in a moment.";
        Self { retry_after_s: Some(1), ..Self::new(ErrorCode::TemporarilyUnavailable, description) }
    }

    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self.code {
            ErrorCode::InvalidClient => 401,
            ErrorCode::InvalidRequest
            | ErrorCode::InvalidGrant
            | ErrorCode::UnauthorizedClient
            | ErrorCode::UnsupportedGrantType
            | ErrorCode::InvalidScope
            | ErrorCode::AccessDenied
            | ErrorCode::UnsupportedResponseType
            | ErrorCode::RequestNotSupported => 400,
            ErrorCode::TemporarilyUnavailable if self.is_throttled => 429,
            ErrorCode::TemporarilyUnavailable => 503,
        }
    }
}

/// What RFC 6749 §5.2 allows in a description: our typographic marks become plain ones.
fn described(text: Cow<'static, str>) -> Cow<'static, str> {
    let fits = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    if text.chars().all(fits) {
        return text;
    }
    let plain = text.chars().map(|c| match c {
        '“' | '”' | '’' | '"' => '\'',
        c if fits(c) => c,
        _ => '?',
    });
    Cow::Owned(plain.collect())
}

/// How a request says which client it comes from, and proves it (RFC 6749 §2.3).
#[derive(Clone, Debug)]
pub struct Presented {
    /// As it was sent, which may be no client id at all.
    pub client_id: String,
    pub proof: Proof,
}

#[derive(Clone, Debug)]
pub enum Proof {
    /// By `client_secret_basic` or `client_secret_post`.
    Secret(Secret<String>),
    /// By `private_key_jwt` (RFC 7523 §2.2).
    Assertion(Secret<String>),
    /// None, which a public client alone may give.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_status() {
        let statuses = ErrorCode::ALL.iter().map(|code| OauthError::new(*code, "").status());
        assert_eq!(statuses.collect::<Vec<_>>(), [400, 401, 400, 400, 400, 400, 400, 400, 400, 503]);
        assert_eq!(OauthError::throttled(7).status(), 429);
    }

    #[test]
    fn a_description_is_plain() {
        let error = OauthError::invalid_request("“a”\\b\n\u{e9}");
        assert_eq!(error.description(), "'a'?b??");
        for error in [OauthError::invalid_client(), OauthError::throttled(1), OauthError::unavailable()] {
            assert!(matches!(error.description, Cow::Borrowed(_)), "{error:?}");
        }
    }
}
