//! The walls of the house: who may know whom (ARCHITECTURE.md), and how long a file may be.
//! Modules of one crate are no walls by themselves, so this reads the sources.

#[path = "architecture/owned.rs"]
mod owned;
#[path = "architecture/secrets.rs"]
mod secrets;
#[path = "architecture/templates.rs"]
mod templates;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The rooms, and the rooms that each may use. `cli` puts all of it together.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("telemetry", &["domain"]),
    ("config", &["domain"]),
    ("crypto", &["domain"]),
    ("icons", &["domain"]),
    ("mail", &["domain"]),
    ("outbound", &["domain"]),
    ("store", &["domain"]),
    ("tally", &["domain"]),
    ("limiter", &["domain"]),
    ("delivery", &["actions", "crypto", "domain", "outbound"]),
    ("directory", &["crypto", "domain", "store", "tally"]),
    (
        "actions",
        &["crypto", "directory", "domain", "icons", "limiter", "mail", "store", "tally", "telemetry"],
    ),
    ("web", &["actions", "crypto", "domain"]),
    (
        "cli",
        &[
            "actions",
            "config",
            "crypto",
            "delivery",
            "directory",
            "domain",
            "icons",
            "limiter",
            "mail",
            "outbound",
            "store",
            "telemetry",
            "web",
        ],
    ),
];

/// Paths that few places may name: crates, and what only one file has to do with.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("sqlx", &["src/store"]),
    // Elsewhere SQL is a constant of `statements!`, which a test prepares.
    ("sqlx::query", &["src/store/db"]),
    ("sqlx::query_as", &["src/store/db"]),
    ("sqlx::query_scalar", &["src/store/db"]),
    ("actix_web", &["src/web", "src/cli.rs", "src/cli/serve.rs"]),
    ("actix_multipart", &["src/web"]),
    ("askama", &["src/web", "src/mail/messages"]),
    ("lettre", &["src/mail"]),
    ("image", &["src/icons"]),
    ("argon2", &["src/crypto"]),
    ("totp_rs", &["src/crypto"]),
    ("qrcode", &["src/web/qr.rs"]),
    ("metrics", &["src/telemetry/metrics.rs"]),
    ("metrics_exporter_prometheus", &["src/telemetry/metrics.rs"]),
    ("quick_cache", &["src/directory/shelf.rs", "src/web/api/problem.rs"]),
    ("governor", &["src/limiter.rs"]),
    ("smallvec", &["src/directory/entry.rs", "src/domain/jwt/json.rs"]),
    ("chacha20poly1305", &["src/crypto"]),
    ("getrandom", &["src/crypto"]),
    ("rand", &["src/crypto.rs"]),
    ("reqwest", &["src/cli/healthcheck.rs"]),
    ("hyper", &["src/outbound"]),
    ("hyper_util", &["src/outbound"]),
    ("hickory_resolver", &["src/outbound/names.rs"]),
    ("tokio_rustls", &["src/outbound"]),
    ("tokio::net", &["src/outbound"]),
];

/// What `domain` does not name, being pure: no work of others, no I/O, no clock.
const NOT_PURE: &[&str] = &[
    "tokio",
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
];

/// Words of code that few places may hold.
const SAID_BY: &[(&str, &[&str])] = &[
    (".begin()", &["src/actions", "src/store/db"]),
    (".begin_with(", &["src/store/db"]),
    (".audit(", &["src/actions"]),
    ("Keyring::new(", &["src/actions/installation.rs"]),
    ("SystemTime::now", &["src/cli/boot.rs"]),
    ("Timestamp::now", &[]),
    // Which database it is: asked for in the settings, and known to one file of the store.
    ("Sqlite", &["src/store/db", "src/config/database.rs", "src/config.rs", "src/cli/boot.rs"]),
    ("Postgres", &["src/store/db", "src/config/database.rs", "src/config.rs", "src/cli/boot.rs"]),
    ("PgPool", &["src/store/db"]),
    // A statement has one text, but for those that cannot.
    ("dialects! {", &["src/store/dialect"]),
];

const MAX_LINES: usize = 400;

/// Every file below a folder with this ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|one| one == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources(folder: &str) -> Vec<PathBuf> {
    files(folder, "rs")
}

/// The code of a file, its comments and its test modules apart.
fn code(path: &Path) -> String {
    let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
    if path.iter().any(is_test) {
        return String::new();
    }
    without_tests(&fs::read_to_string(path).expect("a source"))
}

/// Leaves out `#[cfg(test)] mod …` up to its end, and goes on behind it.
fn without_tests(text: &str) -> String {
    let mut code = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push(line);
            continue;
        }
        let Some(item) = lines.find(|line| !line.trim_start().starts_with("#[")) else { break };
        if !item.trim_start().starts_with("mod ") {
            code.push(item);
        } else if item.ends_with('{') {
            // rustfmt closes a block where it opened.
            let end = format!("{}}}", &item[..item.len() - item.trim_start().len()]);
            lines.by_ref().find(|line| *line == end);
        }
    }
    code.join("\n")
}

/// Every path that the code names, from the root of the crate or of another one: the leaves
/// of each `use`, and `a::b` in the midst of the code.
fn paths(file: &Path, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let words = line.trim_start();
        let visibility = words.split_once("use ").map(|(before, _)| before.trim());
        let is_use = visibility
            .is_some_and(|before| before.is_empty() || before == "pub" || before.starts_with("pub("));
        if !is_use {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        let mut tree = words.split_once("use ").map(|(_, tree)| tree.to_owned()).unwrap_or_default();
        while !tree.ends_with(';') {
            let Some(line) = lines.next() else { break };
            tree.push_str(line.trim());
        }
        expand("", tree.trim_end_matches(';'), &mut found);
    }
    let in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let inline = rest.split(|c| !in_path(c)).filter(|word| word.contains("::"));
    found.extend(inline.map(|word| word.trim_matches(':').to_owned()));
    found.iter().map(|path| from_the_root(file, path)).collect()
}

/// `a::{b, c::{self, d}}` as `a::b`, `a::c`, `a::c::d`.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    if let Some((head, inner)) = tree.split_once('{') {
        let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
        let (mut depth, mut from) = (0, 0);
        for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&format!("{prefix}{head}"), &inner[from..at], found);
                    from = at + 1;
                }
                _ => {}
            }
        }
    } else if !tree.is_empty() {
        let leaf = tree.split(" as ").next().unwrap_or(tree);
        let whole = format!("{prefix}{leaf}");
        found.push(whole.strip_suffix("::self").unwrap_or(&whole).to_owned());
    }
}

/// What `super` and `self` stand for in this file, said from the root.
fn from_the_root(file: &Path, path: &str) -> String {
    let inner = file.strip_prefix("src").unwrap_or(file).with_extension("");
    let mut module: Vec<&str> = inner.iter().filter_map(|part| part.to_str()).collect();
    let mut rest = path;
    while let Some(("super", after)) = rest.split_once("::") {
        module.pop();
        rest = after;
    }
    match rest.strip_prefix("self::") {
        Some(after) => format!("crate::{}::{after}", module.join("::")),
        None if rest.len() == path.len() => path.to_owned(),
        None => format!("crate::{}", [&module[..], &[rest]].concat().join("::")),
    }
}

fn room(file: &Path) -> Option<&str> {
    let inner = file.strip_prefix("src").ok()?;
    inner.iter().next()?.to_str().map(|name| name.trim_end_matches(".rs"))
}

/// Whether the file is the place, below it, or the module that opens it.
fn within(file: &Path, place: &str) -> bool {
    file.starts_with(place) || file.with_extension("") == Path::new(place)
}

fn begins(path: &str, with: &str) -> bool {
    path.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every breach of the rules in one file's code.
fn breaches(file: &Path, code: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut breach = |what: String| breaches.push(format!("{}: {what}", file.display()));
    let here = room(file).unwrap_or_default();
    let may = MAY_USE.iter().find(|(name, _)| *name == here).map(|(_, may)| *may);
    for path in paths(file, code) {
        let there = path.strip_prefix("crate::").and_then(|path| path.split("::").next());
        if let (Some(there), Some(may)) = (there, may) {
            let is_room = MAY_USE.iter().any(|(name, _)| *name == there);
            if is_room && there != here && !may.contains(&there) {
                breach(format!("{here} must not know {path}"));
            }
        }
        for (named, places) in NAMED_BY {
            if begins(&path, named) && !places.iter().any(|place| within(file, place)) {
                breach(format!("{path} is for {places:?} alone"));
            }
        }
        if here == "domain" && NOT_PURE.iter().any(|one| begins(&path, one)) {
            breach(format!("domain is pure and must not know {path}"));
        }
    }
    for (said, places) in SAID_BY {
        if code.contains(said) && !places.iter().any(|place| within(file, place)) {
            breach(format!("{said} is for {places:?} alone"));
        }
    }
    breaches
}

#[test]
fn no_room_knows_what_it_must_not() {
    let breaches: Vec<String> = sources("src").iter().flat_map(|path| breaches(path, &code(path))).collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn every_room_has_its_rules() {
    let inside = ["lib", "main"];
    for path in sources("src") {
        let name = room(&path).expect("a room");
        let known = inside.contains(&name) || MAY_USE.iter().any(|(one, _)| *one == name);
        assert!(known, "{}: no room of MAY_USE", path.display());
    }
}

#[test]
fn the_rules_can_be_broken() {
    for (file, code) in [
        ("src/domain/app.rs", "use crate::store::Store;"),
        ("src/domain/app.rs", "use crate::{\n    domain::id::AppId,\n    store::{self, Store},\n};"),
        ("src/domain/app.rs", "pub(super) use std::{fmt, fs};"),
        ("src/domain/app/name.rs", "use super::super::super::{web::page};"),
        ("src/domain/time.rs", "let now = SystemTime::now();"),
        ("src/store/apps.rs", "fn key() -> crate::config::SecretKey {}"),
        ("src/store/apps.rs", "sqlx::query(\"select 1\").fetch_all(c)"),
        ("src/store/apps.rs", "fn pool() -> Pool<Postgres> {}"),
        ("src/actions.rs", "pub use crate::{store::Store, web::{error::{self, PageError}}};"),
        ("src/actions/x.rs", "-> actix_web::HttpResponse"),
        ("src/actions/x.rs", "Keyring::new(master)"),
        ("src/web/pages/x.rs", "use crate::{actions::Context, store::Tx};"),
        ("src/web/pages/x.rs", "let mut tx = ctx.store.begin().await?;"),
        ("src/cli/x.rs", "let mut tx = store.begin().await?;"),
        ("src/cli/x.rs", "use reqwest::{Client};"),
    ] {
        assert!(!breaches(Path::new(file), code).is_empty(), "{file} may hold {code}");
    }
    let fine = "use super::{Conn, db::{all, execute}};\nuse crate::{domain::id::AppId};\nuse sqlx::FromRow;";
    assert_eq!(breaches(Path::new("src/store/x.rs"), fine), [""; 0]);
}

/// What stands above, below and between test modules is looked at.
#[test]
fn test_modules_alone_are_left_out() {
    let text = "#[cfg(test)]\nmod tests;\nfn a() {}\n#[cfg(test)]\n#[path = \"x\"]\nmod more {\n    fn b() {\n    }\n}\n#[cfg(test)]\nuse c;\n// d\nfn e() {}";
    assert_eq!(without_tests(text), "fn a() {}\nuse c;\nfn e() {}");
}

#[test]
fn every_file_of_statements_is_prepared_by_the_test_that_prepares_all() {
    let list = code(Path::new("src/store/statements.rs"));
    for path in sources("src/store") {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let listed = list.contains(&format!("super::{name}::ALL"));
        assert_eq!(code(&path).contains("\nstatements! {"), listed, "{}", path.display());
    }
}

#[test]
fn a_file_is_one_idea() {
    let long = |path: &PathBuf| {
        let lines = fs::read_to_string(path).expect("a source").lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines", path.display()))
    };
    let long: Vec<String> = sources("src").iter().chain(&sources("tests")).filter_map(long).collect();
    assert!(long.is_empty(), "split {long:#?}");
}
