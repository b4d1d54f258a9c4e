//! TLS to endpoints: certificates are verified against Mozilla's roots and those of the
//! operator (S59).

use std::{io, sync::Arc};

use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
        SignatureScheme,
        client::{
            VerifierBuilderError, WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

use super::faults;
use crate::domain::delivery::failure::{Failed, Failure};

/// Why the certificates of the operator cannot be used.
#[derive(Debug, Error)]
pub enum RootsError {
    #[error("there is no certificate in it; it must hold one or more in PEM")]
    None,
    #[error("a certificate in it cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("TLS cannot be set up")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<TlsError> for RootsError {
    fn from(error: TlsError) -> Self {
        Self::SetUp(error.into())
    }
}

impl From<VerifierBuilderError> for RootsError {
    fn from(error: VerifierBuilderError) -> Self {
        Self::SetUp(error.into())
    }
}

/// What a connection is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is kept, and may carry many attempts at once.
    Again,
    /// It is closed after one attempt.
    Once,
}

#[derive(Clone)]
pub(super) struct Tls {
    again: Arc<ClientConfig>,
    once: Arc<ClientConfig>,
}

impl Tls {
    pub(super) fn new(extra_roots: Option<&[u8]>) -> Result<Self, RootsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(Verifier::new(roots(extra_roots)?, Arc::clone(&provider))?);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            // Not to trust more: see `Verifier`.
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let once = Arc::new(config.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { again: Arc::new(config), once })
    }

    pub(super) async fn greet(
        &self,
        made_for: Use,
        name: ServerName<'static>,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failed> {
        let config = match made_for {
            Use::Again => &self.again,
            Use::Once => &self.once,
        };
        TlsConnector::from(Arc::clone(config)).connect(name, tcp).await.map_err(|error| failed(&error))
    }
}

fn roots(extra: Option<&[u8]>) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(pem) = extra else { return Ok(roots) };
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| RootsError::Unreadable(error.into()))?;
        roots.add(certificate).map_err(|error| RootsError::Unreadable(error.into()))?;
    }
    if roots.len() == before { Err(RootsError::None) } else { Ok(roots) }
}

/// Verifies as rustls does. It refuses what rustls refuses, and only says of a certificate that
/// signed itself that it did: for rustls its issuer is as unknown as any other.
#[derive(Debug)]
struct Verifier(Arc<WebPkiServerVerifier>);

#[derive(Debug, Error)]
#[error("the certificate is self-signed")]
struct SelfSigned;

impl Verifier {
    fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().map(Self)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verified = self.0.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        verified.map_err(|error| {
            let is_of_its_issuer = matches!(
                &error,
                TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_))
            );
            if is_of_its_issuer && is_self_signed(end_entity) {
                CertificateError::Other(OtherError(Arc::new(SelfSigned))).into()
            } else {
                error
            }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|read| read.issuer() == read.subject())
}

/// What a handshake failed of.
#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of rustls; new ones are faults of it too")]
fn failed(error: &io::Error) -> Failed {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let Some(TlsError::InvalidCertificate(fault)) = inner else { return Failure::TlsFailed.into() };
    let at = |why, at: UnixTime| Failed { why, certificate_at: faults::moment(at.as_secs()) };
    match fault {
        CertificateError::ExpiredContext { not_after, .. } => at(Failure::CertificateExpired, *not_after),
        CertificateError::Expired => Failure::CertificateExpired.into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            at(Failure::CertificateNotYetValid, *not_before)
        }
        CertificateError::NotValidYet => Failure::CertificateNotYetValid.into(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Failure::CertificateWrongHost.into()
        }
        CertificateError::UnknownIssuer => Failure::CertificateUnknownIssuer.into(),
        CertificateError::Other(OtherError(other)) if other.is::<SelfSigned>() => {
            Failure::CertificateSelfSigned.into()
        }
        _ => Failure::CertificateInvalid.into(),
    }
}
