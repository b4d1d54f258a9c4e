//! The walls of the house: who may know whom (ARCHITECTURE.md), and how long a file may be.
//! Modules of one crate are no walls by themselves, so this reads the sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a room may not name, and why.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::actions",
            "crate::cli",
            "crate::config",
            "crate::crypto",
            "crate::icons",
            "crate::mail",
            "crate::store",
            "crate::telemetry",
            "crate::web",
            "actix_web",
            "sqlx",
            "askama",
            "tokio",
            "reqwest",
            "SystemTime::now",
            "Timestamp::now",
            "getrandom",
        ],
    ),
    (
        "store",
        &[
            "crate::actions",
            "crate::cli",
            "crate::config",
            "crate::crypto",
            "crate::web",
            "actix_web",
            "askama",
        ],
    ),
    ("actions", &["crate::cli", "crate::config", "crate::web", "actix_web", "askama", "sqlx"]),
    ("crypto", &["crate::actions", "crate::store", "crate::web", "crate::config", "actix_web", "sqlx"]),
    ("icons", &["crate::actions", "crate::store", "crate::web", "crate::config", "actix_web", "sqlx"]),
    ("mail", &["crate::actions", "crate::store", "crate::web", "crate::config", "actix_web", "sqlx"]),
    ("config", &["crate::actions", "crate::store", "crate::web", "crate::crypto", "actix_web", "sqlx"]),
    ("web", &["crate::cli", "crate::config", "crate::mail", "sqlx", "reqwest", "store.begin", ".begin()"]),
];

/// Files that alone may name something.
const ONLY: &[(&str, &[&str])] = &[
    ("Sqlite", &["src/store/db.rs", "src/config/database.rs", "src/config.rs", "src/cli/boot.rs"]),
    ("sqlx::", &["src/store"]),
    ("actix_web::", &["src/web", "src/cli.rs", "src/cli/serve.rs"]),
    ("askama::", &["src/web", "src/mail/messages.rs"]),
    ("reqwest::", &["src/cli/healthcheck.rs"]),
    (".audit(", &["src/actions.rs", "src/actions"]),
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

/// The code of a file, its comments and its tests apart.
fn code(path: &Path) -> String {
    if path.file_stem().is_some_and(|name| name == "tests") {
        return String::new();
    }
    let text = fs::read_to_string(path).expect("a source");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn room(path: &Path) -> Option<&str> {
    let inner = path.strip_prefix("src").ok()?;
    inner.components().next()?.as_os_str().to_str().map(|name| name.trim_end_matches(".rs"))
}

/// Every breach of the rules in one file's code.
fn breaches(path: &Path, code: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, words) in FORBIDDEN {
        if room(path) == Some(name) {
            let named = words.iter().filter(|word| code.contains(**word));
            breaches.extend(named.map(|word| format!("{}: {name} must not know {word}", path.display())));
        }
    }
    for (word, allowed) in ONLY {
        let may = allowed.iter().any(|place| path.starts_with(place));
        if !may && code.contains(word) {
            breaches.push(format!("{}: {word} is for {allowed:?} alone", path.display()));
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
fn the_rules_can_be_broken() {
    assert!(!breaches(Path::new("src/domain/app.rs"), "use crate::store::Store;").is_empty());
    assert!(!breaches(Path::new("src/web/pages/x.rs"), "sqlx::query(\"\")").is_empty());
    assert!(!breaches(Path::new("src/actions/x.rs"), "actix_web::HttpResponse").is_empty());
    assert!(breaches(Path::new("src/actions/x.rs"), "crate::store::Store").is_empty());
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

#[test]
fn every_template_is_drawn_by_a_page_or_another_template() {
    let code: String = sources("src").iter().map(|path| code(path)).collect();
    let templates = files("templates", "html");
    let all: String = templates.iter().map(|path| fs::read_to_string(path).expect("a template")).collect();
    let unused: Vec<&PathBuf> = templates
        .iter()
        .filter(|path| {
            let name = path.strip_prefix("templates").expect("a template").display().to_string();
            !code.contains(&format!("path = \"{name}\"")) && !all.contains(&format!("\"{name}\""))
        })
        .collect();
    assert!(unused.is_empty(), "nothing draws {unused:?}");
}

#[test]
fn templates_escape_everything_and_hold_nothing_inline() {
    for path in files("templates", "html") {
        let text = fs::read_to_string(&path).expect("a template");
        for wrong in ["|safe", "| safe", "style=\"", "onclick=", "onsubmit=", "javascript:", "<style"] {
            assert!(!text.contains(wrong), "{}: {wrong}", path.display());
        }
        assert!(!text.contains("<script>"), "{}: an inline script", path.display());
    }
}
