//! Where the time of an attempt went.

use crate::domain::time::Span;

/// How long each part of one attempt took, as far as it got. Look-up, connecting and TLS are
/// missing where a connection was used that an earlier attempt had made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Looking up the name; missing too where the URL holds an address.
    pub dns: Option<Span>,
    /// Until the TCP connection stood.
    pub connect: Option<Span>,
    /// The TLS handshake.
    pub tls: Option<Span>,
    /// From then on, or from the beginning over a kept connection, until the head of the
    /// answer was there.
    pub first_byte: Option<Span>,
    /// All of it, the body of the answer included as far as it was read.
    pub total: Span,
}
