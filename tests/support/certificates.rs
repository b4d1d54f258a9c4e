//! An authority of our own, and the certificates that it signs, good and bad.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

/// The names in a certificate of a receiver: it is reached by address and by name.
pub const NAMES: [&str; 4] = ["127.0.0.1", "localhost", "hooks.example.com", "other.example.com"];

/// Signs certificates. Nobody trusts it but who is given its PEM.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// A certificate and its key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // No two are called the same: their certificates would else be taken for each other's.
        let name = format!("Test authority {:x?}", key.public_key_raw().get(1..9));
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate that nothing is wrong with.
    pub fn good(&self) -> Identity {
        self.sign(&params(&NAMES))
    }

    /// It ended with the year 2020.
    pub fn expired(&self) -> Identity {
        let mut params = params(&NAMES);
        params.not_before = date_time_ymd(2_020, 1, 1);
        params.not_after = date_time_ymd(2_021, 1, 1);
        self.sign(&params)
    }

    /// It begins with the year 2090.
    pub fn not_yet_valid(&self) -> Identity {
        let mut params = params(&NAMES);
        params.not_before = date_time_ymd(2_090, 1, 1);
        self.sign(&params)
    }

    pub fn of_another_host(&self) -> Identity {
        self.sign(&params(&["127.0.0.2", "elsewhere.example"]))
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { chain: vec![certificate.der().clone()], key: private(&key) }
    }
}

/// A certificate that signed itself, of an authority as `openssl req -x509` makes it, or not.
pub fn self_signed(is_ca: IsCa) -> Identity {
    let key = KeyPair::generate().expect("a key");
    let mut params = params(&NAMES);
    params.is_ca = is_ca;
    let certificate = params.self_signed(&key).expect("a certificate");
    Identity { chain: vec![certificate.der().clone()], key: private(&key) }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, "Receiver");
    params
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).expect("a key")
}

/// TLS with one certificate.
pub fn acceptor(identity: Identity, protocols: &[&str]) -> TlsAcceptor {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .expect("a certificate and its key");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}
