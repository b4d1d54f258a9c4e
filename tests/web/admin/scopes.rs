//! `/admin/scopes`, `/new`, `/admin/scopes/{scope}`, `/retire`, `/bring-back`, `/delete`

use super::Console;
use crate::{
    apps::only_error,
    authorizations::Scene,
    support::{
        client::Page,
        databases::{Kind, on_both},
    },
};

on_both!(
    the_list_has_words_a_search_and_a_filter,
    a_scope_is_created_once_and_read_in_its_words,
    every_wrong_field_of_a_scope_is_named_and_kept,
    a_scope_is_put_in_other_words_and_its_name_is_not,
    a_scope_is_retired_and_brought_back,
    a_scope_that_an_event_type_needs_is_not_deleted_and_another_is,
    a_scope_that_a_user_granted_is_not_deleted,
    of_two_admins_one_wins_and_the_other_is_told,
    the_words_of_a_scope_run_nowhere,
    an_event_type_names_the_scope_that_it_needs,
);

const LIST: &str = "/admin/scopes";

async fn create(console: &Console, name: &str, words: &str) -> Page {
    console.client.fill("/admin/scopes/new", LIST, &[("name", name), ("description", words)]).await
}

async fn the_list_has_words_a_search_and_a_filter(kind: Kind) {
    let console = Console::new(kind).await;
    let page = "/admin/scopes/user:write";
    console.press(page, &format!("{page}/retire"), &[]).await;
    let page = console.client.visit(LIST).await;
    assert!(page.says("6 scopes"), "{}", page.text());
    let rows = page.texts("tbody tr");
    assert!(
        rows[0].contains("user:read") && rows[0].contains("See the people") && rows[0].contains("Offered")
    );
    assert!(rows[1].contains("user:write") && rows[1].contains("Retired"), "{rows:?}");
    for (query, found) in [
        ("?q=RECORDING", 2),
        ("?q=schedule", 1),
        ("?state=retired", 1),
        ("?state=offered", 5),
        ("?state=gone", 6),
        ("?q=none+such", 0),
    ] {
        let page = console.client.visit(&format!("{LIST}{query}")).await;
        assert_eq!(page.texts("tbody th").len(), found, "{query}");
        assert_eq!(page.has(".empty"), found == 0, "{query}");
    }
}

async fn a_scope_is_created_once_and_read_in_its_words(kind: Kind) {
    let console = Console::new(kind).await;
    let form = console.client.visit("/admin/scopes/new").await.form(LIST);
    let form = form.with("name", " invoice:read ").with("description", "See invoices");
    let created = console.client.submit(&form).await;
    assert_eq!(created.location(), "/admin/scopes/invoice:read");
    let page = console.client.follow(&created).await;
    assert!(page.says("Scope created.") && page.says("No app asks for it."), "{}", page.text());
    assert_eq!(page.attribute("#description", "value").as_deref(), Some("See invoices"));
    let again = console.client.submit(&form).await;
    assert!(console.client.follow(&again).await.says("This form was sent twice."));
    assert_eq!(console.portal.world.database.audited("scope_created").await, 1);
}

async fn every_wrong_field_of_a_scope_is_named_and_kept(kind: Kind) {
    let console = Console::new(kind).await;
    let refused = create(&console, "Invoices", "").await;
    let errors = refused.errors();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["description", "name"]);
    assert_eq!(refused.form(LIST).value("name"), Some("Invoices"));
    for (words, fits) in [("x".repeat(200), true), ("x".repeat(201), false)] {
        let answer = create(&console, "a:b", &words).await;
        assert_eq!(answer.status == 303, fits, "{}", answer.text());
    }
    let refused = create(&console, "user:read", "x").await;
    let sentence = "There is a scope “user:read” already.";
    assert_eq!(only_error(&refused), ("name".to_owned(), sentence.to_owned()));
}

async fn a_scope_is_put_in_other_words_and_its_name_is_not(kind: Kind) {
    let console = Console::new(kind).await;
    let page = "/admin/scopes/user:read";
    assert!(!console.client.visit(page).await.has("#name"));
    let saved = console.press(page, page, &[("description", "See people"), ("name", "x:y")]).await;
    assert!(saved.says("Scope saved.") && saved.says("5 event types need it"), "{}", saved.text());
    let database = &console.portal.world.database;
    let detail = database.texts("select detail from audit_log where action = 'scope_changed'").await;
    assert!(detail[0].contains("See the people in the account") && detail[0].contains("See people"));
    // Saved as it is: nothing to write down.
    console.press(page, page, &[]).await;
    assert_eq!(database.audited("scope_changed").await, 1);
    let refused = console.client.fill(page, page, &[("description", "")]).await;
    assert_eq!(only_error(&refused), ("description".to_owned(), "Enter the description.".to_owned()));
    for unknown in ["no:such", "x", "User:read"] {
        assert_eq!(console.client.get(&format!("{LIST}/{unknown}")).await.status, 404, "{unknown}");
    }
}

async fn a_scope_is_retired_and_brought_back(kind: Kind) {
    let console = Console::new(kind).await;
    let page = "/admin/scopes/meeting:write";
    let retired = console.press(page, &format!("{page}/retire"), &[]).await;
    assert!(retired.says("This scope is retired.") && !retired.has("form[action$='/retire']"));
    let back = console.press(page, &format!("{page}/bring-back"), &[]).await;
    assert!(back.says("The scope is back.") && !back.says("This scope is retired."));
    let audit = console.client.visit("/admin/audit?action=scope_retired").await;
    assert!(audit.says("Scope retired") && audit.says("meeting:write"), "{}", audit.text());
}

async fn a_scope_that_an_event_type_needs_is_not_deleted_and_another_is(kind: Kind) {
    let console = Console::new(kind).await;
    let page = "/admin/scopes/meeting:read";
    let drawn = console.client.visit(page).await;
    assert!(
        !drawn.has("form[action$='/delete']") && drawn.has("a[href='/admin/event-types/meeting.started']")
    );
    let page = "/admin/scopes/meeting:write";
    let early = console.client.visit(page).await.form(&format!("{page}/delete"));
    let event_type = "/admin/event-types/meeting.started";
    console.press(event_type, event_type, &[("scope", "meeting:write")]).await;
    let refused = console.client.submit(&early).await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("so it cannot be deleted"), "{}", refused.text());
    let page = "/admin/scopes/user:write";
    let deleted = console.press(page, &format!("{page}/delete"), &[]).await;
    assert!(deleted.says("The scope is deleted.") && deleted.says("5 scopes"));
    assert_eq!(console.client.get(page).await.status, 404);
}

async fn a_scope_that_a_user_granted_is_not_deleted(kind: Kind) {
    let scene = Scene::new(kind).await;
    let world = &scene.portal.world;
    let admin = scene.portal.signed_in(&world.admin("root@platform.example").await).await;
    let page = "/admin/scopes/meeting:write";
    assert!(!admin.visit(page).await.has("form[action$='/delete']"), "the app asks for it");
    world.database.run("delete from app_scopes where scope = 'meeting:write'").await;
    let early = admin.visit(page).await.form(&format!("{page}/delete"));
    // As if it had been granted while the app still asked for it.
    scene.atlas.tokens(&scene.client, &[]).await;
    world.database.run("update grants set scopes = 'meeting:read meeting:write'").await;
    let drawn = admin.visit(page).await;
    assert!(!drawn.has("form[action$='/delete']"), "{}", drawn.text());
    assert!(drawn.says("It cannot be deleted while a user has granted it"), "{}", drawn.text());
    assert_eq!(admin.submit(&early).await.status, 409);
    assert_eq!(admin.get(page).await.status, 200, "it is still there");
}

async fn of_two_admins_one_wins_and_the_other_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    let second = console.portal.world.admin("second@platform.example").await;
    let second = console.portal.signed_in(&second).await;
    let page = "/admin/scopes/user:write";
    for (verb, fields) in
        [("", [("description", "First")].as_slice()), ("/retire", &[]), ("/bring-back", &[])]
    {
        let action = format!("{page}{verb}");
        let late = second.visit(page).await.form(&action);
        let late = if verb.is_empty() { late.with("description", "Second") } else { late };
        let delete = second.visit(page).await.form(&format!("{page}/delete"));
        console.press(page, &action, fields).await;
        for form in [late, delete] {
            let told = second.submit(&form).await;
            assert_eq!(told.status, 409, "{verb}: {}", told.text());
            assert!(told.says("somebody else was quicker"), "{verb}: {}", told.text());
        }
    }
}

async fn the_words_of_a_scope_run_nowhere(kind: Kind) {
    let console = Console::new(kind).await;
    let words = "\"><img src=x onerror=alert(1)><script>alert(1)</script>";
    assert_eq!(create(&console, "a:b", words).await.status, 303);
    for page in [LIST, "/admin/scopes/a:b", "/admin/event-types/new"] {
        let page = console.client.visit(page).await;
        assert!(!page.body.contains("<script>alert") && !page.has("img[onerror]"), "{}", page.body);
    }
}

async fn an_event_type_names_the_scope_that_it_needs(kind: Kind) {
    let console = Console::new(kind).await;
    let page = "/admin/event-types/user.created";
    let drawn = console.client.visit(page).await;
    assert!(drawn.has("#scope option[value='user:read'][selected]"), "{}", drawn.body);
    let saved = console.press(page, page, &[("scope", "")]).await;
    assert!(saved.has("#scope option[value=''][selected]"));
    for unknown in ["no:such", "x y"] {
        let form = console.client.visit(page).await.form(page).with("scope", unknown);
        let refused = console.client.submit(&form).await;
        let sentence = "Choose a scope of the catalog, or none.";
        assert_eq!(only_error(&refused), ("scope".to_owned(), sentence.to_owned()), "{unknown}");
    }
    // A retired one is offered to those event types alone that have it.
    let scope = "/admin/scopes/user:read";
    console.press(scope, &format!("{scope}/retire"), &[]).await;
    assert!(!console.client.visit(page).await.has("#scope option[value='user:read']"));
    let holds = console.client.visit("/admin/event-types/user.updated").await;
    assert!(holds.has("#scope option[value='user:read'][selected]"));
}
