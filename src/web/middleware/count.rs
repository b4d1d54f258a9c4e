//! Counts and times every answer, for Prometheus.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::actions::Context;

pub(in crate::web) async fn count<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some(ctx) = request.app_data::<Data<Context>>().cloned() else { return next.call(request).await };
    let began = ctx.metrics.start_timer();
    let method = request.method().clone();
    let answer = next.call(request).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    ctx.metrics.answered(began, method.as_str(), status.as_u16());
    answer
}
