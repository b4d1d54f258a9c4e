//! `/apps/{app}/refusals`, and what the overview and credentials pages say of calls

use portico::{
    actions::calls::flush,
    domain::{
        account::Role,
        app::App,
        authorization::Code,
        calls::{Calls, CallsOf, Hour, RefusedCall, SignedWith},
        client::ClientId,
        id::AppId,
        time::Span,
    },
    tally::{Call, Outcome, Seats},
};

use super::{Flow, at};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    world::parsed,
};

on_both!(
    a_refused_call_stands_there_with_its_reason_and_never_its_token,
    an_app_without_refused_calls_says_what_the_page_is_for,
    a_code_filters_and_what_is_none_does_not,
    a_call_that_names_no_app_stands_with_each_app_of_the_account,
    what_a_token_says_is_shown_as_text,
    a_call_with_an_access_token_is_known_by_its_client,
    a_webhook_app_makes_no_calls,
    the_overview_draws_requests_a_day_and_the_last_refused_calls,
    what_stopping_an_app_stops_is_said_in_calls,
    an_old_secret_says_who_still_uses_it,
);

async fn call(flow: &Flow, token: &str) -> u16 {
    flow.client.get_as("/authorize", token).await.status.as_u16()
}

fn refused(flow: &Flow, app: Option<AppId>, code: Code, detail: &str) {
    let outcome = Outcome::Refused(RefusedCall {
        app,
        at: flow.portal.world.ctx.now(),
        code,
        detail: detail.to_owned().into(),
        off_by_s: Some(61),
        signed_with: SignedWith::OldSecret,
        address: Some("203.0.113.18".parse().expect("an address")),
    });
    let account = Some(flow.ada.account);
    flow.portal.world.ctx.tally.count(Call {
        account,
        is_unnamed: false,
        old_secret: None,
        outcome,
        seats: Seats::default(),
    });
}

/// The page, once what was counted is written.
async fn visit(flow: &Flow, app: &App, path: &str) -> Page {
    flush(&flow.portal.world.ctx).await.expect("written");
    flow.client.visit(&at(app, path)).await
}

async fn counted(flow: &Flow, of: CallsOf, calls: Calls) {
    let hour = Hour::of(flow.portal.world.ctx.now());
    let mut tx = flow.portal.world.database.begin().await;
    tx.add_calls(&[(of, hour, calls)]).await.expect("added");
    tx.commit().await.expect("it holds");
}

async fn a_refused_call_stands_there_with_its_reason_and_never_its_token(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let token = flow.portal.world.token(&flow.ada, &app).await;
    flow.portal.world.clock.advance(Span::hours(3));
    assert_eq!(call(&flow, &token).await, 401);
    let page = visit(&flow, &app, "/refusals").await;
    let key =
        flow.portal.world.database.read().await.api_key(app.account).await.expect("a read").expect("a key");
    for words in [
        "1 refused call",
        "24 Nov 2026, 10:20 UTC",
        "token_expired",
        "The token expired 7200 seconds ago.",
        "7,200 s late by our clock",
        key.hint().as_str(),
        "Signed with the current secret",
        "127.0.0.1",
    ] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    let (_, signature) = token.rsplit_once('.').expect("a signature");
    assert!(!page.body.contains(signature));
    assert!(page.has("nav a[aria-current=page][href$='/refusals']"));
}

async fn an_app_without_refused_calls_says_what_the_page_is_for(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let page = visit(&flow, &app, "/refusals").await;
    assert!(page.says("When a call of Relay is refused, it stands here within seconds"), "{}", page.text());
    assert!(!page.has("main table"));
}

async fn a_code_filters_and_what_is_none_does_not(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    for (code, words) in
        [(Code::TokenExpired, "one"), (Code::InvalidToken, "two"), (Code::InvalidToken, "three")]
    {
        refused(&flow, Some(app.id), code, words);
    }
    let rows = |page: &Page| page.texts("main tbody tr").len();
    let page = visit(&flow, &app, "/refusals?code=invalid_token").await;
    assert_eq!((rows(&page), page.says("2 refused calls found")), (2, true), "{}", page.text());
    assert_eq!(page.attribute("#code option[selected]", "value").as_deref(), Some("invalid_token"));
    assert_eq!(rows(&visit(&flow, &app, "/refusals?code=nonsense").await), 3);
    let none = visit(&flow, &app, "/refusals?code=app_draft").await;
    assert!(none.says("No call was refused with app_draft"), "{}", none.text());
    assert!(none.has("main a[href$='/refusals']"), "the way back");
    // What says nothing of whose call it was is not offered.
    assert!(!none.has("#code option[value=missing_token]"));
}

async fn a_call_that_names_no_app_stands_with_each_app_of_the_account(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (one, two) = (flow.active_app("One").await, flow.active_app("Two").await);
    refused(&flow, None, Code::AppRequired, "anybody");
    refused(&flow, Some(two.id), Code::AppDraft, "the second");
    let page = visit(&flow, &one, "/refusals").await;
    assert!(page.says("anybody") && page.says("The token names no app (sub)"), "{}", page.text());
    assert!(!page.says("the second"));
    let page = visit(&flow, &two, "/refusals").await;
    assert!(page.says("anybody") && page.says("the second"));
    let bo = flow.portal.world.user("bo@other.example").await;
    let other = flow.portal.world.jwt_app(&bo, "Other").await;
    let client = flow.portal.signed_in(&bo).await;
    assert!(!client.visit(&at(&other, "/refusals")).await.says("anybody"));
}

async fn what_a_token_says_is_shown_as_text(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    refused(&flow, Some(app.id), Code::InvalidToken, "<img src=x onerror=alert(1)>");
    for path in ["/refusals", ""] {
        let page = visit(&flow, &app, path).await;
        assert!(page.says("<img src=x onerror=alert(1)>") && !page.has("main img[onerror]"));
    }
}

async fn a_call_with_an_access_token_is_known_by_its_client(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let relay = flow.active_app("Relay").await;
    let ledger = world.server_app(&flow.ada, "Ledger", &["user:read"]).await;
    let program = flow.portal.client();
    let request = program.request(reqwest::Method::POST, "/oauth/token");
    let request = request.basic_auth(&ledger.id, Some(&ledger.secret));
    let answer = program.send(request.form(&[("grant_type", "client_credentials")])).await;
    let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let of_ledger = answer["access_token"].as_str().expect("a token");
    let atlas = world.oauth_app(&flow.ada, "Atlas", "user:read").await;
    let bo = world.user("bo@other.example").await;
    let (of_atlas, _) = atlas.tokens(&flow.portal.signed_in(&bo).await, &[]).await;
    for token in [of_ledger, of_atlas.as_str()] {
        let page = flow.client.get_as("/authorize?scope=meeting:read", token).await;
        assert_eq!(page.status, 403, "{}", page.body);
    }
    refused(&flow, None, Code::AppRequired, "anybody who signs");
    let key = world.database.read().await.api_key(flow.ada.account).await.expect("a read").expect("a key");
    let root = flow.portal.signed_in(&world.admin("root@platform.example").await).await;
    for (app, client_id) in [(&ledger.app, &ledger.id), (&atlas.app, &atlas.client_id)] {
        let client_id: ClientId = parsed(client_id);
        let page = visit(&flow, app, "/refusals").await;
        let console = root.visit(&format!("/admin/apps/{}", app.id)).await;
        for page in [page, console] {
            assert!(page.says("insufficient_scope") && page.says(&client_id.hint()), "{}", page.text());
            assert!(!page.says(&key.hint()) && !page.says("anybody who signs"), "{}", page.text());
        }
    }
    let page = visit(&flow, &relay, "/refusals").await;
    assert!(page.says(&key.hint()) && page.says("anybody who signs"), "{}", page.text());
    assert_eq!(page.texts("main tbody tr").len(), 1, "{}", page.text());
}

async fn a_webhook_app_makes_no_calls(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.portal.world.webhook_app(&flow.ada, "Listener").await;
    assert_eq!(flow.client.get(&at(&app, "/refusals")).await.status, 404);
    let overview = flow.client.visit(&at(&app, "")).await;
    assert!(!overview.has("a[href$='/refusals']") && !overview.says("Requests a day"));
}

async fn the_overview_draws_requests_a_day_and_the_last_refused_calls(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    assert!(!visit(&flow, &app, "").await.says("Requests a day"), "a draft that never called");
    let app = flow.portal.world.activate(&flow.ada, &app).await;
    assert!(visit(&flow, &app, "").await.says("No requests in the last 30 days."));
    counted(&flow, CallsOf::App(app.id), Calls { allowed: 1204, refused: 27, unnamed: 0 }).await;
    for n in 1..=4 {
        refused(&flow, Some(app.id), Code::TokenExpired, &format!("number {n}"));
        flow.portal.world.clock.advance(Span::seconds(1));
    }
    let page = visit(&flow, &app, "").await;
    let words = "1,204 requests allowed and 31 refused in the last 30 days; most on 24 Nov 2026.";
    assert_eq!(page.texts("svg[role=img] desc"), [words]);
    let today = page.texts(".chart tbody tr:first-child > *");
    assert_eq!(today, ["24 Nov 2026", "1,204", "31"], "{}", page.text());
    assert!(page.says("number 4") && page.says("number 2") && !page.says("number 1"), "the last three");
    assert!(page.has("main a[href='/account/token-debugger']"));
}

async fn what_stopping_an_app_stops_is_said_in_calls(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let page = visit(&flow, &app, "").await;
    assert!(page.says("(none passed in the last 24 hours)"), "{}", page.text());
    counted(&flow, CallsOf::App(app.id), Calls { allowed: 2000, refused: 1, unnamed: 9 }).await;
    let page = visit(&flow, &app, "").await;
    for id in ["#deactivate-stops", "#delete-stops"] {
        assert!(page.texts(id).concat().contains("(2,000 passed in the last 24 hours)"), "{}", page.text());
    }
    let meant = "9 calls of the account named no app (sub) in the last 24 hours. As long as this is its only JWT app, such calls are taken for this one’s, and are refused with it.";
    assert!(page.says(meant), "{}", page.text());
    let second = flow.active_app("Second").await;
    counted(&flow, CallsOf::Unnamed(app.account), Calls { allowed: 5, refused: 0, unnamed: 5 }).await;
    let page = visit(&flow, &second, "").await;
    let several = "14 calls of the account named no app (sub) in the last 24 hours. As long as one of several apps is stopped, such calls are refused with app_required";
    assert!(page.says(several), "{}", page.text());
    let page = visit(&flow, &app, "/credentials").await;
    let words = "2,005 calls passed with the pair in the last 24 hours.";
    assert!(page.texts("#regenerate-stops").concat().contains(words), "{}", page.text());
    flow.portal.world.clock.advance(Span::hours(26));
    let flow = flow.signed_in_again().await;
    let page = visit(&flow, &app, "/credentials").await;
    assert!(page.says("No call passed with the pair in the last 24 hours."), "{}", page.text());
}

fn still_used(page: &Page) -> Vec<String> {
    page.texts("td[data-label='Still used']")
}

async fn an_old_secret_says_who_still_uses_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let token = flow.portal.world.token(&flow.ada, &app).await;
    let action = at(&app, "/credentials/regenerate");
    flow.client.fill(&at(&app, "/credentials"), &action, &[("keep_old_for", "7d")]).await;
    let page = visit(&flow, &app, "/credentials").await;
    let unused = "No call since it was replaced 24 Nov 2026, 07:20 UTC";
    let soon = "Too soon to say: wait until everything that calls has called";
    assert_eq!(still_used(&page), [format!("{unused}{soon}")]);

    assert_eq!([call(&flow, &token).await, call(&flow, &token).await], [200, 200]);
    let page = visit(&flow, &app, "/credentials").await;
    let used = "2 calls, the last 24 Nov 2026, 07:20 UTC";
    assert_eq!(still_used(&page), [format!("{used}Not safe to revoke yet: such calls would be refused")]);
    flow.portal.world.clock.advance(Span::hours(25));
    let flow = flow.signed_in_again().await;
    let page = visit(&flow, &app, "/credentials").await;
    let quiet = "None in the last 24 hours: safe to revoke, unless something calls less than once a day";
    assert_eq!(still_used(&page), [format!("{used}{quiet}")]);
    let viewer = flow.portal.world.colleague("eve@meridian.example", &flow.ada).await;
    let viewer = flow.portal.world.with_role(viewer, Role::Viewer).await;
    let page = flow.portal.signed_in(&viewer).await.visit(&at(&app, "/credentials")).await;
    assert_eq!(still_used(&page), [format!("{used}{quiet}")]);
    assert!(!page.has("form[action$='/revoke']"), "a viewer reads");
}
