//! Each setting at both edges of its rule, through the same door as at a real start.

use std::{fs, time::Duration};

use super::*;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn read(file: &str, env: Pairs<'_>) -> Result<Config, ConfigError> {
    let env = env.iter().map(|(key, value)| (variable(key), (*value).to_owned()));
    let file = File { name: "portico.toml", text: file };
    Config::read(Some(file), env)
}

fn good(env: Pairs<'_>) -> Config {
    read("", env).unwrap_or_else(|error| panic!("{env:?}: {error}"))
}

fn refused(env: Pairs<'_>) -> String {
    read("", env).err().unwrap_or_else(|| panic!("taken: {env:?}")).to_string()
}

const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

#[test]
fn without_settings_everything_has_its_default() {
    let config = good(&[]);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url.origin(), "http://127.0.0.1:8080");
    assert_eq!(config.database.to_string(), "the SQLite file portico.db");
    assert!(matches!(
        &config.secret_key,
        SecretKey::File { path, named: false } if path.as_path() == Path::new("portico.key")
    ));
    assert_eq!(config.platform_name.as_str(), "Portico");
    assert_eq!(config.support, None);
    assert_eq!(config.audience.as_str(), "http://127.0.0.1:8080");
    assert_eq!(config.sign_up, SignUp::Open);
    assert_eq!(config.new_accounts, NewAccounts::Open);
    assert_eq!(config.admin_totp, AdminTotp::Optional);
    assert_eq!(config.mail, Mail::Log);
    assert_eq!(config.mail_from.name, "Portico");
    assert_eq!(config.mail_from.address, "no-reply@localhost");
    assert_eq!((config.max_apps, config.max_subscriptions), (100, 10));
    assert_eq!((config.stale_limit, config.directory_max), (Duration::from_secs(30), 1_000_000));
    assert_eq!(config.api_rate_limit, None);
    assert_eq!(config.metrics_listen, None);
    assert_eq!(config.retry_schedule, Schedule::standard());
    assert_eq!(config.retention_days, 30);
    assert_eq!(config.trusted_proxies, []);
    assert!(config.webhook_nets.is_empty());
    assert_eq!(config.webhook_ca_file, None);
    assert_eq!(config.log.as_str(), "info");
    assert_eq!(config.log_format, LogFormat::Text);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "max_apps = 7\nplatform_name = \"Meridian\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]";
    let config = read(file, &[("max_apps", "8")]).unwrap();
    assert_eq!(config.max_apps, 8);
    assert_eq!(config.platform_name.as_str(), "Meridian");
    assert_eq!(config.mail_from.name, "Meridian");
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.max_subscriptions, 10);
}

#[test]
fn values_at_the_good_edge_of_each_rule_are_taken() {
    let fifty = "é".repeat(50);
    let audience = "a".repeat(255);
    let taken = [
        ("listen", "0.0.0.0:1"),
        ("listen", "[::]:65535"),
        ("public_url", "http://portal.example"),
        ("public_url", "http://PORTAL.example:8443/"),
        ("database_url", "sqlite://portico.db"),
        ("database_url", "sqlite:///var/lib/portico/portico.db"),
        ("database_url", "sqlite:p"),
        ("secret_key", KEY),
        ("secret_key", KEY.trim_end_matches('=')),
        ("secret_key_file", "/run/secrets/portico"),
        ("platform_name", "M"),
        ("platform_name", &fifty),
        ("support", "https://help.example/?a=b"),
        ("support", "help@platform.example"),
        ("audience", "a"),
        ("audience", &audience),
        ("audience", "https://api.platform.example"),
        ("sign_up", "open"),
        ("sign_up", "invite"),
        ("sign_up", "domain:example.com"),
        ("new_accounts", "open"),
        ("new_accounts", "approve"),
        ("admin_totp", "optional"),
        ("admin_totp", "required"),
        ("mail", "log"),
        ("mail", "file:m"),
        ("mail", "file:///var/mail/portico"),
        ("mail", "smtp://127.0.0.1:1"),
        ("mail", "smtps://ada:p%40ss@mail.example"),
        ("mail_from", "portal@localhost"),
        ("mail_from", "Meridian Portal <portal@meridian.example>"),
        ("max_apps", "1"),
        ("max_apps", "100000"),
        ("max_subscriptions", "1"),
        ("max_subscriptions", "1000"),
        ("stale_limit", "1s"),
        ("stale_limit", "2m"),
        ("stale_limit", "1h"),
        ("api_rate_limit", "off"),
        ("api_rate_limit", " 1 "),
        ("api_rate_limit", "10000000"),
        ("directory_max", "1"),
        ("directory_max", "100000000"),
        ("metrics_listen", "off"),
        ("metrics_listen", "127.0.0.1:1"),
        ("metrics_listen", "[::]:65535"),
        ("metrics_listen", "127.0.0.1:8081"),
        ("webhook_allow_nets", "127.0.0.1"),
        ("webhook_allow_nets", "10.0.0.0/8, fd00::/8"),
        ("webhook_ca_file", "ca.pem"),
        ("webhook_ca_file", "/etc/portico/ca.pem"),
        ("webhook_retry_schedule", "0s"),
        ("webhook_retry_schedule", "0s, 5s, 5m, 2h, 7d"),
        ("retention_days", "1"),
        ("retention_days", "3650"),
        ("trusted_proxies", "10.0.0.1"),
        ("trusted_proxies", "10.0.0.0/8, fd00::/8"),
        ("log", "debug"),
        ("log", "OFF"),
        ("log", "warn,portico=debug,sqlx::query=trace"),
        ("log_format", "text"),
        ("log_format", "json"),
    ];
    for (key, value) in taken {
        good(&[(key, value)]);
    }
}

#[test]
fn values_past_the_edge_of_each_rule_are_refused_with_the_key_and_what_is_allowed() {
    let fifty_one = "é".repeat(51);
    let audience = "a".repeat(256);
    let wrong = [
        ("listen", "127.0.0.1", "such as 127.0.0.1:8080"),
        ("listen", "localhost:8080", "such as 127.0.0.1:8080"),
        ("listen", "127.0.0.1:0", "from 1 to 65535"),
        ("listen", "127.0.0.1:65536", "such as 127.0.0.1:8080"),
        ("public_url", "portal.example", "whole URL"),
        ("public_url", "ftp://portal.example", "http:// or https://"),
        ("public_url", "http://portal.example/app", "host and port"),
        ("public_url", "http://portal.example?a=b", "host and port"),
        ("public_url", "http://portal.example#a", "host and port"),
        ("public_url", "http://ada:pw@portal.example", "user name"),
        ("public_url", "http://portal.example:0", "port 0"),
        ("database_url", "mysql://db", "sqlite:// and a file's path, or postgres://"),
        ("database_url", "portico.db", "sqlite:// and a file's path"),
        ("database_url", "sqlite://", "must name a file"),
        ("database_url", "sqlite:///var/lib/", "must name a file"),
        ("database_url", "sqlite::memory:", "must name a file"),
        ("database_url", "sqlite://a.db?mode=ro", "without options"),
        ("database_url", "postgres:db", "must be"),
        ("secret_key", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==", "32 bytes in base64, not 31"),
        ("secret_key", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH", "32 bytes in base64, not 33"),
        ("secret_key", "not base64 at all!", "not base64"),
        ("secret_key_file", "keys/", "path of a file"),
        ("platform_name", &fifty_one, "1 to 50 characters; it has 51"),
        ("platform_name", "Meri\u{202e}dian", "U+202E"),
        ("platform_name", "Meridian\u{7}", "U+0007"),
        ("support", "help", "a URL such as"),
        ("support", "javascript:alert(1)", "a URL such as"),
        ("support", "mailto:help@platform.example", "a URL such as"),
        ("support", "https://a:b@help.example", "without user name"),
        ("audience", &audience, "1 to 255"),
        ("audience", "two words", "visible ASCII"),
        ("audience", "a:b c", "visible ASCII"),
        ("sign_up", "closed", "open, invite, or domain:"),
        ("sign_up", "domain:", "open, invite, or domain:"),
        ("sign_up", "domain:ada@example.com", "domain:example.com"),
        ("sign_up", "domain:*.example.com", "domain:example.com"),
        ("sign_up", "domain:10.0.0.1", "domain:example.com"),
        ("new_accounts", "closed", "open or approve"),
        ("admin_totp", "yes", "optional or required"),
        ("mail", "sendmail", "log, file: and a directory"),
        ("mail", "file:", "must name a directory"),
        ("mail", "smtp://", "must name a server"),
        ("mail", "smtp:mail.example", "must name a server"),
        ("mail", "smtp://mail.example/x", "host and port"),
        ("mail", "smtp://mail.example?tls=off", "host and port"),
        ("mail", "smtp://ada@mail.example", "or neither"),
        ("mail", "smtp://mail.example:0", "port 0"),
        ("mail", "smtp://ada:100%@mail.example", "%25"),
        ("mail", "smtp://ada:%4z@mail.example", "%25"),
        ("mail_from", "portal", "an address such as"),
        ("mail_from", "A <a@b.example>, B <b@c.example>", "an address such as"),
        ("mail_from", "A\u{7} <a@b.example>", "U+0007"),
        ("max_apps", "0", "from 1 to 100000"),
        ("max_apps", "100001", "from 1 to 100000"),
        ("max_apps", "-1", "from 1 to 100000"),
        ("max_apps", "many", "from 1 to 100000"),
        ("max_subscriptions", "0", "from 1 to 1000"),
        ("max_subscriptions", "1001", "from 1 to 1000"),
        ("stale_limit", "0s", "from 1s to 1h"),
        ("stale_limit", "61m", "from 1s to 1h"),
        ("stale_limit", "30", "from 1s to 1h"),
        ("stale_limit", "1.5s", "from 1s to 1h"),
        ("stale_limit", "99999999999999999999h", "from 1s to 1h"),
        ("webhook_retry_schedule", "5s,5m", "the first of them 0s"),
        ("webhook_retry_schedule", "0s,8d", "at most 7d"),
        ("webhook_retry_schedule", "0s,5", "such as 0s,5s,5m,2h"),
        ("webhook_retry_schedule", "0s,,5s", "such as 0s,5s,5m,2h"),
        ("webhook_retry_schedule", "0s,-5s", "such as 0s,5s,5m,2h"),
        ("retention_days", "0", "from 1 to 3650"),
        ("retention_days", "3651", "from 1 to 3650"),
        ("api_rate_limit", "0", "off, or requests a minute from 1 to 10000000"),
        ("api_rate_limit", "10000001", "off, or requests a minute"),
        ("api_rate_limit", "on", "off, or requests a minute"),
        ("directory_max", "0", "from 1 to 100000000"),
        ("metrics_listen", "9090", "such as 127.0.0.1:8080"),
        ("metrics_listen", "127.0.0.1:0", "from 1 to 65535"),
        ("metrics_listen", "127.0.0.1:65536", "such as 127.0.0.1:8080"),
        ("metrics_listen", "on", "such as 127.0.0.1:8080"),
        ("metrics_listen", "10.0.0.1:8080", "another port than PORTICO_LISTEN"),
        ("webhook_allow_nets", "10.0.0.0/33", "such as 10.0.0.0/8"),
        ("webhook_allow_nets", "hooks.internal", "such as 10.0.0.0/8"),
        ("webhook_ca_file", "ca/", "path of a file"),
        ("trusted_proxies", "10.0.0.0/33", "such as 10.0.0.0/8"),
        ("trusted_proxies", "10.0.0.0/8,", "such as 10.0.0.0/8"),
        ("trusted_proxies", "proxy.example", "such as 10.0.0.0/8"),
        ("log", "inof", "error, warn, info"),
        ("log", "portico=loud", "error, warn, info"),
        ("log_format", "xml", "text or json"),
    ];
    for (key, value, allowed) in wrong {
        let said = refused(&[(key, value)]);
        assert!(said.starts_with(&variable(key)), "{said}");
        assert!(said.contains(allowed), "{said}");
        assert!(said.ends_with('.') && !said.contains(['\n', '\r']), "{said}");
    }
}

#[test]
fn every_wrong_setting_is_told_in_one_go_and_in_order() {
    let error = read("log = \"loud\"", &[("max_apps", "0"), ("listen", "x")]).unwrap_err();
    let sentences: Vec<_> = error.sentences().collect();
    assert_eq!(sentences.len(), 3);
    assert!(sentences[0].starts_with("PORTICO_LISTEN must be an IP address"));
    assert!(sentences[1].starts_with("PORTICO_MAX_APPS must be a whole number"));
    assert!(sentences[2].starts_with("log in portico.toml must be error, warn"));
}

#[test]
fn secrets_are_in_no_error_and_no_debug_output() {
    let good = good(&[
        ("database_url", "postgres://ada:hunter2@db.example/portico?password=hunter2"),
        ("secret_key", KEY),
        ("mail", "smtp://ada:hunter2@mail.example"),
    ]);
    let shown = format!("{good:?} {}", good.database);
    assert!(!shown.contains("hunter2") && !shown.contains("BwcH"), "{shown}");
    assert!(!shown.contains("7, 7"), "{shown}");
    assert_eq!(good.database.to_string(), "the PostgreSQL database portico at db.example:5432");
    for (key, value) in [
        ("database_url", "postgres://ada:hunter2@db.example:port/portico"),
        ("database_url", "ada:hunter2@db.example"),
        ("mail", "smtp://ada:hunter2@mail.example:port"),
        ("mail", "smtp://ada:hunter2#@mail.example"),
        ("mail", "hunter2"),
        ("secret_key", "hunter2"),
        ("public_url", "https://ada:hunter2@portal.example"),
        ("support", "https://ada:hunter2@help.example"),
    ] {
        let said = refused(&[(key, value)]);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn only_one_secret_key_may_be_given_and_postgresql_needs_one() {
    let both = read("secret_key_file = \"k\"", &[("secret_key", KEY)]).unwrap_err();
    assert!(both.to_string().starts_with("PORTICO_SECRET_KEY must not be set together"));

    let postgres = ("database_url", "postgres://db.example/portico");
    assert!(refused(&[postgres]).starts_with("PORTICO_SECRET_KEY or PORTICO_SECRET_KEY_FILE must be set"));
    assert!(matches!(good(&[postgres, ("secret_key", KEY)]).secret_key, SecretKey::Given(_)));
    let named = good(&[postgres, ("secret_key_file", "k")]);
    assert!(matches!(named.secret_key, SecretKey::File { named: true, .. }));
}

#[test]
fn a_public_url_under_https_may_not_print_mail_and_does_not_trust_new_accounts() {
    let https = ("public_url", "https://portal.example");
    for said in [refused(&[https]), refused(&[https, ("mail", "log")])] {
        assert!(said.starts_with("PORTICO_MAIL must be file:DIR"), "{said}");
    }
    let config = good(&[https, ("mail", "file:mail")]);
    assert!(config.public_url.is_https());
    assert_eq!(config.new_accounts, NewAccounts::Approve);
    assert_eq!(config.audience.as_str(), "https://portal.example");
    assert_eq!(config.mail_from.address, "no-reply@portal.example");
    assert_eq!(config.public_url.origin(), "https://portal.example");
    let odd = good(&[("public_url", "http://portal.example.:8080")]);
    assert_eq!(odd.mail_from.address, "no-reply@localhost");
    // One complaint a setting: a wrong value is not a missing one as well.
    assert_eq!(refused(&[https, ("mail", "pigeon")]).lines().count(), 1);
}

#[test]
fn loopback_is_this_machine_only() {
    for (url, loopback) in [
        ("http://127.0.0.1:8080", true),
        ("http://127.8.8.8", true),
        ("http://[::1]:8080", true),
        ("http://[::ffff:127.0.0.1]", true),
        ("http://localhost", true),
        ("http://portal.localhost", true),
        ("http://0.0.0.0:8080", false),
        ("http://localhost.example", false),
        ("http://notlocalhost", false),
        ("http://10.0.0.1", false),
    ] {
        let config = good(&[("public_url", url)]);
        assert_eq!(config.public_url.is_loopback(), loopback, "{url}");
    }
    let everywhere = good(&[("listen", "[::]:9000")]);
    assert_eq!(everywhere.public_url.origin(), "http://[::]:9000");
    assert_eq!(everywhere.new_accounts, NewAccounts::Approve);
}

#[test]
fn a_mail_domain_holds_its_own_addresses_alone() {
    let SignUp::Domain(domain) = good(&[("sign_up", "domain:Bücher.example")]).sign_up else {
        panic!("not a domain");
    };
    assert_eq!(domain.as_str(), "xn--bcher-kva.example");
    for (address, holds) in [
        ("ada@bücher.example", true),
        ("ada@XN--BCHER-KVA.example", true),
        ("ada@sub.bücher.example", false),
        ("ada@bücher.example.evil.example", false),
        ("\"a@bücher.example\"@evil.example", false),
        ("bücher.example", false),
    ] {
        assert_eq!(domain.holds(address), holds, "{address}");
    }
}

#[test]
fn a_support_address_becomes_a_link_that_cannot_carry_more() {
    let support = |value| good(&[("support", value)]).support.unwrap().href();
    assert_eq!(support("https://help.example/a"), "https://help.example/a");
    assert_eq!(support("help@platform.example"), "mailto:help@platform.example");
    assert_eq!(support("a?bcc=b@c.example"), "mailto:a%3Fbcc%3Db@c.example");
}

#[test]
fn the_file_of_the_command_line_must_be_there_and_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    let error = Config::load(Some(&path), std::iter::empty()).unwrap_err();
    assert!(error.to_string().contains("settings.toml cannot be read: "), "{error}");
    fs::write(&path, "max_apps = 3").unwrap();
    let config = Config::load(Some(&path), std::iter::empty()).unwrap();
    assert_eq!(config.max_apps, 3);
}
