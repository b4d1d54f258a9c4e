//! Certificates are verified (S59), and what is wrong with one is told.

use portico::{
    domain::{
        delivery::failure::{Failed, Failure},
        time::Timestamp,
    },
    outbound::{Outbound, OutboundError, RootsError, Settings},
};
use rcgen::{BasicConstraints, IsCa};

use crate::{
    certificates::{self, Authority, Identity},
    hostile_peer::{Peer, Step},
    receiver::Receiver,
    sender::{answer, client, failed, failure, settings},
};

/// Has a client that trusts the authority meet a certificate.
async fn meets(authority: &Authority, identity: Identity) -> Failed {
    let receiver = Receiver::of(authority, identity, &["h2", "http/1.1"]);
    let failed = failed(&client(settings(&authority.pem)), &receiver.url("/")).await;
    assert_eq!(receiver.received().len(), 0, "nothing is sent to whom nothing is known of");
    failed
}

#[tokio::test]
async fn a_certificate_is_refused_for_what_is_wrong_with_it() {
    let authority = Authority::new();
    let expired = meets(&authority, authority.expired()).await;
    assert_eq!(expired.why, Failure::CertificateExpired);
    assert_eq!(expired.told(), "The certificate expired on 1 Jan 2021, 00:00 UTC. Renew it.");
    let early = meets(&authority, authority.not_yet_valid()).await;
    assert_eq!(early.why, Failure::CertificateNotYetValid);
    assert_eq!(early.certificate_at, Some(Timestamp::from_seconds(3_786_912_000)));
    let other = meets(&authority, authority.of_another_host()).await;
    assert_eq!(other, Failure::CertificateWrongHost.into());
    let unknown = meets(&authority, Authority::new().good()).await;
    assert_eq!(unknown, Failure::CertificateUnknownIssuer.into());
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let itself = meets(&authority, certificates::self_signed(is_ca)).await;
        assert_eq!(itself, Failure::CertificateSelfSigned.into(), "{is_ca:?}");
    }
}

#[tokio::test]
async fn an_authority_of_the_operators_is_trusted_and_no_other() {
    let receiver = Receiver::start();
    let trusting = settings(&receiver.authority_pem);
    assert_eq!(answer(&client(trusting.clone()), &receiver.url("/")).await.status, 204);
    let not = client(Settings { extra_roots: None, ..trusting });
    assert_eq!(failure(&not, &receiver.url("/")).await, Failure::CertificateUnknownIssuer);
}

#[test]
fn what_is_no_certificate_makes_no_client() {
    let made = |pem: &[u8]| {
        let settings = Settings { extra_roots: Some(pem.to_vec()), ..Settings::default() };
        Outbound::new(settings).map(|_| ())
    };
    for empty in ["", "not PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let error = made(empty.as_bytes()).expect_err(empty);
        assert!(matches!(error, OutboundError::Roots(RootsError::None)), "{empty}: {error}");
    }
    for broken in ["AAAA", "!"] {
        let pem = format!("-----BEGIN CERTIFICATE-----\n{broken}\n-----END CERTIFICATE-----\n");
        let error = made(pem.as_bytes()).expect_err(broken);
        assert!(matches!(error, OutboundError::Roots(RootsError::Unreadable(_))), "{broken}: {error}");
    }
    made(Authority::new().pem.as_bytes()).expect("a client");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told_apart() {
    let plain = Peer::without_tls(vec![Step::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]);
    let client = client(settings(&Authority::new().pem));
    assert_eq!(failure(&client, &plain.url()).await, Failure::TlsFailed);
}
