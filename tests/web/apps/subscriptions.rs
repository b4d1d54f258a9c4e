//! `/apps/{app}/subscriptions/…`: the editor, and the signing secret

use futures_util::future::join_all;
use portico::{
    actions::Policy,
    domain::{account::Role, address::AllowedNets, app::App},
};
use reqwest::Method;

use super::{Flow, at, only_error, refusal};
use crate::support::{
    client::{Form, Page},
    databases::{Kind, on_both},
    world,
};

on_both!(
    what_is_saved_stands_there_afterwards,
    endpoints_keep_their_rules_at_both_edges,
    an_endpoint_that_is_not_public_is_refused_however_it_is_spelt,
    an_endpoint_in_a_network_that_the_operator_allows_is_saved,
    at_least_one_url_and_one_event_type_are_needed,
    filter_and_select_all_keep_what_was_typed_and_save_nothing,
    a_form_sent_twice_makes_one_subscription,
    a_saved_subscription_can_be_changed_and_deleted,
    a_retired_event_type_stays_where_it_was_and_comes_nowhere_else,
    a_signing_secret_is_revealed_and_rotated,
    a_viewer_reads_and_sees_no_secret,
);

async fn form(flow: &Flow, app: &App) -> Form {
    let page = flow.client.visit(&at(app, "/subscriptions/new")).await;
    page.form(&at(app, "/subscriptions"))
        .with("production_url", "https://hooks.example.com/x")
        .with("event_types", "user.created")
}

async fn made(flow: &Flow, app: &App) -> String {
    flow.client.submit(&form(flow, app).await).await.location()
}

async fn count(flow: &Flow) -> usize {
    flow.portal.world.database.texts("select coalesce(production_url, '') from subscriptions").await.len()
}

fn chosen(form: &Form) -> Vec<&str> {
    let types = form.fields().iter().filter(|(name, _)| name == "event_types");
    types.map(|(_, value)| value.as_str()).collect()
}

async fn what_is_saved_stands_there_afterwards(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app)
        .await
        .with("name", "  Room \t calendars ")
        .with("development_url", "https://dev.example.com")
        .and("event_types", "meeting.ended")
        .and("event_types", "user.created");
    let page = flow.client.submit(&form).await;
    let location = page.location();
    assert!(location.starts_with(&at(&app, "/subscriptions/sub_")), "{location}");
    let page = flow.client.follow(&page).await;
    assert!(page.says("Subscription added."), "{}", page.text());
    let saved = page.form(&location);
    assert_eq!(saved.value("name"), Some("Room calendars"));
    assert_eq!(saved.value("development_url"), Some("https://dev.example.com/"));
    assert_eq!(saved.value("production_url"), Some("https://hooks.example.com/x"));
    assert_eq!(chosen(&saved), ["user.created", "meeting.ended"], "each once");
    assert!(page.says("2 chosen."), "{}", page.text());
}

async fn endpoints_keep_their_rules_at_both_edges(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await.without("once");
    let url = |bytes: usize| format!("https://hooks.example.com/{}", "a".repeat(bytes - 26));
    for good in [
        "https://hooks.example.com:443/",
        "https://hooks.example.com:1024/",
        "https://hooks.example.com:65535/?q=1",
        "https://8.8.8.8/",
        &url(2_048),
        "  https://hooks.example.com/y  ",
    ] {
        let page = flow.client.submit(&form.clone().with("production_url", good)).await;
        assert_eq!(page.status, 303, "{good}: {}", page.text());
    }
    let port = |port: u32| {
        format!("The production URL must use port 443 or a port from 1024 to 65535; {port} is not allowed.")
    };
    let whole = String::from("The production URL must be a whole URL such as https://example.com/path.");
    let https = String::from("The production URL must begin with https://.");
    for (wrong, sentence) in [
        ("https://hooks.example.com:80/", port(80)),
        ("https://hooks.example.com:1/", port(1)),
        ("https://hooks.example.com:1023/", port(1_023)),
        ("https://hooks.example.com:65536/", whole.clone()),
        ("https://hooks.example.com:0/", port(0)),
        ("http://hooks.example.com/", https.clone()),
        ("ftp://hooks.example.com/", https.clone()),
        ("javascript:alert(1)", https.clone()),
        ("hooks.example.com", https),
        ("https://", whole.clone()),
        ("https://exa mple.com/", whole),
        (
            "https://ada:pw@hooks.example.com/",
            String::from("The production URL must not contain a user name or password."),
        ),
        (
            "https://hooks.example.com/#top",
            String::from("The production URL must not contain a fragment (the part after #)."),
        ),
        (&url(2_049), String::from("The production URL must be at most 2,048 bytes; it has 2049.")),
    ] {
        let page = flow.client.submit(&form.clone().with("production_url", wrong)).await;
        assert_eq!(only_error(&page), (String::from("production_url"), sentence), "{wrong}");
        assert_eq!(page.form(&at(&app, "/subscriptions")).value("production_url"), Some(wrong));
    }
    let page = flow.client.submit(&form.clone().with("development_url", "http://x")).await;
    assert_eq!(
        only_error(&page),
        (String::from("development_url"), String::from("The development URL must begin with https://."))
    );
    let page = flow.client.submit(&form.clone().with("name", &"é".repeat(101))).await;
    assert_eq!(
        only_error(&page),
        (
            String::from("name"),
            String::from("The subscription name must be at most 100 characters; it has 101.")
        )
    );
    assert_eq!(flow.client.submit(&form.with("name", &"é".repeat(100))).await.status, 303);
}

async fn an_endpoint_that_is_not_public_is_refused_however_it_is_spelt(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    for host in [
        "localhost",
        "localhost.",
        "foo.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00::1]",
        "[fe80::1]",
        "printer.local",
        "metadata.google.internal",
        "intranet",
        "0",
        "①②⑦.0.0.1",
        "127。0。0。1",
    ] {
        let page =
            flow.client.submit(&form.clone().with("production_url", &format!("https://{host}/"))).await;
        let sentence = String::from("The production URL must lead to a public host name or address.");
        assert_eq!(only_error(&page), (String::from("production_url"), sentence), "{host}");
    }
    assert_eq!(count(&flow).await, 0);
}

async fn an_endpoint_in_a_network_that_the_operator_allows_is_saved(kind: Kind) {
    let webhook_nets = AllowedNets::new(vec!["10.1.0.0/16".parse().expect("a network")]);
    let flow = Flow::under(kind, Policy { webhook_nets, ..world::policy() }).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await.without("once");
    for good in ["https://10.1.0.7/", "https://hooks.internal:8443/"] {
        let page = flow.client.submit(&form.clone().with("production_url", good)).await;
        assert_eq!(page.status, 303, "{good}: {}", page.text());
        // Saved anew, it is judged again, and taken.
        let saved = flow.client.follow(&page).await.form(&page.location()).with("development_url", good);
        assert_eq!(flow.client.submit(&saved).await.status, 303, "{good}");
    }
    let both = form.with("production_url", "https://10.2.0.7/").with("development_url", "https://127.0.0.1/");
    let page = flow.client.submit(&both).await;
    assert_eq!((page.status.as_u16(), page.errors().len()), (422, 2));
    for (field, what) in [("production_url", "production"), ("development_url", "development")] {
        let sentence = format!("The {what} URL must lead to a public host name or address.");
        assert_eq!(page.errors().get(field), Some(&sentence));
    }
}

async fn at_least_one_url_and_one_event_type_are_needed(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    let none = String::from("Choose at least one event type.");
    let page = flow.client.submit(&form.clone().without("event_types")).await;
    assert_eq!(only_error(&page), (String::from("event_types"), none), "none never means all");
    for unknown in ["user.imagined", "*", "USER.CREATED", "", "<script>"] {
        let page = flow.client.submit(&form.clone().with("event_types", unknown)).await;
        let sentence = format!("There is no event type “{unknown}” to subscribe to; choose from the list.");
        assert_eq!(only_error(&page), (String::from("event_types"), sentence));
    }
    let page =
        flow.client.submit(&form.clone().with("production_url", " ").with("development_url", "")).await;
    assert_eq!(
        only_error(&page),
        (String::from("production_url"), String::from("Enter a development or a production URL."))
    );
    let all = form
        .clone()
        .with("name", "\u{7}")
        .with("development_url", "x")
        .with("production_url", "y")
        .without("event_types");
    let fields: Vec<_> =
        refusal(&flow.client.submit(&all).await).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["name", "development_url", "production_url", "event_types"]);
    assert_eq!(count(&flow).await, 0);
    let page = flow
        .client
        .submit(&form.with("development_url", "https://dev.example.com/").with("production_url", ""))
        .await;
    assert_eq!(page.status, 303, "one of the two is enough");
}

async fn filter_and_select_all_keep_what_was_typed_and_save_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let path = at(&app, "/subscriptions");
    let typed = form(&flow, &app).await.with("name", "Half typed").with("production_url", "https://half");
    let keeps = |page: &Page| {
        assert_eq!(page.status, 200, "{}", page.text());
        let form = page.form(&path);
        assert_eq!(
            (form.value("name"), form.value("production_url")),
            (Some("Half typed"), Some("https://half"))
        );
        assert_eq!(form.value("once"), typed.value("once"));
        form
    };
    let page = flow.client.submit(&typed.clone().with("select_all", "meetings")).await;
    let form = keeps(&page);
    assert_eq!(
        chosen(&form),
        [
            "user.created",
            "meeting.created",
            "meeting.updated",
            "meeting.deleted",
            "meeting.started",
            "meeting.ended"
        ]
    );
    let page = flow.client.submit(&form.clone().with("select_all", "meetings")).await;
    assert_eq!(chosen(&keeps(&page)), ["user.created"], "pressed again it takes them away");

    let page = flow.client.submit(&form.clone().with("apply_filter", "1").with("filter", "recording")).await;
    let filtered = keeps(&page);
    assert_eq!(
        page.texts(".events-grid code"),
        ["recording.started", "recording.stopped", "recording.completed", "recording.deleted"]
    );
    let mut kept = chosen(&filtered);
    kept.sort_unstable();
    assert_eq!(kept.len(), 6, "what the filter hides stays chosen: {kept:?}");
    let page =
        flow.client.submit(&filtered.clone().with("apply_filter", "1").with("filter", "no such thing")).await;
    assert_eq!(chosen(&keeps(&page)).len(), 6);
    let page = flow.client.submit(&form.clone().with("select_all", "<script>")).await;
    assert_eq!(chosen(&keeps(&page)).len(), 6, "an unknown group changes nothing");
    assert_eq!(count(&flow).await, 0);

    let page = flow.client.submit(&filtered.with("production_url", "https://hooks.example.com/")).await;
    assert_eq!(page.status, 303);
    let saved = flow.client.follow(&page).await;
    assert!(saved.says("6 chosen."), "what was hidden is saved too: {}", saved.text());
    // The same on one that is saved.
    let location = page.location();
    let redrawn =
        flow.client.submit(&saved.form(&location).with("name", "Changed").with("select_all", "users")).await;
    assert_eq!(redrawn.status, 200);
    assert_eq!(redrawn.form(&location).value("name"), Some("Changed"));
    assert_eq!(flow.client.visit(&location).await.form(&location).value("name"), Some("Half typed"));
}

async fn a_form_sent_twice_makes_one_subscription(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    let mut locations: Vec<_> =
        join_all((0..5).map(|_| flow.client.submit(&form))).await.iter().map(Page::location).collect();
    locations.dedup();
    assert_eq!(locations.len(), 1, "{locations:?}");
    let again = flow.client.submit(&form).await;
    assert!(flow.client.follow(&again).await.says("This form was sent twice."));
    assert_eq!(count(&flow).await, 1);
    // Two that hold the same are allowed; each is its own.
    assert_ne!(made(&flow, &app).await, locations[0]);
    assert_eq!(count(&flow).await, 2);
}

async fn a_saved_subscription_can_be_changed_and_deleted(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let location = made(&flow, &app).await;
    let page =
        flow.press(&location, &location, &[("name", "Renamed"), ("event_types", "recording.deleted")]).await;
    assert!(page.says("Subscription saved."), "{}", page.text());
    assert_eq!(chosen(&page.form(&location)), ["recording.deleted"]);
    let page =
        flow.client.fill(&location, &location, &[("production_url", "http://x"), ("name", "Typed")]).await;
    assert_eq!(only_error(&page).0, "production_url");
    assert_eq!(page.form(&location).value("name"), Some("Typed"));
    let delete = format!("{location}/delete");
    let page = flow.press(&location, &delete, &[]).await;
    assert!(page.says("Subscription deleted.") && page.says("No event subscriptions yet"), "{}", page.text());
    assert_eq!(flow.client.get(&location).await.status, 404);
    let database = &flow.portal.world.database;
    assert!(database.texts("select hint from signing_secrets").await.is_empty(), "its secret goes with it");
    for action in ["subscription_created", "subscription_changed", "subscription_deleted"] {
        assert_eq!(database.audited(action).await, 1, "{action}");
    }
}

async fn a_retired_event_type_stays_where_it_was_and_comes_nowhere_else(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let location = made(&flow, &app).await;
    flow.portal.world.database.run("update event_types set retired_at = 1 where name = 'user.created'").await;
    let page = flow.client.visit(&location).await;
    assert_eq!(chosen(&page.form(&location)), ["user.created"]);
    assert_eq!(flow.client.submit(&page.form(&location).with("name", "Still")).await.status, 303);
    assert!(!flow.client.visit(&at(&app, "/subscriptions/new")).await.says("user.created"));
    let page = flow.client.submit(&form(&flow, &app).await).await;
    assert_eq!(only_error(&page).0, "event_types");
}

async fn a_signing_secret_is_revealed_and_rotated(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let location = made(&flow, &app).await;
    let (reveal, rotate) = (format!("{location}/reveal"), format!("{location}/rotate"));
    let page = flow.client.visit(&location).await;
    assert!(page.texts("#whsec")[0].starts_with("whsec_•••"));
    let secret = async || {
        let page = flow.client.fill(&location, &reveal, &[]).await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
        page.texts("#whsec").join("")
    };
    let first = secret().await;
    assert_eq!((first.len(), first.get(..6)), (50, Some("whsec_")), "{first}");
    let request = flow.client.request(Method::POST, &reveal).header("accept", "application/json");
    let json = flow.client.send(request.form(page.form(&reveal).fields())).await;
    assert_eq!(json.body, serde_json::json!({ "value": first }).to_string());

    let form = page.form(&rotate).with("keep_old_for", "24h");
    let done = flow.client.submit(&form).await;
    let shown = flow.client.follow(&done).await;
    assert!(
        shown.says("There is a new signing secret.") && shown.says("Old secrets that still sign"),
        "{}",
        shown.text()
    );
    let again = flow.client.submit(&form).await;
    assert!(flow.client.follow(&again).await.says("This form was sent twice."));
    let second = secret().await;
    assert_ne!(first, second);
    for _ in 0..2 {
        assert_eq!(flow.client.fill(&location, &rotate, &[("keep_old_for", "7d")]).await.status, 303);
    }
    let full = flow.client.fill(&location, &rotate, &[("keep_old_for", "1h")]).await;
    assert_eq!(full.status, 422);
    assert_eq!(
        full.errors()["keep_old_for"],
        "Three old secrets still sign. Let them stop now, or wait until one ends."
    );
    let wrong = flow.client.fill(&location, &rotate, &[("keep_old_for", "")]).await;
    assert_eq!(only_error(&wrong).0, "keep_old_for");
    assert_eq!(flow.client.fill(&location, &rotate, &[("keep_old_for", "0")]).await.status, 303);
    assert!(!flow.client.visit(&location).await.says("Old secrets that still sign"));
    let database = &flow.portal.world.database;
    assert_eq!(database.audited("signing_secret_rotated").await, 4);
    assert_eq!(database.audited("signing_secret_revealed").await, 3);
}

async fn a_viewer_reads_and_sees_no_secret(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let location = made(&flow, &app).await;
    let viewer = flow.portal.world.colleague("viewer@meridian.example", &flow.ada).await;
    let viewer = flow.portal.world.with_role(viewer, Role::Viewer).await;
    let page = flow.portal.signed_in(&viewer).await.visit(&location).await;
    assert!(page.says("https://hooks.example.com/x") && page.says("user.created"), "{}", page.text());
    assert!(!page.body.contains("whsec_") && !page.has("main form[method=post]"), "{}", page.text());
}
