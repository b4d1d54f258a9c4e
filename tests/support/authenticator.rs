//! An authenticator app: it is told a secret once, and then shows codes (RFC 6238).
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use portico::domain::time::Timestamp;
use totp_rs::{Builder, Secret, Totp};

use super::{
    client::{Client, Page},
    site::Portal,
    world::PASSWORD,
};

/// Somebody's app.
#[derive(Clone)]
pub struct Authenticator(Totp);

impl Authenticator {
    /// With the secret as a page shows it to be typed.
    pub fn told(secret: &str) -> Self {
        let secret: String = secret.split_whitespace().collect();
        let secret = Secret::try_from_base32(secret).expect("base32");
        Self(Builder::new().with_secret(secret).build().expect("a secret of its length"))
    }

    /// What it shows at a moment.
    pub fn code(&self, at: Timestamp) -> String {
        self.0.generate(at.seconds().unsigned_abs()).to_string()
    }

    /// What it shows now, for a program with a clock of its own.
    pub fn code_now(&self) -> String {
        let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
        self.0.generate(since.as_secs()).to_string()
    }

    /// Six digits that are no code of this moment.
    pub fn wrong_code(&self, at: Timestamp) -> String {
        let near = [-30, 0, 30].map(|s| self.code(Timestamp::from_seconds(at.seconds() + s)));
        let mut wrong = (0..4).map(|n| format!("{n:06}"));
        wrong.find(|code| !near.contains(code)).expect("one of four is none of three")
    }
}

/// Turns two-step sign-in on in this browser; gives the app and the page of recovery codes.
pub async fn turn_on(portal: &Portal, client: &Client) -> (Authenticator, Page) {
    let form = client.visit("/settings/two-step").await;
    let app = Authenticator::told(&form.texts("#secret").join(""));
    let form = form.form("/settings/two-step").with("password", PASSWORD);
    let page = client.submit(&form.with("code", &app.code(portal.world.ctx.now()))).await;
    assert_eq!(page.status, 200, "{}", page.text());
    (app, page)
}

/// The recovery codes on their page.
pub fn recovery_codes(page: &Page) -> Vec<String> {
    page.texts("#codes").join(" ").split_whitespace().map(str::to_owned).collect()
}
