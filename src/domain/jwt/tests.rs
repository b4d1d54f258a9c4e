use std::slice;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sha2::{Digest, Sha256};

use super::*;
use crate::domain::{
    credential::{ApiKey, ApiSecret},
    id::Id,
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_500_000);
const AUDIENCE: &str = "https://portico.example";

fn key() -> ApiKey {
    ApiKey::from_random([1; 16])
}

fn secret() -> ApiSecret {
    ApiSecret::from_random([2; 32])
}

/// Signs whatever header and payload it is given, as an attacker who knows the secret would.
fn token(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret().expose().as_bytes());
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{input}.{signature}")
}

/// With ids that tell them apart.
fn known(secrets: &[ApiSecret]) -> Vec<(SecretId, Verifier)> {
    let id = |secret: &ApiSecret| {
        SecretId::generate(NOW, Sha256::digest(secret.expose())[..10].try_into().unwrap())
    };
    secrets.iter().map(|secret| (id(secret), Verifier::of(secret))).collect()
}

/// Which of the secrets fits.
fn verify(token: &str, secrets: &[(SecretId, Verifier)], misfits: &Misfits) -> Result<usize, Refusal> {
    let secrets = secrets.iter().map(|(id, verifier)| (*id, verifier));
    Unverified::parse(token).unwrap().verify(secrets, misfits).map(|(_, which)| which)
}

fn judge(token: &str) -> Result<Claims, Refusal> {
    let unverified = Unverified::parse(token)?;
    let (id, verifier) = known(&[secret()]).remove(0);
    let (claims, _) = unverified.verify([(id, &verifier)], &Misfits::default())?;
    claims.check(NOW, AUDIENCE)?;
    Ok(claims.clone())
}

fn with_claims(more: &str) -> Result<Claims, Refusal> {
    let exp = (NOW + Span::hours(1)).seconds();
    judge(&token(r#"{"alg":"HS256","typ":"JWT"}"#, &format!(r#"{{"iss":"{}","exp":{exp}{more}}}"#, key())))
}

fn code(result: Result<Claims, Refusal>) -> Result<(), Code> {
    result.map(drop).map_err(|refusal| refusal.code)
}

#[test]
fn a_token_signed_here_is_accepted_here() {
    let signed = sign(&key(), &secret(), "app_x", NOW, NOW + Span::hours(1)).unwrap();
    let claims = judge(&signed).unwrap();
    assert_eq!(claims.iss, key().as_str());
    assert_eq!(claims.sub.as_deref(), Some("app_x"));
    assert_eq!(claims.exp, NOW + Span::hours(1));
}

#[test]
fn only_hs256_without_extensions_is_looked_at() {
    let payload = format!(r#"{{"iss":"{}","exp":{}}}"#, key(), NOW.seconds() + 60);
    let good =
        [r#"{"alg":"HS256"}"#, r#"{"typ":"jwt","alg":"HS256","kid":"x","jku":"https://evil.example"}"#];
    for header in good {
        assert!(judge(&token(header, &payload)).is_ok(), "{header}");
    }
    let bad = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":256}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"["HS256"]"#,
        r#""HS256""#,
        "",
        "{",
    ];
    for header in bad {
        assert_eq!(code(judge(&token(header, &payload))), Err(Code::InvalidToken), "{header}");
    }
}

#[test]
fn the_usual_headers_are_right() {
    for header in USUAL_HEADERS {
        let text = decode(header, "header").unwrap();
        let header = object(&text, "header").unwrap();
        let checks = [check_algorithm(&header), check_type(&header), check_critical(&header)];
        assert!(checks.iter().all(Result::is_ok), "{header:?}");
    }
}

#[test]
fn the_form_is_strict() {
    let good = token(r#"{"alg":"HS256"}"#, &format!(r#"{{"iss":"{}","exp":{}}}"#, key(), NOW.seconds() + 60));
    assert!(judge(&good).is_ok());
    let mut parts = good.split('.');
    let (header, payload, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let long = "a".repeat(MAX_BYTES + 1);
    let bad = [
        String::new(),
        String::from("."),
        String::from(".."),
        String::from("a.b"),
        format!("{good}."),
        format!("{good}.x"),
        format!(".{good}"),
        format!("{good}="),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header} .{payload}.{signature}"),
        format!("{header}.{payload}.{signature}\n"),
        format!("{header}=.{payload}.{signature}"),
        long,
        good.replace('.', ","),
        good.replacen('.', "..", 1),
    ];
    for bad in bad {
        assert_eq!(code(judge(&bad)), Err(Code::InvalidToken), "{bad}");
    }
}

#[test]
fn a_changed_signature_and_an_unknown_key_read_the_same() {
    let good = token(r#"{"alg":"HS256"}"#, &format!(r#"{{"iss":"{}","exp":{}}}"#, key(), NOW.seconds() + 60));
    let misfits = Misfits::default();
    let other = ApiSecret::from_random([3; 32]);
    let bad_signature = verify(&good, &known(&[other]), &misfits).unwrap_err();
    let unknown_key = verify(&good, &[], &misfits).unwrap_err();
    assert_eq!(bad_signature, unknown_key);
    // Any of the secrets in their overlap will do, wherever it stands.
    let four = known(
        &[4, 5, 6].map(|n| ApiSecret::from_random([n; 32])).into_iter().chain([secret()]).collect::<Vec<_>>(),
    );
    assert_eq!(verify(&good, &four, &misfits).unwrap(), 3);
    assert_eq!(verify(&good, &known(&[secret()]), &misfits).unwrap(), 0);
}

#[test]
fn nobody_knows_the_secret_that_stands_in_for_an_unknown_key() {
    let key = EncodingKey::from_secret(verifier::NOBODYS_SECRET);
    let claims = serde_json::json!({ "iss": "ak_x", "exp": NOW.seconds() + 60 });
    let forged = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    assert!(verify(&forged, &[], &Misfits::default()).is_err());
    assert!(verify(&forged, &known(&[secret()]), &Misfits::default()).is_err());
}

/// Time does not tell how many secrets an account has, nor whether there is one (S36).
#[test]
fn a_signature_that_does_not_fit_is_tried_as_often_for_every_account() {
    let good = token(r#"{"alg":"HS256"}"#, &format!(r#"{{"iss":"{}","exp":{}}}"#, key(), NOW.seconds() + 60));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let secrets: Vec<_> = (10..).take(MAX_OLD + 1).map(|n| ApiSecret::from_random([n; 32])).collect();
    let secrets = known(&secrets);
    let misfits = Misfits::default();
    let tries = |token: &str, count: usize| {
        let before = verifier::TRIED.get();
        assert!(verify(token, &secrets[..count], &misfits).is_err(), "{count} secrets");
        verifier::TRIED.get() - before
    };
    let last = if signature.ends_with('A') { "E" } else { "A" };
    let near = format!("{}{last}", &good[..good.len() - 1]);
    for wrong in [good.clone(), near, format!("{signed}.AAAA"), format!("{signed}.")] {
        let counted = || (0..=secrets.len()).map(|count| tries(&wrong, count)).collect::<Vec<_>>();
        assert_eq!(counted(), [MAX_OLD + 1; MAX_OLD + 2], "{wrong}");
        // Sent again it is known not to fit, whosever it is.
        assert_eq!(counted(), [1; MAX_OLD + 2], "{wrong}");
    }
}

/// What did not fit some secrets may fit when there is another one, and what fits an old one goes
/// on fitting it.
#[test]
fn a_signature_that_does_not_fit_is_tried_anew_with_other_secrets() {
    let claims = |n: i64| format!(r#"{{"iss":"{}","exp":{}}}"#, key(), NOW.seconds() + n);
    let token = |n: i64| token(r#"{"alg":"HS256"}"#, &claims(n));
    let misfits = Misfits::default();
    let other = ApiSecret::from_random([3; 32]);
    let (few, more) = (known(slice::from_ref(&other)), known(&[other, secret()]));
    for _ in 0..2 {
        assert!(verify(&token(1), &few, &misfits).is_err());
        assert!(verify(&token(1), &[], &misfits).is_err());
        assert_eq!(verify(&token(1), &more, &misfits).unwrap(), 1);
    }
    // Nor is another token taken for it, be there more than are remembered.
    (2..10_000).for_each(|n| assert!(verify(&token(n), &few, &misfits).is_err()));
    let signature = token(1).rsplit_once('.').unwrap().1.to_owned();
    let forged = format!("{}.{signature}", token(2).rsplit_once('.').unwrap().0);
    assert!(verify(&forged, &more, &misfits).is_err());
    assert_eq!(verify(&token(1), &more, &misfits).unwrap(), 1);
    assert_eq!(verify(&token(2), &more, &misfits).unwrap(), 1);
}

#[test]
fn times_hold_to_the_second_with_a_minute_of_leeway() {
    let header = r#"{"alg":"HS256"}"#;
    let exp = |seconds: i64| {
        code(judge(&token(header, &format!(r#"{{"iss":"k","exp":{}}}"#, NOW.seconds() + seconds))))
    };
    assert_eq!(exp(-59), Ok(()));
    assert_eq!(exp(-60), Err(Code::TokenExpired));
    assert_eq!(exp(365 * 86_400 + 60), Ok(()));
    assert_eq!(exp(365 * 86_400 + 61), Err(Code::InvalidToken));
    for name in ["nbf", "iat"] {
        let at = |seconds: i64| code(with_claims(&format!(r#","{name}":{}"#, NOW.seconds() + seconds)));
        assert_eq!(at(60), Ok(()), "{name}");
        assert_eq!(at(61), Err(Code::TokenNotYetValid), "{name}");
        assert_eq!(at(-10_000_000), Ok(()), "{name}");
    }
}

#[test]
fn times_are_numbers_of_seconds() {
    let header = r#"{"alg":"HS256"}"#;
    let exp = |value: &str| judge(&token(header, &format!(r#"{{"iss":"k","exp":{value}}}"#)));
    assert!(exp("1795500100.75").is_ok_and(|claims| claims.exp == Timestamp::from_seconds(1_795_500_100)));
    assert!(exp("1.7955001e9").is_ok());
    for wrong in [r#""1795500100""#, "null", "true", "[1795500100]", "1e400", "NaN", "-", "0x1"] {
        assert_eq!(code(exp(wrong)), Err(Code::InvalidToken), "{wrong}");
    }
    assert_eq!(code(exp("-1")), Err(Code::TokenExpired));
    let milliseconds = exp("1795500100000").unwrap_err();
    assert_eq!(milliseconds.code, Code::InvalidToken);
    assert!(milliseconds.detail.contains("milliseconds"), "{}", milliseconds.detail);
    assert!(exp("99999999999").unwrap_err().detail.contains("one year"));
    assert!(exp("100000000000").unwrap_err().detail.contains("milliseconds"));
}

#[test]
fn claims_have_their_types_and_stand_once() {
    for good in [
        r#","sub":"app_x""#,
        &format!(r#","aud":"{AUDIENCE}""#),
        &format!(r#","aud":["x","{AUDIENCE}"]"#),
        r#","other":{"a":[1,2,{}]}"#,
    ] {
        assert_eq!(code(with_claims(good)), Ok(()), "{good}");
    }
    let bad = [
        r#","sub":1"#,
        r#","sub":null"#,
        r#","aud":"https://other.example""#,
        r#","aud":[]"#,
        r#","aud":[1]"#,
        r#","aud":{}"#,
        r#","exp":1795503600"#,
        r#","iss":"x""#,
        r#","other":1,"other":1"#,
        r#","other":{"a":1,"a":1}"#,
        r#","a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"a":7"#,
        r#","other":[{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"b":7}]"#,
        r#","nbf":"now""#,
        r#","other":1e999"#,
        r#","other":"\ud800""#,
    ];
    for bad in bad {
        assert_eq!(code(with_claims(bad)), Err(Code::InvalidToken), "{bad}");
    }
    let exp = NOW.seconds() + 60;
    assert_eq!(
        code(judge(&token(r#"{"alg":"HS256"}"#, &format!(r#"{{"exp":{exp}}}"#)))),
        Err(Code::InvalidToken)
    );
    assert_eq!(code(judge(&token(r#"{"alg":"HS256"}"#, r#"{"iss":"k"}"#))), Err(Code::InvalidToken));
}

#[test]
fn nesting_ends_at_32() {
    let nested = |depth: usize| format!(r#","other":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(code(with_claims(&nested(31))), Ok(()));
    assert_eq!(code(with_claims(&nested(32))), Err(Code::InvalidToken));
}
