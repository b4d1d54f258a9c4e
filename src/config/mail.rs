//! `PORTICO_MAIL` and `PORTICO_MAIL_FROM`: how mail leaves, and from whom.

use std::{fmt, path::PathBuf, str::FromStr};

use email_address::{EmailAddress, Options};
use url::Url;

use super::{error::Wrong, look::PlatformName, public_url::PublicUrl};

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// Printed, links included: for one's own machine.
    Log,
    /// A file each in this directory.
    File(PathBuf),
    Smtp(SmtpUrl),
}

/// `smtp://` or `smtps://`, with credentials perhaps.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(Url);

impl SmtpUrl {
    /// The URL, its password included.
    #[must_use]
    pub const fn expose(&self) -> &Url {
        &self.0
    }
}

/// The server alone.
impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl FromStr for Mail {
    type Err = Wrong;

    // The value is never repeated: it may hold a password.
    fn from_str(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        match text.split_once(':') {
            None if text == "log" => Ok(Self::Log),
            Some(("file", rest)) => directory(rest.strip_prefix("//").unwrap_or(rest)),
            Some(("smtp" | "smtps", _)) => smtp(text),
            Some(_) | None => Err(Wrong::new(
                "must be log, file: and a directory, or a server such as smtp://mail.example:587 or smtps://user:password@mail.example",
            )),
        }
    }
}

fn directory(path: &str) -> Result<Mail, Wrong> {
    if path.is_empty() || path.contains('\0') {
        return Err(Wrong::new("must name a directory, such as file:mail or file:/var/spool/portico"));
    }
    Ok(Mail::File(PathBuf::from(path)))
}

fn smtp(text: &str) -> Result<Mail, Wrong> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.host_str().is_some_and(|host| !host.is_empty()))
        .ok_or_else(|| Wrong::new("must name a server, such as smtp://mail.example:587"))?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::new(
            "must end after the host and port; in a user name or password write / as %2F, ? as %3F and # as %23",
        ));
    }
    if url.port() == Some(0) {
        return Err(Wrong::new("must not have port 0"));
    }
    if url.username().is_empty() != url.password().is_none() {
        return Err(Wrong::new("must have a user name and a password, or neither"));
    }
    if !is_percent_encoded(url.username()) || !is_percent_encoded(url.password().unwrap_or_default()) {
        return Err(Wrong::new("must have % in a user name or password written as %25"));
    }
    Ok(Mail::Smtp(SmtpUrl(url)))
}

/// Each `%` begins two hexadecimal digits (RFC 3986 §2.1).
fn is_percent_encoded(text: &str) -> bool {
    let is_hex = |c: char| c.is_ascii_hexdigit();
    text.split('%').skip(1).all(|part| part.chars().take(2).filter(|&c| is_hex(c)).count() == 2)
}

/// Who mail is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom {
    /// One line.
    pub name: String,
    pub address: String,
}

impl MailFrom {
    /// The platform, at the public URL's host if that is a name.
    pub(super) fn standard(platform: &PlatformName, public_url: &PublicUrl) -> Self {
        // A host of a URL may end with a dot; in an address it may not.
        let at_host = |host: &str| address(&format!("no-reply@{host}"));
        Self {
            name: platform.to_string(),
            address: public_url
                .domain()
                .and_then(at_host)
                .unwrap_or_else(|| String::from("no-reply@localhost")),
        }
    }
}

/// `MailFrom` as it is written; without a name it has the platform's.
#[derive(Debug)]
pub(super) struct MailFromText {
    pub(super) name: Option<PlatformName>,
    pub(super) address: String,
}

impl FromStr for MailFromText {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        let (name, inner) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            Some((name, inner)) => (name.trim().trim_matches('"'), inner),
            None => ("", text),
        };
        let address = address(inner).ok_or_else(|| {
            Wrong::must_be(
                "an address such as portal@platform.example or Platform <portal@platform.example>",
                text,
            )
        })?;
        let name = if name.is_empty() { None } else { Some(name.parse()?) };
        Ok(Self { name, address })
    }
}

/// An address alone (RFC 5321 §4.1.2); the domain may be a single word, such as `localhost`.
pub(super) fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let options = Options::default().without_domain_literal().without_display_text();
    let plain = text.len() <= 254 && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    EmailAddress::parse_with_options(text, options)
        .ok()
        .filter(|_| plain)
        .map(|address| address.as_str().to_owned())
}
