//! A name for each request, by which its log line, its audit row and its error page are found.

use std::fmt;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use tracing::Instrument;

use crate::crypto;

/// 16 hex digits.
#[derive(Clone, Debug)]
pub(in crate::web) struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names the request, and says the name in the answer.
pub(in crate::web) async fn name<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = RequestId(format!("{:016x}", u64::from_be_bytes(crypto::random())));
    request.extensions_mut().insert(id.clone());
    // Of the highest level, so that no filter of the log leaves it out.
    let span = tracing::error_span!("request", request_id = %id);
    let mut response = next.call(request).instrument(span).await?;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use actix_web::{
        App,
        middleware::from_fn,
        test::{TestRequest, call_service, init_service},
        web::get,
    };
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[actix_web::test]
    async fn every_line_of_a_request_carries_its_id() {
        let lines = Lines::default();
        let log = tracing_subscriber::fmt().with_env_filter("error").with_writer(lines.clone()).finish();
        let _log = tracing::subscriber::set_default(log);
        let handler = || async {
            tracing::error!("something went wrong");
            "answered"
        };
        let app = init_service(App::new().route("/", get().to(handler)).wrap(from_fn(name))).await;
        let response = call_service(&app, TestRequest::get().to_request()).await;
        let id = response.headers().get("x-request-id").unwrap().to_str().unwrap();
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(lines.contains("something went wrong") && lines.contains(id), "{id} in {lines}");
    }
}
