//! Why an attempt got no answer.

use std::borrow::Cow;

use crate::domain::{text_enum::text_enum, time::Timestamp};

/// Why no answer came. Whatever status an answer has, it is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The address, or one that the name leads to, is not public. Nothing more is said of it:
    /// who may choose a URL must not learn what is in the inner network (S58).
    Blocked,
    NameNotFound,
    DnsTimedOut,
    /// The name servers could not say.
    DnsFailed,
    ConnectRefused,
    ConnectTimedOut,
    Unreachable,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateWrongHost,
    CertificateUnknownIssuer,
    CertificateSelfSigned,
    /// Any other fault of the certificate.
    CertificateInvalid,
    TlsTimedOut,
    /// What answers speaks no TLS, or none that is spoken here.
    TlsFailed,
    /// The whole head of an answer did not come in time.
    AnswerTimedOut,
    /// A probe was not answered as soon as a probe must be.
    ProbeTimedOut,
    /// The other side ended the connection without an answer.
    ConnectionLost,
    /// What came is no HTTP.
    BrokenAnswer,
    HeadTooLarge,
}

text_enum!(
    Failure,
    "delivery failure",
    Blocked = "blocked",
    NameNotFound = "name_not_found",
    DnsTimedOut = "dns_timed_out",
    DnsFailed = "dns_failed",
    ConnectRefused = "connect_refused",
    ConnectTimedOut = "connect_timed_out",
    Unreachable = "unreachable",
    CertificateExpired = "certificate_expired",
    CertificateNotYetValid = "certificate_not_yet_valid",
    CertificateWrongHost = "certificate_wrong_host",
    CertificateUnknownIssuer = "certificate_unknown_issuer",
    CertificateSelfSigned = "certificate_self_signed",
    CertificateInvalid = "certificate_invalid",
    TlsTimedOut = "tls_timed_out",
    TlsFailed = "tls_failed",
    AnswerTimedOut = "answer_timed_out",
    ProbeTimedOut = "probe_timed_out",
    ConnectionLost = "connection_lost",
    BrokenAnswer = "broken_answer",
    HeadTooLarge = "head_too_large",
);

/// A failure, with the moment that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    pub why: Failure,
    /// When the certificate expired, or from when on it is valid, if that is why.
    pub certificate_at: Option<Timestamp>,
}

impl From<Failure> for Failed {
    fn from(why: Failure) -> Self {
        Self { why, certificate_at: None }
    }
}

impl Failed {
    /// What a developer is told: what is wrong, and what to look at.
    #[must_use]
    pub fn told(self) -> Cow<'static, str> {
        match (self.why, self.certificate_at) {
            (Failure::CertificateExpired, Some(at)) => {
                format!("The certificate expired on {}. Renew it.", at.utc()).into()
            }
            (Failure::CertificateNotYetValid, Some(at)) => {
                format!("The certificate is valid from {} on, and not yet.", at.utc()).into()
            }
            (why, _) => why.told().into(),
        }
    }
}

impl Failure {
    /// In a word or two, for lists.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Blocked => "Address blocked",
            Self::NameNotFound => "Name not found",
            Self::DnsTimedOut | Self::DnsFailed => "DNS failed",
            Self::ConnectRefused => "Connection refused",
            Self::ConnectTimedOut => "No connection",
            Self::Unreachable => "Unreachable",
            Self::CertificateExpired => "Certificate expired",
            Self::CertificateNotYetValid
            | Self::CertificateWrongHost
            | Self::CertificateUnknownIssuer
            | Self::CertificateSelfSigned
            | Self::CertificateInvalid => "Certificate refused",
            Self::TlsTimedOut | Self::TlsFailed => "TLS failed",
            Self::AnswerTimedOut | Self::ProbeTimedOut => "Timed out",
            Self::ConnectionLost => "Connection lost",
            Self::BrokenAnswer => "Not valid HTTP",
            Self::HeadTooLarge => "Headers too large",
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Blocked => "The URL leads to an address that Portico does not send to.",
            Self::NameNotFound => "The host name was not found: DNS has no address for it.",
            Self::DnsTimedOut => "The name servers of the host name did not answer in time.",
            Self::DnsFailed => {
                "The host name could not be looked up: its name servers answered with an error."
            }
            Self::ConnectRefused => "The connection was refused: nothing listens at this address and port.",
            Self::ConnectTimedOut => {
                "No connection within 5 seconds: a firewall may drop it, or the host is down."
            }
            Self::Unreachable => "The host cannot be reached: there is no route to its address.",
            Self::CertificateExpired => "The certificate has expired. Renew it.",
            Self::CertificateNotYetValid => "The certificate is not valid yet.",
            Self::CertificateWrongHost => "The certificate is for another host name than that of the URL.",
            Self::CertificateUnknownIssuer => {
                "The certificate was issued by an authority that is not trusted here, or an intermediate certificate is not sent along."
            }
            Self::CertificateSelfSigned => {
                "The certificate is self-signed. Use one of a publicly trusted authority."
            }
            Self::CertificateInvalid => "The certificate cannot be used for this host.",
            Self::TlsTimedOut => "The TLS handshake did not end within 5 seconds.",
            Self::TlsFailed => {
                "The TLS handshake failed: this port may not speak TLS, or only versions before 1.2."
            }
            Self::AnswerTimedOut => "The request was sent, but no whole answer came within 15 seconds.",
            Self::ProbeTimedOut => {
                "No whole answer came within 3 seconds, which is as long as a validation waits."
            }
            Self::ConnectionLost => "The endpoint closed the connection without an answer.",
            Self::BrokenAnswer => "The answer is not valid HTTP.",
            Self::HeadTooLarge => "The headers of the answer are larger than 32 KiB, or more than 100.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_one_code_and_one_sentence() {
        for failure in Failure::ALL {
            assert_eq!(failure.as_str().parse(), Ok(*failure));
            let told = Failed::from(*failure).told();
            assert!(told.ends_with('.'), "{told}");
            let same = Failure::ALL.iter().filter(|other| Failed::from(**other).told() == told);
            assert_eq!(same.count(), 1, "{told}");
        }
    }

    #[test]
    fn the_day_of_a_certificate_is_told_where_it_is_known() {
        let at = Some(Timestamp::from_seconds(1_795_504_800));
        let told = |why| Failed { why, certificate_at: at }.told();
        assert_eq!(
            told(Failure::CertificateExpired),
            "The certificate expired on 24 Nov 2026, 07:20 UTC. Renew it."
        );
        assert_eq!(
            told(Failure::CertificateNotYetValid),
            "The certificate is valid from 24 Nov 2026, 07:20 UTC on, and not yet."
        );
        assert_eq!(told(Failure::Blocked), "The URL leads to an address that Portico does not send to.");
    }
}
