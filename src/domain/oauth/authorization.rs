//! What a client asks of a user (RFC 6749 §4.1.1, RFC 7636, RFC 9126), and what is answered.
//!
//! Nothing is sent anywhere before the client is known and the redirect URI is one of its own:
//! until then what is wrong is said on a page of ours ([`Unproven`]), and from then on to the
//! client ([`Refusal`]).

use std::{borrow::Cow, fmt, str::FromStr};

use thiserror::Error;
use url::{Host, Url, form_urlencoded};

use super::{ErrorCode, pkce::Challenge};
use crate::domain::{
    client::{ClientId, RedirectUri, RedirectUris},
    scope::{ScopeSet, never_a_scope},
};

/// The most bytes of a `state`: it comes back in a URL.
pub const MAX_STATE_BYTES: usize = 2_048;
/// What a reference to a request that was sent ahead begins with (RFC 9126 §2.2).
const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// The parameters that mean something here. Others are passed over (RFC 6749 §3.1).
const KNOWN: [&str; 10] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

/// The known parameters of a request, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// A parameter came more than once (RFC 6749 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repeated;

/// A request that is shown on a page of ours, since it is not proven whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unproven {
    #[error("The link names no app: its client_id is missing.")]
    NoClient,
    #[error("The link has client_id more than once.")]
    RepeatedClient,
    #[error("The link names no app that there is: its client_id is unknown.")]
    UnknownClient,
    #[error("The link names an app that asks no user: only OAuth apps do.")]
    NotOauth,
    #[error("The link does not say where to go back to: its redirect_uri is missing.")]
    NoRedirectUri,
    #[error("The link has redirect_uri more than once.")]
    RepeatedRedirectUri,
    #[error(
        "The link leads back to an address that is not registered for this app: its redirect_uri must be one of those, character by character."
    )]
    UnregisteredRedirectUri,
    #[error(
        "The request that the link refers to is over, or was used before. Go back to the app and begin again."
    )]
    RequestUriOver,
    #[error("The link refers to a request elsewhere: only a request_uri that this server gave is read.")]
    RequestUriForeign,
    #[error("The link has request_uri more than once.")]
    RepeatedRequestUri,
    #[error("This app is not active now, so it cannot be let in.")]
    NotActive,
}

/// What is answered to a client in place of a code. Its description is for whoever writes the
/// client, in the characters that RFC 6749 §4.1.2.1 allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub error: ErrorCode,
    pub description: Cow<'static, str>,
}

impl Refusal {
    const fn invalid(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    const fn new(error: ErrorCode, description: &'static str) -> Self {
        Self { error, description: Cow::Borrowed(description) }
    }

    /// The user said no.
    pub const DENIED: Self = Self::new(ErrorCode::AccessDenied, "The user did not allow the app.");
}

/// What comes back as it went, for the client to know its own request again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State(String);

impl FromStr for State {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_STATE_BYTES {
            return Err(Refusal::invalid("state is at most 2,048 bytes."));
        }
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Refusal::invalid("state holds printable ASCII characters alone."));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Where an answer goes: a redirect URI that is registered for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    uri: RedirectUri,
    /// Whether the request named it. The only one of a client need not be named.
    is_named: bool,
    state: Option<State>,
}

/// What a client asks for, when all of it is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub scopes: ScopeSet,
    pub challenge: Challenge,
}

/// A reference to a request that was sent ahead: the part that was drawn at random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUri(String);

impl RequestUri {
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.to_owned())
    }

    /// What was drawn at random.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUSHED}{}", self.0)
    }
}

impl Parameters {
    /// Of a query, or of the body of a form.
    #[must_use]
    pub fn parse(encoded: &str) -> Self {
        Self::of(form_urlencoded::parse(encoded.as_bytes()))
    }

    /// Of pairs of names and values. One without a value counts as not sent (RFC 6749 §3.1).
    pub fn of(pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> Self {
        let known = |name: &str, value: &str| {
            (KNOWN.contains(&name) && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        Self(pairs.into_iter().filter_map(|(name, value)| known(name.as_ref(), value.as_ref())).collect())
    }

    /// The same as a query.
    #[must_use]
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Those of this client, whatever they said of it themselves.
    #[must_use]
    pub fn for_client(mut self, client: &ClientId) -> Self {
        self.0.retain(|(name, _)| name != "client_id");
        self.0.push((String::from("client_id"), client.to_string()));
        self
    }

    fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(one, _)| one == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// Who asks.
    ///
    /// # Errors
    /// It is not said, or not in a form that a client id has.
    pub fn client(&self) -> Result<ClientId, Unproven> {
        let text = self.one("client_id").map_err(|Repeated| Unproven::RepeatedClient)?;
        text.ok_or(Unproven::NoClient)?.parse().map_err(|_| Unproven::UnknownClient)
    }

    /// The request that was sent ahead, if they refer to one: all else is passed over then.
    ///
    /// # Errors
    /// It is one of elsewhere.
    pub fn request_uri(&self) -> Result<Option<RequestUri>, Unproven> {
        let text = self.one("request_uri").map_err(|Repeated| Unproven::RepeatedRequestUri)?;
        let token = |text: &str| text.strip_prefix(PUSHED).map(RequestUri::new);
        text.map(|text| token(text).ok_or(Unproven::RequestUriForeign)).transpose()
    }

    /// Whether they refer to a request elsewhere, which may not be sent ahead either.
    #[must_use]
    pub fn has_request_uri(&self) -> bool {
        self.0.iter().any(|(name, _)| name == "request_uri")
    }

    /// Where the answer goes, among the addresses that are registered for the client.
    ///
    /// # Errors
    /// It is none of them.
    pub fn redirection(&self, registered: &RedirectUris) -> Result<Redirection, Unproven> {
        let named = self.one("redirect_uri").map_err(|Repeated| Unproven::RepeatedRedirectUri)?;
        // A state that cannot come back does not; `judge` says why.
        let state = self.one("state").ok().flatten().and_then(|text| text.parse().ok());
        let Some(text) = named else {
            let mut all = registered.iter();
            return match (all.next(), all.next()) {
                (Some(only), None) => Ok(Redirection { uri: only.clone(), is_named: false, state }),
                _ => Err(Unproven::NoRedirectUri),
            };
        };
        let uri: RedirectUri = text.parse().map_err(|_| Unproven::UnregisteredRedirectUri)?;
        if registered.iter().any(|one| one.fits(text)) {
            Ok(Redirection { uri, is_named: true, state })
        } else {
            Err(Unproven::UnregisteredRedirectUri)
        }
    }

    /// What is asked for, of the scopes that the app has.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn judge(&self, of_app: &ScopeSet) -> Result<Asked, Refusal> {
        if KNOWN.iter().any(|name| self.one(name).is_err()) {
            return Err(Refusal::invalid("A parameter was sent more than once."));
        }
        let one = |name| self.one(name).ok().flatten();
        if let Some(text) = one("state") {
            text.parse::<State>()?;
        }
        if one("request").is_some() {
            let description = "Request objects are not supported; send the parameters themselves.";
            return Err(Refusal::new(ErrorCode::RequestNotSupported, description));
        }
        match one("response_type") {
            Some("code") => {}
            Some(_) => {
                let description = "response_type must be code.";
                return Err(Refusal::new(ErrorCode::UnsupportedResponseType, description));
            }
            None => return Err(Refusal::invalid("response_type is missing; it must be code.")),
        }
        match one("response_mode") {
            Some("query") | None => {}
            Some(_) => return Err(Refusal::invalid("response_mode must be query.")),
        }
        let challenge = challenge(one("code_challenge"), one("code_challenge_method"))?;
        Ok(Asked { scopes: scopes(one("scope"), of_app)?, challenge })
    }
}

fn challenge(text: Option<&str>, method: Option<&str>) -> Result<Challenge, Refusal> {
    let text = text.ok_or(Refusal::invalid("code_challenge is missing; PKCE (RFC 7636) is required."))?;
    // Without a method it would be `plain`, which shows the verifier to whoever sees the request.
    if method != Some("S256") {
        return Err(Refusal::invalid("code_challenge_method must be S256."));
    }
    text.parse().map_err(|_| {
        Refusal::invalid("code_challenge must be the base64url of a SHA-256 without padding, 43 characters.")
    })
}

fn scopes(text: Option<&str>, of_app: &ScopeSet) -> Result<ScopeSet, Refusal> {
    let Some(text) = text else { return Ok(of_app.clone()) };
    let error = ErrorCode::InvalidScope;
    let scopes: ScopeSet = text.parse().map_err(|_| match never_a_scope(text) {
        Some(name) => Refusal { error, description: format!("There is no scope {name} here.").into() },
        None => Refusal::new(error, "scope must be names of scopes separated by spaces."),
    })?;
    if scopes.is_subset(of_app) {
        Ok(scopes)
    } else {
        Err(Refusal::new(error, "scope has one that this app does not have."))
    }
}

impl Redirection {
    /// The address as the request gave it, by which the code must be redeemed; empty if it gave
    /// none.
    #[must_use]
    pub fn as_named(&self) -> &str {
        if self.is_named { self.uri.as_str() } else { "" }
    }

    /// The host that the user goes back to, with its port if that is not the usual one.
    #[must_use]
    pub fn host(&self) -> String {
        let Ok(url) = Url::parse(self.uri.as_str()) else { return String::new() };
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// What a page may post on to, so that its form can lead there (CSP, `form-action`). There a
    /// literal of IPv6 has no words, so its scheme stands for it.
    #[must_use]
    pub fn source(&self) -> String {
        match Url::parse(self.uri.as_str()) {
            Ok(url) if matches!(url.host(), Some(Host::Ipv6(_))) => format!("{}:", url.scheme()),
            Ok(url) => url.origin().ascii_serialization(),
            Err(_) => String::new(),
        }
    }

    /// Back to the client with a code (RFC 6749 §4.1.2, RFC 9207 §2).
    #[must_use]
    pub fn allowed(&self, code: &str, issuer: &str) -> String {
        self.with(&[("code", code)], issuer)
    }

    /// Back to the client without.
    #[must_use]
    pub fn refused(&self, refusal: &Refusal, issuer: &str) -> String {
        self.with(&[("error", refusal.error.as_str()), ("error_description", &refusal.description)], issuer)
    }

    fn with(&self, answer: &[(&str, &str)], issuer: &str) -> String {
        let state = self.state.as_ref().map(|State(state)| ("state", state.as_str()));
        let answer = answer.iter().copied().chain(state).chain([("iss", issuer)]);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        let uri = self.uri.as_str();
        // What the address has of a query stays (RFC 6749 §3.1.2).
        let joint = match uri.split_once('?') {
            None => "?",
            Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{joint}{query}")
    }
}

#[cfg(test)]
mod tests;
