use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::*;

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

fn judge(token: &str) -> Result<Claims, Refusal> {
    let unverified = Unverified::parse(token)?;
    let (claims, _) = unverified.verify([&Verifier::of(&secret())])?;
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
    let unverified = || Unverified::parse(&good).unwrap();
    let other = ApiSecret::from_random([3; 32]);
    let bad_signature = unverified().verify([&Verifier::of(&other)]).unwrap_err();
    let unknown_key = unverified().verify([]).unwrap_err();
    assert_eq!(bad_signature, unknown_key);
    // Any of the secrets in their overlap will do, wherever it stands.
    let four = [&other, &other, &other, &secret()].map(Verifier::of);
    assert_eq!(unverified().verify(&four).unwrap().1, 3);
    assert_eq!(unverified().verify([&Verifier::of(&secret())]).unwrap().1, 0);
}

#[test]
fn nobody_knows_the_secret_that_stands_in_for_an_unknown_key() {
    let key = EncodingKey::from_secret(verifier::NOBODYS_SECRET);
    let claims = serde_json::json!({ "iss": "ak_x", "exp": NOW.seconds() + 60 });
    let forged = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    assert!(Unverified::parse(&forged).unwrap().verify([]).is_err());
    assert!(Unverified::parse(&forged).unwrap().verify([&Verifier::of(&secret())]).is_err());
}

/// Time does not tell how many secrets an account has, nor whether there is one (S36).
#[test]
fn a_signature_that_does_not_fit_is_tried_as_often_for_every_account() {
    let good = token(r#"{"alg":"HS256"}"#, &format!(r#"{{"iss":"{}","exp":{}}}"#, key(), NOW.seconds() + 60));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let secrets: Vec<_> = (10..).take(MAX_OLD + 1).map(|n| ApiSecret::from_random([n; 32])).collect();
    let verifiers: Vec<_> = secrets.iter().map(Verifier::of).collect();
    let tries = |token: &str, count: usize| {
        let before = verifier::TRIED.get();
        assert!(Unverified::parse(token).unwrap().verify(&verifiers[..count]).is_err(), "{count} secrets");
        verifier::TRIED.get() - before
    };
    let last = if signature.ends_with('A') { "E" } else { "A" };
    let near = format!("{}{last}", &good[..good.len() - 1]);
    for wrong in [good.clone(), near, format!("{signed}.AAAA"), format!("{signed}.")] {
        let counted: Vec<_> = (0..=verifiers.len()).map(|count| tries(&wrong, count)).collect();
        assert_eq!(counted, [MAX_OLD + 1; MAX_OLD + 2], "{wrong}");
    }
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
