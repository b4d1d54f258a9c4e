//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpMessage, HttpRequest, http::header, web::Data};
use ipnet::IpNet;

use crate::{
    actions::sign_in::Browser,
    domain::audit::Origin,
    web::{
        Settings,
        cookies::{self, Name},
        middleware::request_id::RequestId,
    },
};

/// What an audit row says of the request.
pub(in crate::web) fn origin(request: &HttpRequest) -> Origin {
    Origin {
        address: address(request),
        request_id: request.extensions().get::<RequestId>().map(ToString::to_string),
    }
}

/// The browser that asks.
pub(in crate::web) fn browser(request: &HttpRequest) -> Browser {
    let settings = request.app_data::<Data<Settings>>();
    let https = settings.is_some_and(|settings| settings.https);
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Browser {
        address: address(request),
        user_agent: user_agent.unwrap_or_default().to_owned(),
        device: cookies::token(request, Name::Device, https),
        session: cookies::token(request, Name::Session, https),
        half: cookies::token(request, Name::Half, https),
    }
}

/// The client's address: the peer's, or what a trusted proxy says of it (S41).
pub(in crate::web) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = request.app_data::<Data<Settings>>().map(|settings| settings.trusted_proxies.as_slice());
    let trusted = trusted.unwrap_or_default();
    if trusted.is_empty() {
        return Some(peer);
    }
    let forwarded =
        request.headers().get_all(header::X_FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let forwarded: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    Some(behind_proxies(peer, &forwarded, trusted))
}

/// Walks from the nearest proxy outward as long as each is trusted.
fn behind_proxies(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut address = peer;
    for said in forwarded.iter().rev() {
        if !is_trusted(address) {
            break;
        }
        match said_address(said) {
            Some(said) => address = said.to_canonical(),
            None => break,
        }
    }
    address
}

/// An address, behind which some proxies write a port.
fn said_address(said: &str) -> Option<IpAddr> {
    let address = said.parse().ok();
    address.or_else(|| said.parse::<SocketAddr>().map(|said| said.ip()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let at = |peer: &str, forwarded: &[&str]| {
            behind_proxies(peer.parse().unwrap(), forwarded, &trusted).to_string()
        };
        assert_eq!(at("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(at("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(at("10.0.0.1", &["192.0.2.1", "203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(at("10.0.0.1", &["203.0.113.9", "junk"]), "10.0.0.1");
        assert_eq!(at("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(at("10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(at("10.0.0.1", &["[2001:db8::9]:4711"]), "2001:db8::9");
    }
}
