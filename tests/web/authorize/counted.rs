//! What is counted of calls, and of whom.

use portico::{
    actions::{activation, calls::flush, credentials},
    domain::{
        account::{Developer, Owner},
        authorization::Code,
        calls::{Calls as Count, Hour, RefusedCall, SignedWith},
        credential::{ApiKey, ApiSecret},
        jwt,
        overlap::KeepOld,
        time::Span,
    },
};
use reqwest::Method;

use super::{Calls, ask, calls};
use crate::support::databases::{Kind, on_both};

on_both!(
    calls_are_counted_for_the_app_that_makes_them,
    a_refused_call_is_kept_with_the_check_that_failed_and_never_the_token,
    a_call_of_nobody_is_nowhere,
    calls_that_name_no_app_are_counted_apart,
    an_old_secret_counts_what_it_verifies,
    a_secret_that_does_not_open_is_written_down_once,
);

impl Calls {
    async fn send(&self, token: &str) -> u16 {
        ask(&self.portal.client(), Method::GET, "/authorize", token).await.status.as_u16()
    }

    /// Signed for an hour, an hour ago or now.
    fn signed(&self, secret: &ApiSecret, sub: &str, ago: Span) -> String {
        let now = self.ctx().now() - ago;
        jwt::sign(&self.key, secret, sub, now, now + Span::hours(1)).expect("a token")
    }

    /// Signed by hand, with a payload of one's own.
    fn with_payload(&self, payload: &serde_json::Value) -> String {
        let key = jsonwebtoken::EncodingKey::from_secret(self.secret.expose().as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), payload, &key).expect("a token")
    }

    async fn counted(&self) -> Count {
        flush(self.ctx()).await.expect("written");
        let since = Hour::a_day_before(self.ctx().now());
        let mut read = self.ctx().store.read().await.expect("a connection");
        let hours = read.app_calls(self.owner.account, self.app.id, since).await.expect("counts");
        hours.first().map(|(_, calls)| *calls).unwrap_or_default()
    }

    async fn refused(&self) -> Vec<RefusedCall> {
        flush(self.ctx()).await.expect("written");
        let mut read = self.ctx().store.read().await.expect("a connection");
        read.refused_calls(self.owner.account, self.app.id, None, 50).await.expect("calls")
    }
}

async fn calls_are_counted_for_the_app_that_makes_them(kind: Kind) {
    let calls = calls(kind).await;
    for _ in 0..3 {
        assert_eq!(calls.send(&calls.token()).await, 200);
    }
    let me = ask(&calls.portal.client(), Method::GET, "/api/v1/me", &calls.token()).await;
    assert_eq!(me.status, 200);
    let developer = calls.portal.world.acting::<Developer>(&calls.owner);
    activation::deactivate(calls.ctx(), &developer, calls.app.id).await.expect("deactivated");
    assert_eq!(calls.send(&calls.token()).await, 403);
    assert_eq!(calls.counted().await, Count { allowed: 4, refused: 1, unnamed: 0 });
}

async fn a_refused_call_is_kept_with_the_check_that_failed_and_never_the_token(kind: Kind) {
    let calls = calls(kind).await;
    let id = calls.app.id.to_string();
    let now = calls.ctx().now().seconds();
    let tokens = [
        calls.signed(&calls.secret, &id, Span::hours(2)),
        calls.signed(&ApiSecret::from_random([1; 32]), &id, Span::seconds(0)),
        calls.with_payload(
            &serde_json::json!({"iss": calls.key.as_str(), "sub": id, "exp": (now + 3600) * 1000}),
        ),
        calls.with_payload(
            &serde_json::json!({"iss": calls.key.as_str(), "sub": id, "exp": now + 3600, "iat": now + 300}),
        ),
    ];
    for token in &tokens {
        assert_eq!(calls.send(token).await, 401);
        calls.portal.world.clock.advance(Span::seconds(1));
    }
    let mut refused = calls.refused().await;
    refused.reverse();
    let told: Vec<_> = refused.iter().map(|call| (call.code, call.off_by_s, call.signed_with)).collect();
    assert_eq!(
        told,
        [
            (Code::TokenExpired, Some(3600), SignedWith::CurrentSecret),
            (Code::InvalidToken, None, SignedWith::Unknown),
            (Code::InvalidToken, None, SignedWith::Unknown),
            (Code::TokenNotYetValid, Some(297), SignedWith::CurrentSecret),
        ]
    );
    assert!(refused.iter().all(|call| call.app == Some(calls.app.id) && call.address.is_some()));
    let details: Vec<_> = refused.iter().map(|call| &*call.detail).collect();
    assert!(details[2].contains("milliseconds"), "{details:?}");
    let dump = format!("{refused:?}");
    for token in &tokens {
        let (_, signature) = token.rsplit_once('.').expect("a signature");
        assert!(!dump.contains(signature), "{dump}");
    }
}

async fn a_call_of_nobody_is_nowhere(kind: Kind) {
    let calls = calls(kind).await;
    let now = calls.ctx().now();
    let unknown = jwt::sign(&ApiKey::from_random([1; 16]), &calls.secret, "app_x", now, now + Span::hours(1));
    for token in ["junk", "a.b.c", unknown.as_deref().expect("a token")] {
        assert_eq!(calls.send(token).await, 401);
    }
    assert_eq!((calls.refused().await, calls.counted().await), (Vec::new(), Count::default()));
}

async fn calls_that_name_no_app_are_counted_apart(kind: Kind) {
    let calls = calls(kind).await;
    let exp = calls.ctx().now().seconds() + 3600;
    let token = calls.with_payload(&serde_json::json!({"iss": calls.key.as_str(), "exp": exp}));
    assert_eq!(calls.send(&token).await, 200);
    let one = Count { allowed: 1, refused: 0, unnamed: 1 };
    assert_eq!(calls.counted().await, one, "the only app is meant");
    let second = calls.portal.world.jwt_app(&calls.owner, "Second").await;
    let second = calls.portal.world.activate(&calls.owner, &second).await;
    assert_eq!(calls.send(&token).await, 200);
    assert_eq!(calls.counted().await, one, "one of two: nobody knows which");
    let developer = calls.portal.world.acting::<Developer>(&calls.owner);
    activation::deactivate(calls.ctx(), &developer, second.id).await.expect("deactivated");
    assert_eq!(calls.send(&token).await, 401);
    let refused = calls.refused().await;
    assert_eq!((refused[0].code, refused[0].app), (Code::AppRequired, None));
    let mut read = calls.ctx().store.read().await.expect("a connection");
    let unnamed = read.unnamed_calls(calls.owner.account, Hour::a_day_before(calls.ctx().now())).await;
    let unnamed: Vec<_> = unnamed.expect("counts").into_iter().map(|(_, calls)| calls).collect();
    assert_eq!(unnamed, [Count { allowed: 1, refused: 1, unnamed: 2 }]);
}

async fn an_old_secret_counts_what_it_verifies(kind: Kind) {
    let calls = calls(kind).await;
    let owner = calls.portal.world.acting::<Owner>(&calls.owner);
    assert_eq!(calls.send(&calls.token()).await, 200);
    let form = calls.portal.world.form(&calls.owner);
    credentials::regenerate(calls.ctx(), &owner, &calls.app, form, KeepOld::Day).await.expect("a new secret");
    for _ in 0..2 {
        assert_eq!(calls.send(&calls.token()).await, 200);
    }
    let developer = calls.portal.world.acting::<Developer>(&calls.owner);
    let new = credentials::reveal(calls.ctx(), &developer, &calls.app).await.expect("a secret");
    let token = calls.signed(&new, &calls.app.id.to_string(), Span::seconds(0));
    assert_eq!(calls.send(&token).await, 200);
    flush(calls.ctx()).await.expect("written");
    let uses =
        calls.ctx().store.read().await.expect("a connection").old_secret_uses(calls.owner.account).await;
    let uses = uses.expect("uses");
    assert_eq!(uses.len(), 1);
    assert_eq!((uses[0].1.calls, uses[0].1.last_at), (2, calls.ctx().now()));
}

/// Whoever can write to the database puts an account's secret into the rows of others (S27).
async fn a_secret_that_does_not_open_is_written_down_once(kind: Kind) {
    let calls = calls(kind).await;
    let world = &calls.portal.world;
    let bob = world.user("bob@harbour.example").await;
    let theirs = world.jwt_app(&bob, "Theirs").await;
    let theirs = world.activate(&bob, &theirs).await;
    let tokens = [calls.token(), world.token(&bob, &theirs).await];
    let [own, other] = [&calls.owner.account, &bob.account].map(|account| world.database.literal(account));
    let eve = world.database.literal(&world.user("eve@evil.example").await.account);
    let copy = format!(
        "update api_secrets set secret_sealed = (select secret_sealed from api_secrets where account_id = {eve})
        where account_id in ({own}, {other})"
    );
    world.database.run(&copy).await;
    world.hear_of(calls.owner.account).await;
    world.hear_of(bob.account).await;
    for _ in 0..2 {
        for token in &tokens {
            assert_eq!(calls.send(token).await, 503);
            assert_eq!(ask(&calls.portal.client(), Method::GET, "/api/v1/me", token).await.status, 503);
        }
        flush(calls.ctx()).await.expect("written");
        assert_eq!(world.database.audited("secret_unreadable").await, 2, "each once");
    }
    let rows = "select actor from audit_log where action = 'secret_unreadable' and chain = ";
    for account in [own, other] {
        assert_eq!(world.database.texts(&format!("{rows}{account}")).await, ["system"]);
    }
}
