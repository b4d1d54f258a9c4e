//! `PORTICO_SIGN_UP`, `PORTICO_NEW_ACCOUNTS` and `PORTICO_ADMIN_TOTP`: who may come in, and how.

use std::{fmt, str::FromStr};

use url::Host;

use super::error::Wrong;

/// Who may sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignUp {
    Open,
    /// Nobody without an invitation.
    Invite,
    /// Those who prove an address of this domain.
    Domain(MailDomain),
}

/// The part of an address after its `@`: lower case, in ASCII form (RFC 5891 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDomain(String);

impl MailDomain {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an address belongs to it. Subdomains are other domains.
    #[must_use]
    pub fn holds(&self, address: &str) -> bool {
        address.rsplit_once('@').and_then(|(_, domain)| ascii(domain)).is_some_and(|domain| domain == self.0)
    }
}

impl fmt::Display for MailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SignUp {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.trim() {
            "open" => Ok(Self::Open),
            "invite" => Ok(Self::Invite),
            other => other
                .strip_prefix("domain:")
                .and_then(ascii)
                .map(|domain| Self::Domain(MailDomain(domain)))
                .ok_or_else(|| {
                    Wrong::must_be(
                        "open, invite, or domain: and one mail domain, such as domain:example.com",
                        text,
                    )
                }),
        }
    }
}

fn ascii(domain: &str) -> Option<String> {
    let plain = !domain.ends_with('.') && !domain.contains([' ', '@', '%', ',', '*']) && domain.len() <= 253;
    match Host::parse(domain) {
        Ok(Host::Domain(name)) if plain => Some(name),
        Ok(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}

/// What a new account may do at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewAccounts {
    /// Everything.
    Open,
    /// Nothing goes live until an admin approves it.
    Approve,
}

impl FromStr for NewAccounts {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.trim() {
            "open" => Ok(Self::Open),
            "approve" => Ok(Self::Approve),
            _ => Err(Wrong::must_be("open or approve", text)),
        }
    }
}

/// Whether admins need two-step sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminTotp {
    /// Each decides.
    Optional,
    /// The console is closed to an admin without it.
    Required,
}

impl FromStr for AdminTotp {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.trim() {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err(Wrong::must_be("optional or required", text)),
        }
    }
}
