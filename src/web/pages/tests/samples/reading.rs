//! The errors and the documentation.

use askama::Template;

use super::{signed_in, signed_out};
use crate::web::pages::docs::{
    Examples, IconsPage, JwtPage, OauthPage, RefusalsPage, SecretsPage, ServerToServerPage, StartPage,
    WebhooksPage,
};
use crate::web::pages::errors::{BrokenPage, NotFoundPage, Refused, RefusedPage};

pub(super) fn errors() -> Vec<(&'static str, String)> {
    let refused = |chrome, why| RefusedPage { chrome, why };
    let broken = |unavailable| BrokenPage {
        chrome: signed_in(),
        unavailable,
        request_id: "01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
    };
    vec![
        ("not-found", NotFoundPage { chrome: signed_in() }.render().unwrap()),
        ("not-found-out", NotFoundPage { chrome: signed_out() }.render().unwrap()),
        ("form-expired", refused(signed_in(), Refused::FormExpired).render().unwrap()),
        ("conflict", refused(signed_in(), Refused::Conflict { sentence: "You act for Harbour Clinic now, and this form was made for Meridian Labs. Switch back above, or start again.".into() }).render().unwrap()),
        ("too-large", refused(signed_in(), Refused::TooLarge).render().unwrap()),
        ("too-many", refused(signed_out(), Refused::TooMany { wait: "in 12 minutes".into() }).render().unwrap()),
        ("broken", broken(false).render().unwrap()),
        ("unavailable", broken(true).render().unwrap()),
    ]
}

pub(super) fn docs() -> Vec<(&'static str, String)> {
    vec![
        ("docs", StartPage { chrome: signed_out(), examples: examples(false) }.render().unwrap()),
        ("docs-jwt", JwtPage { chrome: signed_in(), examples: examples(true) }.render().unwrap()),
        ("docs-jwt-out", JwtPage { chrome: signed_out(), examples: examples(false) }.render().unwrap()),
        ("docs-s2s", ServerToServerPage { chrome: signed_in(), examples: examples(true) }.render().unwrap()),
        (
            "docs-s2s-out",
            ServerToServerPage { chrome: signed_out(), examples: examples(false) }.render().unwrap(),
        ),
        ("docs-oauth", OauthPage { chrome: signed_in(), examples: examples(true) }.render().unwrap()),
        ("docs-oauth-out", OauthPage { chrome: signed_out(), examples: examples(false) }.render().unwrap()),
        ("docs-refusals", RefusalsPage { chrome: signed_in() }.render().unwrap()),
        ("docs-secrets", SecretsPage { chrome: signed_in() }.render().unwrap()),
        ("docs-webhooks", WebhooksPage { chrome: signed_in() }.render().unwrap()),
        ("docs-icons", IconsPage { chrome: signed_in() }.render().unwrap()),
    ]
}

pub(in crate::web::pages::tests) fn examples(own: bool) -> Examples {
    Examples {
        public_url: "https://portal.northgate.example".into(),
        audience: "https://portal.northgate.example".into(),
        own_account_name: own.then(|| "Meridian Labs".into()),
        own_api_key: own.then(|| "ak_01kb7pv3zr8qd5w2hx3f9A".into()),
        own_app_id: own.then(|| "app_01kb7q2m9vx4t8ez0r6sm1c2ya".into()),
        own_client_id: own.then(|| "cid_2Kq8vXw0aPz7Yt4LmN9sRb".into()),
    }
}
