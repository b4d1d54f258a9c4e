//! The rules of names and passwords, at both edges, in every form that takes one (S1, S2)

use portico::actions::setup;

use crate::support::{
    client::{Client, Page},
    databases::{Kind, on_both},
    site::Portal,
    world::PASSWORD,
};

on_both!(
    names_keep_their_rule_at_sign_up_and_setup,
    names_keep_their_rule_in_settings_and_accounts,
    a_password_keeps_its_rules_at_sign_up,
    a_password_keeps_its_rules_when_it_is_changed,
    a_password_keeps_its_rules_when_it_is_reset,
);

/// A form: its page, where it posts, and what else is filled in.
struct At<'a> {
    client: &'a Client,
    page: &'a str,
    action: &'a str,
    rest: &'a [(&'a str, &'a str)],
}

impl At<'_> {
    async fn send(&self, field: &str, value: &str) -> Page {
        self.client.fill(self.page, self.action, &[self.rest, &[(field, value)]].concat()).await
    }

    async fn refuses(&self, field: &str, value: &str, sentence: &str) {
        let page = self.send(field, value).await;
        let place = self.action;
        assert_eq!(page.status, 422, "{place} {field} {value:?}: {}", page.text());
        let told: Vec<_> = page.errors().into_iter().collect();
        assert_eq!(told, [(field.to_owned(), sentence.to_owned())], "{place} {value:?}");
    }

    /// `what` names the field within a sentence.
    async fn refuses_names(&self, field: &str, what: &str) {
        let subject = format!("T{}", what.trim_start_matches('t')).replace("Tyour", "Your");
        self.refuses(field, "", &format!("Enter {what}.")).await;
        self.refuses(field, " \t ", &format!("Enter {what}.")).await;
        let long = format!("{subject} must be at most 100 characters; it has 101.");
        self.refuses(field, &"é".repeat(101), &long).await;
        let hidden = format!("{subject} contains a character that cannot be shown (U+202E); remove it.");
        self.refuses(field, "a\u{202e}b", &hidden).await;
    }

    async fn takes_names(&self, field: &str) {
        for name in ["x", "é".repeat(100).as_str()] {
            let page = self.send(field, name).await;
            assert_eq!(page.status, 303, "{} {field} {name:?}: {}", self.action, page.text());
        }
    }

    /// `what` begins a sentence.
    async fn refuses_passwords(&self, what: &str) {
        let field = "password";
        let long = format!("{}é", phrase(1_023));
        for (value, sentence) in [
            ("", format!("Enter {}: at least 12 characters.", what.replace('T', "t"))),
            ("tqvhzpmwrkb", format!("{what} must have at least 12 characters; it has 11.")),
            (
                &long,
                format!(
                    "{what} must have at most 1,024 bytes; it has 1025 (an accented letter or an emoji takes two or more)."
                ),
            ),
            (
                "password1234",
                format!(
                    "{what} is a common password or a simple pattern, which attackers try first; choose several words that have nothing to do with each other."
                ),
            ),
            ("Meridian 2026", mostly(what)),
            (EMAIL, mostly(what)),
        ] {
            self.refuses(field, value, &sentence).await;
        }
    }
}

/// Nothing of it is the platform's name, Meridian.
const EMAIL: &str = "ada.lovelace@analytical.example";

/// The shortest and the longest password.
fn edges() -> [String; 2] {
    [String::from("tqvhzpmwrkbd"), phrase(1_024)]
}

fn phrase(bytes: usize) -> String {
    "gardens are never finished; ".repeat(40).get(..bytes).expect("long enough").to_owned()
}

fn mostly(what: &str) -> String {
    format!(
        "{what} is mostly your name, your e-mail address or this site's name; it must have at least 8 other characters."
    )
}

async fn names_keep_their_rule_at_sign_up_and_setup(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let rest = [("name", "Ada"), ("email", EMAIL), ("account_name", "Labs"), ("password", PASSWORD)];
    let token = setup::first_admin_link(&portal.world.ctx).await.expect("a link").expect("no admin yet");
    let link = format!("/setup?token={}", token.expose());
    for (page, action) in [("/sign-up", "/sign-up"), (link.as_str(), "/setup")] {
        let at = At { client: &client, page, action, rest: &rest };
        at.refuses_names("name", "your name").await;
        at.refuses_names("account_name", "the account name").await;
    }
    // Each makes a user, so that each is somebody else's.
    for (number, name) in ["x", "é".repeat(100).as_str()].into_iter().enumerate() {
        let email = format!("ada{number}@analytical.example");
        let fields = [("name", name), ("email", &email), ("account_name", name), ("password", PASSWORD)];
        let page = portal.client().fill("/sign-up", "/sign-up", &fields).await;
        assert_eq!(page.status, 303, "{name:?}: {}", page.text());
        let other = Portal::new(kind).await;
        let token = setup::first_admin_link(&other.world.ctx).await.expect("a link").expect("no admin yet");
        let link = format!("/setup?token={}", token.expose());
        let page = other.client().fill(&link, "/setup", &fields).await;
        assert_eq!(page.status, 303, "{name:?}: {}", page.text());
    }
}

async fn names_keep_their_rule_in_settings_and_accounts(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user(EMAIL).await;
    let client = portal.signed_in(&ada).await;
    for (page, action, what) in [
        ("/settings", "/settings/profile", "your name"),
        ("/account", "/account", "the account name"),
        ("/accounts/new", "/accounts/new", "the account name"),
    ] {
        let at = At { client: &client, page, action, rest: &[] };
        at.refuses_names("name", what).await;
        let wrong = at.send("name", "a\u{202e}b").await.form(action);
        assert_eq!(wrong.value("name"), Some("a\u{202e}b"), "{action}: as it was typed");
        at.takes_names("name").await;
    }
}

async fn a_password_keeps_its_rules_at_sign_up(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let rest = [("name", "Ada"), ("email", EMAIL), ("account_name", "Labs")];
    let at = At { client: &client, page: "/sign-up", action: "/sign-up", rest: &rest };
    at.refuses_passwords("The password").await;
    for (number, password) in edges().iter().enumerate() {
        let email = format!("ada{number}@analytical.example");
        let fields = [rest[0], ("email", email.as_str()), rest[2], ("password", password)];
        let page = portal.client().fill("/sign-up", "/sign-up", &fields).await;
        assert_eq!(page.location(), "/apps", "{} bytes", password.len());
    }
}

async fn a_password_keeps_its_rules_when_it_is_changed(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user(EMAIL).await;
    let client = portal.signed_in(&ada).await;
    let mut current = PASSWORD.to_owned();
    for new in edges() {
        let rest = [("current_password", current.as_str())];
        let at = At { client: &client, page: "/settings", action: "/settings/password", rest: &rest };
        at.refuses_passwords("The new password").await;
        assert_eq!(at.send("password", &new).await.location(), "/settings", "{} bytes", new.len());
        current = new;
    }
}

async fn a_password_keeps_its_rules_when_it_is_reset(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user(EMAIL).await;
    let client = portal.client();
    for new in edges() {
        client.fill("/password/forgot", "/password/forgot", &[("email", EMAIL)]).await;
        let letters = portal.letters().await;
        let letter = letters.iter().find(|letter| letter.whole.contains("/password/reset"));
        let link = letter.expect("a letter").link(&portal);
        let at = At { client: &client, page: &link, action: "/password/reset", rest: &[] };
        at.refuses_passwords("The password").await;
        assert_eq!(at.send("password", &new).await.location(), "/sign-in", "{} bytes", new.len());
    }
}
