//! `/admin/event-types`, `/new`, `/admin/event-types/{event_type}`, `/retire`, `/bring-back`, `/delete`

use super::Console;
use crate::{
    apps::only_error,
    support::{
        client::Page,
        databases::{Kind, on_both},
    },
};

on_both!(
    the_list_has_groups_a_search_and_a_filter,
    an_event_type_is_created_and_developers_can_choose_it,
    every_wrong_field_is_named_and_an_example_with_its_place,
    an_event_type_is_edited_and_its_name_is_not,
    a_retired_type_is_offered_to_nobody_and_kept_by_who_holds_it,
    one_in_use_is_not_deleted_and_one_that_is_not_is,
    of_two_admins_one_wins_and_the_other_is_told,
    what_was_typed_runs_nowhere,
);

const LIST: &str = "/admin/event-types";

const INVOICE: &[(&str, &str)] = &[
    ("name", "invoice.paid"),
    ("group", "Invoices"),
    ("description", "An invoice was paid"),
    ("example", "{\n  \"invoice\": {\"id\": \"i_1\", \"amount\": 12.50}\n}"),
];

async fn create(console: &Console, fields: &[(&str, &str)]) -> Page {
    console.client.fill("/admin/event-types/new", LIST, fields).await
}

async fn the_list_has_groups_a_search_and_a_filter(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    console.portal.world.subscription(&console.ada, &app).await;
    console.press("/admin/event-types/user.deleted", "/admin/event-types/user.deleted/retire", &[]).await;
    let page = console.client.visit(LIST).await;
    assert_eq!(page.texts("main section h2"), ["Users", "Meetings", "Recordings", "Apps"]);
    assert!(page.says("15 event types"), "{}", page.text());
    let rows = page.texts("tbody tr");
    let row = |name: &str| rows.iter().find(|row| row.contains(name)).cloned().unwrap_or_default();
    assert!(row("meeting.started").contains("Offered") && row("meeting.started").ends_with('1'), "{rows:?}");
    assert!(row("user.deleted").contains("Retired") && row("user.deleted").ends_with('0'), "{rows:?}");
    for (query, found) in [
        ("?q=RECORDING", 4),
        ("?q=scheduled", 1),
        ("?state=retired", 1),
        ("?state=offered", 14),
        ("?q=user&state=offered", 4),
        ("?state=gone", 15),
        ("?q=none+such", 0),
    ] {
        let page = console.client.visit(&format!("{LIST}{query}")).await;
        assert_eq!(page.texts("tbody th").len(), found, "{query}");
        assert_eq!(page.has(".empty"), found == 0, "{query}");
    }
}

async fn an_event_type_is_created_and_developers_can_choose_it(kind: Kind) {
    let console = Console::new(kind).await;
    let form = console.client.visit("/admin/event-types/new").await.form(LIST);
    let form = INVOICE.iter().fold(form, |form, (name, value)| form.with(name, value));
    let created = console.client.submit(&form).await;
    assert_eq!(created.location(), "/admin/event-types/invoice.paid");
    let page = console.client.follow(&created).await;
    assert!(page.says("Event type created."), "{}", page.text());
    let form_of_it = page.form("/admin/event-types/invoice.paid");
    assert_eq!(
        form_of_it.value("example").unwrap_or_default(),
        "{\n  \"invoice\": {\n    \"id\": \"i_1\",\n    \"amount\": 12.50\n  }\n}"
    );
    let again = console.client.submit(&form).await;
    assert!(console.client.follow(&again).await.says("This form was sent twice."));
    assert_eq!(console.portal.world.database.audited("event_type_created").await, 1);

    let app = console.active_app("Relay").await;
    let ada = console.portal.signed_in(&console.ada).await;
    let editor = ada.visit(&format!("/apps/{}/subscriptions/new", app.id)).await;
    assert!(editor.has("input[name=event_types][value='invoice.paid']"));
    assert!(editor.says("An invoice was paid"));
}

async fn every_wrong_field_is_named_and_an_example_with_its_place(kind: Kind) {
    let console = Console::new(kind).await;
    let refused = create(&console, &[("name", "Invoice"), ("example", "{\"a\": 1")]).await;
    let errors = refused.errors();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["description", "example", "group", "name"]);
    assert!(errors["name"].contains("such as “meeting.started”"), "{errors:?}");
    for (example, words) in [
        ("", "Enter the example, a JSON object"),
        ("[]", "must be a JSON object"),
        ("{\n  \"id\": 1,\n  nonsense\n}", "at line 3 column"),
        ("{\"a\": 1, \"a\": 2}", "is not JSON"),
        (&format!("{{\"a\":\"{}\"}}", "x".repeat(16_384)), "at most 16,384 bytes"),
    ] {
        let mut fields = INVOICE.to_vec();
        fields[3] = ("example", example);
        let refused = create(&console, &fields).await;
        let (field, sentence) = only_error(&refused);
        assert_eq!(field, "example");
        assert!(sentence.contains(words), "{sentence}");
        let shown = refused.form(LIST).value("example").unwrap_or_default().to_owned();
        assert_eq!(shown, example, "it is there as it was typed");
    }
    let mut taken = INVOICE.to_vec();
    taken[0] = ("name", "user.created");
    let refused = create(&console, &taken).await;
    let sentence = "There is an event type “user.created” already.";
    assert_eq!(only_error(&refused), ("name".to_owned(), sentence.to_owned()));
    assert_eq!(console.portal.world.database.audited("event_type_created").await, 0);
}

async fn an_event_type_is_edited_and_its_name_is_not(kind: Kind) {
    let console = Console::new(kind).await;
    let page = "/admin/event-types/user.created";
    let drawn = console.client.visit(page).await;
    assert!(!drawn.has("#name"));
    let fields = [("description", "Somebody came"), ("group", "People"), ("name", "user.gone")];
    let saved = console.press(page, page, &fields).await;
    assert!(saved.says("Event type saved."), "{}", saved.text());
    assert_eq!(saved.attribute("#description", "value").as_deref(), Some("Somebody came"));
    let list = console.client.visit(LIST).await;
    assert_eq!(list.texts("main section h2"), ["Users", "Meetings", "Recordings", "Apps", "People"]);
    assert!(!list.says("user.gone"));
    let database = &console.portal.world.database;
    let detail = database.texts("select detail from audit_log where action = 'event_type_changed'").await;
    assert!(detail[0].contains("Somebody joined the account") && detail[0].contains("Somebody came"));
    assert!(!detail[0].contains("example"), "it stayed as it was: {detail:?}");
    // Saved as it is: nothing to write down.
    console.press(page, page, &[]).await;
    assert_eq!(database.audited("event_type_changed").await, 1);
    let refused = console.client.fill(page, page, &[("group", "")]).await;
    assert_eq!(only_error(&refused), ("group".to_owned(), "Enter the group.".to_owned()));
    for unknown in ["no.such", "x", "User.created"] {
        assert_eq!(console.client.get(&format!("{LIST}/{unknown}")).await.status, 404, "{unknown}");
    }
}

async fn a_retired_type_is_offered_to_nobody_and_kept_by_who_holds_it(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let held = console.portal.world.subscription(&console.ada, &app).await;
    let page = "/admin/event-types/meeting.started";
    let retired = console.press(page, &format!("{page}/retire"), &[]).await;
    assert!(retired.says("This event type is retired."), "{}", retired.text());
    let ada = console.portal.signed_in(&console.ada).await;
    let subscriptions = format!("/apps/{}/subscriptions", app.id);
    let offered = ada.visit(&format!("{subscriptions}/new")).await;
    assert!(!offered.has("input[value='meeting.started']") && !offered.says("Retired"));
    let editor = format!("{subscriptions}/{held}");
    let kept = ada.visit(&editor).await;
    assert!(
        kept.has("input[value='meeting.started'][checked]") && kept.says("Retired: kept until you untick it")
    );
    let saved = ada.fill(&editor, &editor, &[("name", "Renamed")]).await;
    assert!(ada.follow(&saved).await.has("input[value='meeting.started'][checked]"));
    let back = console.press(page, &format!("{page}/bring-back"), &[]).await;
    assert!(back.says("The event type is back.") && !back.says("This event type is retired."));
    assert!(ada.visit(&format!("{subscriptions}/new")).await.has("input[value='meeting.started']"));
}

async fn one_in_use_is_not_deleted_and_one_that_is_not_is(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let page = "/admin/event-types/meeting.started";
    let early = console.client.visit(page).await.form(&format!("{page}/delete"));
    console.portal.world.subscription(&console.ada, &app).await;
    let drawn = console.client.visit(page).await;
    assert!(!drawn.has("form[action$='/delete']"));
    assert!(drawn.says("It cannot be deleted while a subscription holds it. Retire it instead."));
    let refused = console.client.submit(&early).await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("holds this event type, so it cannot be deleted"), "{}", refused.text());
    let page = "/admin/event-types/user.deleted";
    let deleted = console.press(page, &format!("{page}/delete"), &[]).await;
    assert!(deleted.says("The event type is deleted.") && deleted.says("14 event types"));
    assert_eq!(console.client.get(page).await.status, 404);
    assert_eq!(console.portal.world.database.audited("event_type_deleted").await, 1);
}

async fn of_two_admins_one_wins_and_the_other_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    let second = console.portal.world.admin("second@platform.example").await;
    let second = console.portal.signed_in(&second).await;
    let page = "/admin/event-types/user.created";
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
    // A refused form does not pass for one that saw what came in between.
    let late = second.visit(page).await.form(page);
    console.press(page, page, &[("description", "Third")]).await;
    let refused = second.submit(&late.clone().with("group", "")).await;
    assert_eq!(refused.status, 422);
    let again = second.submit(&refused.form(page).with("group", "Users")).await;
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(console.client.visit(page).await.attribute("#description", "value").as_deref() == Some("Third"));
}

async fn what_was_typed_runs_nowhere(kind: Kind) {
    let console = Console::new(kind).await;
    let mut fields = INVOICE.to_vec();
    fields[1] = ("group", "<script>alert(1)</script>");
    fields[2] = ("description", "\"><img src=x onerror=alert(1)>");
    fields[3] = ("example", "{\"a\": \"</textarea><script>alert(1)</script>\"}");
    assert_eq!(create(&console, &fields).await.status, 303);
    let app = console.active_app("Relay").await;
    let ada = console.portal.signed_in(&console.ada).await;
    let editor = ada.visit(&format!("/apps/{}/subscriptions/new", app.id)).await;
    let page = console.client.visit("/admin/event-types/invoice.paid").await;
    let list = console.client.visit(LIST).await;
    for page in [&editor, &page, &list] {
        assert!(!page.body.contains("<script>alert") && !page.has("img[onerror]"), "{}", page.body);
    }
    assert!(page.texts("#example").join("").contains("</textarea><script>"));
}
