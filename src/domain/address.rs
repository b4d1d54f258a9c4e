//! Which network addresses are on the public internet (IANA special-purpose registries,
//! RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Where clouds tell a machine its own secrets, or answer it alone: EC2 and most others,
/// Azure, Alibaba, Oracle, EC2 and Google by IPv6. Some of these lie in public ranges.
const METADATA: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Networks that deliveries may reach although they are not public: the operator's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedNets(Vec<IpNet>);

impl AllowedNets {
    #[must_use]
    pub const fn new(nets: Vec<IpNet>) -> Self {
        Self(nets)
    }

    /// Whether nothing but public addresses may be reached.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether deliveries may go to this address (S55): it is public or in one of the networks.
    /// An address of the metadata of clouds must be listed by itself, and not in a network of
    /// many, however it is spelt.
    #[must_use]
    pub fn may_reach(&self, address: IpAddr) -> bool {
        let is_alone = |net: &IpNet| net.prefix_len() == net.max_prefix_len();
        let mut holding = self.0.iter().filter(|net| net.contains(&address));
        if METADATA.contains(&address.to_canonical()) {
            return holding.any(is_alone);
        }
        is_public(address) || holding.next().is_some()
    }
}

/// Whether packets to this address leave for the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,
        (100, 64..=127, _) => true,             // CGNAT, RFC 6598
        (169, 254, _) => true,                  // link-local
        (172, 16..=31, _) => true,              // RFC 1918
        (192, 0, 0 | 2) => true,                // protocol assignments, TEST-NET-1
        (192, 31, 196) => true,                 // AS112
        (192, 52, 193) => true,                 // AMT
        (192, 88, 99) => true,                  // 6to4 relays, retired
        (192, 168, _) => true,                  // RFC 1918
        (192, 175, 48) => true,                 // AS112
        (198, 18..=19, _) => true,              // benchmarks
        (198, 51, 100) | (203, 0, 113) => true, // TEST-NET-2 and -3
        (224..=255, _, _) => true,              // multicast, reserved, broadcast
        _ => false,
    };
    !special
}

/// Global unicast (`2000::/3`) without its special blocks. What carries an IPv4 address within
/// (mapped, NAT64, 6to4, Teredo) is not public, whatever it carries.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special = match (a, b) {
        (0x2001, 0x0000..=0x01ff) => true, // Teredo, ORCHID and other protocol assignments
        (0x2001, 0x0db8) => true,          // documentation
        (0x2002, _) => true,               // 6to4 carries any IPv4 address
        (0x2620, 0x004f) => address.segments().get(2) == Some(&0x8000), // AS112
        (0x3fff, 0x0000..=0x0fff) => true, // documentation, RFC 9637
        _ => false,
    };
    (a & 0xe000) == 0x2000 && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn nets(texts: &[&str]) -> AllowedNets {
        AllowedNets::new(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    /// Every block of the two IANA special-purpose registries, and multicast.
    const SPECIAL: &[&str] = &[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "::1/128",
        "::ffff:0:0/96",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",
        "2001::/32",
        "2001:1::1/128",
        "2001:2::/48",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:10::/28",
        "2001:20::/28",
        "2001:30::/28",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fd00::/8",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];

    #[test]
    fn no_special_block_is_public_from_its_first_to_its_last_address() {
        for text in SPECIAL {
            let net: IpNet = text.parse().unwrap();
            for edge in [net.network(), net.broadcast()] {
                assert!(!is_public(edge), "{edge} of {text}");
                assert!(!AllowedNets::default().may_reach(edge), "{edge} of {text}");
            }
        }
    }

    #[test]
    fn what_stands_beside_a_special_block_is_public() {
        for text in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.31.195.255",
            "192.31.197.0",
            "192.52.192.255",
            "192.52.194.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "192.175.47.255",
            "192.175.49.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2001:ffff::",
            "2003::",
            "2620:4f:7fff::",
            "2620:4f:8001::",
            "3ffe:ffff::",
            "3fff:1000::",
        ] {
            assert!(is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn the_operators_networks_are_reached_and_nothing_beside_them() {
        let allowed = nets(&["10.1.0.0/16", "fd12::/16"]);
        for good in ["10.1.0.0", "10.1.255.255", "fd12::1", "8.8.8.8", "2606:4700::1111"] {
            assert!(allowed.may_reach(address(good)), "{good}");
        }
        for wrong in ["10.0.255.255", "10.2.0.0", "fd13::1", "127.0.0.1", "::ffff:10.1.0.1", "64:ff9b::a01:1"]
        {
            assert!(!allowed.may_reach(address(wrong)), "{wrong}");
        }
    }

    #[test]
    fn metadata_of_clouds_must_be_listed_alone() {
        let everything = nets(&["0.0.0.0/0", "::/0"]);
        for metadata in METADATA {
            assert!(!AllowedNets::default().may_reach(metadata), "{metadata}");
            assert!(!everything.may_reach(metadata), "{metadata}");
            assert!(AllowedNets::new(vec![metadata.into()]).may_reach(metadata), "{metadata}");
        }
        assert!(!everything.may_reach(address("::ffff:169.254.169.254")));
        assert!(everything.may_reach(address("169.254.169.253")));
    }
}
