//! One line a request: what was asked, what came of it, how long it took. No query, since
//! links in mail carry their token there; and of an invitation, whose token stands in the path,
//! not that either. The request's id is that of the span around it.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

pub(in crate::web) async fn log<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let began = Instant::now();
    let method = request.method().clone();
    let path = without_token(request.path()).to_owned();
    let response = next.call(request).await?;
    let duration_ms = began.elapsed().as_secs_f64() * 1_000.0;
    let status = response.status().as_u16();
    tracing::info!(%method, ?path, status, duration_ms, "answered");
    Ok(response)
}

fn without_token(path: &str) -> &str {
    const SECRET: &str = "/invitations/";
    if path.starts_with(SECRET) { SECRET } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_an_invitation_is_not_logged() {
        assert_eq!(without_token("/invitations/abc"), "/invitations/");
        assert_eq!(without_token("/account/invitations/inv_1/resend"), "/account/invitations/inv_1/resend");
    }
}
