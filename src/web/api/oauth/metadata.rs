//! `GET /.well-known/oauth-authorization-server`: what the authorization server can do (RFC 8414).

use actix_web::{HttpResponse, http::header, web::Data};
use serde::Serialize;

use super::for_scripts;
use crate::{
    actions::{Context, oauth::clients::TOKEN_ENDPOINT},
    domain::oauth::assertion::ALGORITHMS,
};

/// Nothing stands here that does not work.
#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    authorization_response_iss_parameter_supported: bool,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    code_challenge_methods_supported: [&'static str; 1],
    pushed_authorization_request_endpoint: String,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 4],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    grant_types_supported: [&'static str; 3],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 4],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
}

const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// A public client has no secret and sends its id alone.
const METHODS_OF_ALL: [&str; 4] = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];

pub(in crate::web) async fn get(ctx: Data<Context>) -> HttpResponse {
    let policy = &ctx.policy;
    let metadata = Metadata {
        issuer: &policy.public_url,
        authorization_endpoint: policy.link("/oauth/authorize"),
        authorization_response_iss_parameter_supported: true,
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        code_challenge_methods_supported: ["S256"],
        pushed_authorization_request_endpoint: policy.link("/oauth/par"),
        token_endpoint: policy.link(TOKEN_ENDPOINT),
        token_endpoint_auth_methods_supported: METHODS_OF_ALL,
        token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
        revocation_endpoint: policy.link("/oauth/revoke"),
        revocation_endpoint_auth_methods_supported: METHODS_OF_ALL,
        revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        introspection_endpoint: policy.link("/oauth/introspect"),
        introspection_endpoint_auth_methods_supported: METHODS,
        introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    };
    let response = HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "max-age=300")).json(&metadata);
    for_scripts(response)
}
