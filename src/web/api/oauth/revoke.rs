//! `POST /oauth/revoke`: a token ends before its time (RFC 7009).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use super::{client_auth, for_scripts, fresh, parameters, refused};
use crate::{
    actions::{By, Context, oauth::revocation},
    domain::oauth::OauthError,
    web::extract::client::origin,
};

pub(in crate::web) async fn post(ctx: Data<Context>, request: HttpRequest, body: Payload) -> HttpResponse {
    for_scripts(match revoke(&ctx, &request, body).await {
        Ok(()) => fresh(StatusCode::OK).finish(),
        Err(error) => refused(&error),
    })
}

/// `token_type_hint` is not needed: a token tells its kind (RFC 7009 §2.1 lets us pass it over).
async fn revoke(ctx: &Context, request: &HttpRequest, body: Payload) -> Result<(), OauthError> {
    let parameters = parameters(request, body).await?;
    let client = client_auth::authenticate(ctx, request, &parameters).await?;
    let token = parameters.get("token").ok_or_else(|| OauthError::invalid_request("token is missing."))?;
    revocation::revoke(ctx, &By::visitor(origin(request)), &client, token).await
}
