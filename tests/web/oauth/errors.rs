//! Every error of RFC 6749 §5.2, and the others in their place.

use portico::domain::{app::AppType, oauth::assertion};
use reqwest::Method;

use super::{json_of, post, post_as, refusal, refused, server};
use crate::{
    apps::Flow,
    support::{
        clients::ClientApp,
        databases::{Kind, on_both},
    },
};

on_both!(
    every_request_that_is_wrong_gets_its_error,
    parameters_stand_in_the_body_alone,
    an_app_that_may_not_act_gets_no_token,
    methods_that_are_not_there_are_405,
);

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn every_request_that_is_wrong_gets_its_error(kind: Kind) {
    let server = server(kind).await;
    let (flow, app) = (&server.flow, &server.app);
    let (id, secret) = (app.id.as_str(), app.secret.as_str());
    let other = flow.portal.world.server_app(&flow.ada, "Other", &[]).await;
    let long = "a:b ".repeat(1_100);
    let other_end = if secret.ends_with('x') { 'y' } else { 'x' };
    let mistyped = format!("{}{other_end}", &secret[..secret.len() - 1]);
    type Fields<'a> = Vec<(&'a str, &'a str)>;
    let by_header: Vec<(Fields<'_>, (u16, &str))> = vec![
        (vec![], (400, "invalid_request")),
        (vec![("grant_type", "")], (400, "invalid_request")),
        (vec![("grant_type", "password")], (400, "unsupported_grant_type")),
        (vec![("grant_type", "CLIENT_CREDENTIALS")], (400, "unsupported_grant_type")),
        (vec![GRANT, GRANT], (400, "invalid_request")),
        (vec![GRANT, ("x", "1"), ("x", "2")], (400, "invalid_request")),
        (vec![GRANT, ("scope", "recording:read")], (400, "invalid_scope")),
        (vec![GRANT, ("scope", "user:read recording:read")], (400, "invalid_scope")),
        (vec![GRANT, ("scope", "USER:READ")], (400, "invalid_scope")),
        (vec![GRANT, ("scope", "user:read,meeting:read")], (400, "invalid_scope")),
        (vec![GRANT, ("scope", "*")], (400, "invalid_scope")),
        (vec![GRANT, ("scope", "user:read openid")], (400, "invalid_scope")),
        (vec![GRANT, ("scope", &long)], (400, "invalid_scope")),
        (vec![GRANT, ("client_id", &other.id)], (400, "invalid_request")),
        (vec![GRANT, ("client_secret", secret)], (400, "invalid_request")),
        (vec![GRANT, ("client_id", id), ("client_secret", secret)], (400, "invalid_request")),
        (
            vec![GRANT, ("client_assertion_type", assertion::TYPE), ("client_assertion", "a.b.c")],
            (400, "invalid_request"),
        ),
    ];
    for (fields, (status, error)) in by_header {
        assert_eq!(
            refusal(&server.post("/oauth/token", &fields).await),
            refused(status, error),
            "{fields:?}"
        );
    }
    let in_body: Vec<(Fields<'_>, (u16, &str))> = vec![
        (vec![GRANT], (401, "invalid_client")),
        (vec![GRANT, ("client_id", id)], (401, "invalid_client")),
        (vec![GRANT, ("client_secret", secret)], (400, "invalid_request")),
        (vec![GRANT, ("client_id", id), ("client_secret", "wrong")], (401, "invalid_client")),
        (vec![GRANT, ("client_id", id), ("client_secret", &mistyped)], (401, "invalid_client")),
        (vec![GRANT, ("client_id", id), ("client_secret", &other.secret)], (401, "invalid_client")),
        (vec![GRANT, ("client_id", &other.id), ("client_secret", secret)], (401, "invalid_client")),
        (vec![GRANT, ("client_id", "cid_0"), ("client_secret", secret)], (401, "invalid_client")),
        (vec![GRANT, ("client_id", id), ("client_id", id)], (400, "invalid_request")),
        (vec![GRANT, ("client_assertion", "a.b.c")], (400, "invalid_request")),
        (vec![GRANT, ("client_assertion_type", assertion::TYPE)], (400, "invalid_request")),
        (
            vec![GRANT, ("client_assertion_type", assertion::TYPE), ("client_assertion", "a.b.c")],
            (401, "invalid_client"),
        ),
        (
            vec![GRANT, ("client_assertion_type", "urn:x"), ("client_assertion", "a.b.c")],
            (401, "invalid_client"),
        ),
    ];
    for (fields, (status, error)) in in_body {
        assert_eq!(refusal(&post(flow, "/oauth/token", &fields).await), refused(status, error), "{fields:?}");
    }
    let words = |page| json_of(&page)["error_description"].to_string();
    let openid = post_as(flow, "/oauth/token", app, &[GRANT, ("scope", "openid")]).await;
    assert!(words(openid).contains("There is no scope openid here"));
    // Whatever is wrong with a client reads the same.
    let unknown = ClientApp {
        id: String::from("cid_0000000000000000000000"),
        secret: secret.into(),
        app: other.app.clone(),
    };
    let wrong = ClientApp { id: id.to_owned(), secret: other.secret.clone(), app: other.app };
    assert_eq!(
        words(post_as(flow, "/oauth/token", &unknown, &[GRANT]).await),
        words(post_as(flow, "/oauth/token", &wrong, &[GRANT]).await)
    );
    for header in ["Basic", "Basic !", "Basic eA==", "Basic Y2lkOg==", "Bearer at_x", "Digest x", "x"] {
        let client = flow.portal.client();
        let request = client.request(Method::POST, "/oauth/token").header("authorization", header);
        let page = client.send(request.form(&[GRANT])).await;
        assert_eq!(refusal(&page), refused(401, "invalid_client"), "{header}");
        assert_eq!(page.header("www-authenticate"), "Basic realm=\"portico\"");
    }
}

async fn parameters_stand_in_the_body_alone(kind: Kind) {
    let server = server(kind).await;
    let client = server.flow.portal.client();
    let (id, secret) = (&server.app.id, &server.app.secret);
    let query = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let path = format!("/oauth/token?{query}");
    let page = post(&server.flow, &path, &[]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"), "a secret in the query");
    let page = server.post("/oauth/token?x=1", &[GRANT]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"), "any query");
    for (content_type, body) in [
        ("application/json", r#"{"grant_type":"client_credentials"}"#.to_owned()),
        ("text/plain", query.clone()),
        ("multipart/form-data; boundary=x", query.clone()),
        ("application/x-www-form-urlencoded", format!("{query}&x={}", "a".repeat(64 * 1_024))),
        ("application/x-www-form-urlencoded", format!("{query}&x=%ff")),
    ] {
        let request = client.request(Method::POST, "/oauth/token").header("content-type", content_type);
        let page = client.send(request.body(body)).await;
        assert_eq!(refusal(&page), refused(400, "invalid_request"), "{content_type}");
    }
    let request = client.request(Method::POST, "/oauth/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    assert_eq!(client.send(request.body(query)).await.status, 200);
}

async fn an_app_that_may_not_act_gets_no_token(kind: Kind) {
    let server = server(kind).await;
    let (flow, world) = (&server.flow, &server.flow.portal.world);
    let ask = async |app: &ClientApp| refusal(&post_as(flow, "/oauth/token", app, &[GRANT]).await);
    let draft = world.client_app(&flow.ada, AppType::ServerToServer, "Draft", &[]).await;
    assert_eq!(ask(&draft).await, refused(400, "unauthorized_client"), "a draft");
    let oauth = world.client_app(&flow.ada, AppType::Oauth, "Rooms", &["user:read"]).await;
    assert_eq!(ask(&oauth).await, refused(400, "unauthorized_client"), "an app that acts for users");
    world.database.set("apps", &oauth.app.id, "state = 'active'").await;
    world.hear_of(flow.ada.account).await;
    assert_eq!(ask(&oauth).await, refused(400, "unauthorized_client"));
    for state in ["deactivated", "suspended"] {
        let update = format!("state = '{state}', suspended_before = 'active', suspended_reason = 'x'");
        world.database.set("apps", &server.app.app.id, &update).await;
        world.hear_of(flow.ada.account).await;
        assert_eq!(ask(&server.app).await, refused(400, "unauthorized_client"), "{state}");
    }
    world.database.set("apps", &server.app.app.id, "state = 'active'").await;
    for standing in ["pending", "suspended"] {
        world.database.set("accounts", &flow.ada.account, &format!("standing = '{standing}'")).await;
        world.hear_of(flow.ada.account).await;
        assert_eq!(ask(&server.app).await, refused(400, "unauthorized_client"), "{standing}");
    }
}

async fn methods_that_are_not_there_are_405(kind: Kind) {
    let flow = Flow::new(kind).await;
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        let page = flow.client.get(path).await;
        assert_eq!(page.status, 405, "{path}");
        assert!(page.header("allow").contains("POST"));
    }
    assert_eq!(post(&flow, "/.well-known/oauth-authorization-server", &[]).await.status, 405);
}
