//! Which network addresses are on the public internet (IANA special-purpose registries,
//! RFC 6890 and its updates).

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether packets to this address leave for the public internet.
#[must_use]
pub fn is_public_v4(address: Ipv4Addr) -> bool {
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

/// As [`is_public_v4`]: global unicast (`2000::/3`) without its special blocks.
#[must_use]
pub fn is_public_v6(address: Ipv6Addr) -> bool {
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
