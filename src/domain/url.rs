//! Addresses on the web that developers enter.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::fields::{Complaint, capitalised};

/// The most bytes a URL may have.
pub const MAX_BYTES: usize = 2_048;

/// A link for people: `https`, without user name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsUrl(String);

/// Where events are sent: `https` on port 443 or 1024 and above, a public name or
/// address, without user name, password and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl(String);

/// What can be wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    Invalid,
    NotHttps,
    Userinfo,
    Fragment,
    TooLong {
        was: usize,
    },
    Port(u16),
    /// A name or address that is not on the public internet.
    NotPublic,
}

impl Complaint for UrlError {
    fn sentence(&self, what: &str) -> String {
        match self {
            Self::Invalid => {
                capitalised(&format!("{what} must be a whole URL such as https://example.com/path."))
            }
            Self::NotHttps => capitalised(&format!("{what} must begin with https://.")),
            Self::Userinfo => capitalised(&format!("{what} must not contain a user name or password.")),
            Self::Fragment => capitalised(&format!("{what} must not contain a fragment (the part after #).")),
            Self::TooLong { was } => {
                capitalised(&format!("{what} must be at most 2,048 bytes; it has {was}."))
            }
            Self::Port(port) => capitalised(&format!(
                "{what} must use port 443 or a port from 1024 to 65535; {port} is not allowed."
            )),
            Self::NotPublic => capitalised(&format!("{what} must lead to a public host name or address.")),
        }
    }
}

impl HttpsUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EndpointUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HttpsUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        https(text).map(|url| Self(url.into()))
    }
}

impl FromStr for EndpointUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let url = https(text)?;
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        match url.port() {
            Some(port) if port < 1_024 => return Err(UrlError::Port(port)),
            Some(_) | None => {}
        }
        if !is_public(&url) {
            return Err(UrlError::NotPublic);
        }
        Ok(Self(url.into()))
    }
}

fn https(text: &str) -> Result<Url, UrlError> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return Err(UrlError::TooLong { was: text.len() });
    }
    // The parser would forgive line breaks, back-slashes and missing slashes; a developer should see them.
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("https:") {
        let other_scheme = Url::parse(text).is_ok() || !text.contains(':');
        return Err(if other_scheme { UrlError::NotHttps } else { UrlError::Invalid });
    }
    if !lower.starts_with("https://")
        || text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Err(UrlError::Invalid);
    }
    let url = Url::parse(text).map_err(|_| UrlError::Invalid)?;
    if !url.username().is_empty()
        || url.password().is_some()
        || authority(&lower).is_some_and(|host| host.contains('@'))
    {
        return Err(UrlError::Userinfo);
    }
    if url.as_str().len() > MAX_BYTES {
        return Err(UrlError::TooLong { was: url.as_str().len() });
    }
    Ok(url)
}

/// What stands between the slashes and the path, query or fragment (RFC 3986 §3.2).
fn authority(url: &str) -> Option<&str> {
    url.split_once("//").and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
}

/// Names and literals that can be told from the text alone (S55); what a name resolves
/// to is judged when something is sent.
fn is_public(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_public_name(name),
        Some(Host::Ipv4(address)) => super::address::is_public_v4(address),
        Some(Host::Ipv6(address)) => super::address::is_public_v6(address),
        None => false,
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    // RFC 6761, RFC 6762, RFC 8375 and names that only a private network answers.
    let special = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "home.arpa",
        "lan",
        "corp",
        "home",
        "localdomain",
        "onion",
    ];
    name.contains('.') && !special.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_https_without_userinfo() {
        assert!("https://meridian.example/privacy#top".parse::<HttpsUrl>().is_ok());
        assert_eq!("http://meridian.example/".parse::<HttpsUrl>(), Err(UrlError::NotHttps));
        assert_eq!("javascript:alert(1)".parse::<HttpsUrl>(), Err(UrlError::NotHttps));
        assert_eq!("data:text/html,x".parse::<HttpsUrl>(), Err(UrlError::NotHttps));
        assert_eq!("meridian.example".parse::<HttpsUrl>(), Err(UrlError::NotHttps));
        assert_eq!("https://ada:secret@meridian.example/".parse::<HttpsUrl>(), Err(UrlError::Userinfo));
        assert_eq!("https://@meridian.example/".parse::<HttpsUrl>(), Err(UrlError::Userinfo));
        for good in ["https://meridian.example?mail=a@b.example", "https://meridian.example#a@b"] {
            assert!(good.parse::<HttpsUrl>().is_ok(), "{good}");
        }
        for wrong in [
            "https:meridian.example",
            "https://",
            "https://exa mple.com",
            "https:\\\\x.example",
            "https://x.example\n/",
        ] {
            assert_eq!(wrong.parse::<HttpsUrl>(), Err(UrlError::Invalid), "{wrong}");
        }
    }

    #[test]
    fn a_url_has_at_most_2048_bytes() {
        let url = |bytes: usize| format!("https://meridian.example/{}", "a".repeat(bytes - 25));
        assert!(url(2_048).parse::<HttpsUrl>().is_ok());
        assert_eq!(url(2_049).parse::<HttpsUrl>(), Err(UrlError::TooLong { was: 2_049 }));
    }

    #[test]
    fn endpoints_use_443_or_a_high_port() {
        for good in [
            "https://hooks.example.com",
            "https://hooks.example.com:443/x",
            "https://hooks.example.com:1024/",
            "https://hooks.example.com:65535/?q=1",
        ] {
            assert!(good.parse::<EndpointUrl>().is_ok(), "{good}");
        }
        for port in [1, 80, 1_023] {
            let url = format!("https://hooks.example.com:{port}/");
            assert_eq!(url.parse::<EndpointUrl>(), Err(UrlError::Port(port)));
        }
        assert_eq!("https://hooks.example.com/#x".parse::<EndpointUrl>(), Err(UrlError::Fragment));
    }

    #[test]
    fn endpoints_are_public_however_they_are_spelt() {
        let private = [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "0",
            "127.0.0.1.",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[fd00::1]",
            "[fe80::1]",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "[::]",
            "localhost",
            "localhost.",
            "foo.localhost",
            "printer.local",
            "metadata.google.internal",
            "intranet",
            "192.0.2.1",
            "198.18.0.1",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
        ];
        for host in private {
            let url = format!("https://{host}/");
            assert_eq!(url.parse::<EndpointUrl>(), Err(UrlError::NotPublic), "{host}");
        }
        for host in ["8.8.8.8", "[2606:4700::1111]", "hooks.example.com", "xn--bcher-kva.example"] {
            assert!(format!("https://{host}/").parse::<EndpointUrl>().is_ok(), "{host}");
        }
    }
}
