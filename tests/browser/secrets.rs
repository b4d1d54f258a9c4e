//! Secrets on their page: shown, copied, replaced with and without an overlap, and only soon
//! after the password was entered.

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portico::domain::{
    app::App,
    time::{Clock, Span},
};
use serde_json::json;
use thirtyfour::{By, Key};

use crate::{
    browser::{Browser, Look, Script},
    person::{me, signed_in},
    support::{
        databases::Kind,
        site::Portal,
        world::{PASSWORD, Person},
    },
};

struct Scene {
    portal: Portal,
    browser: Browser,
    app: App,
    page: String,
}

/// The owner of an active app, at its credentials.
async fn scene(script: Script) -> Scene {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada: Person = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let app = portal.world.activate(&ada, &app).await;
    let browser = signed_in(&portal, &ada, Look { script, ..Look::default() }).await;
    let page = format!("/apps/{}/credentials", app.id);
    browser.visit(&page).await;
    Scene { portal, browser, app, page }
}

impl Scene {
    /// What one's own code would sign with these.
    fn sign(&self, key: &str, secret: &str) -> String {
        let now = self.portal.world.clock.now().seconds();
        let claims = json!({ "iss": key, "sub": self.app.id.to_string(), "exp": now + 600 });
        let secret = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &secret).expect("a token")
    }

    async fn key(&self) -> String {
        self.browser.text_of("#key").await
    }

    /// The secret as it stands on the page, once it does.
    async fn shown(&self) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let text = self.browser.text_of("#secret").await;
            if text.starts_with("as_") && !text.contains('•') {
                return text;
            }
            assert!(Instant::now() < deadline, "it stays {text:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn assert_masked(&self) {
        let text = self.browser.text_of("#secret").await;
        assert!(text.starts_with("as_••••"), "{text}");
    }

    /// What the clipboard holds, as a field takes it that one pastes into.
    async fn pasted(&self) -> String {
        self.browser.visit("/apps").await;
        let field = self.browser.driver().find(By::Id("q")).await.expect("a field");
        field.send_keys(Key::Control + "v").await.expect("it is pasted");
        let script = "return document.getElementById('q').value";
        let answer = self.browser.driver().execute(script, vec![]).await.expect("a value");
        self.browser.visit(&self.page).await;
        answer.json().as_str().expect("text").to_owned()
    }

    async fn assert_answer(&self, token: &str, status: u16, word: &str) {
        assert_eq!(me(&self.portal, token).await, (status, word.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_revealed_in_place_and_copied() {
    let scene = scene(Script::On).await;
    let browser = &scene.browser;
    scene.assert_masked().await;
    browser.press_here("Reveal API Secret").await;
    let secret = scene.shown().await;
    assert_eq!(browser.path().await, scene.page, "in place");
    browser.press_here("Hide API Secret").await;
    scene.assert_masked().await;
    scene.assert_answer(&scene.sign(&scene.key().await, &secret), 200, "Relay").await;

    browser.press_here("Copy API Key").await;
    browser.sees("Copied").await;
    assert_eq!(scene.pasted().await, scene.key().await);
    // Masked, and copied all the same.
    browser.press_here("Copy API Secret").await;
    browser.sees("Copied").await;
    scene.assert_masked().await;
    assert_eq!(scene.pasted().await, secret);

    browser.press("View JWT Token").await;
    let token = browser.text_of("#token").await;
    browser.press_here("Copy token").await;
    browser.sees("Copied").await;
    assert_eq!(scene.pasted().await, token);
    scene.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_revealed_and_replaced_without_script() {
    let scene = scene(Script::Off).await;
    let browser = &scene.browser;
    let key = scene.key().await;
    assert!(!browser.has("[data-copy]:not(.js-only)").await, "no button that would do nothing");
    browser.press("Reveal API Secret").await;
    let first = scene.sign(&key, &scene.shown().await);
    browser.press("Hide API Secret").await;
    scene.assert_masked().await;
    assert_eq!(browser.path().await.trim_end_matches('?'), scene.page);

    browser.select("Old secret verifies for", "24 hours").await;
    browser.press("Regenerate").await;
    browser.sees("There is a new API secret.").await;
    browser.sees("Old secrets that still verify").await;
    browser.press("Reveal API Secret").await;
    let second = scene.sign(&key, &scene.shown().await);
    assert_ne!(first, second);
    scene.assert_answer(&first, 200, "Relay").await;
    scene.assert_answer(&second, 200, "Relay").await;

    browser.select("Old secret verifies for", "No longer: it stops now").await;
    browser.press("Regenerate").await;
    browser.sees("There is a new API secret.").await;
    scene.assert_answer(&first, 401, "invalid_token").await;
    scene.assert_answer(&second, 401, "invalid_token").await;
    browser.press("Reveal API Secret").await;
    let third = scene.sign(&key, &scene.shown().await);
    scene.assert_answer(&third, 200, "Relay").await;
    scene.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_secret_is_revoked_before_its_time() {
    let scene = scene(Script::On).await;
    let browser = &scene.browser;
    let key = scene.key().await;
    browser.press_here("Reveal API Secret").await;
    let secret = scene.shown().await;
    let old = scene.sign(&key, &secret);
    browser.press("Regenerate").await;
    let hint = browser.text_of("table code").await;
    let tail = hint.rsplit('…').next().unwrap_or_default();
    assert!(secret.contains(tail) && tail.len() >= 4, "{hint} tells it from others");
    scene.assert_answer(&old, 200, "Relay").await;
    browser.press(&format!("Revoke now {hint}")).await;
    browser.sees("The old secret is revoked.").await;
    scene.assert_answer(&old, 401, "invalid_token").await;
    scene.browser.close().await;
}

/// Each of what shows or makes a secret, once the sign-in is two hours old.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_sign_in_is_asked_for_the_password_again() {
    for script in [Script::On, Script::Off] {
        let scene = scene(script).await;
        let browser = &scene.browser;
        for button in ["Reveal API Secret", "View JWT Token", "Regenerate"] {
            scene.portal.world.clock.advance(Span::hours(2));
            browser.press(button).await;
            browser.sees("You signed in 2 hours ago.").await;
            browser.fill("Password", "not it, but long enough").await;
            browser.press("Confirm").await;
            browser.sees("There is a problem").await;
            browser.fill("Password", PASSWORD).await;
            browser.press("Confirm").await;
            assert_eq!(browser.path().await, scene.page, "back to where it was asked for");
            scene.assert_masked().await;
        }
        browser.press("View JWT Token").await;
        let token = browser.text_of("#token").await;
        scene.assert_answer(&token, 200, "Relay").await;
        // Copying a masked secret asks for it, and so for the password.
        if script == Script::On {
            browser.visit(&scene.page).await;
            scene.portal.world.clock.advance(Span::hours(2));
            browser.press("Copy API Secret").await;
            browser.sees("You signed in 2 hours ago.").await;
        }
        scene.browser.close().await;
    }
}
