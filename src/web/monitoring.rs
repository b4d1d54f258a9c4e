//! `/metrics` for Prometheus, on an address of its own: the portal's address does not have it.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::header,
    web::{Data, to},
};

use super::{api::problem, endpoint::Endpoint};
use crate::actions::{Context, monitoring};

/// A server of metrics that is bound and ready to run.
pub struct MetricsServer {
    inner: actix_web::dev::Server,
}

impl MetricsServer {
    /// Binds the address.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn bind(ctx: Context, listen: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let data = Data::new(ctx);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .service(Endpoint::api("/metrics").get(get))
                .default_service(to(problem::not_found))
        })
        .workers(1)
        // The portal's server hears them, and stops this one last.
        .disable_signals()
        .client_request_timeout(Duration::from_secs(8))
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        Ok(Self { inner: server })
    }

    /// By which it is stopped.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.inner.handle()
    }

    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn run(self) -> std::io::Result<()> {
        self.inner.await
    }
}

async fn get(ctx: Data<Context>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(monitoring::text(&ctx))
}
