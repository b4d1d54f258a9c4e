//! The compact form, and text that is almost base64url

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::{Attacks, NOT_VERIFIED};
use crate::caller::{JWT, encoded, input, signed};

/// Makes something of a part that is almost base64url.
type Spoil = fn(&str) -> String;

const PARTS: &str = "A token has three parts with dots between them.";
const BASE64: &str = "is not base64url without padding.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_has_three_parts() {
    let mut attacks = Attacks::new().await;
    let good = attacks.caller.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!("three parts: {good}") };
    let json = json!({"payload": payload, "protected": header, "signature": signature}).to_string();
    let general = json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]});
    for (what, token) in [
        ("one part", String::from("x")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("a dot behind", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("two dots for one", good.replacen('.', "..", 1)),
        ("a JWE's five parts", format!("{header}.{payload}.{payload}.{payload}.{signature}")),
        ("the flattened JSON serialisation", json),
        ("the general JSON serialisation", general.to_string()),
        ("other separators", good.replace('.', ":")),
        ("escaped separators", good.replace('.', "%2E")),
        ("nothing but dots", ".".repeat(4_000)),
        ("a key", attacks.caller.key.clone()),
        ("the secret", attacks.caller.secret.clone()),
    ] {
        attacks.invalid(what, token, PARTS);
    }
    for (what, token) in
        [("nothing between", String::from("..")), ("no header", format!(".{payload}.{signature}"))]
    {
        attacks.invalid(what, token, "The header is not acceptable JSON");
    }
    let empty = signed(&format!("{header}."), attacks.caller.secret.as_bytes(), Algorithm::HS256);
    attacks.invalid("no payload", empty, "The payload is not acceptable JSON");
    attacks.invalid("no signature", format!("{header}.{payload}."), NOT_VERIFIED);
    attacks.invalid(
        "parts in another order",
        format!("{payload}.{header}.{signature}"),
        "alg must be HS256.",
    );
    attacks.were(14 + 2 + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn base64url_is_read_one_way_only() {
    let mut attacks = Attacks::new().await;
    let secret = attacks.caller.secret.clone();
    // Every spoilt part is signed as it stands, so that nothing but its encoding is wrong.
    let sign = |input: &str| signed(input, secret.as_bytes(), Algorithm::HS256);
    // Encodes with `-` and `_`, and to a length that padding would follow.
    let claims = attacks.caller.claims(&json!({"x": "???>>>~~~"}));
    let mut payload = claims.to_string();
    while payload.len() % 3 != 1 {
        payload.push(' ');
    }
    let header = r#"{"alg":"HS256","x":"???>>>~~~"}"#;
    let (head, body) = (encoded(header), encoded(&payload));
    assert!(head.contains(['-', '_']) && body.contains(['-', '_']), "{head} {body}");
    let good = sign(&format!("{head}.{body}"));
    attacks.passes("as it should be", &good);
    let signature = good.rsplit('.').next().expect("a signature");
    let spoils: [(&str, Spoil); 9] = [
        ("padded", |part| format!("{part}==")),
        ("padded once", |part| format!("{part}=")),
        ("in the alphabet of RFC 4648 §4", |part| format!("+/{part}")),
        ("with a space within", |part| format!("AA {part}")),
        ("with a tab", |part| format!("{part}\tA")),
        ("with a letter of no alphabet", |part| format!("{part}?")),
        ("percent-encoded", |part| format!("%41{part}")),
        ("of a length that cannot be", |part| format!("{part}{}", "A".repeat(5 - part.len() % 4))),
        ("ended by bits that mean nothing", trailing_bits),
    ];
    for (what, spoil) in spoils {
        attacks.invalid(&format!("a header {what}"), sign(&format!("{}.{body}", spoil(&head))), BASE64);
        attacks.invalid(&format!("a payload {what}"), sign(&format!("{head}.{}", spoil(&body))), BASE64);
        attacks.invalid(
            &format!("a signature {what}"),
            format!("{head}.{body}.{}", spoil(signature)),
            BASE64,
        );
    }
    attacks.were(1 + 9 * 3);
}

/// The same bytes to whoever does not look at the last bits.
fn trailing_bits(part: &str) -> String {
    // An encoding that does not end with a whole byte ends in zeros; the next letter has a one there.
    match part.len() % 4 {
        0 => format!("{part}AB"),
        _ => {
            let (rest, last) = part.split_at(part.len() - 1);
            let next = char::from(last.as_bytes().first().map_or(b'A', |byte| byte + 1));
            format!("{rest}{next}")
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_is_one_object_of_strict_json() {
    let mut attacks = Attacks::new().await;
    for payload in ["[]", "1", "null", r#""ak_x""#, "true"] {
        let token = attacks.caller.raw(JWT, payload);
        attacks.invalid(payload, token, "The payload must be a JSON object.");
    }
    let key = attacks.caller.key.clone();
    let exp = attacks.caller.now + 600;
    let claims = format!(r#""iss":"{key}","exp":{exp}"#);
    let start = format!("{{{claims}");
    for (what, rest) in [
        ("not ended", b"".as_slice()),
        ("a comma too many", b",}"),
        ("more behind", b"}x"),
        ("a second object", b"}{}"),
        ("not UTF-8", b",\"x\":\"\xff\"}"),
        ("overlong UTF-8", b",\"x\":\"\xc0\x80\"}"),
        ("a surrogate in UTF-8", b",\"x\":\"\xed\xa0\x80\"}"),
        ("half a surrogate pair", br#","x":"\udc00"}"#),
        ("a NUL", b",\"x\":\"\0\"}"),
        ("a NUL behind", b"}\0"),
        ("a line end in a string", b",\"x\":\"\n\"}"),
        ("too large a number", br#","x":1e400}"#),
        ("too small a number", br#","x":-1e999}"#),
        ("NaN", br#","x":NaN}"#),
        ("hexadecimal", br#","x":0x1}"#),
        ("a leading zero", br#","x":01}"#),
        ("a leading plus", br#","x":+1}"#),
        ("a name twice", br#","x":1,"x":1}"#),
        ("a name twice, further down", br#","x":[{"a":1,"a":1}]}"#),
        ("a name twice, once escaped", br#","x":1,"\u0078":1}"#),
    ] {
        let token = attacks.caller.raw(JWT, [start.as_bytes(), rest].concat());
        attacks.invalid(what, token, "The payload is not acceptable JSON");
    }
    let token = attacks.caller.raw(JWT, format!("\u{feff}{start}}}"));
    attacks.invalid("a byte order mark", token, "The payload is not acceptable JSON");
    for depth in [32, 200, 2_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let depth = depth.min(4_000 / open.len());
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let token = attacks.caller.raw(JWT, format!(r#"{start},"x":{nested}}}"#));
            attacks.invalid(&format!("{depth} deep"), token, "The payload is not acceptable JSON");
        }
    }
    for fine in [
        format!("{{{claims},\"x\":{}{}}}", "[".repeat(31), "]".repeat(31)),
        format!("{{{claims},\"x\":123456789012345678901234567890123456789012345678901234567890}}"),
        format!("{{{claims},\"x\":1e308,\"y\":-0.0,\"z\":1e-400}}"),
        format!("{{{claims},\"x\":\"\\u0000\\ud83d\\ude00\u{202e}\"}}"),
        format!("\r\n\t {{ {claims} }} \n"),
        format!("{{{claims},\"__proto__\":{{\"iss\":1}},\"constructor\":1}}"),
    ] {
        let token = attacks.caller.raw(JWT, &fine);
        attacks.passes(&fine, token);
    }
    let token = format!("{}.{}", input(JWT, format!("{start}}}")), "\u{e9}");
    let answer = attacks.caller.judge(&token);
    assert_eq!((answer.status, answer.code.as_str()), (401, "missing_token"), "letters no header may hold");
    attacks.were(5 + 20 + 1 + 6 + 6);
}
