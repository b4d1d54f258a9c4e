//! Every URL of the portal.

use actix_web::{
    HttpResponse,
    guard::fn_guard,
    middleware::{Compress, from_fn},
    web::{QueryConfig, ServiceConfig, resource, scope, to},
};

use super::{
    api::{authorize, events, health, icons, me, oauth, problem},
    assets,
    endpoint::Endpoint,
    error::PageError,
    extract::form::bad_request,
    middleware::{access_log, count, error_pages, request_id, same_origin, security_headers},
    pages::{
        account::{self, deletion, invitations, member, token_debugger},
        accounts_new, admin,
        apps::{
            activation, client, credentials, deliveries, delivery, features, information, manage,
            new as new_app, overview, refusals, scopes, subscription,
        },
        confirm, docs, invitation, landing,
        oauth::authorize as authorize_app,
        password, settings, setup, sign_in, sign_up, verify_email,
    },
};

/// The whole table. What is named first is looked at first; the site takes all that is left.
pub(super) fn configure(config: &mut ServiceConfig) {
    // Of each scope's wraps the last one named is the first one met.
    config
        // A query that cannot be read, such as one with `next` twice, is refused like a form.
        .app_data(QueryConfig::default().error_handler(|_, _| bad_request().into()))
        // Gateways, which ask before every request: nothing is wrapped around the answer.
        .service(resource("/authorize").to(authorize::any))
        .service(resource("/authorize/{any:.*}").to(authorize::any))
        // Programs: no cookie is read or set, and every refusal is a problem.
        .service(
            scope("/api")
                .service(Endpoint::api("/v1/me").get(me::get).options(me::options))
                .service(Endpoint::api("/v1/events").post(events::post))
                .default_service(to(problem::not_found))
                .wrap(from_fn(security_headers::add))
                .wrap(from_fn(access_log::log))
                .wrap(from_fn(count::count))
                .wrap(from_fn(request_id::name)),
        )
        // The authorization server, as far as programs ask it; what people see of it is a page.
        .service(
            scope("")
                .guard(fn_guard(|request| oauth::is_one(request.head().uri.path())))
                .service(Endpoint::api("/oauth/token").post(oauth::token::post).options(oauth::options_post))
                .service(
                    Endpoint::api("/oauth/revoke").post(oauth::revoke::post).options(oauth::options_post),
                )
                .service(Endpoint::api("/oauth/introspect").post(oauth::introspect::post))
                .service(Endpoint::api("/oauth/par").post(oauth::par::post))
                .service(
                    Endpoint::api("/.well-known/oauth-authorization-server")
                        .get(oauth::metadata::get)
                        .options(oauth::options_get),
                )
                .wrap(from_fn(security_headers::add))
                .wrap(from_fn(access_log::log))
                .wrap(from_fn(count::count))
                .wrap(from_fn(request_id::name)),
        )
        // People, and what their browsers fetch along with a page.
        .service(
            scope("")
                .configure(files)
                .configure(people)
                .configure(apps)
                .configure(console)
                .default_service(to(not_found))
                .wrap(from_fn(same_origin::require))
                .wrap(from_fn(error_pages::draw))
                .wrap(from_fn(security_headers::add))
                .wrap(Compress::default())
                .wrap(from_fn(access_log::log))
                .wrap(from_fn(count::count))
                .wrap(from_fn(request_id::name)),
        );
}

/// What is no page: static files, icons, and how the process is.
fn files(config: &mut ServiceConfig) {
    config
        .service(Endpoint::site("/assets/{path:.*}").get(assets::get))
        .service(Endpoint::site("/icons/{hash}").get(icons::get))
        .service(Endpoint::site("/healthz").get(health::healthz))
        .service(Endpoint::site("/readyz").get(health::readyz));
}

/// Signing up, in and out; one's own settings and account; the documentation.
fn people(config: &mut ServiceConfig) {
    config
        .service(page("/").get(landing::get))
        .service(page("/sign-up").get(sign_up::get).post(sign_up::post))
        .service(page("/sign-up/sent").get(sign_up::sent))
        .service(page("/sign-in").get(sign_in::get).post(sign_in::post))
        .service(page("/sign-in/code").get(sign_in::code::get).post(sign_in::code::post))
        .service(page("/sign-out").post(sign_in::sign_out))
        .service(page("/confirm").get(confirm::get).post(confirm::post))
        .service(page("/setup").get(setup::get).post(setup::post))
        .service(page("/password/forgot").get(password::forgot_get).post(password::forgot_post))
        .service(page("/password/sent").get(password::sent))
        .service(page("/password/reset").get(password::reset_get).post(password::reset_post))
        .service(page("/invitations/{token}").get(invitation::get).post(invitation::post))
        .service(page("/verify-email").get(verify_email::get).post(verify_email::post))
        .service(page("/verify-email/send").post(verify_email::send))
        .service(page("/account").get(account::get).post(account::post))
        .service(page("/account/invitations").post(invitations::post))
        .service(page("/account/invitations/{invitation}/resend").post(invitations::resend))
        .service(page("/account/invitations/{invitation}/revoke").post(invitations::revoke))
        .service(page("/account/members/{user}").get(member::get))
        .service(page("/account/members/{user}/role").post(member::role))
        .service(page("/account/members/{user}/remove").post(member::remove))
        .service(page("/account/leave").post(member::leave))
        .service(page("/account/export").post(deletion::export))
        .service(page("/account/delete").post(deletion::delete))
        .service(page("/account/switch").post(account::switch))
        .service(page("/account/audit").get(account::audit::get))
        .service(page("/account/token-debugger").get(token_debugger::get).post(token_debugger::post))
        .service(page("/accounts/new").get(accounts_new::get).post(accounts_new::post))
        .service(page("/settings").get(settings::get))
        .service(page("/settings/profile").post(settings::profile))
        .service(page("/settings/email").post(settings::email))
        .service(page("/settings/password").post(settings::password))
        .service(page("/settings/two-step").get(settings::two_step::get).post(settings::two_step::turn_on))
        .service(page("/settings/two-step/off").post(settings::two_step::turn_off))
        .service(page("/settings/two-step/codes").post(settings::two_step::renew_codes))
        .service(page("/settings/authorizations").get(settings::authorizations::get))
        .service(page("/settings/authorizations/{grant}/revoke").post(settings::authorizations::revoke))
        .service(page("/oauth/authorize").get(authorize_app::get).post(authorize_app::post))
        .service(page("/settings/export").post(settings::deletion::export))
        .service(page("/settings/delete").post(settings::deletion::delete))
        .service(page("/settings/sessions/{session}/end").post(settings::end_session))
        .service(page("/docs").get(docs::start))
        .service(page("/docs/jwt").get(docs::jwt))
        .service(page("/docs/server-to-server").get(docs::server_to_server))
        .service(page("/docs/oauth").get(docs::oauth))
        .service(page("/docs/refusals").get(docs::refusals))
        .service(page("/docs/secrets").get(docs::secrets))
        .service(page("/docs/webhooks").get(docs::webhooks))
        .service(page("/docs/icons").get(docs::icons));
}

/// The Build App flow and what an app's developers see of it.
fn apps(config: &mut ServiceConfig) {
    config
        .service(page("/apps").get(manage::get).post(new_app::post))
        .service(page("/apps/new").get(new_app::get))
        .service(page("/apps/{app}").get(overview::get))
        .service(page("/apps/{app}/refusals").get(refusals::get))
        .service(page("/apps/{app}/information").get(information::get).post(information::post))
        .service(page("/apps/{app}/credentials").get(credentials::get).post(client::save))
        .service(page("/apps/{app}/credentials/reveal").post(credentials::reveal))
        .service(page("/apps/{app}/credentials/token").post(credentials::token))
        .service(page("/apps/{app}/credentials/regenerate").post(credentials::regenerate))
        .service(page("/apps/{app}/credentials/secrets/{secret}/revoke").post(credentials::revoke))
        .service(page("/apps/{app}/scopes").get(scopes::get).post(scopes::post))
        .service(page("/apps/{app}/features").get(features::get).post(features::toggle))
        .service(page("/apps/{app}/subscriptions/new").get(subscription::new))
        .service(page("/apps/{app}/subscriptions").post(subscription::create))
        .service(
            page("/apps/{app}/subscriptions/{subscription}").get(subscription::get).post(subscription::save),
        )
        .service(page("/apps/{app}/subscriptions/{subscription}/reveal").post(subscription::reveal))
        .service(page("/apps/{app}/subscriptions/{subscription}/rotate").post(subscription::rotate))
        .service(page("/apps/{app}/subscriptions/{subscription}/delete").post(subscription::delete))
        .service(page("/apps/{app}/subscriptions/{subscription}/resume").post(subscription::resume))
        .service(page("/apps/{app}/subscriptions/{subscription}/test").post(subscription::test))
        .service(page("/apps/{app}/subscriptions/{subscription}/validate").post(subscription::validate))
        .service(page("/apps/{app}/deliveries").get(deliveries::get))
        .service(page("/apps/{app}/deliveries/redeliver").post(deliveries::redeliver_failed))
        .service(page("/apps/{app}/deliveries/{delivery}").get(delivery::get))
        .service(page("/apps/{app}/deliveries/{delivery}/redeliver").post(delivery::redeliver))
        .service(page("/apps/{app}/activation").get(activation::get))
        .service(page("/apps/{app}/activate").post(activation::activate))
        .service(page("/apps/{app}/deactivate").post(overview::deactivate))
        .service(page("/apps/{app}/reactivate").post(overview::reactivate))
        .service(page("/apps/{app}/delete").post(overview::delete));
}

/// What admins of the platform see and do; for everybody else there is nothing here.
fn console(config: &mut ServiceConfig) {
    let page = Endpoint::console;
    config
        .service(page("/admin").get(admin::get))
        .service(page("/admin/apps").get(admin::apps::get))
        .service(page("/admin/apps/{app}").get(admin::app::get))
        .service(page("/admin/apps/{app}/suspend").post(admin::app::suspend))
        .service(page("/admin/apps/{app}/reinstate").post(admin::app::reinstate))
        .service(page("/admin/apps/{app}/rename").post(admin::app::rename))
        .service(page("/admin/apps/{app}/grants").get(admin::grants::get))
        .service(page("/admin/apps/{app}/grants/revoke-all").post(admin::grants::revoke_all))
        .service(page("/admin/apps/{app}/grants/{grant}/revoke").post(admin::grants::revoke))
        .service(page("/admin/accounts").get(admin::accounts::get))
        .service(page("/admin/accounts/{account}").get(admin::account::get))
        .service(page("/admin/accounts/{account}/approve").post(admin::account::approve))
        .service(page("/admin/accounts/{account}/external-id").post(admin::account::external_id))
        .service(page("/admin/accounts/{account}/suspend").post(admin::account::suspend))
        .service(page("/admin/accounts/{account}/reinstate").post(admin::account::reinstate))
        .service(page("/admin/event-types").get(admin::event_types::get).post(admin::event_type::create))
        .service(page("/admin/event-types/new").get(admin::event_type::new))
        .service(
            page("/admin/event-types/{event_type}").get(admin::event_type::get).post(admin::event_type::save),
        )
        .service(page("/admin/event-types/{event_type}/retire").post(admin::event_type::retire))
        .service(page("/admin/event-types/{event_type}/bring-back").post(admin::event_type::bring_back))
        .service(page("/admin/event-types/{event_type}/delete").post(admin::event_type::delete))
        .service(page("/admin/scopes").get(admin::scopes::get).post(admin::scope::create))
        .service(page("/admin/scopes/new").get(admin::scope::new))
        .service(page("/admin/scopes/{scope}").get(admin::scope::get).post(admin::scope::save))
        .service(page("/admin/scopes/{scope}/retire").post(admin::scope::retire))
        .service(page("/admin/scopes/{scope}/bring-back").post(admin::scope::bring_back))
        .service(page("/admin/scopes/{scope}/delete").post(admin::scope::delete))
        .service(page("/admin/platform-keys").get(admin::platform_keys::get).post(admin::platform_keys::post))
        .service(page("/admin/platform-keys/{key}/revoke").post(admin::platform_keys::revoke))
        .service(page("/admin/users").get(admin::users::get))
        .service(page("/admin/users/{user}").get(admin::user::get))
        .service(page("/admin/users/{user}/disable").post(admin::user::disable))
        .service(page("/admin/users/{user}/enable").post(admin::user::enable))
        .service(page("/admin/users/{user}/make-admin").post(admin::user::make_admin))
        .service(page("/admin/users/{user}/remove-admin").post(admin::user::remove_admin))
        .service(page("/admin/users/{user}/sessions/end").post(admin::user::end_sessions))
        .service(page("/admin/users/{user}/sessions/{session}/end").post(admin::user::end_session))
        .service(page("/admin/audit").get(admin::audit::get));
}

/// A page: tests/web/access.rs says who may open it.
const fn page(path: &'static str) -> Endpoint {
    Endpoint::site(path)
}

/// No such page.
async fn not_found() -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}
