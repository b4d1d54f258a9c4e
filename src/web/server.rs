//! The server: where it listens, and how it stops.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, web::Data};
use ipnet::IpNet;

use super::{api::problem::Refusals, assets, routes};
use crate::actions::Context;

/// What the web must know of the settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme, host and port of the portal, as browsers see them.
    pub public_url: String,
    /// Whether browsers come by https: cookies are then bound to it.
    pub https: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// A server that is bound and ready to run.
pub struct Server {
    inner: actix_web::dev::Server,
    address: SocketAddr,
}

/// How long requests in flight may take when the server stops.
const DRAIN_SECONDS: u64 = 30;

impl Server {
    /// Binds the address, and makes the static files ready to send.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn bind(
        ctx: Context,
        settings: Settings,
        listen: SocketAddr,
        workers: usize,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        assets::prepare();
        let refusals = Data::new(Refusals::new(&ctx.policy.public_url));
        let ctx = Data::new(ctx);
        let settings = Data::new(settings);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(ctx.clone())
                .app_data(settings.clone())
                .app_data(refusals.clone())
                .configure(routes::configure)
        })
        .workers(workers.max(1))
        .client_request_timeout(Duration::from_secs(8))
        .client_disconnect_timeout(Duration::from_secs(3))
        .keep_alive(Duration::from_secs(60))
        .shutdown_timeout(DRAIN_SECONDS)
        .server_hostname("portico")
        .listen(listener)?
        .run();
        Ok(Self { inner: server, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// By which it can be stopped from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.inner.handle()
    }

    /// Serves until it is told to stop, by its handle or by SIGTERM, and requests in flight
    /// are answered.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn run(self) -> std::io::Result<()> {
        self.inner.await
    }
}
