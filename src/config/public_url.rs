//! `PORTICO_PUBLIC_URL`: where browsers find the portal.

use std::{fmt, net::SocketAddr, str::FromStr};

use url::{Host, Url};

use super::error::Wrong;

/// An origin (RFC 6454 §6.1) under `http` or `https`. Every link that leaves the portal
/// begins with it, never with what a request says of its host (S8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// `http://` and the listen address.
    pub(super) fn of_listen(address: SocketAddr) -> Self {
        let mut url = Url::parse("http://127.0.0.1").expect("a constant that is a URL");
        // Neither can fail on an `http` URL; the constant would stand.
        let _ = url.set_ip_host(address.ip());
        let _ = url.set_port(Some(address.port()));
        Self(url)
    }

    /// `https://portal.example`, without a slash at its end.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Cookies are `Secure` then, and mail may not be printed.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Only programs of this machine can reach it (RFC 6761 §6.3 for `localhost`).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                name == "localhost" || name.ends_with(".localhost")
            }
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
            None => false,
        }
    }

    /// The host, if it is a name.
    pub(super) fn domain(&self) -> Option<&str> {
        self.0.domain()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl FromStr for PublicUrl {
    type Err = Wrong;

    // The value is not repeated: somebody may have put a password into it.
    fn from_str(text: &str) -> Result<Self, Wrong> {
        let whole = "must be a whole URL such as https://portal.example";
        let url = Url::parse(text.trim()).map_err(|_| Wrong::new(whole))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Wrong::new("must begin with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Wrong::new("must not contain a user name or password"));
        }
        if url.port() == Some(0) {
            return Err(Wrong::new("must not have port 0"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Wrong::new("must end after the host and port: Portico does not live under a path"));
        }
        Ok(Self(url))
    }
}
