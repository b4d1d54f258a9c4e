//! What holds for every page. With `PORTICO_SHOW_PAGES=DIR` the samples are written there, to be
//! looked at without a database.

mod samples;

use askama::Template;
use scraper::{Html, Selector};

use self::samples::{all, examples, signed_in, signed_out};
use super::docs::JwtPage;
use crate::web::assets;

fn count(page: &Html, selector: &str) -> usize {
    page.select(&Selector::parse(selector).unwrap()).count()
}

fn show(pages: &[(&'static str, String)]) {
    let Ok(folder) = std::env::var("PORTICO_SHOW_PAGES") else {
        return;
    };
    std::fs::create_dir_all(format!("{folder}/assets")).unwrap();
    for (name, html) in pages {
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
    for name in ["app.css", "app.js", "favicon.svg"] {
        let href = assets::href(name);
        let asset = assets::lookup(href.trim_start_matches("/assets/"), false).unwrap();
        std::fs::write(format!("{folder}{href}"), asset.bytes).unwrap();
    }
}

#[test]
fn every_page_is_whole() {
    show(&all());
    for (name, html) in all() {
        let page = Html::parse_document(&html);
        assert_eq!(count(&page, "h1"), 1, "{name}: one h1");
        assert_eq!(count(&page, "main#main"), 1, "{name}: one main");
        assert!(count(&page, ".btn-main") <= 1, "{name}: at most one main action");
        assert_eq!(count(&page, "[style], style, script:not([src])"), 0, "{name}: nothing inline (S21)");
        let forms = count(&page, "form[method=post]");
        assert_eq!(
            count(&page, "form[method=post] > input[name=csrf]"),
            forms,
            "{name}: csrf in every form (S18)"
        );
        assert_eq!(count(&page, "input[type=password][value]"), 0, "{name}: no password comes back");
    }
}

#[test]
fn ids_are_used_once() {
    for (name, html) in all() {
        let page = Html::parse_document(&html);
        let mut seen = std::collections::HashSet::new();
        for element in page.select(&Selector::parse("[id]").unwrap()) {
            let id = element.value().id().unwrap();
            assert!(seen.insert(id), "{name}: {id} twice");
        }
    }
}

#[test]
fn a_refused_form_says_so_in_its_title_and_links_to_its_fields() {
    for (name, html) in all().into_iter().filter(|(name, _)| name.ends_with("-refused")) {
        let page = Html::parse_document(&html);
        let title = page.select(&Selector::parse("title").unwrap()).next().unwrap();
        assert!(title.inner_html().starts_with("Error: "), "{name}");
        for link in page.select(&Selector::parse(".errors a").unwrap()) {
            let field = link.attr("href").unwrap().trim_start_matches('#');
            assert_eq!(count(&page, &format!("[id='{field}'][aria-invalid=true]")), 1, "{name}: {field}");
            assert_eq!(count(&page, &format!("[id='{field}-error']")), 1, "{name}: {field}");
        }
    }
}

#[test]
fn examples_hold_the_readers_own_key_and_no_secret() {
    let own = JwtPage { chrome: signed_in(), examples: examples(true) }.render().unwrap();
    let other = JwtPage { chrome: signed_out(), examples: examples(false) }.render().unwrap();
    assert_eq!(own.matches("ak_01kb7pv3zr8qd5w2hx3f9A").count(), 8, "one a language");
    assert_eq!(other.matches("ak_YOUR_API_KEY").count(), 8);
    assert!(own.matches("API_SECRET").count() >= 8, "and its secret from outside");
}
