//! Every URL of the portal.

use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{ServiceConfig, get, post, resource, route, scope, to},
};

use super::{
    api::{health, icons, me},
    assets,
    error::PageError,
    middleware::same_origin,
    pages::{
        account, accounts_new,
        apps::{
            activation, credentials, features, information, manage, new as new_app, overview, subscription,
        },
        confirm, docs, landing, password, settings, setup, sign_in, sign_up, verify_email,
    },
};

/// The whole table.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/assets/{path:.*}", get().to(assets::get))
        .route("/icons/{hash}", get().to(icons::get))
        .route("/healthz", get().to(health::healthz))
        .route("/readyz", get().to(health::readyz))
        .service(
            resource("/api/v1/me")
                .route(get().to(me::get))
                .route(route().method(actix_web::http::Method::OPTIONS).to(me::options)),
        )
        .service(
            scope("")
                .wrap(from_fn(same_origin::require))
                .configure(people)
                .configure(apps)
                .default_service(to(not_found)),
        );
}

/// Signing up, in and out; one's own settings and account; the documentation.
fn people(config: &mut ServiceConfig) {
    config
        .service(page("/").route(get().to(landing::get)))
        .service(page("/sign-up").route(get().to(sign_up::get)).route(post().to(sign_up::post)))
        .service(page("/sign-in").route(get().to(sign_in::get)).route(post().to(sign_in::post)))
        .service(page("/sign-out").route(post().to(sign_in::sign_out)))
        .service(page("/confirm").route(get().to(confirm::get)).route(post().to(confirm::post)))
        .service(page("/setup").route(get().to(setup::get)).route(post().to(setup::post)))
        .service(
            page("/password/forgot")
                .route(get().to(password::forgot_get))
                .route(post().to(password::forgot_post)),
        )
        .service(
            page("/password/reset")
                .route(get().to(password::reset_get))
                .route(post().to(password::reset_post)),
        )
        .service(
            page("/verify-email").route(get().to(verify_email::get)).route(post().to(verify_email::post)),
        )
        .service(page("/verify-email/send").route(post().to(verify_email::send)))
        .service(page("/account").route(get().to(account::get)).route(post().to(account::post)))
        .service(page("/account/switch").route(post().to(account::switch)))
        .service(page("/accounts").route(post().to(accounts_new::post)))
        .service(
            page("/accounts/new").route(get().to(accounts_new::get)).route(post().to(accounts_new::post)),
        )
        .service(page("/settings").route(get().to(settings::get)))
        .service(page("/settings/profile").route(post().to(settings::profile)))
        .service(page("/settings/email").route(post().to(settings::email)))
        .service(page("/settings/password").route(post().to(settings::password)))
        .service(page("/settings/sessions/{session}/end").route(post().to(settings::end_session)))
        .service(page("/docs").route(get().to(docs::start)))
        .service(page("/docs/jwt").route(get().to(docs::jwt)))
        .service(page("/docs/refusals").route(get().to(docs::refusals)))
        .service(page("/docs/secrets").route(get().to(docs::secrets)))
        .service(page("/docs/icons").route(get().to(docs::icons)));
}

/// The Build App flow and what an app's developers see of it.
fn apps(config: &mut ServiceConfig) {
    config
        .service(page("/apps").route(get().to(manage::get)).route(post().to(new_app::post)))
        .service(page("/apps/new").route(get().to(new_app::get)))
        .service(page("/apps/{app}").route(get().to(overview::get)))
        .service(
            page("/apps/{app}/information")
                .route(get().to(information::get))
                .route(post().to(information::post)),
        )
        .service(page("/apps/{app}/credentials").route(get().to(credentials::get)))
        .service(page("/apps/{app}/credentials/reveal").route(post().to(credentials::reveal)))
        .service(page("/apps/{app}/credentials/token").route(post().to(credentials::token)))
        .service(page("/apps/{app}/credentials/regenerate").route(post().to(credentials::regenerate)))
        .service(
            page("/apps/{app}/credentials/secrets/{secret}/revoke").route(post().to(credentials::revoke)),
        )
        .service(
            page("/apps/{app}/features").route(get().to(features::get)).route(post().to(features::toggle)),
        )
        .service(page("/apps/{app}/subscriptions/new").route(get().to(subscription::new)))
        .service(page("/apps/{app}/subscriptions").route(post().to(subscription::create)))
        .service(
            page("/apps/{app}/subscriptions/{subscription}")
                .route(get().to(subscription::get))
                .route(post().to(subscription::save)),
        )
        .service(
            page("/apps/{app}/subscriptions/{subscription}/reveal").route(post().to(subscription::reveal)),
        )
        .service(
            page("/apps/{app}/subscriptions/{subscription}/rotate").route(post().to(subscription::rotate)),
        )
        .service(
            page("/apps/{app}/subscriptions/{subscription}/delete").route(post().to(subscription::delete)),
        )
        .service(page("/apps/{app}/activation").route(get().to(activation::get)))
        .service(page("/apps/{app}/activate").route(post().to(activation::activate)))
        .service(page("/apps/{app}/deactivate").route(post().to(overview::deactivate)))
        .service(page("/apps/{app}/reactivate").route(post().to(overview::reactivate)))
        .service(page("/apps/{app}/delete").route(post().to(overview::delete)));
}

/// A page answers other methods than its own with 405.
fn page(path: &str) -> actix_web::Resource {
    resource(path).default_service(to(method_not_allowed))
}

async fn method_not_allowed() -> Result<HttpResponse, PageError> {
    Err(PageError::Refused(super::pages::errors::Refused::MethodNotAllowed))
}

/// No such page.
pub(super) async fn not_found() -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}
