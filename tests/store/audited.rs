//! Every change leaves its row, and no other one; where the row cannot be written, nothing has
//! changed (S65).

mod account;
mod app;
mod console;
mod people;

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use portico::{
    actions::{By, confirm::Proof, outbox, sign_in::Browser, sign_up::NewSignUp},
    crypto::token::Token,
    domain::{
        audit::{Change, Origin},
        password::{NewPassword, PasswordContext, TypedPassword},
        user::{Session, User},
    },
    mail::Mailer,
};

use crate::support::{
    databases::{Kind, on_both},
    world::{PASSWORD, Person, World, parsed},
};

on_both!(every_change_leaves_its_row, what_cannot_be_written_down_is_not_done,);

/// What is done elsewhere, by the worker and on the pages of OAuth, and the tests that show its row.
const ELSEWHERE: &[(&str, &str)] = &[
    ("subscription_turned_off", "tests/worker/circuit.rs"),
    ("client_changed", "tests/web/apps/client.rs"),
    ("client_secret_made", "tests/web/apps/client.rs"),
    ("client_secret_revoked", "tests/web/apps/client.rs"),
    ("scopes_changed", "tests/web/apps/scopes.rs"),
    ("scope_created", "tests/store/scopes.rs"),
    ("scope_changed", "tests/store/scopes.rs"),
    ("scope_retired", "tests/store/scopes.rs"),
    ("scope_brought_back", "tests/store/scopes.rs"),
    ("scope_deleted", "tests/store/scopes.rs"),
    ("grant_given", "tests/web/authorizations/audited.rs"),
    ("grant_widened", "tests/web/authorizations/audited.rs"),
    ("grant_ended", "tests/web/authorizations/audited.rs"),
    ("grant_revoked", "tests/web/authorizations/audited.rs"),
    ("grants_revoked", "tests/web/authorizations/audited.rs"),
    ("code_reused", "tests/web/authorizations/audited.rs"),
    ("refresh_token_reused", "tests/web/authorizations/audited.rs"),
    ("tokens_revoked", "tests/web/authorizations/audited.rs"),
    ("client_tries_limited", "tests/web/oauth/secrets.rs"),
];

async fn every_change_leaves_its_row(kind: Kind) {
    let mut walk = Walk { world: World::new(kind).await, counted: BTreeMap::new(), walked: BTreeSet::new() };
    people::walk(&mut walk).await;
    account::walk(&mut walk).await;
    app::walk(&mut walk).await;
    console::walk(&mut walk).await;
    for (action, test) in ELSEWHERE {
        let source = std::fs::read_to_string(test).expect("the test");
        assert!(source.contains(action), "{test} does not look for {action}");
        walk.walked.insert((*action).to_owned());
    }
    // Every one that can be written: what cannot be is refused with a list of what can.
    let unknown = serde_json::from_value::<Change>(serde_json::json!({ "action": "?", "detail": {} }));
    let complaint = unknown.expect_err("no such action").to_string();
    let all: BTreeSet<String> = complaint.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(all.contains("user_created"), "{complaint}");
    assert_eq!(walk.walked, all);
}

/// The world while everything is done in it once.
struct Walk {
    world: World,
    /// The rows of the log at the last look, by their action.
    counted: BTreeMap<String, usize>,
    walked: BTreeSet<String>,
}

impl Walk {
    /// What was written down since the last look is this, in any order.
    async fn left(&mut self, expected: &[&str]) {
        let mut counted = BTreeMap::new();
        for action in self.world.database.texts("select action from audit_log").await {
            *counted.entry(action).or_default() += 1;
        }
        let before = |action: &String| self.counted.get(action).copied().unwrap_or_default();
        let new = counted.iter().flat_map(|(action, now)| iter::repeat_n(action, now - before(action)));
        let new: Vec<String> = new.cloned().collect();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(new, expected);
        self.walked.extend(new);
        self.counted = counted;
    }

    /// What was made for the next step, and is looked at elsewhere.
    async fn past(&mut self) {
        self.counted.clear();
        for action in self.world.database.texts("select action from audit_log").await {
            *self.counted.entry(action).or_default() += 1;
        }
    }

    /// A new session, and the cookie's owner.
    async fn session(&self, person: &Person) -> Session {
        self.session_of(&self.world.sign_in(person).await.session).await
    }

    async fn session_of(&self, cookie: &Token) -> Session {
        let session = self.world.database.read().await.session(cookie.hash().as_bytes()).await;
        session.expect("a row").expect("the session")
    }

    async fn user(&self, person: &Person) -> User {
        self.world.database.read().await.user(person.id).await.expect("a row").expect("the user").user
    }

    /// Sends what waits; the token of the link in a letter to an address.
    async fn mailed(&self, to: &str, before_token: &str) -> Token {
        let (letters, to) = (self.letters().await, format!("To: {to}"));
        let mut found = letters.iter().filter(|letter| letter.contains(&to));
        let (_, rest) = found.find_map(|letter| letter.split_once(before_token)).expect("a link");
        Token::parse(rest.split_whitespace().next().unwrap_or_default()).expect("a token")
    }

    /// Sends what waits.
    async fn letters(&self) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = Mailer::file("Portico", "no-reply@portico.example", folder.path().to_owned());
        outbox::send_due(&self.world.ctx, &mailer.expect("a mailer")).await.expect("mail is sent");
        let entries = std::fs::read_dir(folder.path()).expect("the letter box");
        let letters = entries.map(|entry| std::fs::read_to_string(entry.expect("a letter").path()));
        letters.map(|letter| letter.expect("text")).collect()
    }

    fn spoil(&self, table: &str) -> String {
        let sealed = match self.world.database.kind() {
            Kind::Sqlite => "x'01'",
            Kind::Postgres => "'\\x01'",
        };
        format!("update {table} set secret_sealed = {sealed}")
    }
}

fn visitor() -> By {
    By::visitor(Origin::default())
}

fn by(person: &Person) -> By {
    By::user(person.id, Origin::default())
}

fn browser() -> Browser {
    Browser::default()
}

fn password(text: &str) -> TypedPassword {
    TypedPassword::parse(text).expect("a password")
}

fn proof(code: Option<&str>) -> Proof {
    Proof { password: password(PASSWORD), code: code.map(parsed) }
}

fn sign_up(email: &str) -> NewSignUp {
    NewSignUp {
        name: parsed("Somebody"),
        email: parsed(email),
        account_name: parsed(email),
        password: new_password(email),
    }
}

fn new_password(email: &str) -> NewPassword {
    let context = PasswordContext { platform: "Meridian", email, name: "Somebody" };
    NewPassword::parse(PASSWORD, &context).expect("a good password")
}

/// A log that takes no row more.
async fn what_cannot_be_written_down_is_not_done(kind: Kind) {
    let world = World::new(kind).await;
    let world = &world;
    let scene = console::Scene::new(world).await;
    let refuse = match kind {
        Kind::Sqlite => {
            "create trigger audit_log_is_full before insert on audit_log begin
                select raise(abort, 'the log is full');
            end"
        }
        Kind::Postgres => {
            "create function log_is_full() returns trigger language plpgsql as $$
            begin
                raise exception 'the log is full';
            end $$;
            create trigger audit_log_is_full before insert on audit_log
                for each row execute function log_is_full()"
        }
    };
    world.database.run(refuse).await;
    let before = world.database.dump().await;
    for (number, outcome) in scene.attempts(world).await.into_iter().enumerate() {
        assert!(outcome.is_err(), "{number}: {outcome:?}");
    }
    assert_eq!(world.database.dump().await, before);
}
