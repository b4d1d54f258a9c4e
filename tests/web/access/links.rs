//! What a page offers and where it leads is there for whoever sees it (S63).

use std::collections::BTreeSet;

use super::{TABLE, ask, cast, csrf};
use crate::support::databases::{Kind, on_both};

on_both!(a_viewer_finds_no_button_that_would_be_refused, nobody_is_led_to_a_page_that_is_not_there,);

async fn a_viewer_finds_no_button_that_would_be_refused(kind: Kind) {
    let cast = cast(kind).await;
    let account = cast.owner.account.to_string();
    for person in [&cast.viewer, &cast.developer] {
        let client = cast.portal.signed_in(person).await;
        let value = csrf(&client).await;
        for (method, template, _) in TABLE {
            let looked_at = template.starts_with("/apps") || template.starts_with("/account");
            if *method != "GET" || !looked_at {
                continue;
            }
            let page = client.get(&cast.path(template)).await;
            if page.status != 200 {
                continue;
            }
            let selector = scraper::Selector::parse("main form[method=post]").expect("a selector");
            let html = page.html();
            for form in html.select(&selector) {
                let action =
                    form.value().attr("action").unwrap_or_default().split('#').next().unwrap_or_default();
                if ["/delete", "/revoke", "/leave"].iter().any(|end| action.ends_with(end)) {
                    continue;
                }
                let got = ask(&client, "POST", action, (&value, &account)).await;
                assert_ne!(got, 'n', "{} is offered {action} on {template}", person.email);
            }
        }
    }
}

async fn nobody_is_led_to_a_page_that_is_not_there(kind: Kind) {
    let cast = cast(kind).await;
    for person in [&cast.viewer, &cast.developer, &cast.owner, &cast.stranger, &cast.admin] {
        let client = cast.portal.signed_in(person).await;
        let mut missing = BTreeSet::new();
        let mut asked = BTreeSet::new();
        for (_, template, _) in TABLE.iter().filter(|(method, ..)| *method == "GET") {
            let page = client.get(&cast.path(template)).await;
            let selector = scraper::Selector::parse("a[href^='/']").expect("a selector");
            let html = page.html();
            let links = html.select(&selector).filter_map(|link| link.value().attr("href"));
            let links: Vec<String> = links.map(str::to_owned).collect();
            for link in links.into_iter().filter(|link| page.status == 200 && asked.insert(link.clone())) {
                if client.get(&link).await.status == 404 {
                    missing.insert(format!("{template} leads {} to {link}", person.email));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
