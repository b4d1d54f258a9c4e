//! Published vectors: RFC 7515 appendices A and E and Project Wycheproof (S33).
//!
//! The files in `vectors` are Wycheproof's, as `THIRD-PARTY.md` says. Every number of vectors
//! is asserted, so that a file that was cut shows nothing in silence.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use portico::domain::jwt::{Compact, Verifier};
use serde_json::Value;
use sha2::Sha256;

/// Every vector with the group it stands in.
fn vectors(file: &Value) -> Vec<(&Value, &Value)> {
    let mut vectors = Vec::new();
    for group in file["testGroups"].as_array().expect("groups") {
        let tests = group["tests"].as_array().expect("tests");
        vectors.extend(tests.iter().map(|test| (group, test)));
    }
    vectors
}

fn bytes(test: &Value, name: &str) -> Vec<u8> {
    let text = test[name].as_str().unwrap_or_else(|| panic!("no {name} in {test}"));
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}

fn is_valid(test: &Value) -> bool {
    match test["result"].as_str() {
        Some("valid") => true,
        Some("invalid") => false,
        other => panic!("a result of {other:?} says neither yes nor no: {test}"),
    }
}

/// RFC 7515 appendix A.1, whose line ends within the header and the payload are signed too.
#[test]
fn the_example_of_rfc_7515_verifies() {
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                 .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                 .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let mut key = URL_SAFE_NO_PAD.decode(key).expect("a key");
    let jws = Compact::parse(token).expect("a token");
    assert!(jws.signed_with(&Verifier::keyed(&key)));
    key[0] ^= 1;
    assert!(!jws.signed_with(&Verifier::keyed(&key)));
}

/// RFC 7515 appendices A.2, A.3 and A.5, which are signed otherwise or not at all, and appendix E,
/// which is critical in a way that nobody understands: each is refused by its header alone.
#[test]
fn the_other_examples_of_rfc_7515_are_refused() {
    let claims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    for (appendix, header, payload, says) in [
        ("A.2", "eyJhbGciOiJSUzI1NiJ9", claims, "alg"),
        ("A.3", "eyJhbGciOiJFUzI1NiJ9", claims, "alg"),
        ("A.5", "eyJhbGciOiJub25lIn0", claims, "alg"),
        (
            "E",
            "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0",
            "RkFJTA",
            "alg",
        ),
        // The same extension under an algorithm that is understood.
        ("E", "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiaHR0cDovL2V4YW1wbGUuY29tL1VOREVGSU5FRCJdfQ", "RkFJTA", "crit"),
    ] {
        let refusal = Compact::parse(&format!("{header}.{payload}.")).expect_err(appendix);
        assert!(refusal.detail.starts_with(says), "{appendix}: {}", refusal.detail);
    }
}

/// Wycheproof's 174 for HMAC-SHA256, by the library that makes every one here: for tokens, and
/// for what stands in forms.
#[test]
fn hmac_sha256_agrees_with_wycheproof() {
    let file: Value = serde_json::from_str(include_str!("vectors/hmac_sha256_test.json")).expect("JSON");
    let vectors = vectors(&file);
    let mut truncated = 0;
    for (group, test) in &vectors {
        let (key, message, tag) = (bytes(test, "key"), bytes(test, "msg"), bytes(test, "tag"));
        let mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
        let mac = mac.chain_update(&message);
        assert_eq!(mac.clone().verify_truncated_left(&tag).is_ok(), is_valid(test), "{test}");
        let is_whole = group["tagSize"] == 256;
        truncated += usize::from(!is_whole);
        // HS256 takes no truncated tag, whatever its bits (RFC 7518 §3.2): by the call that
        // `Compact` makes.
        assert_eq!(mac.verify_slice(&tag).is_ok(), is_valid(test) && is_whole, "{test}");
    }
    assert_eq!((vectors.len(), truncated), (174, 87));
}

/// Wycheproof's 315 for XChaCha20-Poly1305, by the very crate and version that `Cargo.lock`
/// pins for the keyring. Not by the keyring itself: it chooses the nonce, and what is
/// authenticated beside the text is always a place in the database.
#[test]
fn xchacha20_poly1305_agrees_with_wycheproof() {
    let file: Value =
        serde_json::from_str(include_str!("vectors/xchacha20_poly1305_test.json")).expect("JSON");
    let vectors = vectors(&file);
    let mut of_another_size = 0;
    for (_, test) in &vectors {
        let (plain, aad) = (bytes(test, "msg"), bytes(test, "aad"));
        let Ok(nonce) = XNonce::try_from(bytes(test, "iv").as_slice()) else {
            assert!(!is_valid(test), "{test}");
            of_another_size += 1;
            continue;
        };
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes(test, "key")).expect("a key");
        let sealed = [bytes(test, "ct"), bytes(test, "tag")].concat();
        let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &aad });
        if is_valid(test) {
            assert_eq!(opened.as_ref(), Ok(&plain), "{test}");
            let made = cipher.encrypt(&nonce, Payload { msg: &plain, aad: &aad });
            assert_eq!(made, Ok(sealed), "{test}");
        } else {
            assert!(opened.is_err(), "{test}");
        }
    }
    assert_eq!((vectors.len(), of_another_size), (315, 9));
}

/// Wycheproof's 40 for HS256, without the four that contradict RFC 7515 or each other: 367 and
/// 370 are 357 to the byte, which is valid, and said to be invalid; 372 and 373 hold a `?`,
/// which no base64url has, and are said to be valid.
#[test]
fn hs256_agrees_with_wycheproof() {
    let file = include_str!("vectors/json_web_signature_test.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let of_hs256 = |(group, _): &(&Value, &Value)| group["private"]["alg"] == "HS256";
    let vectors: Vec<_> = vectors(&file).into_iter().filter(of_hs256).collect();
    assert_eq!(vectors.len(), 40);
    let mut tried = 0;
    for (group, test) in vectors {
        if [367, 370, 372, 373].contains(&test["tcId"].as_i64().expect("a number")) {
            continue;
        }
        let key = URL_SAFE_NO_PAD.decode(group["private"]["k"].as_str().expect("a key")).expect("base64url");
        let token = test["jws"].as_str().expect("a token");
        let verified = Compact::parse(token).is_ok_and(|jws| jws.signed_with(&Verifier::keyed(&key)));
        assert_eq!(verified, is_valid(test), "{test}");
        tried += 1;
    }
    assert_eq!(tried, 36);
}

/// Wycheproof's other 361 are signed by algorithms that are not ours: the header alone refuses them.
#[test]
fn what_wycheproof_signs_otherwise_is_refused() {
    let file = include_str!("vectors/json_web_signature_test.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let mut tried = 0;
    for (group, test) in vectors(&file) {
        if group["private"]["alg"] == "HS256" {
            continue;
        }
        let nobodys = Verifier::keyed(b"nobody's");
        let token = test["jws"].as_str().unwrap_or_default();
        assert!(!Compact::parse(token).is_ok_and(|jws| jws.signed_with(&nobodys)), "{test}");
        tried += 1;
    }
    assert_eq!(tried, 361);
}
