//! `PORTICO_LISTEN` and `PORTICO_METRICS_LISTEN`: where the servers listen.

use std::{net::SocketAddr, str::FromStr};

use super::error::Wrong;

/// An address and a port; the port is not 0, or nobody would know where to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listen(pub(super) SocketAddr);

impl Listen {
    pub(super) const fn address(self) -> SocketAddr {
        self.0
    }
}

/// `off`, or where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MaybeListen(pub(super) Option<Listen>);

impl FromStr for MaybeListen {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if text.trim() == "off" { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}

impl FromStr for Listen {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.trim().parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 => Ok(Self(address)),
            Ok(_) => Err(Wrong::must_be("given with a port from 1 to 65535", text)),
            Err(_) => {
                Err(Wrong::must_be("an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080", text))
            }
        }
    }
}
