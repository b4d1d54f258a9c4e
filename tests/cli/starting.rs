//! Starts that end with one plain sentence, and first starts

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use crate::{
    program::{KEY, Program},
    support::{
        databases::{Kind, TestDatabase},
        site::free_address,
    },
};

const OTHER_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

#[test]
fn a_wrong_setting_ends_the_start_with_the_setting_and_what_is_allowed() {
    for (setting, value, words) in [
        ("PORTICO_LISTEN", "8080", "PORTICO_LISTEN must be an IP address and a port"),
        ("PORTICO_LISTEN", "127.0.0.1:0", "PORTICO_LISTEN must be given with a port from 1 to 65535"),
        ("PORTICO_PUBLIC_URL", "portal.example", "PORTICO_PUBLIC_URL "),
        (
            "PORTICO_DATABASE_URL",
            "mysql://ada:hush-hush@db/portico",
            "PORTICO_DATABASE_URL must be sqlite://",
        ),
        ("PORTICO_DATABASE_URL", "sqlite://:memory:", "PORTICO_DATABASE_URL must name a file"),
        ("PORTICO_SECRET_KEY", "hush-hush", "PORTICO_SECRET_KEY is not base64"),
        ("PORTICO_SECRET_KEY", "aHVzaC1odXNo", "PORTICO_SECRET_KEY must hold 32 bytes in base64, not 9"),
        ("PORTICO_SIGN_UP", "everybody", "PORTICO_SIGN_UP "),
        ("PORTICO_NEW_ACCOUNTS", "maybe", "PORTICO_NEW_ACCOUNTS "),
        ("PORTICO_MAIL", "smtp://ada:hush-hush@", "PORTICO_MAIL must name a server"),
        ("PORTICO_MAX_APPS", "0", "PORTICO_MAX_APPS "),
        ("PORTICO_MAX_APPS", "many", "PORTICO_MAX_APPS "),
        ("PORTICO_MAX_SUBSCRIPTIONS", "-1", "PORTICO_MAX_SUBSCRIPTIONS "),
        ("PORTICO_METRICS_LISTEN", "9464", "PORTICO_METRICS_LISTEN must be an IP address and a port"),
        ("PORTICO_WEBHOOK_ALLOW_NETS", "localhost", "PORTICO_WEBHOOK_ALLOW_NETS must be networks"),
        ("PORTICO_WEBHOOK_CA_FILE", "gone.pem", "gone.pem of PORTICO_WEBHOOK_CA_FILE cannot be read"),
        ("PORTICO_TRUSTED_PROXIES", "everybody", "PORTICO_TRUSTED_PROXIES "),
        ("PORTICO_LOG", "portico=loud", "PORTICO_LOG "),
        ("PORTICO_LOG_FORMAT", "xml", "PORTICO_LOG_FORMAT "),
        ("PORTICO_LISTN", "127.0.0.1:8080", "PORTICO_LISTN"),
    ] {
        let program = Program::new().with(setting, value);
        let said = program.complaint(&[]);
        assert!(said.contains(words), "{setting}={value}: {said}");
        assert!(!said.contains("hush-hush") && !said.contains("aHVzaC1odXNo"), "{said}");
        assert!(!program.path("portico.db").exists(), "nothing was made: {setting}={value}");
    }
}

#[test]
fn authorities_of_endpoints_are_certificates() {
    let program = Program::new().with("PORTICO_WEBHOOK_CA_FILE", "ca.pem");
    program.write("ca.pem", "nothing of the kind\n");
    let said = program.complaint(&[]);
    assert!(said.contains("PORTICO_WEBHOOK_CA_FILE cannot be used: there is no certificate in it"), "{said}");
    assert!(!program.path("portico.db").exists(), "nothing was made");
}

#[test]
fn mail_is_not_printed_where_strangers_come() {
    let said = Program::new().with("PORTICO_PUBLIC_URL", "https://portal.example").complaint(&[]);
    assert!(said.starts_with("PORTICO_MAIL must be file:DIR, smtp://… or smtps://…"), "{said}");
}

#[test]
fn the_settings_file_is_held_to_the_same_rules() {
    let program = Program::new();
    program.write("portico.toml", "max_apps = \"many\"\n");
    assert!(program.complaint(&[]).contains("max_apps"));
    program.write("portico.toml", "max_apps = [\n");
    assert!(program.complaint(&[]).contains("portico.toml"));
    assert!(program.complaint(&["--config", "other.toml"]).contains("other.toml cannot be read"));
}

#[test]
fn both_settings_of_the_key_at_once_are_one_too_many() {
    let program = Program::new().with("PORTICO_SECRET_KEY", KEY).with("PORTICO_SECRET_KEY_FILE", "some.key");
    let said = program.complaint(&[]);
    assert!(
        said.contains("PORTICO_SECRET_KEY must not be set together with PORTICO_SECRET_KEY_FILE"),
        "{said}"
    );
    assert!(!said.contains(KEY), "{said}");
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let closed = free_address();
    let url = format!("postgres://ada:hush-hush@{closed}/portico");
    let said =
        Program::new().with("PORTICO_DATABASE_URL", &url).with("PORTICO_SECRET_KEY", KEY).complaint(&[]);
    assert!(
        said.starts_with(&format!("Cannot open the PostgreSQL database portico at {closed}: ")),
        "{said}"
    );
    assert!(said.contains("Connection refused"), "{said}");
    assert!(!said.contains("hush-hush") && !said.contains("ada"), "{said}");
    let said =
        Program::new().with("PORTICO_DATABASE_URL", "sqlite:///nowhere/at/all/portico.db").complaint(&[]);
    assert!(said.starts_with("Cannot open the SQLite file /nowhere/at/all/portico.db: "), "{said}");
    let program = Program::new();
    program.write("portico.db", "this is no database, but long enough to look like a file of one\n");
    let said = program.complaint(&[]);
    assert!(said.starts_with("Cannot open the SQLite file portico.db: "), "{said}");
}

#[test]
fn a_taken_address_ends_the_start() {
    let program = Program::new();
    let taken = TcpListener::bind(program.listen).expect("it was free");
    let said = program.complaint(&[]);
    assert!(said.starts_with(&format!("Cannot listen on {}", program.listen)), "{said}");
    assert!(said.contains("PORTICO_LISTEN"), "{said}");
    drop(taken);
}

#[test]
fn a_key_that_is_missing_or_another_one_ends_the_start() {
    let program = Program::new();
    assert!(
        program
            .run(
                &[
                    "user",
                    "create",
                    "--email",
                    "ada@x.example",
                    "--name",
                    "Ada",
                    "--account",
                    "Labs",
                    "--password-stdin"
                ],
                "correct horse battery"
            )
            .status
            .success()
    );
    let key = fs::read_to_string(program.path("portico.key")).expect("a key");
    fs::remove_file(program.path("portico.key")).expect("it goes");
    let said = program.complaint(&[]);
    assert!(
        said.starts_with(
            "The key file portico.key is missing, but the database holds secrets sealed under a key."
        ),
        "{said}"
    );
    assert!(!program.path("portico.key").exists(), "no other one is made");

    program.write("portico.key", OTHER_KEY);
    let said = program.complaint(&[]);
    assert!(said.starts_with("The secret key does not fit this database"), "{said}");
    assert!(!said.contains(OTHER_KEY), "{said}");
    program.write("portico.key", "rubbish");
    assert!(program.complaint(&[]).starts_with("The key file portico.key must hold 32 bytes in base64"));
    fs::remove_file(program.path("portico.key")).expect("it goes");

    // The same key by the setting will do.
    let program = program.with("PORTICO_SECRET_KEY", key.trim());
    assert!(
        program
            .run(
                &[
                    "user",
                    "create",
                    "--email",
                    "bob@x.example",
                    "--name",
                    "Bob",
                    "--account",
                    "Bob",
                    "--password-stdin"
                ],
                "correct horse battery"
            )
            .status
            .success()
    );
}

#[tokio::test]
async fn the_first_start_makes_its_files_for_their_owner_alone_and_says_once_how_to_begin() {
    let program = Program::new();
    let running = program.serve().await;
    let log = running.says("/setup?token=").await;
    assert!(log.contains(&format!("Portico is at http://{}", program.listen)), "{log}");
    assert_eq!(log.matches("/setup?token=").count(), 1, "{log}");
    for file in ["portico.key", "portico.db", "portico.db-wal", "portico.db-shm"] {
        let mode = fs::metadata(program.path(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}: {mode:o}");
    }
    let link = log.split_whitespace().find(|word| word.contains("/setup?token=")).expect("a link").to_owned();
    let path = link.trim_start_matches(&format!("http://{}", program.listen)).to_owned();
    let fields = [
        ("name", "Ada"),
        ("email", "ada@x.example"),
        ("account_name", "Staff"),
        ("password", "a long enough passphrase"),
    ];
    assert_eq!(running.client.fill(&path, "/setup", &fields).await.location(), "/apps");
    assert_eq!(running.stop("-TERM").await.0, Some(0));

    let running = program.serve().await;
    let log = running.says("Portico is at").await;
    assert_eq!(running.client.get("/readyz").await.status, 200);
    assert!(!log.contains("/setup?token=") && !running.log().contains("There is no admin"), "{log}");
}

#[tokio::test]
async fn a_link_that_was_not_used_is_not_printed_again() {
    let program = Program::new();
    let running = program.serve().await;
    running.says("/setup?token=").await;
    running.stop("-TERM").await;
    let running = program.serve().await;
    running.client.visit("/sign-in").await;
    assert!(!running.log().contains("/setup?token="), "{}", running.log());
}

#[tokio::test]
async fn postgresql_needs_the_key_given_and_starts_with_it() {
    let database = TestDatabase::empty(Kind::Postgres).await;
    let portico::store::Database::Postgres(url) = &database.database else { panic!("PostgreSQL") };
    let program = Program::new().with("PORTICO_DATABASE_URL", url);
    let said = program.complaint(&[]);
    assert!(
        said.contains(
            "PORTICO_SECRET_KEY or PORTICO_SECRET_KEY_FILE must be set when the database is PostgreSQL"
        ),
        "{said}"
    );
    let named = program.with("PORTICO_SECRET_KEY_FILE", "portico.key");
    let said = named.complaint(&[]);
    assert!(
        said.starts_with("The key file portico.key is missing. Over PostgreSQL it is not made by itself"),
        "{said}"
    );
    assert!(!named.path("portico.key").exists());

    let program = Program::new().with("PORTICO_DATABASE_URL", url).with("PORTICO_SECRET_KEY", KEY);
    let running = program.serve().await;
    assert_eq!(running.client.get("/readyz").await.status, 200);
    assert!(!program.path("portico.db").exists() && !program.path("portico.key").exists());
    // A second process over the same database needs the same key.
    let said =
        Program::new().with("PORTICO_DATABASE_URL", url).with("PORTICO_SECRET_KEY", OTHER_KEY).complaint(&[]);
    assert!(said.starts_with("The secret key does not fit this database"), "{said}");
    let second = Program::new().with("PORTICO_DATABASE_URL", url).with("PORTICO_SECRET_KEY", KEY);
    assert_eq!(second.serve().await.client.get("/readyz").await.status, 200);
    assert_eq!(running.stop("-TERM").await.0, Some(0));
}
