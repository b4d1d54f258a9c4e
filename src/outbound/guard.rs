//! Where may be connected to.

use std::net::SocketAddr;

use crate::domain::address::{self, AllowedNets};

/// What the operator allows, less what this process serves itself.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    allowed: AllowedNets,
    own: Vec<SocketAddr>,
}

impl Guard {
    pub(super) const fn new(allowed: AllowedNets, own: Vec<SocketAddr>) -> Self {
        Self { allowed, own }
    }

    pub(super) fn permits(&self, to: SocketAddr) -> bool {
        self.allowed.may_reach(to.ip()) && !self.own.iter().any(|own| is_at(*own, to))
    }
}

/// Whether a listener is, or may be, reached at an address. One that listens everywhere is at
/// each inner address; at its public ones everybody reaches it anyway.
fn is_at(own: SocketAddr, to: SocketAddr) -> bool {
    let is_there = if own.ip().is_unspecified() {
        !address::is_public(to.ip())
    } else {
        own.ip().to_canonical() == to.ip().to_canonical()
    };
    own.port() == to.port() && is_there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listeners_of_this_process_are_out_of_reach_though_their_network_is_allowed() {
        let nets = ["127.0.0.0/8", "10.0.0.0/8", "::1/128", "::ffff:0:0/96"];
        let allowed = AllowedNets::new(nets.iter().map(|net| net.parse().unwrap()).collect());
        let own = vec!["127.0.0.1:8080".parse().unwrap(), "0.0.0.0:9090".parse().unwrap()];
        let guard = Guard::new(allowed, own);
        for (to, permitted) in [
            ("127.0.0.1:8080", false),
            ("[::ffff:127.0.0.1]:8080", false),
            ("127.0.0.1:8443", true),
            ("127.0.0.2:8080", true),
            ("127.0.0.1:9090", false),
            ("10.0.0.7:9090", false),
            ("[::1]:9090", false),
            ("10.0.0.7:8080", true),
            ("8.8.8.8:9090", true),
            ("192.168.0.1:443", false),
        ] {
            assert_eq!(guard.permits(to.parse().unwrap()), permitted, "{to}");
        }
    }
}
