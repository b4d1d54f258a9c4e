use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);
const CLIENT: &str = "cid_0000000000000000000000";
const US: &str = "https://portico.example";

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Signer {
    key: KeyPair,
    alg: &'static str,
}

impl Signer {
    fn ec() -> Self {
        Self { key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), alg: "ES256" }
    }

    fn ed() -> Self {
        Self { key: KeyPair::generate_for(&PKCS_ED25519).unwrap(), alg: "EdDSA" }
    }

    fn jwk(&self) -> Value {
        let raw = self.key.public_key_raw();
        match self.alg {
            "ES256" => json!({
                "kty": "EC", "crv": "P-256", "x": base64(&raw[1..33]), "y": base64(&raw[33..]),
            }),
            _ => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(raw) }),
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let input =
            format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let der = self.key.serialize_der();
        let (key, algorithm) = match self.alg {
            "ES256" => (EncodingKey::from_ec_der(&der), Algorithm::ES256),
            _ => (EncodingKey::from_ed_der(&der), Algorithm::EdDSA),
        };
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, algorithm).unwrap();
        format!("{input}.{signature}")
    }
}

fn keys(keys: &[Value]) -> JwkSet {
    json!({ "keys": keys }).to_string().parse().unwrap()
}

fn claims() -> Value {
    json!({ "iss": CLIENT, "sub": CLIENT, "aud": US, "exp": NOW.seconds() + 60, "jti": "one" })
}

fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn judged(text: &str, keys: &JwkSet) -> Result<Signed, AssertionError> {
    Assertion::parse(text)?.verify(CLIENT, keys, &[US, "https://portico.example/oauth/token"], NOW)
}

#[test]
fn what_a_registered_key_signed_is_taken() {
    for signer in [Signer::ec(), Signer::ed()] {
        let header = json!({ "alg": signer.alg, "typ": "JWT" });
        let text = signer.sign(&header, &claims());
        let signed = Signed { jti: String::from("one"), until: NOW + Span::seconds(120) };
        assert_eq!(judged(&text, &keys(&[signer.jwk()])), Ok(signed), "{}", signer.alg);
        let named = with(signer.jwk(), "kid", "k1");
        let by_id = signer.sign(&with(header.clone(), "kid", "k1"), &claims());
        assert!(judged(&by_id, &keys(&[named.clone(), Signer::ec().jwk()])).is_ok());
        let by_other = signer.sign(&with(header, "kid", "k2"), &claims());
        assert_eq!(judged(&by_other, &keys(&[named])), Err(AssertionError::Signature));
        for other in [Signer::ec(), Signer::ed()] {
            assert_eq!(judged(&text, &keys(&[other.jwk()])), Err(AssertionError::Signature));
        }
    }
}

#[test]
fn its_claims_are_those_of_rfc_7523() {
    use AssertionError::{Audience, Issuer, Malformed, Time};
    let signer = Signer::ed();
    let set = keys(&[signer.jwk()]);
    let judged = |claims: &Value| judged(&signer.sign(&json!({ "alg": "EdDSA" }), claims), &set).map(drop);
    let now = NOW.seconds();
    for right in [
        with(claims(), "aud", json!(["https://else.example", US])),
        with(claims(), "aud", "https://portico.example/oauth/token"),
        with(claims(), "exp", now - 59),
        with(claims(), "exp", now + 3_660),
        with(claims(), "iat", now + 60),
        with(claims(), "nbf", now + 60),
        with(claims(), "jti", "x".repeat(255)),
    ] {
        assert_eq!(judged(&right), Ok(()), "{right}");
    }
    for (wrong, error) in [
        (with(claims(), "iss", "cid_1"), Issuer),
        (with(claims(), "sub", "cid_1"), Issuer),
        (with(claims(), "aud", "https://portico.example/"), Audience),
        (with(claims(), "aud", json!([])), Audience),
        (with(claims(), "exp", now - 60), Time),
        (with(claims(), "exp", now + 3_661), Time),
        (with(claims(), "iat", now + 61), Time),
        (with(claims(), "nbf", now + 61), Time),
        (with(claims(), "exp", now * 1_000), Malformed),
        (with(claims(), "exp", "soon"), Malformed),
        (with(claims(), "jti", ""), Malformed),
        (with(claims(), "jti", "x".repeat(256)), Malformed),
        (with(claims(), "aud", 7), Malformed),
        (without(claims(), "iss"), Malformed),
        (without(claims(), "sub"), Malformed),
        (without(claims(), "aud"), Malformed),
        (without(claims(), "exp"), Malformed),
        (without(claims(), "jti"), Malformed),
    ] {
        assert_eq!(judged(&wrong), Err(error), "{wrong}");
    }
}

#[test]
fn an_algorithm_is_one_of_four_and_fits_the_key() {
    let signer = Signer::ec();
    let set = keys(&[signer.jwk()]);
    for alg in ["none", "HS256", "es256", "ES384", "RS512", ""] {
        let text = signer.sign(&json!({ "alg": alg }), &claims());
        assert_eq!(judged(&text, &set), Err(AssertionError::Algorithm), "{alg}");
    }
    for alg in ["RS256", "PS256", "EdDSA"] {
        let text = signer.sign(&json!({ "alg": alg }), &claims());
        assert_eq!(judged(&text, &set), Err(AssertionError::Signature), "{alg}");
    }
    let critical = signer.sign(&json!({ "alg": "ES256", "crit": ["exp"] }), &claims());
    assert_eq!(judged(&critical, &set), Err(AssertionError::Malformed));
    let good = signer.sign(&json!({ "alg": "ES256" }), &claims());
    let (input, _) = good.rsplit_once('.').unwrap();
    for wrong in
        [input.to_owned(), format!("{input}."), format!("{good}."), String::new(), String::from("a.b.c")]
    {
        assert!(judged(&wrong, &set).is_err(), "{wrong}");
    }
}
