//! Where users may be sent back to after they were asked.

use std::{fmt, str::FromStr};

use url::Url;

use crate::domain::{
    fields::{Complaint, FieldErrors, capitalised},
    url::MAX_BYTES,
};

/// An address that a client registered: `https`, or `http` on the user's own device. Its text
/// is kept as it was entered, since it is compared so (RFC 9700 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

/// What can be wrong with a redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectUriError {
    Invalid,
    /// `http` to another machine, or a scheme that is neither.
    Scheme,
    Fragment,
    Userinfo,
    Wildcard,
    TooLong {
        was: usize,
    },
}

impl Complaint for RedirectUriError {
    fn sentence(&self, what: &str) -> String {
        let must = match self {
            Self::Invalid => "must be a whole URL such as https://example.com/callback.".to_owned(),
            Self::Scheme => {
                "must begin with https://, or with http:// followed by 127.0.0.1, [::1] or localhost."
                    .to_owned()
            }
            Self::Fragment => "must not contain a fragment (the part after #).".to_owned(),
            Self::Userinfo => "must not contain a user name or password.".to_owned(),
            Self::Wildcard => {
                "must not contain a wildcard (*); it is compared character by character.".to_owned()
            }
            Self::TooLong { was } => format!("must be at most 2,048 bytes; it has {was}."),
        };
        capitalised(&format!("{what} {must}"))
    }
}

/// Hosts that are the user's own device; of the first two any port fits (RFC 8252 §7.3).
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
const LOOPBACK_ADDRESSES: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

impl RedirectUri {
    #[must_use]
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a request that names `asked` means this one: character by character, but for the
    /// port of a loopback address, which an app on a device cannot choose beforehand.
    #[must_use]
    pub fn fits(&self, asked: &str) -> bool {
        if self.0 == asked {
            return true;
        }
        without_port(&self.0).is_some_and(|registered| without_port(asked) == Some(registered))
    }
}

/// Scheme and host of a loopback address, and what comes after its port.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    LOOPBACK_ADDRESSES.iter().find_map(|host| {
        let rest = uri.strip_prefix(host)?;
        let after = match rest.strip_prefix(':') {
            Some(port) => {
                let end = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
                let (port, after) = port.split_at(end);
                port.parse::<u16>().ok().filter(|port| *port > 0)?;
                after
            }
            None => rest,
        };
        let is_whole = after.is_empty() || after.starts_with(['/', '?']);
        (is_whole && !after.contains(['#', '\\'])).then_some((*host, after))
    })
}

impl FromStr for RedirectUri {
    type Err = RedirectUriError;

    fn from_str(text: &str) -> Result<Self, RedirectUriError> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(RedirectUriError::TooLong { was: text.len() });
        }
        let is_plain = |c: char| {
            matches!(c, '!'..='~') && !matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
        };
        if text.is_empty() || !text.chars().all(is_plain) {
            return Err(RedirectUriError::Invalid);
        }
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if text.contains('*') {
            return Err(RedirectUriError::Wildcard);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::Invalid)?;
        let (is_https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(RedirectUriError::Scheme),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::Userinfo);
        }
        if authority.is_empty() || authority.ends_with(':') || url.port() == Some(0) {
            return Err(RedirectUriError::Invalid);
        }
        let is_here = LOOPBACK.iter().any(|host| {
            authority.strip_prefix(host).is_some_and(|port| port.is_empty() || port.starts_with(':'))
        });
        if is_https || is_here { Ok(Self(text.to_owned())) } else { Err(RedirectUriError::Scheme) }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All that a client registered, in the order in which it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedirectUris(Vec<RedirectUri>);

impl RedirectUris {
    pub const MAX: usize = 20;

    /// Reads a field with one a line.
    ///
    /// # Errors
    /// What is wrong with each line, by its number.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut uris: Vec<RedirectUri> = Vec::new();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let what = format!("the redirect URI on line {number}");
            let Some(uri) = errors.take(field, &what, line.parse::<RedirectUri>()) else { continue };
            if uris.contains(&uri) {
                errors.add(field, format!("The redirect URI on line {number} is there already; remove it."));
            } else {
                uris.push(uri);
            }
        }
        if uris.len() > Self::MAX {
            let was = uris.len();
            errors.add(field, format!("An app has at most {} redirect URIs; these are {was}.", Self::MAX));
        }
        if uris.is_empty() && errors.is_empty() {
            errors.add(field, "Enter at least one redirect URI, such as https://example.com/callback.");
        }
        errors.into_result(|| Some(Self(uris)))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RedirectUri> {
        self.0.iter()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The only one, which a request need not name (RFC 6749 §3.1.2.3).
    #[must_use]
    pub fn only(&self) -> Option<&RedirectUri> {
        match self.0.as_slice() {
            [only] => Some(only),
            [] | [_, _, ..] => None,
        }
    }

    /// Whether a request may name this one.
    #[must_use]
    pub fn fit(&self, asked: &str) -> bool {
        self.iter().any(|uri| uri.fits(asked))
    }
}

/// Those that were registered before.
impl FromIterator<RedirectUri> for RedirectUris {
    fn from_iter<I: IntoIterator<Item = RedirectUri>>(uris: I) -> Self {
        Self(uris.into_iter().collect())
    }
}

/// One a line, as the field has them.
impl fmt::Display for RedirectUris {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|uri| writeln!(f, "{uri}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uri(text: &str) -> RedirectUri {
        text.parse().unwrap()
    }

    #[test]
    fn https_and_the_users_own_device_may_be_registered() {
        for right in [
            "https://example.com/callback",
            "https://example.com",
            "https://example.com:8443/a/b?c=d&e=%20f",
            "https://Example.com/CallBack",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:3000/cb",
            "http://[::1]:3000/cb",
            "http://localhost:3000/cb?x",
        ] {
            assert_eq!(uri(right).as_str(), right);
        }
        assert_eq!(uri(" https://example.com/cb\r").as_str(), "https://example.com/cb");
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        use RedirectUriError::{Fragment, Invalid, Scheme, Userinfo, Wildcard};
        for (wrong, error) in [
            ("", Invalid),
            ("example.com/cb", Invalid),
            ("/callback", Invalid),
            ("https://", Invalid),
            ("https:///cb", Invalid),
            ("https://exa mple.com/", Invalid),
            ("https://example.com/\u{e9}", Invalid),
            ("https://example.com\\@evil.example/", Invalid),
            ("https://example.com:/cb", Invalid),
            ("https://example.com:0/cb", Invalid),
            ("https:example.com", Scheme),
            ("HTTPS://example.com/cb", Scheme),
            ("http://example.com/cb", Scheme),
            ("http://127.0.0.1.example.com/cb", Scheme),
            ("http://localhost.example.com/cb", Scheme),
            ("http://127.1/cb", Scheme),
            ("http://127.0.0.2/cb", Scheme),
            ("http://0.0.0.0/cb", Scheme),
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("com.example.app:/cb", Scheme),
            ("https://example.com/cb#", Fragment),
            ("https://example.com/cb#top", Fragment),
            ("https://*.example.com/cb", Wildcard),
            ("https://example.com/*", Wildcard),
            ("https://ada@example.com/cb", Userinfo),
            ("https://ada:secret@example.com/cb", Userinfo),
            ("https://@example.com/cb", Userinfo),
            ("http://localhost@example.com/cb", Userinfo),
        ] {
            assert_eq!(wrong.parse::<RedirectUri>(), Err(error), "{wrong}");
        }
        let fitting = format!("https://e.com/{}", "x".repeat(2_048 - 14));
        assert!(fitting.parse::<RedirectUri>().is_ok());
        assert_eq!(
            format!("{fitting}x").parse::<RedirectUri>(),
            Err(RedirectUriError::TooLong { was: 2_049 })
        );
    }

    #[test]
    fn a_request_fits_character_by_character_but_for_a_loopback_port() {
        let fits = |registered: &str, asked: &str| uri(registered).fits(asked);
        assert!(fits("https://example.com/cb", "https://example.com/cb"));
        for asked in [
            "https://example.com/cb/",
            "https://example.com/cb?x",
            "https://example.com/CB",
            "https://example.com:443/cb",
            "https://EXAMPLE.com/cb",
            "http://example.com/cb",
            "https://example.com/cb#",
            "https://example.com/%63b",
        ] {
            assert!(!fits("https://example.com/cb", asked), "{asked}");
        }
        for asked in ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb"] {
            assert!(fits("http://127.0.0.1:3000/cb", asked) && fits("http://127.0.0.1/cb", asked), "{asked}");
        }
        assert!(fits("http://[::1]/cb", "http://[::1]:5/cb"));
        for asked in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:80/cb?x",
            "http://127.0.0.1:80/cb#",
            "http://[::1]/cb",
            "http://localhost/cb",
            "https://127.0.0.1/cb",
        ] {
            assert!(!fits("http://127.0.0.1/cb", asked), "{asked}");
        }
        assert!(!fits("http://localhost:3000/cb", "http://localhost:3001/cb"), "a name may lead elsewhere");
    }

    #[test]
    fn each_wrong_line_is_named() {
        let text = "https://a.example/cb\n\nhttp://b.example\nhttps://c.example/#x\nhttps://a.example/cb\n";
        let errors = RedirectUris::parse("redirect_uris", text).unwrap_err();
        let sentences: Vec<_> = errors.iter().map(|(_, sentence)| sentence.to_owned()).collect();
        assert_eq!(
            sentences,
            [
                "The redirect URI on line 3 must begin with https://, or with http:// followed by 127.0.0.1, [::1] or localhost.",
                "The redirect URI on line 4 must not contain a fragment (the part after #).",
                "The redirect URI on line 5 is there already; remove it.",
            ]
        );
        assert!(RedirectUris::parse("redirect_uris", " \n").is_err());
        let many = |count: usize| (0..count).map(|n| format!("https://a.example/{n}\n")).collect::<String>();
        assert!(
            RedirectUris::parse("redirect_uris", &many(20)).is_ok_and(|uris| uris.to_string() == many(20))
        );
        assert!(RedirectUris::parse("redirect_uris", &many(21)).is_err());
    }

    proptest! {
        #[test]
        fn only_what_a_registered_uri_says_fits_it(asked in "http://127\\.0\\.0\\.1[:0-9@./a-z#?\\\\]{0,12}") {
            // Whatever fits leads a browser to the same address and path, on some port.
            if uri("http://127.0.0.1:3000/cb").fits(&asked) {
                let url = Url::parse(&asked).unwrap();
                prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
                prop_assert_eq!(url.path(), "/cb");
                prop_assert!(url.fragment().is_none() && url.query().is_none() && url.username().is_empty());
            }
        }
    }
}
