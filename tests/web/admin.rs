//! `/admin`: who may open the console, and what its first page says

mod account;
mod accounts;
mod app;
mod apps;
mod audit;
mod event_types;
mod platform_keys;
mod scopes;
mod two_step;
mod users;

use portico::{
    actions::Policy,
    domain::{
        account::Standing,
        app::App,
        calls::{Calls, CallsOf, Hour},
        time::{Clock, Span},
    },
};

use crate::support::{
    client::{Client, Page},
    databases::{Kind, on_both},
    site::Portal,
    world::{Person, policy},
};

on_both!(
    the_console_is_there_for_admins_alone_and_so_is_its_link,
    an_admin_who_is_one_no_more_finds_nothing_at_the_next_request,
    the_overview_counts_what_there_is,
);

/// A portal with a developer in it, and an admin at a browser.
pub(crate) struct Console {
    pub(crate) portal: Portal,
    pub(crate) ada: Person,
    pub(crate) root: Person,
    pub(crate) client: Client,
}

impl Console {
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::under(kind, policy()).await
    }

    /// One whose operator has decided otherwise.
    pub(crate) async fn under(kind: Kind, policy: Policy) -> Self {
        let portal = Portal::under(kind, policy).await;
        let ada = portal.world.user("ada@meridian.example").await;
        let root = portal.world.admin("root@platform.example").await;
        let client = portal.signed_in(&root).await;
        Self { portal, ada, root, client }
    }

    /// An active JWT app of Ada's.
    pub(crate) async fn active_app(&self, name: &str) -> App {
        let app = self.portal.world.jwt_app(&self.ada, name).await;
        self.portal.world.activate(&self.ada, &app).await
    }

    /// Opens a page, sends a form on it, and follows where that leads.
    pub(crate) async fn press(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.client.fill(path, action, fields).await;
        assert_eq!(page.status, 303, "{action}: {}", page.text());
        self.client.follow(&page).await
    }

    /// Ada's account becomes one that waits.
    pub(crate) async fn unapprove(&self) {
        self.portal.world.database.set("accounts", &self.ada.account, "standing = 'pending'").await;
        self.portal.world.hear_of(self.ada.account).await;
    }

    /// What `/authorize` says of a token: 200, or the code of the refusal.
    pub(crate) async fn authorize(&self, token: &str) -> String {
        let answer = self.portal.client().get_as("/authorize", token).await;
        if answer.status == 200 {
            return String::from("200");
        }
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Calls of an app in this hour, as if they had been made.
    pub(crate) async fn called(&self, app: &App, calls: Calls) {
        let hour = Hour::of(self.portal.world.clock.now());
        let mut tx = self.portal.world.database.begin().await;
        tx.add_calls(&[(CallsOf::App(app.id), hour, calls)]).await.expect("added");
        tx.add_refused(hour, calls.refused).await.expect("added");
        tx.commit().await.expect("it holds");
    }
}

async fn the_console_is_there_for_admins_alone_and_so_is_its_link(kind: Kind) {
    let console = Console::new(kind).await;
    let home = console.client.visit("/apps").await;
    assert!(home.has("#menu-user a[href='/admin']"), "{}", home.text());
    let page = console.client.visit("/admin").await;
    assert!(page.title().starts_with("Overview – Admin console"), "{}", page.title());
    assert!(page.has("nav[aria-label='Admin console'] a[href='/admin'][aria-current=page]"));

    let ada = console.portal.signed_in(&console.ada).await;
    assert!(!ada.visit("/apps").await.body.contains("/admin"));
    assert_eq!(ada.get("/admin").await.status, 404);
    assert_eq!(ada.get("/admin").await.text(), ada.get("/nowhere").await.text());
    assert_eq!(console.portal.client().get("/admin").await.location(), "/sign-in?next=%2Fadmin");
}

async fn an_admin_who_is_one_no_more_finds_nothing_at_the_next_request(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let path = format!("/admin/apps/{}", app.id);
    let form = console.client.visit(&path).await.form(&format!("{path}/suspend")).with("reason", "Spam.");
    console.portal.world.database.set("users", &console.root.id, "is_admin = false").await;
    assert_eq!(console.client.submit(&form).await.status, 404);
    assert_eq!(console.client.get("/admin").await.status, 404);
    assert_eq!(console.portal.world.database.audited("app_suspended").await, 0);
}

async fn the_overview_counts_what_there_is(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    console.portal.world.webhook_app(&console.ada, "Listener").await;
    console.called(&app, Calls { allowed: 40, refused: 1_204, unnamed: 3 }).await;
    console.portal.world.clock.advance(Span::hours(1));
    console.called(&app, Calls { allowed: 40, refused: 17, unnamed: 3 }).await;
    let page = console.client.visit("/admin").await;
    let figures = page.texts(".figures > div");
    let figure = |name: &str| figures.iter().find(|one| one.contains(name)).cloned().unwrap_or_default();
    assert!(figure("Accounts").contains('2'), "{figures:?}");
    assert!(figure("Waiting").contains('0'), "{figures:?}");
    assert!(figure("Users").contains('2'), "{figures:?}");
    let refused = figure("Refused calls, last whole hour");
    assert!(refused.contains("1,204from 24 Nov 2026, 07:00 UTC; 17 in the hour since"), "{refused}");
    console.portal.world.clock.advance(Span::hours(1));
    let later = console.client.visit("/admin").await.texts(".figures > div");
    assert!(later.iter().any(|one| one.starts_with("Refused calls, last whole hour17from")), "{later:?}");
    let states = page.texts("[aria-labelledby=apps] .figures > div");
    for (state, count) in [("Draft", '1'), ("Active", '1'), ("Deactivated", '0'), ("Suspended", '0')] {
        assert!(states.iter().any(|one| one.contains(state) && one.contains(count)), "{states:?}");
    }
    assert!(!page.says("for approval."), "{}", page.text());
    console.unapprove().await;
    let page = console.client.visit("/admin").await;
    assert!(page.says("1 account waits for approval."), "{}", page.text());
    assert!(page.has(&format!("a[href='/admin/accounts?standing={}']", Standing::Pending)));
}
