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
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 3],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    grant_types_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
}

const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

pub(in crate::web) async fn get(ctx: Data<Context>) -> HttpResponse {
    let policy = &ctx.policy;
    let metadata = Metadata {
        issuer: &policy.public_url,
        token_endpoint: policy.link(TOKEN_ENDPOINT),
        token_endpoint_auth_methods_supported: METHODS,
        token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        revocation_endpoint: policy.link("/oauth/revoke"),
        revocation_endpoint_auth_methods_supported: METHODS,
        revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        introspection_endpoint: policy.link("/oauth/introspect"),
        introspection_endpoint_auth_methods_supported: METHODS,
        introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    };
    let response = HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "max-age=300")).json(&metadata);
    for_scripts(response)
}
