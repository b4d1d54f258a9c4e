//! `/apps/{app}/scopes`

use portico::domain::{account::Role, app::AppType};

use super::{Flow, at, only_error};
use crate::support::databases::{Kind, on_both};

on_both!(
    scopes_are_chosen_with_a_reason_and_taken_away,
    every_wrong_reason_is_named_and_kept,
    a_retired_scope_is_kept_and_not_chosen_anew,
    a_viewer_sees_what_was_chosen_and_changes_nothing,
    the_steps_say_whether_scopes_and_credentials_are_done,
);

async fn scopes_are_chosen_with_a_reason_and_taken_away(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    let path = at(&app, "/scopes");
    let page = flow.client.visit(&path).await;
    assert_eq!(page.texts("input[name=scopes]").len(), 6);
    assert!(page.says("See meetings: when they are") && !page.has("input[name=scopes][checked]"));
    let form = page.form(&path).and("scopes", "user:read").and("scopes", "meeting:read");
    let form = form.with("why_meeting:read", "  To show what is  next ").with("why_user:write", "not chosen");
    let saved = flow.client.submit(&form).await;
    let page = flow.client.follow(&saved).await;
    assert!(page.says("Scopes saved."), "{}", page.text());
    assert!(
        page.has("input[value='user:read'][checked]") && page.has("input[value='meeting:read'][checked]")
    );
    assert_eq!(page.form(&path).value("why_meeting:read"), Some("To show what is next"));
    assert_eq!(page.form(&path).value("why_user:write"), Some(""), "of what is not chosen nothing is kept");
    let activation = flow.client.visit(&at(&app, "/activation")).await;
    assert!(activation.says("meeting:read, user:read"), "{}", activation.text());
    // Without any it asks for nothing.
    let form = flow.client.visit(&path).await.form(&path).without("scopes").with("then", "continue");
    assert!(flow.client.submit(&form).await.location().ends_with("/features"));
    assert!(!flow.client.visit(&path).await.has("input[name=scopes][checked]"));
    let database = &flow.portal.world.database;
    assert_eq!(database.audited("scopes_changed").await, 2);
    // And a user's admin can say who asks for a scope.
    let uses = flow.client.visit(&path).await.form(&path).and("scopes", "user:write");
    flow.client.submit(&uses).await;
    let root = flow.portal.world.admin("root@platform.example").await;
    let admin = flow.portal.signed_in(&root).await;
    let page = admin.visit("/admin/scopes/user:write").await;
    assert!(page.says("1 app asks for it.") && !page.has("form[action$='/delete']"), "{}", page.text());
}

async fn every_wrong_reason_is_named_and_kept(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::ServerToServer, "Robot").await;
    let path = at(&app, "/scopes");
    let form = flow.client.visit(&path).await.form(&path).and("scopes", "user:read");
    for (reason, fits) in [("x".repeat(200), true), ("x".repeat(201), false)] {
        let answer = flow.client.submit(&form.clone().with("why_user:read", &reason)).await;
        assert_eq!(answer.status == 303, fits, "{}", answer.text());
        if !fits {
            let sentence = "The reason for user:read must be at most 200 characters; it has 201.";
            assert_eq!(only_error(&answer), ("why_user:read".to_owned(), sentence.to_owned()));
            assert_eq!(answer.form(&path).value("why_user:read"), Some(reason.as_str()));
            assert!(answer.has("input[value='user:read'][checked]"));
        }
    }
    for unknown in ["no:such", "*", "<script>"] {
        let refused = flow.client.submit(&form.clone().and("scopes", unknown)).await;
        let (field, sentence) = only_error(&refused);
        assert!(
            field == "scopes" && sentence.starts_with("A scope that you chose is not offered"),
            "{sentence}"
        );
    }
}

async fn a_retired_scope_is_kept_and_not_chosen_anew(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (has, other) =
        (flow.app(AppType::Oauth, "Calendar").await, flow.app(AppType::Oauth, "Another").await);
    let path = at(&has, "/scopes");
    let form = flow.client.visit(&path).await.form(&path).and("scopes", "user:read");
    flow.client.submit(&form).await;
    let late = at(&other, "/scopes");
    let late_form = flow.client.visit(&late).await.form(&late).and("scopes", "user:read");
    flow.portal.world.database.run("update scopes set retired_at = 1 where name = 'user:read'").await;
    let page = flow.client.visit(&path).await;
    assert!(page.has("input[value='user:read'][checked]") && page.says("Retired: kept until you untick it"));
    assert_eq!(flow.client.submit(&page.form(&path)).await.status, 303);
    assert!(flow.client.visit(&path).await.has("input[value='user:read'][checked]"));
    assert!(!flow.client.visit(&late).await.has("input[value='user:read']"));
    assert_eq!(flow.client.submit(&late_form).await.status, 422);
}

async fn a_viewer_sees_what_was_chosen_and_changes_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    let path = at(&app, "/scopes");
    let form = flow.client.visit(&path).await.form(&path).and("scopes", "user:read");
    flow.client.submit(&form.with("why_user:read", "To greet people")).await;
    let viewer = flow.portal.world.colleague("viewer@meridian.example", &flow.ada).await;
    let viewer = flow.portal.world.with_role(viewer, Role::Viewer).await;
    let page = flow.portal.signed_in(&viewer).await.visit(&path).await;
    assert!(page.says("user:read") && page.says("To greet people") && !page.says("user:write"));
    assert!(!page.has("main form[method=post]"), "{}", page.text());
}

async fn the_steps_say_whether_scopes_and_credentials_are_done(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    let steps = async |app: &portico::domain::app::App| {
        flow.client.visit(&at(app, "/information")).await.texts(".steps li")
    };
    let to_do = steps(&app).await;
    let names: Vec<_> = to_do.iter().map(String::as_str).collect();
    let expected = ["App type", "Information", "Credentials", "Scopes", "Features", "Activation"];
    assert!(
        names.len() == 6 && names.iter().zip(expected).all(|(step, name)| step.contains(name)),
        "{names:?}"
    );
    assert!(to_do[2].ends_with("To do") && to_do[3].ends_with("To do"), "{to_do:?}");
    let (credentials, scopes) = (at(&app, "/credentials"), at(&app, "/scopes"));
    flow.client.fill(&credentials, &at(&app, "/credentials/regenerate"), &[]).await;
    assert!(steps(&app).await[2].ends_with("To do"), "the redirect URI is missing");
    flow.client.fill(&credentials, &credentials, &[("redirect_uris", "https://a.example/")]).await;
    flow.client.fill(&scopes, &scopes, &[("scopes", "user:read")]).await;
    let done = steps(&app).await;
    assert!(done[2].ends_with("Done") && done[3].ends_with("Done"), "{done:?}");
    assert_eq!(steps(&flow.jwt_app("Relay").await).await.len(), 5);
}
