//! A token wrong in several ways is answered by the first check that it fails: form,
//! signature, times, audience, account, app

use jsonwebtoken::Algorithm;
use portico::{actions::activation, domain::account::Developer};
use serde_json::{Value, json};

use super::{ALG, Attacks, NOT_VERIFIED};
use crate::caller::{Answer, JWT, input, signed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_check_that_fails_gives_the_code() {
    let mut attacks = Attacks::new().await;
    let now = attacks.caller.now;
    let under = |attacks: &Attacks, header: &str, claims: &Value| {
        attacks.caller.raw(header, attacks.caller.claims(claims).to_string())
    };
    let forged = |attacks: &Attacks, claims: &Value| {
        let input = input(JWT, attacks.caller.claims(claims).to_string());
        signed(&input, b"not the secret", Algorithm::HS256)
    };
    let past = json!({"exp": now - 1000, "aud": "x", "sub": "x"});
    let ahead = json!({"nbf": now + 1000, "aud": "x", "sub": "x"});
    let far = json!({"exp": now * 2, "nbf": now + 1000, "aud": "x", "sub": "x"});
    let untyped = json!({"exp": "x", "iss": 1, "nbf": "x"});
    let long = "a".repeat(9_000);
    for (what, token, words) in [
        ("too long before parts", long.clone(), "longer than 8 KiB"),
        ("alg before typ and crit", under(&attacks, r#"{"alg":"none","typ":1,"crit":[]}"#, &past), ALG),
        ("typ before crit", under(&attacks, r#"{"alg":"HS256","typ":1,"crit":[]}"#, &past), "typ must be"),
        ("crit before claims", under(&attacks, r#"{"alg":"HS256","crit":[]}"#, &untyped), "crit is not"),
        ("alg before claims", under(&attacks, r#"{"alg":"none"}"#, &untyped), ALG),
        ("form before signature", forged(&attacks, &untyped), "iss must be"),
        ("signature before times", forged(&attacks, &past), NOT_VERIFIED),
        ("signature before the one year", forged(&attacks, &far), NOT_VERIFIED),
        ("signature before nbf", forged(&attacks, &ahead), NOT_VERIFIED),
        ("key before times", under(&attacks, JWT, &json!({"iss": "ak_x", "exp": 1})), NOT_VERIFIED),
        ("the one year before nbf", under(&attacks, JWT, &far), "more than one year"),
        ("aud before sub", under(&attacks, JWT, &json!({"aud": "x", "sub": "x"})), "aud does not"),
    ] {
        attacks.invalid(what, token, words);
    }
    let both = json!({"exp": now - 1000, "nbf": now + 1000, "iat": now + 1000, "aud": "x", "sub": "x"});
    for (what, claims, code) in [
        ("exp before aud and sub", &past, "token_expired"),
        ("exp before nbf and iat", &both, "token_expired"),
        ("nbf before aud and sub", &ahead, "token_not_yet_valid"),
    ] {
        let token = under(&attacks, JWT, claims);
        attacks.refused(what, token, code, "");
    }
    let world = &attacks.caller.portal.world;
    let acting = world.acting::<Developer>(&attacks.caller.owner);
    activation::deactivate(&world.ctx, &acting, attacks.caller.app.id).await.expect("deactivated");
    let answer = attacks.caller.judge(attacks.caller.good());
    assert_eq!((answer.status, answer.code.as_str()), (403, "app_deactivated"));
    let token = attacks.caller.claiming(&json!({"exp": now - 1000}));
    attacks.refused("exp before the app's state", token, "token_expired", "");
    let token = attacks.caller.claiming(&json!({"aud": "x"}));
    attacks.invalid("aud before the app's state", token, "aud does not");
    let token = forged(&attacks, &json!({}));
    attacks.invalid("signature before the app's state", token, NOT_VERIFIED);
    attacks.were(12 + 3 + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_tells_an_unknown_key_from_a_bad_signature() {
    let attacks = Attacks::new().await;
    let caller = &attacks.caller;
    let claims = |iss: &str| caller.claims(&json!({"iss": iss})).to_string();
    let with =
        |iss: &str, secret: &str| signed(&input(JWT, claims(iss)), secret.as_bytes(), Algorithm::HS256);
    let answers: Vec<Answer> = [
        with(&caller.key, "not the secret"),
        with("ak_0000000000000000000000", &caller.secret),
        with("ak_0000000000000000000000", "not the secret"),
        with("nobody", &caller.secret),
        // What stands in for the secret of nobody must not sign for them.
        with("nobody", &format!("as_{}", "0".repeat(49))),
        with("", ""),
        format!("{}.", input(JWT, claims(&caller.key))),
        format!("{}.", input(JWT, claims("nobody"))),
    ]
    .iter()
    .map(|token| caller.judge(token))
    .collect();
    let [first, others @ ..] = answers.as_slice() else { panic!("no answers") };
    assert_eq!((first.status, first.code.as_str()), (401, "invalid_token"));
    assert!(first.detail().contains(NOT_VERIFIED));
    for other in others {
        assert_eq!(other, first, "to the byte");
    }
}
