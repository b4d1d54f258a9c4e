//! Headers that ask for more than a look at the secret

use std::{io::ErrorKind, net::TcpListener};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{ALG, Attacks, NOT_VERIFIED};
use crate::caller::{JWT, encoded, input, signed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_critical_or_of_another_type_is_refused() {
    let mut attacks = Attacks::new().await;
    let crit = "crit is not supported";
    for header in [
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","crit":"exp"}"#,
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":["alg"]}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":true}"#,
        r#"{"alg":"HS256","crit":["http://openbanking.example/iat"],"http://openbanking.example/iat":1}"#,
    ] {
        let token = attacks.caller.under(header);
        attacks.invalid(header, token, crit);
    }
    let typ = "typ must be JWT or be left out.";
    for of_another in [
        r#""at+jwt""#,
        r#""JWE""#,
        r#""JOSE""#,
        r#""JWS""#,
        r#""dpop+jwt""#,
        r#""application/jwt""#,
        r#""JWT ""#,
        r#""""#,
        "1",
        "null",
        "true",
        r#"["JWT"]"#,
        r#"{"JWT":1}"#,
    ] {
        let token = attacks.caller.under(&format!(r#"{{"alg":"HS256","typ":{of_another}}}"#));
        attacks.invalid(of_another, token, typ);
    }
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"jwt"}"#,
        r#"{"typ":"Jwt","alg":"HS256"}"#,
        r#" { "\u0061lg" : "\u0048S256" } "#,
        // Unknown and not critical, so passed over (RFC 7515 §4).
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","enc":"A128GCM","zip":"DEF","cty":"JWT","n":123456789012345678901234567890}"#,
    ] {
        let token = attacks.caller.under(header);
        attacks.passes(header, token);
    }
    // RFC 7797: the payload itself is signed and stands in the token.
    let payload = attacks.caller.claims(&json!({})).to_string();
    let unencoded = format!("{}.{payload}", encoded(r#"{"alg":"HS256","b64":false}"#));
    let token = signed(&unencoded, attacks.caller.secret.as_bytes(), Algorithm::HS256);
    attacks.invalid("b64 false, and meant", token, "is not base64url");
    attacks.were(8 + 13 + 7 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_addresses_in_a_header_are_never_followed() {
    let mut attacks = Attacks::new().await;
    // Whoever follows an address in a token comes by here.
    let canary = TcpListener::bind("127.0.0.1:0").expect("a free port");
    canary.set_nonblocking(true).expect("accept that does not wait");
    let address = format!("http://{}/keys.json", canary.local_addr().expect("an address"));
    let own = b"a key that the attacker knows, long enough for HS256";
    let jwk = json!({"kty": "oct", "alg": "HS256", "k": encoded(own)});
    let headers: Vec<Value> = vec![
        json!({"jku": address}),
        json!({"x5u": address}),
        json!({"jku": "file:///etc/passwd", "x5u": "gopher://127.0.0.1/"}),
        json!({"jwk": jwk}),
        json!({"jwk": {"kty": "oct", "k": ""}}),
        json!({"x5c": [encoded(own)], "x5t": "x", "x5t#S256": "x"}),
        json!({"kid": address}),
        json!({"kid": "../../portico.key"}),
        json!({"kid": "../../../../../../dev/null"}),
        json!({"kid": "/proc/self/environ\u{0}"}),
        json!({"kid": "x' union select 'key' --"}),
        json!({"kid": "| curl 127.0.0.1"}),
        json!({"kid": ["a"], "jku": 1, "x5u": null, "jwk": [], "x5c": {}}),
        json!({"jku": address, "x5u": address, "jwk": jwk, "kid": "1", "x5c": [encoded(own)]}),
    ];
    let claims = attacks.caller.claims(&json!({})).to_string();
    for header in &headers {
        let mut header = header.clone();
        header["alg"] = json!("HS256");
        let header = header.to_string();
        let token = attacks.caller.under(&header);
        attacks.passes(&header, token);
        // Keys that somebody who believes the header would come to.
        for key in [own.as_slice(), b"", b"key", encoded(own).as_bytes()] {
            let token = signed(&input(&header, &claims), key, Algorithm::HS256);
            attacks.invalid(&format!("{header} signed as it asks"), token, NOT_VERIFIED);
        }
    }
    attacks.were(headers.len() * 5);
    let nobody = canary.accept().map(|(_, from)| from).expect_err("nobody came");
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    // It would have seen somebody.
    let _visit = std::net::TcpStream::connect(canary.local_addr().expect("an address")).expect("it listens");
    canary.set_nonblocking(false).expect("accept that waits");
    canary.accept().expect("a visit is seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_is_one_object_of_strict_json() {
    let mut attacks = Attacks::new().await;
    let claims = attacks.caller.claims(&json!({})).to_string();
    for header in [r#"["HS256"]"#, "[]", r#""HS256""#, "1", "null", "true"] {
        let token = attacks.caller.under(header);
        attacks.invalid(header, token, "The header must be a JSON object.");
    }
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    let deepest = format!(r#"{{"alg":"HS256","x":{}"#, "[".repeat(5_000));
    for header in [
        b"".as_slice(),
        b"{",
        b"{}{}",
        br#"{"alg":"HS256"}x"#,
        br#"{"alg":"HS256",}"#,
        b"{'alg':'HS256'}",
        b"{alg:HS256}",
        br#"{"alg":"HS256"/**/}"#,
        b"\xef\xbb\xbf{\"alg\":\"HS256\"}",
        b"{\"alg\":\"HS256\",\"x\":\"\xff\xfe\"}",
        b"{\"alg\":\"HS256\",\"x\":\"\xc0\xaf\"}",
        b"{\"alg\":\"HS256\",\"x\":\"\xed\xa0\x80\"}",
        b"{\"alg\":\"HS256\",\"x\":\"\0\"}",
        b"{\"alg\":\"HS256\"}\0",
        b"{\0\"\0a\0l\0g\0\"\0:\0\"\0H\0S\x002\x005\x006\0\"\0}\0",
        br#"{"alg":"HS256","x":"\ud800"}"#,
        br#"{"alg":"HS256","x":1e400}"#,
        br#"{"alg":"HS256","x":NaN}"#,
        br#"{"alg":"HS256","x":Infinity}"#,
        br#"{"alg":"HS256","x":{"a":1,"a":2}}"#,
        deep.as_bytes(),
        deepest.as_bytes(),
    ] {
        let token = attacks.caller.raw(header, &claims);
        let what = String::from_utf8_lossy(header).into_owned();
        attacks.invalid(&what, token, "The header is not acceptable JSON");
    }
    let nested = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(31), "]".repeat(31));
    let token = attacks.caller.under(&nested);
    attacks.passes("31 arrays in an object", token);
    let token = attacks.caller.under("{\"x\":\"\\u0000\u{1f600}\",\"alg\":\"HS256\"}");
    attacks.passes("odd text, well written", token);
    let token = attacks.caller.under(r#"{"x":{"alg":"HS256"}}"#);
    attacks.invalid("alg a level too deep", token, ALG);
    // The header of a good token under another one's.
    let good = attacks.caller.good();
    let rest = good.split_once('.').map(|(_, rest)| rest.to_owned()).expect("three parts");
    attacks.invalid("another header", format!("{}.{rest}", encoded(r#"{"alg":"HS256"}"#)), NOT_VERIFIED);
    assert!(good.starts_with(&encoded(JWT)), "whose own was another");
    attacks.were(6 + 22 + 4);
}
