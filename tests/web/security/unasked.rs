//! Fields that no form asked for (S64)

use portico::domain::app::App;

use crate::{
    apps::{Flow, at},
    support::{
        client::Client,
        databases::{Kind, on_both},
    },
};

on_both!(fields_that_nobody_asked_for_are_passed_over);

/// A page, where a form on it posts to, and what is filled in.
type Filled<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// What people would like to set who may not.
const UNASKED: &[(&str, &str)] = &[
    ("id", "app_00000000000000000000000000"),
    ("state", "active"),
    ("standing", "suspended"),
    ("is_admin", "true"),
    ("admin", "1"),
    ("role", "owner"),
    ("account_id", "acc_00000000000000000000000000"),
    ("owner_id", "usr_00000000000000000000000000"),
    ("api_key", "ak_0000000000000000000000"),
    ("api_secret", "as_x"),
    ("secret", "whsec_x"),
    ("external_id", "x"),
    ("activated_at", "1"),
    ("created_at", "1"),
    ("proven_at", "1"),
    ("events_on", "1"),
    ("icon_hash", "0"),
];

async fn fields_that_nobody_asked_for_are_passed_over(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    by_a_user(&flow, &app).await;
    let root = flow.portal.world.admin("root@meridian.example").await;
    let admin = flow.portal.signed_in(&root).await;
    by_an_admin(&admin, &app).await;
    let fields = [
        ("name", "Noor"),
        ("email", "noor@x.example"),
        ("account_name", "Noor"),
        ("password", "a long enough passphrase"),
    ];
    let answer = flow.portal.client().fill("/sign-up", "/sign-up", &[&fields[..], UNASKED].concat()).await;
    assert_eq!(answer.location(), "/apps");

    let database = &flow.portal.world.database;
    assert_eq!(database.texts("select state from apps group by state").await, ["draft"]);
    assert_eq!(database.texts("select standing from accounts group by standing").await, ["approved"]);
    assert_eq!(
        database.texts("select name from users where proven_at is null").await,
        ["Noor"],
        "who is not proven"
    );
    assert_eq!(database.texts("select email from users where is_admin").await, [root.email.as_str()]);
    assert_eq!(database.texts("select role from invitations").await, ["viewer"]);
    assert!(database.texts("select name from accounts where external_id is not null").await.is_empty());
    assert!(
        database
            .texts("select name from apps where activated_at is not null or events_on or created_at = 1")
            .await
            .is_empty()
    );
    let dump = format!("{:?}", database.dump().await);
    assert!(!dump.contains("ak_0000000000000000000000"));
}

async fn by_a_user(flow: &Flow, app: &App) {
    let sub = flow.portal.world.subscription(&flow.ada, app).await;
    let [editor, subscriptions, information, features, credentials] =
        [&format!("/subscriptions/{sub}"), "/subscriptions", "/information", "/features", "/credentials"]
            .map(|page| at(app, page));
    let new_subscription = format!("{subscriptions}/new");
    let [regenerate, rotate] = [format!("{credentials}/regenerate"), format!("{editor}/rotate")];
    let forms: &[Filled<'_>] = &[
        ("/apps/new", "/apps", &[("app_type", "webhook"), ("name", "Other")]),
        (
            &information,
            &information,
            &[
                ("short_description", "x"),
                ("company_name", "x"),
                ("contact_name", "x"),
                ("contact_email", "x@x.example"),
            ],
        ),
        (&editor, &editor, &[("name", "x")]),
        (&editor, &rotate, &[("keep_old_for", "0")]),
        (
            &new_subscription,
            &subscriptions,
            &[("development_url", "https://x.example/hook"), ("event_types", "meeting.started")],
        ),
        (&features, &features, &[]),
        (&credentials, &regenerate, &[("keep_old_for", "0")]),
        ("/settings", "/settings/profile", &[("name", "Ada")]),
        ("/account", "/account", &[("name", "Labs")]),
        ("/account", "/account/invitations", &[("email", "zoe@x.example"), ("role", "viewer")]),
        ("/password/forgot", "/password/forgot", &[("email", flow.ada.email.as_str())]),
        ("/accounts/new", "/accounts/new", &[("name", "Second")]),
    ];
    post(&flow.client, forms).await;
}

async fn by_an_admin(admin: &Client, app: &App) {
    let [admins_app, rename] = ["", "/rename"].map(|page| format!("/admin/apps/{}{page}", app.id));
    let forms: &[Filled<'_>] = &[
        (&admins_app, &rename, &[("name", "Renamed")]),
        ("/admin/platform-keys", "/admin/platform-keys", &[("name", "Billing")]),
        (
            "/admin/scopes/new",
            "/admin/scopes",
            &[("name", "report:read"), ("description", "Read your reports")],
        ),
        (
            "/admin/event-types/new",
            "/admin/event-types",
            &[
                ("name", "report.made"),
                ("group", "Reports"),
                ("description", "A report was made"),
                ("example", "{}"),
            ],
        ),
    ];
    post(admin, forms).await;
}

/// What the form asks for is as it would be without the rest.
async fn post(client: &Client, forms: &[Filled<'_>]) {
    for (page, action, fields) in forms {
        let answer = client.fill(page, action, &[UNASKED, *fields].concat()).await;
        assert!(matches!(answer.status.as_u16(), 200 | 303), "{action}: {}", answer.text());
    }
}
