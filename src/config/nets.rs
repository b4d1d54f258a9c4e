//! `PORTICO_TRUSTED_PROXIES`, whose `X-Forwarded-For` is believed (S41), and
//! `PORTICO_WEBHOOK_ALLOW_NETS`, what deliveries may reach although it is private (S55).

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::error::Wrong;

/// Networks, separated by commas; a bare address is a network of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nets(pub(super) Vec<IpNet>);

impl FromStr for Nets {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        text.split(',').map(str::trim).map(net).collect::<Result<_, _>>().map(Self)
    }
}

fn net(text: &str) -> Result<IpNet, Wrong> {
    text.parse::<IpNet>()
        .map(|net| net.trunc())
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| Wrong::must_be("networks separated by commas, such as 10.0.0.0/8,fd00::/8", text))
}
