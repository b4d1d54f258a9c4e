//! `/apps` and everything beneath it: a file a page.

mod activation;
mod checks;
mod client;
mod create;
mod credentials;
mod delete;
mod deliveries;
mod delivery;
mod features;
mod health;
mod icon;
mod information;
mod limits;
mod manage;
mod old_sign_ins;
mod overview;
mod redeliver;
mod refusals;
mod scopes;
mod subscriptions;
mod token;

use portico::{
    actions::Policy,
    domain::app::{App, AppType},
};
use scraper::{Html, Selector};

use crate::support::{
    client::{Client, Page},
    databases::Kind,
    site::Portal,
    world::{self, Person},
};

/// A portal, the owner of an account in it, and the browser in which she is signed in.
pub(crate) struct Flow {
    pub(crate) portal: Portal,
    pub(crate) ada: Person,
    pub(crate) client: Client,
}

impl Flow {
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::under(kind, world::policy()).await
    }

    pub(crate) async fn under(kind: Kind, policy: Policy) -> Self {
        let portal = Portal::under(kind, policy).await;
        let ada = portal.world.user("ada@meridian.example").await;
        let client = portal.signed_in(&ada).await;
        Self { portal, ada, client }
    }

    /// Ada after her session has ended.
    pub(crate) async fn signed_in_again(self) -> Self {
        let client = self.portal.signed_in(&self.ada).await;
        Self { client, ..self }
    }

    pub(crate) async fn jwt_app(&self, name: &str) -> App {
        self.portal.world.jwt_app(&self.ada, name).await
    }

    pub(crate) async fn app(&self, app_type: AppType, name: &str) -> App {
        self.portal.world.app(&self.ada, app_type, name).await
    }

    pub(crate) async fn active_app(&self, name: &str) -> App {
        let app = self.jwt_app(name).await;
        self.portal.world.activate(&self.ada, &app).await
    }

    /// What an admin does to an app, of whom there is no page yet.
    pub(crate) async fn suspend(&self, app: &App, reason: &str) {
        let before = app.state.kind();
        let state =
            format!("state = 'suspended', suspended_before = '{before}', suspended_reason = '{reason}'");
        self.portal.world.database.set("apps", &app.id, &state).await;
        self.portal.world.hear_of(self.ada.account).await;
    }

    /// Opens a page, presses the button of a form on it, and follows where that leads.
    pub(crate) async fn press(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.client.fill(path, action, fields).await;
        self.client.follow(&page).await
    }
}

/// The address of an app, or of a page beneath it.
pub(crate) fn at(app: &App, path: &str) -> String {
    format!("/apps/{}{path}", app.id)
}

/// The refusal of a form, field by field in the order of its summary, after a look at what
/// every refusal must keep to: each entry leads to a field of the page, and the entries
/// stand in the order of the fields.
pub(crate) fn refusal(page: &Page) -> Vec<(String, String)> {
    let html = page.html();
    page.errors();
    let link = Selector::parse(".errors li a").expect("a selector");
    let field = |href: &str| href.strip_prefix('#').expect("a link within the page").to_owned();
    let entries: Vec<(String, String)> = html
        .select(&link)
        .map(|link| {
            let words = link.text().collect::<String>();
            (field(link.value().attr("href").unwrap_or_default()), words.trim().to_owned())
        })
        .collect();
    let places: Vec<usize> = entries.iter().map(|(field, _)| place(&html, field)).collect();
    assert!(places.is_sorted(), "the summary follows the page: {entries:?}");
    entries
}

/// The one error of a refused form.
pub(crate) fn only_error(page: &Page) -> (String, String) {
    assert_eq!(page.status, 422, "{}", page.text());
    let errors = refusal(page);
    let [error] = errors.as_slice() else { panic!("one error, not {errors:?}") };
    error.clone()
}

/// How many elements come before the field with this id.
fn place(html: &Html, id: &str) -> usize {
    let all = Selector::parse("*").expect("a selector");
    let found = html.select(&all).position(|element| element.value().id() == Some(id));
    found.unwrap_or_else(|| panic!("the summary leads to #{id}, which is not there"))
}
