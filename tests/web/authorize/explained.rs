//! `X-Portico-Explain`: the words of a refusal, for a gateway that has its code alone.

use portico::{
    actions::activation,
    domain::{account::Developer, authorization::Code, credential::ApiKey, jwt, time::Span},
};
use reqwest::Method;
use serde_json::Value;

use super::{Calls, ask, calls};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    a_question_for_words_is_never_answered_with_a_pass,
    what_still_holds_is_said_in_its_own_words,
    the_code_that_was_given_stays,
    what_is_no_code_is_judged_anew,
);

impl Calls {
    pub(super) async fn explained(&self, token: &str, said: &str) -> Page {
        let client = self.portal.client();
        let request = client.request(Method::GET, "/authorize").header("X-Portico-Explain", said);
        client.send(request.bearer_auth(token)).await
    }
}

/// The code and the words; header, body and status say the same.
fn refusal(page: &Page) -> (String, String) {
    let problem: Value = serde_json::from_str(&page.body).expect("a problem");
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let code: Code = text("code").parse().expect("a code");
    assert_eq!(page.header("x-portico-error"), code.as_str());
    assert_eq!((page.status.as_u16(), problem["status"].as_u64()), {
        let status = code.gateway_status();
        (status, Some(status.into()))
    });
    assert!(!page.headers.contains_key("x-portico-app"), "{:?}", page.headers);
    (text("code"), text("detail"))
}

async fn a_question_for_words_is_never_answered_with_a_pass(kind: Kind) {
    let calls = calls(kind).await;
    for code in Code::ALL {
        let page = calls.explained(&calls.token(), code.as_str()).await;
        let detail = "What refused this call holds no longer. Send it again.";
        assert_eq!(refusal(&page), (code.to_string(), detail.to_owned()));
        assert_eq!(page.header("retry-after"), "1", "{code}");
    }
    assert_eq!(ask(&calls.portal.client(), Method::GET, "/authorize", &calls.token()).await.status, 200);
}

async fn what_still_holds_is_said_in_its_own_words(kind: Kind) {
    let calls = calls(kind).await;
    let world = &calls.portal.world;
    let developer = world.acting::<Developer>(&calls.owner);
    activation::deactivate(&world.ctx, &developer, calls.app.id).await.expect("deactivated");
    let old = calls.token();
    for (token, code) in [("not.a.token", "invalid_token"), (&old, "app_deactivated")] {
        let first = ask(&calls.portal.client(), Method::GET, "/authorize", token).await;
        let page = calls.explained(token, code).await;
        assert_eq!(page.body, first.body);
        assert_eq!(refusal(&page).0, code);
        assert_eq!(page.header("www-authenticate"), first.header("www-authenticate"));
    }
}

async fn the_code_that_was_given_stays(kind: Kind) {
    let calls = calls(kind).await;
    let developer = calls.portal.world.acting::<Developer>(&calls.owner);
    activation::deactivate(calls.ctx(), &developer, calls.app.id).await.expect("deactivated");
    for code in Code::ALL.iter().filter(|code| **code != Code::AppDeactivated) {
        let detail = "This call would be refused for another reason by now. Send it again to see which.";
        let told = refusal(&calls.explained(&calls.token(), code.as_str()).await);
        assert_eq!(told, (code.to_string(), detail.to_owned()));
    }
    // Portico knows nothing any more.
    calls.ctx().store.close().await;
    let now = calls.ctx().now();
    let key = ApiKey::from_random([1; 16]);
    let stranger = jwt::sign(&key, &calls.secret, "app_x", now, now + Span::hours(1)).expect("a token");
    let (code, detail) = refusal(&calls.explained(&stranger, "app_draft").await);
    assert_eq!(code, "app_draft");
    assert!(detail.contains("cannot be looked up right now"), "{detail}");
}

async fn what_is_no_code_is_judged_anew(kind: Kind) {
    let calls = calls(kind).await;
    for said in ["1", "nonsense", "APP_DRAFT"] {
        assert_eq!(refusal(&calls.explained("not.a.token", said).await).0, "invalid_token", "{said}");
        let (code, detail) = refusal(&calls.explained(&calls.token(), said).await);
        assert_eq!((code.as_str(), detail.contains("holds no longer")), ("unavailable", true), "{said}");
    }
    // A gateway that got no code had no answer, and answers 503.
    assert_eq!(refusal(&calls.explained("not.a.token", "").await).0, "unavailable");
    assert_eq!(refusal(&calls.explained(&calls.token(), " ").await).0, "unavailable");
}
