//! `POST /api/v1/events`: the platform publishes what happened.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Bytes, Data, Payload},
};
use serde::Serialize;

use super::{me::bearer, problem, problem::Refusals};
use crate::{
    actions::{
        Context, Error,
        events::{self, Published, Request, Unpublished},
        platform_keys,
    },
    domain::{
        authorization::{Code, Refusal},
        credential::PlatformKey,
        platform_key::PlatformService,
        publication::{self, IdempotencyKey, MAX_REQUEST_BYTES, NewEvent, Unpublishable, Weighed},
    },
};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Serialize)]
struct Accepted {
    events: Vec<Published>,
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    refusals: Data<Refusals>,
    request: HttpRequest,
    body: Payload,
) -> HttpResponse {
    let service = match service(&ctx, &request).await {
        Ok(service) => service,
        Err(refusal) => return refusals.answer(&refusal, refusal.code.status()),
    };
    match publish(&ctx, service, &request, body).await {
        Ok(events) => HttpResponse::Accepted()
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .json(Accepted { events }),
        Err(refused) => refused.answer(&refusals),
    }
}

/// Whose key the request shows.
async fn service(ctx: &Context, request: &HttpRequest) -> Result<PlatformService, Refusal> {
    let key: PlatformKey = bearer(request)?.parse().map_err(|_| no_such_key())?;
    platform_keys::authenticate(ctx, &key).await.map_err(|error| match error {
        Error::NotFound | Error::Invalid(_) | Error::Conflict(_) => no_such_key(),
        Error::TooMany { .. } | Error::Unavailable(_) | Error::Internal(_) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a platform key could not be judged");
            unavailable()
        }
    })
}

fn no_such_key() -> Refusal {
    let detail =
        "The platform key is not valid. Make one in the admin console, or with portico platform-key create.";
    Refusal::new(Code::InvalidToken, detail)
}

/// Why a request is answered with a problem.
enum Refused {
    BrokenOff,
    TooLarge,
    BadKey,
    Unpublishable(Unpublishable),
    /// With what its events were to be.
    Unpublished(Unpublished, Vec<NewEvent>),
}

async fn publish(
    ctx: &Context,
    service: PlatformService,
    request: &HttpRequest,
    body: Payload,
) -> Result<Vec<Published>, Refused> {
    let body = read(body).await?;
    let weighed = Weighed::new(&body).map_err(Refused::Unpublishable)?;
    let key = idempotency_key(request)?;
    let events = publication::parse(weighed).map_err(Refused::Unpublishable)?;
    let idempotency = key.map(|key| (key, publication::fingerprint(&body)));
    let request = Request { service, events, idempotency };
    let published = events::publish(ctx, &request).await;
    published.map_err(|error| Refused::Unpublished(error, request.events))
}

async fn read(body: Payload) -> Result<Bytes, Refused> {
    match body.to_bytes_limited(MAX_REQUEST_BYTES).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Refused::BrokenOff),
        Err(_) => Err(Refused::TooLarge),
    }
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Refused> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refused::BadKey);
    }
    let text = value.to_str().map_err(|_| Refused::BadKey)?;
    text.parse().map(Some).map_err(|_| Refused::BadKey)
}

impl Refused {
    fn answer(self, refusals: &Refusals) -> HttpResponse {
        const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
        match self {
            Self::BrokenOff => {
                problem::plain(StatusCode::BAD_REQUEST, "invalid_request", "The body broke off.")
            }
            Self::TooLarge => {
                let detail = "A request is at most 4 MiB. Send fewer events in each.";
                problem::plain(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            }
            Self::BadKey => {
                let detail = "Idempotency-Key must be 1 to 255 characters of printable ASCII, sent once.";
                problem::plain(StatusCode::BAD_REQUEST, "invalid_request", detail)
            }
            Self::Unpublishable(error) => {
                let (status, code) = match error {
                    Unpublishable::NotJson(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
                    Unpublishable::EventTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
                    Unpublishable::Count { .. } | Unpublishable::Wrong { .. } => {
                        (UNPROCESSABLE, "invalid_event")
                    }
                };
                problem::plain(status, code, &error.to_string())
            }
            Self::Unpublished(error, events) => unpublished(error, &events, refusals),
        }
    }
}

fn unpublished(error: Unpublished, events: &[NewEvent], refusals: &Refusals) -> HttpResponse {
    const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    match error {
        Unpublished::UnknownType(n) => {
            let name = events.get(n).map(|event| event.event_type.to_string()).unwrap_or_default();
            let detail =
                format!("The catalog has no event type {name} (event [{n}]). Nothing was published.");
            problem::plain(UNPROCESSABLE, "unknown_event_type", &detail)
        }
        Unpublished::PorticosOwn(n) => {
            let name = events.get(n).map(|event| event.event_type.to_string()).unwrap_or_default();
            let detail = format!("Portico itself makes {name} (event [{n}]). Nothing was published.");
            problem::plain(UNPROCESSABLE, "unknown_event_type", &detail)
        }
        Unpublished::UnknownAccount(n) => {
            let detail = format!("There is no such account (event [{n}]). Nothing was published.");
            problem::plain(UNPROCESSABLE, "unknown_account", &detail)
        }
        Unpublished::KeyReused => {
            let detail =
                "This Idempotency-Key came before with another body. Use a new key for each request.";
            problem::plain(UNPROCESSABLE, "idempotency_key_reused", detail)
        }
        Unpublished::StillRunning => {
            let detail =
                "The first request with this Idempotency-Key is still running. Send it again in a moment.";
            problem::plain(StatusCode::CONFLICT, "idempotency_key_running", detail)
        }
        Unpublished::Revoked => refusals.answer(&no_such_key(), Code::InvalidToken.status()),
        Unpublished::Other(error @ Error::Unavailable(_)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "events could not be published");
            refusals.answer(&unavailable(), Code::Unavailable.status())
        }
        Unpublished::Other(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "events could not be published");
            problem::broken()
        }
    }
}

fn unavailable() -> Refusal {
    let detail = "Portico cannot store events right now. Send the same again in a moment, with the same ids or Idempotency-Key.";
    Refusal::new(Code::Unavailable, detail).retry_after(1)
}
