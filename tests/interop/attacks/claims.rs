//! Times, audiences, issuers and apps that are not as they should be

use portico::domain::time::Span;
use serde_json::{Value, json};

use super::{Attacks, NOT_VERIFIED};
use crate::caller::pair;

const YEAR: i64 = 365 * 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_and_says_when_in_seconds() {
    let mut attacks = Attacks::new().await;
    let now = attacks.caller.now;
    for (exp, words) in [
        ("", "exp is missing"),
        (r#","EXP":1795504900"#, "exp is missing"),
        (r#","exp":"1795504900""#, "exp must be a number"),
        (r#","exp":null"#, "exp must be a number"),
        (r#","exp":true"#, "exp must be a number"),
        (r#","exp":[1795504900]"#, "exp must be a number"),
        (r#","exp":{}"#, "exp must be a number"),
        (r#","exp":1e400"#, "not acceptable JSON"),
        (r#","exp":NaN"#, "not acceptable JSON"),
        (r#","exp":Infinity"#, "not acceptable JSON"),
        (r#","exp":1795504900,"exp":1795504900"#, "named twice"),
        (r#","exp":1,"\u0065xp":1795504900"#, "named twice"),
        (r#","exp":100000000000"#, "exp is in milliseconds"),
        (r#","exp":1795504900000"#, "exp is in milliseconds"),
        (r#","exp":-1795504900000"#, "exp is in milliseconds"),
        (r#","exp":9223372036854775807"#, "exp is in milliseconds"),
        (r#","exp":18446744073709551616"#, "exp is in milliseconds"),
        (r#","exp":1e308"#, "exp is in milliseconds"),
        (r#","exp":99999999999"#, "more than one year ahead"),
    ] {
        let token = attacks.caller.payload(exp);
        attacks.invalid(exp, token, words);
    }
    for exp in ["0", "-1", "-0.0", "-99999999999", "1e-400", "1.5", "1e9"] {
        let token = attacks.caller.payload(&format!(r#","exp":{exp}"#));
        attacks.refused(exp, token, "token_expired", "The token expired");
    }
    for exp in [format!("{}.999", now + 60), format!("{}e0", now + 60), format!("{}.0", now + YEAR)] {
        let token = attacks.caller.payload(&format!(r#","exp":{exp}"#));
        attacks.passes(&exp, token);
    }
    attacks.were(19 + 7 + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_may_differ_by_a_minute_and_not_a_second_more() {
    let mut attacks = Attacks::new().await;
    let now = attacks.caller.now;
    let at = |attacks: &Attacks, claims: &Value| attacks.caller.claiming(claims);
    for exp in [-59, -1, 0, 1, YEAR, YEAR + 59, YEAR + 60] {
        let token = at(&attacks, &json!({"exp": now + exp}));
        attacks.passes(&format!("exp at {exp}"), token);
    }
    for exp in [-60, -61, -YEAR] {
        let token = at(&attacks, &json!({"exp": now + exp}));
        attacks.refused(&format!("exp at {exp}"), token, "token_expired", "The token expired");
    }
    let token = at(&attacks, &json!({"exp": now + YEAR + 61}));
    attacks.invalid("exp a year ahead", token, "more than one year ahead");
    for name in ["nbf", "iat"] {
        for ahead in [-YEAR, 0, 59, 60] {
            let token = at(&attacks, &json!({name: now + ahead}));
            attacks.passes(&format!("{name} at {ahead}"), token);
        }
        for ahead in [61, 62, 3600, YEAR] {
            let token = at(&attacks, &json!({name: now + ahead}));
            attacks.refused(&format!("{name} at {ahead}"), token, "token_not_yet_valid", name);
        }
        for fine in [json!(now as f64 + 0.5), json!(0), json!(-1)] {
            let token = at(&attacks, &json!({name: fine}));
            attacks.passes(&format!("{name} of {fine}"), token);
        }
        for wrong in [json!("1"), json!(null), json!([]), json!(false)] {
            let token = at(&attacks, &json!({name: wrong}));
            attacks.invalid(&format!("{name} of {wrong}"), token, &format!("{name} must be a number"));
        }
        let token = at(&attacks, &json!({name: now * 1000}));
        attacks.invalid("milliseconds", token, &format!("{name} is in milliseconds"));
    }
    // The same token, as time goes by.
    let token = at(&attacks, &json!({"exp": now + 10, "nbf": now + 61}));
    attacks.refused("too early", &token, "token_not_yet_valid", "nbf");
    attacks.caller.portal.world.clock.advance(Span::seconds(1));
    attacks.passes("just in time", &token);
    attacks.caller.portal.world.clock.advance(Span::seconds(68));
    attacks.passes("the last second", &token);
    attacks.caller.portal.world.clock.advance(Span::seconds(1));
    attacks.refused("over", &token, "token_expired", "The token expired 60 seconds ago");
    attacks.were(7 + 3 + 1 + 2 * 16 + 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audience_that_is_named_is_this_portal() {
    let mut attacks = Attacks::new().await;
    let own = attacks.caller.audience.clone();
    for aud in [json!(own), json!([own]), json!(["https://other.example", own]), json!([own, own])] {
        let token = attacks.caller.claiming(&json!({"aud": aud}));
        attacks.passes(&aud.to_string(), token);
    }
    for aud in [
        json!(""),
        json!([]),
        json!([""]),
        json!("https://other.example"),
        json!(["https://other.example"]),
        json!(format!("{own}/")),
        json!(format!("{own} ")),
        json!(format!("{own}.evil.example")),
        json!(own.to_uppercase()),
        json!(own.trim_start_matches("http://")),
        json!("*"),
    ] {
        let token = attacks.caller.claiming(&json!({"aud": aud}));
        attacks.invalid(&aud.to_string(), token, "aud does not contain");
    }
    for aud in
        [json!(1), json!(null), json!(true), json!({"a": own}), json!([1]), json!([own, 1]), json!([[own]])]
    {
        let token = attacks.caller.claiming(&json!({"aud": aud}));
        attacks.invalid(&aud.to_string(), token, "aud must be a string or an array of strings.");
    }
    attacks.were(4 + 11 + 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_of_its_own_account() {
    let mut attacks = Attacks::new().await;
    let world = &attacks.caller.portal.world;
    let stranger = world.user("bob@other.example").await;
    let theirs = world.jwt_app(&stranger, "Theirs").await;
    let theirs = world.activate(&stranger, &theirs).await;
    let webhook = world.webhook_app(&attacks.caller.owner, "Events").await;
    let (their_key, _) = pair(&attacks.caller.portal, &stranger, &theirs).await;
    let key = attacks.caller.key.clone();
    for iss in [json!(1), json!(null), json!([key]), json!({"key": key}), json!(true)] {
        let token = attacks.caller.claiming(&json!({"iss": iss}));
        attacks.invalid(&iss.to_string(), token, "iss must be a string.");
    }
    let exp = attacks.caller.now + 60;
    let token = attacks.caller.raw(crate::caller::JWT, json!({"exp": exp}).to_string());
    attacks.invalid("no iss", token, "iss is missing");
    let account = attacks.caller.owner.account.to_string();
    for iss in [
        their_key.as_str(),
        "",
        "ak_",
        "ak_0000000000000000000000000",
        &key.to_uppercase(),
        &format!("{key} "),
        &format!(" {key}"),
        &format!("{key}\0"),
        &key[..key.len() - 1],
        &account,
        "' or 1=1 --",
        "%",
        &"ak_".repeat(1_000),
    ] {
        let token = attacks.caller.claiming(&json!({"iss": iss}));
        attacks.invalid(&format!("iss {iss}"), token, NOT_VERIFIED);
    }
    for sub in [json!(1), json!(null), json!([attacks.caller.app.id.to_string()]), json!({})] {
        let token = attacks.caller.claiming(&json!({"sub": sub}));
        attacks.invalid(&sub.to_string(), token, "sub must be a string.");
    }
    let own = attacks.caller.app.id.to_string();
    for sub in [
        theirs.id.to_string(),
        webhook.id.to_string(),
        String::new(),
        String::from("app_"),
        own.to_uppercase(),
        format!("{own} "),
        format!("{own}\0"),
        own.trim_start_matches("app_").to_owned(),
        account,
        key,
        String::from("Relay"),
        String::from("*"),
    ] {
        let token = attacks.caller.claiming(&json!({"sub": sub}));
        attacks.invalid(&format!("sub {sub}"), token, "sub must be the id of one of this account's JWT apps");
    }
    attacks.were(5 + 1 + 13 + 4 + 12);
}

/// There is no guard against replay, and `jti` promises none (S38).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_be_used_until_it_expires() {
    let mut attacks = Attacks::new().await;
    for jti in [json!("once"), json!("once"), json!(""), json!(1), json!(null)] {
        let token = attacks.caller.claiming(&json!({"jti": jti, "exp": attacks.caller.now + 10}));
        for _ in 0..3 {
            attacks.passes(&format!("jti {jti}"), &token);
        }
    }
    let token = attacks.caller.claiming(&json!({"jti": "once", "exp": attacks.caller.now + 10}));
    attacks.caller.portal.world.clock.advance(Span::seconds(70));
    attacks.refused("over", token, "token_expired", "The token expired");
    attacks.were(5 * 3 + 1);
}
