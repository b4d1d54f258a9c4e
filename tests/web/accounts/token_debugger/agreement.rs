//! The verdict of the token debugger is that of `/authorize`, whatever the token and the state.

use portico::domain::app::App;
use reqwest::Method;

use super::{HS256, Refusal, inspect, pair, signed, told};
use crate::{
    apps::Flow,
    support::databases::{Kind, on_both},
};

on_both!(the_verdict_is_that_of_authorize, the_state_of_account_and_app_decides_as_it_does_at_authorize,);

pub(super) async fn answered(flow: &Flow, token: &str) -> Refusal {
    let request = flow.portal.client().request(Method::GET, "/authorize").bearer_auth(token);
    let page = flow.client.send(request).await;
    if page.status == 200 {
        return None;
    }
    let problem: serde_json::Value = serde_json::from_str(&page.body).expect("a problem");
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    Some((text("code"), text("detail")))
}

async fn assert_agreed(flow: &Flow, token: &str) -> Refusal {
    let told = told(&inspect(flow, token).await);
    assert_eq!(told, answered(flow, token).await, "{token}");
    told
}

fn headers() -> Vec<String> {
    [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"RS256","kid":"x"}"#,
        r#"{"alg":256}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        "[]",
        "{",
        "",
    ]
    .map(String::from)
    .to_vec()
}

fn claims(now: i64, app: &App) -> Vec<String> {
    let mut claims: Vec<String> = [-61, -60, -59, 0, 300, 31_536_060, 31_536_061, 99_999_999_999 - now]
        .map(|ahead| format!(r#""exp":{}"#, now + ahead))
        .to_vec();
    let exp = format!(r#""exp":{}"#, now + 300);
    for more in [
        format!(r#","nbf":{}"#, now + 60),
        format!(r#","nbf":{}"#, now + 61),
        format!(r#","iat":{}"#, now + 61),
        format!(r#","iat":{},"nbf":{}"#, now + 99, now + 99),
        String::from(r#","aud":"http://127.0.0.1:8080""#),
        String::from(r#","aud":["x","http://127.0.0.1:8080"]"#),
        String::from(r#","aud":[]"#),
        String::from(r#","aud":7"#),
        format!(r#","sub":"{}""#, app.id),
        String::from(r#","sub":"app_00000000000000000000000000""#),
        String::from(r#","sub":"ada""#),
        String::from(r#","sub":null"#),
        String::from(r#","x":1e999"#),
        String::from(r#","x":1,"x":1"#),
        format!(r#","x":{}{}"#, "[".repeat(40), "]".repeat(40)),
    ] {
        claims.push(format!("{exp}{more}"));
    }
    claims.push(format!(r#""exp":{}000"#, now + 300));
    claims.push(format!(r#""exp":"{}""#, now + 300));
    claims.push(String::from(r#""sub":"x""#));
    claims
}

async fn the_verdict_is_that_of_authorize(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let pair = pair(&flow, &flow.ada, &app).await;
    let now = flow.portal.world.ctx.now().seconds();
    let good = pair.claiming(&format!(r#""exp":{}"#, now + 300));
    let payload = format!(r#"{{"iss":"{}","exp":{}}}"#, pair.key, now + 300);
    let mut tokens: Vec<String> =
        headers().iter().map(|header| signed(header, &payload, pair.secret.expose())).collect();
    tokens.extend(claims(now, &app).iter().map(|claims| pair.claiming(claims)));
    let body = good.rsplit_once('.').expect("a signature").0;
    tokens.extend([
        String::from("x"),
        String::from("a.b.c"),
        format!("{good}."),
        format!("{good}="),
        format!("{body}."),
        format!("{body}.AAAA"),
        format!("{}.{good}", "a".repeat(8_192)),
        signed(HS256, &payload, "another secret"),
        signed(HS256, &format!(r#"{{"exp":{}}}"#, now + 300), pair.secret.expose()),
        signed(HS256, &format!(r#"{{"iss":"ak_x","exp":{}}}"#, now + 300), pair.secret.expose()),
        signed(HS256, &format!(r#"{{"iss":7,"exp":{}}}"#, now + 300), pair.secret.expose()),
        signed(HS256, "[]", pair.secret.expose()),
        signed(HS256, "\u{fffd}", pair.secret.expose()),
        good,
    ]);
    let mut passed = 0;
    for token in &tokens {
        passed += usize::from(assert_agreed(&flow, token).await.is_none());
    }
    assert!((8..tokens.len() - 30).contains(&passed), "{passed} of {} pass", tokens.len());
}

async fn the_state_of_account_and_app_decides_as_it_does_at_authorize(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let app = flow.jwt_app("Relay").await;
    let pair = pair(&flow, &flow.ada, &app).await;
    let exp = format!(r#""exp":{}"#, world.ctx.now().seconds() + 300);
    let named = pair.claiming(&format!(r#"{exp},"sub":"{}""#, app.id));
    let unnamed = pair.claiming(&exp);
    let mut codes = Vec::new();
    let mut agree = async |token: &str| {
        let code = assert_agreed(&flow, token).await.map_or_else(|| String::from("pass"), |(code, _)| code);
        codes.push(code);
    };
    agree(&named).await;
    flow.portal.world.activate(&flow.ada, &app).await;
    agree(&named).await;
    agree(&unnamed).await;
    let second = flow.jwt_app("Second").await;
    agree(&unnamed).await;
    flow.suspend(&second, "Too much").await;
    agree(&unnamed).await;
    agree(&named).await;
    flow.suspend(&app, "Too much").await;
    agree(&named).await;
    for standing in ["pending", "suspended"] {
        world.database.set("accounts", &flow.ada.account, &format!("standing = '{standing}'")).await;
        world.hear_of(flow.ada.account).await;
        agree(&named).await;
    }
    assert_eq!(
        codes,
        [
            "app_draft",
            "pass",
            "pass",
            "pass",
            "app_required",
            "pass",
            "app_suspended",
            "account_pending",
            "account_suspended"
        ]
    );
}
