//! Client secrets: their overlap, their end, and those who guess.

use portico::{
    actions::clients::{self, NewClient},
    domain::{account::Developer, app::AppType, client::RedirectUris, overlap::KeepOld, time::Span},
    limiter::Guesses,
};

use super::{post, post_as, refusal, refused, server};
use crate::apps::at;
use crate::support::{
    clients::ClientApp,
    databases::{Kind, on_both},
};

on_both!(
    an_old_secret_works_as_long_as_was_chosen_and_is_counted,
    a_revoked_secret_is_refused_at_once,
    tokens_of_before_stop_with_a_secret_that_is_revoked,
    whoever_guesses_is_made_to_wait_and_holds_nobody_up,
    a_public_client_has_no_secret_and_gets_no_token_for_itself,
);

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn an_old_secret_works_as_long_as_was_chosen_and_is_counted(kind: Kind) {
    let server = server(kind).await;
    let (flow, world) = (&server.flow, &server.flow.portal.world);
    let ask = async |secret: &str| {
        let app = ClientApp { app: server.app.app.clone(), id: server.app.id.clone(), secret: secret.into() };
        post_as(flow, "/oauth/token", &app, &[GRANT]).await.status.as_u16()
    };
    world.clock.advance(Span::seconds(1));
    let second = world.new_client_secret(&flow.ada, &server.app.app, KeepOld::Hour).await;
    for _ in 0..3 {
        assert_eq!((ask(&server.app.secret).await, ask(&second).await), (200, 200));
    }
    portico::actions::calls::flush(&world.ctx).await.expect("counts are written");
    let acting = world.acting::<Developer>(&flow.ada);
    let registered = clients::of_app(&world.ctx, &acting, server.app.app.id).await.expect("a client");
    let uses = registered.old.iter().map(|old| old.uses.map(|uses| uses.calls)).collect::<Vec<_>>();
    assert_eq!(uses, [Some(3)]);
    world.clock.advance(Span::hours(1));
    assert_eq!((ask(&server.app.secret).await, ask(&second).await), (401, 200));
    let third = world.new_client_secret(&flow.ada, &server.app.app, KeepOld::No).await;
    assert_eq!((ask(&second).await, ask(&third).await), (401, 200), "stopped at once");
}

async fn a_revoked_secret_is_refused_at_once(kind: Kind) {
    let server = server(kind).await;
    let (flow, world) = (&server.flow, &server.flow.portal.world);
    world.clock.advance(Span::seconds(1));
    world.new_client_secret(&flow.ada, &server.app.app, KeepOld::Week).await;
    assert_eq!(server.post("/oauth/token", &[GRANT]).await.status, 200);
    let acting = world.acting::<Developer>(&flow.ada);
    let id = server.app.app.id;
    let registered = clients::of_app(&world.ctx, &acting, id).await.expect("a client");
    let current = registered.current.expect("a current one").id;
    assert!(clients::revoke_secret(&world.ctx, &acting, id, current).await.is_err(), "it is no old one");
    let old = registered.old.first().expect("an old one").facts.id;
    clients::revoke_secret(&world.ctx, &acting, id, old).await.expect("revoked");
    let page = server.post("/oauth/token", &[GRANT]).await;
    assert_eq!(refusal(&page), refused(401, "invalid_client"));
}

async fn tokens_of_before_stop_with_a_secret_that_is_revoked(kind: Kind) {
    let server = server(kind).await;
    let (flow, world) = (&server.flow, &server.flow.portal.world);
    let status = async |token: &str| server.authorize("/authorize", token).await.status.as_u16();
    let first = server.token().await;
    world.clock.advance(Span::from_micros(1_700_000));
    let secret = world.new_client_secret(&flow.ada, &server.app.app, KeepOld::Day).await;
    let app = ClientApp { app: server.app.app.clone(), id: server.app.id.clone(), secret };
    let new = async || {
        let page = post_as(flow, "/oauth/token", &app, &[GRANT]).await;
        super::json_of(&page)["access_token"].as_str().expect("a token").to_owned()
    };
    let second = new().await;
    assert_eq!((status(&first).await, status(&second).await), (200, 200), "an overlap stops none");
    let path = at(&app.app, "/credentials");
    let page = flow.client.visit(&path).await;
    assert!(page.says("access tokens issued until now stop too"), "{}", page.text());
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a button");
    let revoked = flow.press(&path, &revoke, &[]).await;
    assert!(revoked.says("all tokens given until now are over"), "{}", revoked.text());
    for token in [&first, &second] {
        assert_eq!(status(token).await, 401);
        let page = post_as(flow, "/oauth/introspect", &app, &[("token", token)]).await;
        assert_eq!(page.body, r#"{"active":false}"#);
    }
    // Of the same second, in which tokens of before were given too.
    let third = new().await;
    assert_eq!(status(&third).await, 200);
    // A secret that is let stop at once may have leaked as well.
    world.clock.advance(Span::seconds(5));
    world.new_client_secret(&flow.ada, &server.app.app, KeepOld::No).await;
    assert_eq!(status(&third).await, 401);
}

async fn whoever_guesses_is_made_to_wait_and_holds_nobody_up(kind: Kind) {
    let server = server(kind).await;
    let id = server.app.id.as_str();
    let guess = [GRANT, ("client_id", id), ("client_secret", "cs_guess")];
    let mut told_to_wait = false;
    // The bucket fills while it is emptied, so that it takes a few more than its size.
    for _ in 0..Guesses::A_MINUTE.get() * 2 {
        let page = post(&server.flow, "/oauth/token", &guess).await;
        told_to_wait = page.status == 429;
        if told_to_wait {
            assert_eq!(refusal(&page), refused(429, "temporarily_unavailable"));
            assert!(page.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
            break;
        }
        assert_eq!(refusal(&page), refused(401, "invalid_client"));
    }
    assert!(told_to_wait);
    assert_eq!(post(&server.flow, "/oauth/token", &guess).await.status, 429);
    let database = &server.flow.portal.world.database;
    assert_eq!(database.audited("client_tries_limited").await, 1, "once in a quarter of an hour");
    let audit = server.flow.client.visit("/account/audit").await;
    assert!(audit.says("Too many failed client authentications"), "{}", audit.text());
    assert_eq!(server.post("/oauth/token", &[GRANT]).await.status, 200, "who has the secret is not held up");
}

async fn a_public_client_has_no_secret_and_gets_no_token_for_itself(kind: Kind) {
    let server = server(kind).await;
    let (flow, world) = (&server.flow, &server.flow.portal.world);
    let oauth = world.client_app(&flow.ada, AppType::Oauth, "Rooms", &[]).await;
    let acting = world.acting::<Developer>(&flow.ada);
    let uris = RedirectUris::parse("redirect_uris", "http://127.0.0.1/cb").expect("a redirect URI");
    let new = NewClient { redirect_uris: uris, is_public: true, jwks: None };
    clients::save(&world.ctx, &acting, oauth.app.id, new).await.expect("it is public");
    let page = post_as(flow, "/oauth/token", &oauth, &[GRANT]).await;
    assert_eq!(refusal(&page), refused(401, "invalid_client"), "its secret works no more");
    let page = post(flow, "/oauth/token", &[GRANT, ("client_id", &oauth.id)]).await;
    assert_eq!(refusal(&page), refused(400, "unauthorized_client"));
    let page = post(flow, "/oauth/introspect", &[("token", "x"), ("client_id", &oauth.id)]).await;
    assert_eq!(refusal(&page), refused(401, "invalid_client"), "nobody has proven anything");
    // A Server-to-Server app cannot be one.
    let new = NewClient { redirect_uris: RedirectUris::default(), is_public: true, jwks: None };
    assert!(clients::save(&world.ctx, &acting, server.app.app.id, new).await.is_err());
}
