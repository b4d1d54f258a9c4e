//! `/oauth`: what clients ask of users, and what comes of it.

mod access;
mod audited;
mod authorize;
mod codes;
mod consent;
mod events;
mod grants;
mod pushed;
mod refresh;

use crate::support::{client::Client, databases::Kind, oauth::OauthApp, site::Portal, world::Person};

/// A portal with an app that uses OAuth, made by one account, and somebody of another one.
pub(crate) struct Scene {
    pub(crate) portal: Portal,
    pub(crate) atlas: OauthApp,
    pub(crate) ada: Person,
    /// Ada's browser.
    pub(crate) client: Client,
    /// The app's own server, which has no cookies.
    pub(crate) program: Client,
}

impl Scene {
    pub(crate) async fn new(kind: Kind) -> Self {
        let portal = Portal::new(kind).await;
        let maker = portal.world.user("maker@atlas.example").await;
        let atlas = portal.world.oauth_app(&maker, "Atlas", "meeting:read meeting:write user:read").await;
        let ada = portal.world.user("ada@meridian.example").await;
        let client = portal.signed_in(&ada).await;
        let program = portal.client();
        Self { portal, atlas, ada, client, program }
    }

    /// What a call with this token is answered.
    pub(crate) async fn me(&self, token: &str) -> (u16, serde_json::Value) {
        let page = self.program.get_as("/api/v1/me", token).await;
        (page.status.as_u16(), serde_json::from_str(&page.body).expect("JSON"))
    }
}
