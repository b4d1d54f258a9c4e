//! `/apps/{app}/credentials`: the API key and secret, a token to try out, and new secrets.

use askama::Template;
use serde::Deserialize;

use super::frame::AppFrame;
use crate::domain::{fields::FieldErrors, secret::Secret, time::Timestamp};
use crate::web::page::Chrome;

/// The third step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/credentials.html")]
pub(crate) struct CredentialsPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// Nothing for a Webhook Only app, which has no API credentials.
    pub(crate) jwt: Option<JwtCredentials>,
    /// About *View JWT Token* and *Regenerate*.
    pub(crate) errors: FieldErrors,
}

/// The pair of the account, and what this viewer may do with it.
pub(crate) struct JwtCredentials {
    pub(crate) account_name: String,
    /// `ak_…`
    pub(crate) key: String,
    pub(crate) secret: ShownSecret,
    /// When the secret was made.
    pub(crate) made: Timestamp,
    pub(crate) made_by: String,
    /// The JWT apps of the account, this one too, by name.
    pub(crate) sharing: Vec<String>,
    /// Old secrets that still verify, the latest first.
    pub(crate) old: Vec<OldSecret>,
    /// Whether the viewer may regenerate and revoke: an owner.
    pub(crate) can_regenerate: bool,
    /// Whether as many old secrets verify as may: one must be revoked before the next.
    pub(crate) old_full: bool,
    pub(crate) regenerate: RegenerateForm,
    pub(crate) token_form: TokenForm,
    /// The token that was asked for.
    pub(crate) token: Option<ShownToken>,
}

/// How much of a secret this page shows.
pub(crate) enum ShownSecret {
    /// The viewer's role may not see it.
    Hidden,
    Masked,
    Revealed(Secret<String>),
}

/// A secret that was replaced and still works.
pub(crate) struct OldSecret {
    /// The id in the address that ends it.
    pub(crate) id: String,
    /// Enough to know it again: "as_…Qm4e".
    pub(crate) hint: String,
    pub(crate) ends: Timestamp,
}

/// A token made by *View JWT Token*. Never logged or stored.
pub(crate) struct ShownToken {
    /// The three parts, base64url (RFC 7515 §7.1).
    pub(crate) header: String,
    pub(crate) claims: String,
    pub(crate) signature: String,
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    /// `{PORTICO_PUBLIC_URL}/api/v1/me`
    pub(crate) me_url: String,
}

impl ShownToken {
    /// The command that calls the API with the token, on one line.
    pub(crate) fn curl(&self) -> String {
        format!(
            "curl {} -H 'Authorization: Bearer {}.{}.{}'",
            self.me_url, self.header, self.claims, self.signature
        )
    }

    /// Its first characters, where it is too long to read.
    pub(crate) fn beginning(&self) -> &str {
        self.header.get(..12).unwrap_or(&self.header)
    }

    /// Its last characters.
    pub(crate) fn end(&self) -> &str {
        let from = self.signature.len().saturating_sub(8);
        self.signature.get(from..).unwrap_or(&self.signature)
    }
}

/// What *View JWT Token* asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct TokenForm {
    /// `1h`, `1d`, `1w` or `custom`.
    pub(crate) expires_in: String,
    /// `YYYY-MM-DDTHH:MM`, for `custom`.
    pub(crate) expires_at: String,
    /// The IANA zone of `expires_at`; script fills in the viewer's.
    pub(crate) expires_zone: String,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self { expires_in: String::from("1h"), expires_at: String::new(), expires_zone: String::from("UTC") }
    }
}

/// What *Regenerate* asks. `once` is written by the page itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct RegenerateForm {
    /// `0`, `1h`, `24h` or `7d`.
    pub(crate) keep_old_for: String,
    pub(crate) once: String,
}

impl Default for RegenerateForm {
    fn default() -> Self {
        Self { keep_old_for: String::from("24h"), once: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_holds_the_whole_token_and_the_page_its_ends() {
        let token = ShownToken {
            header: String::from("eyJhbGciOiJIUzI1NiJ9"),
            claims: String::from("e30"),
            signature: String::from("xz9BADiZHP4"),
            iss: String::new(),
            sub: String::new(),
            issued: Timestamp::default(),
            expires: Timestamp::default(),
            me_url: String::from("https://portico.example/api/v1/me"),
        };
        assert_eq!(
            token.curl(),
            "curl https://portico.example/api/v1/me -H 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.xz9BADiZHP4'"
        );
        assert_eq!((token.beginning(), token.end()), ("eyJhbGciOiJI", "BADiZHP4"));
    }
}
