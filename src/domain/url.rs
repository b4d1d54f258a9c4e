//! Addresses on the web that developers enter.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::{
    address::AllowedNets,
    fields::{Complaint, capitalised},
};

/// The most bytes a URL may have.
pub const MAX_BYTES: usize = 2_048;

/// A link for people: `https`, without user name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsUrl(String);

/// Where events are sent: `https` on port 443 or 1024 and above, without user name, password
/// and fragment. Whether it may lead where it does, [`EndpointUrl::leads_out`] says, since that
/// depends on what the operator allows.
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

    /// Judges, when it is saved, what can be told from the text alone (S55): names that lead
    /// nowhere or inwards, and addresses in any spelling. What a name resolves to is judged
    /// whenever something is sent.
    ///
    /// # Errors
    /// `NotPublic`.
    pub fn leads_out(&self, allowed: &AllowedNets) -> Result<(), UrlError> {
        let url = Url::parse(&self.0).map_err(|_| UrlError::Invalid)?;
        let leads_out = match url.host() {
            Some(Host::Domain(name)) => is_public_name(name, allowed),
            Some(Host::Ipv4(address)) => allowed.may_reach(address.into()),
            Some(Host::Ipv6(address)) => allowed.may_reach(address.into()),
            None => false,
        };
        if leads_out { Ok(()) } else { Err(UrlError::NotPublic) }
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

/// Names of the machine itself, of the wire it hangs on, or of no host at all (RFC 6761, 6762,
/// 7686).
const NOWHERE: [&str; 5] = ["localhost", "localdomain", "local", "onion", "invalid"];

/// Names that only a private network answers (RFC 8375 has `home.arpa`). They may lead
/// somewhere once the operator allows private networks.
const INWARDS: [&str; 7] = ["internal", "intranet", "private", "lan", "corp", "home", "arpa"];

fn is_public_name(name: &str, allowed: &AllowedNets) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    let leads_inwards = !name.contains('.') || INWARDS.contains(&last);
    let is_whole = name.split('.').all(|label| !label.is_empty());
    is_whole && !NOWHERE.contains(&last) && (!leads_inwards || !allowed.is_empty())
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

    fn leads_out(host: &str, allowed: &AllowedNets) -> Result<(), UrlError> {
        let url: EndpointUrl = format!("https://{host}/").parse().unwrap_or_else(|_| panic!("{host}"));
        url.leads_out(allowed)
    }

    /// Spellings of addresses and names that lead nowhere or inwards.
    #[rustfmt::skip]
    const INNER: &[&str] = &[
        "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "017700000001", "0x7f000001",
        "0x7F.1", "0x7f.0.0.1", "0177.0.0.1", "0177.0.0.01", "0x7f.0x0.0x0.0x1", "127.0.0.1.", "%31%32%37.0.0.1",
        "①②⑦.0.0.1", "127。0。0。1", "127.0.0．1", "１２７.0.0.1", "𝟏𝟐𝟕.0.0.1", "0", "0x0", "00", "0.0.0.0", "0.1.2.3",
        "10.0.0.1", "10.255.255.255", "167772161", "0xa000001", "012.0.0.1", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "192.168.257", "3232235777", "0xc0a80101", "169.254.169.254", "2852039166", "0xa9fea9fe",
        "0251.0376.0251.0376", "169.254.43518", "100.64.0.1", "100.127.255.255", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "192.88.99.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "4294967295",
        "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
        "[::ffff:8.8.8.8]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::1]",
        "[100::1]", "[2001::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[3fff::1]", "[5f00::1]",
        "[fc00::1]", "[fd00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]",
        "localhost", "LOCALHOST", "localhost.", "ⓛocalhost", "foo.localhost", "foo.localhost.", "localhost.localdomain",
        "printer.local", "PRINTER.LOCAL.", "x.onion", "x.invalid", "metadata.google.internal", "metadata", "db",
        "intranet", "intranet.", "wiki.corp", "nas.home", "nas.home.arpa", "1.0.0.127.in-addr.arpa", "router.lan",
        "x.intranet", "x.private",
    ];

    #[test]
    fn endpoints_lead_out_however_they_are_spelt() {
        let none = AllowedNets::default();
        for host in INNER {
            assert_eq!(leads_out(host, &none), Err(UrlError::NotPublic), "{host}");
        }
        for host in [
            "8.8.8.8",
            "134744072",
            "[2606:4700::1111]",
            "hooks.example.com",
            "hooks.example.com.",
            "xn--bcher-kva.example",
            "localhost.example.com",
            "internal.example.com",
        ] {
            assert_eq!(leads_out(host, &none), Ok(()), "{host}");
        }
    }

    #[test]
    fn the_operator_may_allow_inner_addresses_and_names() {
        let allowed = AllowedNets::new(vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for host in
            ["127.0.0.1", "2130706433", "[fd00::1]", "hooks", "hooks.internal", "hooks.corp", "8.8.8.8"]
        {
            assert_eq!(leads_out(host, &allowed), Ok(()), "{host}");
        }
        for host in ["10.0.0.1", "[::ffff:127.0.0.1]", "[fd00:ec2::254]", "localhost", "printer.local"] {
            assert_eq!(leads_out(host, &allowed), Err(UrlError::NotPublic), "{host}");
        }
    }
}
