//! `POST /oauth/par`: what a client will ask a user, sent ahead (RFC 9126).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::Serialize;

use super::{client_auth, json, parameters, refused};
use crate::{
    actions::{Context, oauth::pushed},
    domain::{
        grant::PUSHED_LASTS,
        oauth::{OauthError, authorization::Parameters},
    },
    web::extract::client,
};

#[derive(Serialize)]
struct Answer {
    request_uri: String,
    expires_in: i64,
}

pub(in crate::web) async fn post(ctx: Data<Context>, request: HttpRequest, body: Payload) -> HttpResponse {
    match push(&ctx, &request, body).await {
        Ok(answer) => json(StatusCode::CREATED, &answer),
        Err(error) => refused(&error),
    }
}

async fn push(ctx: &Context, request: &HttpRequest, body: Payload) -> Result<Answer, OauthError> {
    let sent = parameters(request, body).await?;
    let authenticated = client_auth::authenticate(ctx, request, &sent).await?;
    let request_uri =
        pushed::push(ctx, &authenticated, Parameters::of(sent.iter()), client::address(request)).await?;
    Ok(Answer { request_uri: request_uri.to_string(), expires_in: PUSHED_LASTS.as_seconds() })
}
