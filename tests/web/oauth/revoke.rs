//! Tokens ended by those who have them (RFC 7009).

use portico::domain::time::Span;

use super::{post, post_as, refusal, refused, server};
use crate::support::databases::{Kind, on_both};

on_both!(
    a_revoked_token_is_refused_at_once_and_no_other_one,
    what_is_no_token_is_as_good_as_revoked,
    another_clients_token_is_left_as_it_is,
    a_client_must_say_who_it_is,
    what_was_revoked_is_forgotten_once_it_would_have_expired,
);

async fn a_revoked_token_is_refused_at_once_and_no_other_one(kind: Kind) {
    let server = server(kind).await;
    let (token, other) = (server.token().await, server.token().await);
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let page = server.post("/oauth/revoke", &[("token", &token), ("token_type_hint", hint)]).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, ""), "twice is as good as once");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(server.authorize("/authorize", &token).await.header("x-portico-error"), "invalid_token");
    }
    assert_eq!(server.authorize("/authorize", &other).await.status, 200);
}

async fn what_is_no_token_is_as_good_as_revoked(kind: Kind) {
    let server = server(kind).await;
    for unknown in ["x", "at_x", "rt_x", "eyJ.e30.x", &server.app.secret] {
        assert_eq!(server.post("/oauth/revoke", &[("token", unknown)]).await.status, 200, "{unknown}");
    }
    let token = server.token().await;
    server.flow.portal.world.clock.advance(Span::hours(1));
    assert_eq!(server.post("/oauth/revoke", &[("token", &token)]).await.status, 200, "it is over");
    let page = server.post("/oauth/revoke", &[]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"));
}

async fn another_clients_token_is_left_as_it_is(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    let other = server.flow.portal.world.server_app(&server.flow.ada, "Other", &[]).await;
    let page = post_as(&server.flow, "/oauth/revoke", &other, &[("token", &token)]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_grant"));
    assert_eq!(server.authorize("/authorize", &token).await.status, 200);
}

async fn a_client_must_say_who_it_is(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    let id = server.app.id.as_str();
    for fields in [
        vec![("token", token.as_str())],
        vec![("token", &token), ("client_id", id)],
        vec![("token", &token), ("client_id", id), ("client_secret", "wrong")],
    ] {
        let page = post(&server.flow, "/oauth/revoke", &fields).await;
        assert_eq!(refusal(&page), refused(401, "invalid_client"));
    }
    let page = server.post(&format!("/oauth/revoke?token={token}"), &[]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"), "not in the address");
    assert_eq!(server.authorize("/authorize", &token).await.status, 200);
}

async fn what_was_revoked_is_forgotten_once_it_would_have_expired(kind: Kind) {
    let server = server(kind).await;
    let world = &server.flow.portal.world;
    let token = server.token().await;
    server.post("/oauth/revoke", &[("token", &token)]).await;
    let remembered = async || {
        let mut read = world.database.read().await;
        read.revoked_count(server.app.app.id, portico::domain::time::Timestamp::from_seconds(0)).await
    };
    portico::actions::housekeeping::sweep(&world.ctx).await.expect("swept");
    assert_eq!(remembered().await.expect("a count"), 1);
    world.clock.advance(Span::hours(1));
    portico::actions::housekeeping::sweep(&world.ctx).await.expect("swept");
    assert_eq!(remembered().await.expect("a count"), 0);
}
