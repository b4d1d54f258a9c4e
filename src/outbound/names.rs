//! Looking up names. Answers are not kept: connections are, which makes look-ups rare, and a
//! name that was put right is found at once.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
};

use crate::domain::delivery::failure::Failure;

/// Who is asked for names.
#[derive(Clone, Copy, Debug, Default)]
pub enum NameServer {
    /// `/etc/hosts`, then the name servers of `/etc/resolv.conf`, as they are at the start.
    #[default]
    OfTheSystem,
    /// This one alone.
    At(SocketAddr),
}

/// A packet may be lost: it is asked again within the time that connecting may take.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct Names(TokioResolver);

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

impl Names {
    pub(super) fn new(
        server: NameServer,
        connect: Duration,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut builder = match server {
            NameServer::OfTheSystem => match TokioResolver::builder_tokio() {
                Ok(builder) => builder,
                // As resolv.conf(5) has it: without that file, the server on this machine.
                Err(_) => at(SocketAddr::from((Ipv4Addr::LOCALHOST, 53))),
            },
            NameServer::At(address) => at(address),
        };
        let options = builder.options_mut();
        options.cache_size = 0;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = options.timeout.min(ASK_AGAIN_AFTER).min(connect);
        options.max_active_requests = 1_024;
        Ok(Self(builder.build()?))
    }

    /// Every address of a name, IPv4 first: where IPv6 is broken, it often is silently so.
    pub(super) async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        // With a dot at its end a name is whole; the domains of resolv.conf are not tried.
        let whole = format!("{}.", name.trim_end_matches('.'));
        let found = self.0.lookup_ip(whole).await.map_err(|error| failure(&error))?;
        let mut addresses: Vec<IpAddr> = found.iter().collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() { Err(Failure::NameNotFound) } else { Ok(addresses) }
    }
}

fn at(address: SocketAddr) -> hickory_resolver::ResolverBuilder<TokioRuntimeProvider> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    let server = NameServerConfig::new(address.ip(), true, connections.into());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
}

fn failure(error: &NetError) -> Failure {
    if error.is_nx_domain() || error.is_no_records_found() {
        return Failure::NameNotFound;
    }
    if matches!(error, NetError::Timeout) { Failure::DnsTimedOut } else { Failure::DnsFailed }
}
