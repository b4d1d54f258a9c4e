//! Making a connection: one look-up, every address judged, then those very addresses tried.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::Uri;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::rustls::pki_types::ServerName;
use tower_service::Service;

use super::{
    Limits,
    faults::{self, ConnectFault},
    guard::Guard,
    names::Names,
    since,
    stream::{Kept, Opened, Stream},
    tls::Tls,
};
use crate::domain::delivery::{
    failure::{Failed, Failure},
    timing::Timing,
};

#[derive(Clone)]
pub(super) struct Connector {
    names: Names,
    guard: Guard,
    tls: Tls,
    limits: Limits,
    kept: Kept,
}

impl Connector {
    pub(super) fn new(names: Names, guard: Guard, tls: Tls, limits: Limits) -> Self {
        Self { names, guard, tls, limits, kept: Kept::default() }
    }

    /// Connects to what the authority of a URL names.
    async fn connect(self, uri: Uri) -> Result<Stream, ConnectFault> {
        let mut timing = Timing::default();
        let made = self.stages(&uri, &mut timing).await;
        made.map_err(|failed| ConnectFault { failed, timing })
    }

    /// Notes in `timing` how long each stage took that it went through.
    async fn stages(&self, uri: &Uri, timing: &mut Timing) -> Result<Stream, Failed> {
        let deadline = Instant::now() + self.limits.connect;
        let host = uri.host().ok_or(Failure::NameNotFound)?;
        let port = uri.port_u16().unwrap_or(443);
        let addresses = self.addresses(host, timing, deadline).await?;
        let addresses: Vec<SocketAddr> =
            addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
        // One that is not allowed refuses the name: who mixes them means no good (S55).
        if !addresses.iter().all(|address| self.guard.permits(*address)) {
            return Err(Failure::Blocked.into());
        }
        let began = Instant::now();
        let tcp = first_that_answers(&addresses, deadline).await;
        timing.connect = Some(since(began));
        let tcp = tcp?;
        let place = self.kept.place(self.limits.kept);
        let name = server_name(host)?;
        let began = Instant::now();
        let greeting = self.tls.greet(Stream::made_for(place.as_ref()), name, tcp);
        let tls = timeout_at(deadline, greeting).await;
        timing.tls = Some(since(began));
        let tls = tls.map_err(|_| Failure::TlsTimedOut)??;
        Ok(Stream::new(tls, Opened::new(*timing), place))
    }

    async fn addresses(
        &self,
        host: &str,
        timing: &mut Timing,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, Failed> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let began = Instant::now();
        let found = timeout_at(deadline, self.names.look_up(host)).await;
        timing.dns = Some(since(began));
        Ok(found.map_err(|_| Failure::DnsTimedOut)??)
    }
}

/// The address that stands in a URL. Other spellings do not come here: a URL was parsed, and
/// written in the one form, before it was saved.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn server_name(host: &str) -> Result<ServerName<'static>, Failure> {
    if let Some(address) = literal(host) {
        return Ok(ServerName::from(address));
    }
    ServerName::try_from(host.trim_end_matches('.').to_owned()).map_err(|_| Failure::NameNotFound)
}

/// Tries one after the other. Each has its share of the time that is left, so that one which
/// drops what it gets does not take it from the rest.
async fn first_that_answers(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
    let mut last = Failure::Unreachable;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(u32::MAX);
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // Small messages must not wait for each other; without it they are slower, not wrong.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Ok(Err(error)) => last = faults::of_tcp(&error),
            Err(_) => last = Failure::ConnectTimedOut,
        }
    }
    Err(last)
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectFault;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectFault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
