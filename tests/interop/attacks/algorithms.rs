//! Another algorithm than HS256, and another key than the secret

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::json;

use super::{ALG, Attacks, NOT_VERIFIED};
use crate::caller::{JWT, encoded, input, signed};

/// What a portal that also took RS256 would publish, and an attacker would sign with.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_hs256_is_taken() {
    let mut attacks = Attacks::new().await;
    let claims = attacks.caller.claims(&json!({})).to_string();
    let unsigned = |header: &str| format!("{}.", input(header, &claims));
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
        attacks.invalid(&format!("{alg}, unsigned"), unsigned(&header), ALG);
        let token = attacks.caller.under(&header);
        attacks.invalid(&format!("{alg}, signed"), token, ALG);
    }
    for (name, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
        let secret = attacks.caller.secret.clone();
        let header = format!(r#"{{"alg":"{name}","typ":"JWT"}}"#);
        let token = signed(&input(&header, &claims), secret.as_bytes(), algorithm);
        attacks.invalid(name, token, ALG);
        let token = signed(&input(JWT, &claims), secret.as_bytes(), algorithm);
        attacks.invalid(&format!("{name} that says HS256"), token, NOT_VERIFIED);
    }
    for name in ["RS256", "ES256", "PS256", "EdDSA", "HS1", "A128KW", "dir"] {
        let header = format!(r#"{{"alg":"{name}","typ":"JWT"}}"#);
        let token = signed(&input(&header, &claims), PUBLIC_KEY.as_bytes(), Algorithm::HS256);
        attacks.invalid(&format!("{name}, signed with a public key"), token, ALG);
    }
    for alg in [r#""hs256""#, r#""HS256 ""#, r#""HS256\u0000""#, r#"["HS256"]"#, "256", "null", "true", "{}"]
    {
        let token = attacks.caller.under(&format!(r#"{{"alg":{alg},"typ":"JWT"}}"#));
        attacks.invalid(alg, token, ALG);
    }
    for header in [r#"{"typ":"JWT"}"#, "{}", r#"{"ALG":"HS256"}"#, r#"{"alg ":"HS256"}"#] {
        let token = attacks.caller.under(header);
        attacks.invalid(header, token, ALG);
    }
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
    ] {
        let token = attacks.caller.under(header);
        attacks.invalid(header, token, "named twice");
    }
    attacks.were(10 + 4 + 7 + 8 + 4 + 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_secret_signs() {
    let mut attacks = Attacks::new().await;
    let input = input(JWT, attacks.caller.claims(&json!({})).to_string());
    let (key, secret) = (attacks.caller.key.clone(), attacks.caller.secret.clone());
    let bare = secret.trim_start_matches("as_");
    for (what, by) in [
        ("nothing", String::new()),
        ("a zero", String::from("0")),
        ("the API key, which is no secret", key),
        ("the secret without its prefix", bare.to_owned()),
        ("the secret in small letters", secret.to_lowercase()),
        ("the secret and a line end", format!("{secret}\n")),
        ("the secret in quotes", format!("\"{secret}\"")),
        ("the secret without its end", secret.chars().take(secret.len() - 1).collect()),
        ("the secret twice", secret.repeat(2)),
        ("a public key", PUBLIC_KEY.to_owned()),
        ("a word of tutorials", String::from("secret")),
    ] {
        attacks.invalid(what, signed(&input, by.as_bytes(), Algorithm::HS256), NOT_VERIFIED);
    }
    let good = signed(&input, secret.as_bytes(), Algorithm::HS256);
    let signature = good.rsplit('.').next().expect("a signature");
    let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        encoded(bytes)
    };
    for (what, by) in [
        ("missing", String::new()),
        ("cut to half", encoded(&bytes[..16])),
        ("cut by a byte", encoded(&bytes[..31])),
        ("a byte too long", encoded([bytes.as_slice(), &[0]].concat())),
        ("there twice", encoded(bytes.repeat(2))),
        ("all zeros", encoded([0; 32])),
        ("all ones", encoded([255; 32])),
        ("off by its first bit", flipped(0)),
        ("off by its last bit", flipped(31)),
        ("in hexadecimal", bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    ] {
        attacks.invalid(&format!("a signature that is {what}"), format!("{input}.{by}"), NOT_VERIFIED);
    }
    attacks.passes("the secret", &good);
    attacks.were(11 + 10 + 1);
}
