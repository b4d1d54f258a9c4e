//! `portico healthcheck`: whether the server on this machine is up.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, redirect::Policy};
use thiserror::Error;

use super::Outcome;

/// From the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Error)]
enum Unhealthy {
    #[error("{url} did not answer within 3 seconds")]
    Late { url: String },
    #[error("{url} cannot be reached")]
    Unreachable { url: String, source: Box<dyn Error + Send + Sync> },
    #[error("{url} answered {status}; a healthy server answers 200")]
    Status { url: String, status: u16 },
}

pub(super) fn run(listen: SocketAddr) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(check(listen))?)
}

async fn check(listen: SocketAddr) -> Result<(), Unhealthy> {
    let url = format!("http://{}/healthz", reachable(listen));
    match answer(&url).await {
        Ok(200) => Ok(()),
        Ok(status) => Err(Unhealthy::Status { url, status }),
        Err(error) if error.is_timeout() => Err(Unhealthy::Late { url }),
        Err(error) => {
            // The address is said already.
            let source = error.without_url().into();
            Err(Unhealthy::Unreachable { url, source })
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one client of this command, which asks this machine alone"
)]
async fn answer(url: &str) -> Result<u16, reqwest::Error> {
    let client = Client::builder()
        // It is about this machine; a proxy of the environment would look elsewhere.
        .no_proxy()
        .redirect(Policy::none())
        .timeout(TIMEOUT)
        .build()?;
    Ok(client.get(url).send().await?.status().as_u16())
}

/// A server that listens everywhere is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::{super::sentence, *};

    /// The port of a server that answers one request with `answer`.
    fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            let head = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nlocation: /healthz\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
        });
        address
    }

    #[tokio::test]
    async fn a_server_that_answers_200_is_healthy() {
        check(server("200 OK")).await.unwrap();
    }

    #[tokio::test]
    async fn any_other_answer_and_none_are_said_in_one_sentence() {
        for answer in ["503 Service Unavailable", "204 No Content", "302 Found"] {
            let error = check(server(answer)).await.unwrap_err();
            assert!(error.to_string().contains("/healthz answered "), "{error}");
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let said = sentence(&check(free).await.unwrap_err());
        assert!(said.starts_with(&format!("http://{free}/healthz cannot be reached: ")), "{said}");
        assert!(said.to_lowercase().contains("connection refused"), "{said}");
    }

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
