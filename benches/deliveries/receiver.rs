//! An endpoint that answers 204 at once and notes what came when, on a thread of its own.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    Result,
    certificates::{Authority, acceptor},
};

/// The path at which nothing is ever answered.
pub(crate) const HANGS: &str = "/hangs";

/// What came.
#[derive(Default)]
pub(crate) struct Seen {
    requests: AtomicU64,
    /// When each event came first, by the number in its data.
    first: Mutex<HashMap<u64, Instant>>,
    again: AtomicU64,
}

impl Seen {
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Events that came more than once.
    pub(crate) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    /// When each event came, and from here on nothing has come.
    pub(crate) fn take(&self) -> HashMap<u64, Instant> {
        std::mem::take(&mut self.first.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, body: &[u8]) {
        let at = Instant::now();
        self.requests.fetch_add(1, Ordering::Relaxed);
        let number = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["data"]["n"].as_u64());
        let Some(number) = number else { return };
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.insert(number, at).is_some() {
            self.again.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    /// The certificate of the authority that signed the receiver's.
    pub(crate) authority_pem: String,
    pub(crate) seen: Arc<Seen>,
}

impl Receiver {
    pub(crate) fn start() -> Result<Self> {
        let authority = Authority::new();
        let acceptor = acceptor(authority.good(), &["h2", "http/1.1"]);
        let seen = Arc::<Seen>::default();
        let (tell, told) = mpsc::channel();
        let noting = Arc::clone(&seen);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                // Whoever started it waits for this.
                let _ = tell.send(listener.local_addr()?);
                loop {
                    let (tcp, _) = listener.accept().await?;
                    tcp.set_nodelay(true)?;
                    tokio::spawn(serve(tcp, acceptor.clone(), Arc::clone(&noting)));
                }
                #[expect(unreachable_code, reason = "it says what the block gives when it breaks off")]
                Ok::<(), std::io::Error>(())
            })
        });
        Ok(Self { address: told.recv()?, authority_pem: authority.pem, seen })
    }
}

async fn serve(tcp: tokio::net::TcpStream, acceptor: TlsAcceptor, seen: Arc<Seen>) {
    let Ok(tls) = acceptor.accept(tcp).await else { return };
    let answer = service_fn(move |request: Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            if request.uri().path() == HANGS {
                std::future::pending::<()>().await;
            }
            if let Ok(body) = request.into_body().collect().await {
                seen.note(&body.to_bytes());
            }
            let mut response = Response::new(Empty::<Bytes>::new());
            *response.status_mut() = hyper::StatusCode::NO_CONTENT;
            Ok::<_, Infallible>(response)
        }
    });
    let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(tls);
    // A connection that breaks off is its client's matter.
    let _ = match is_http2 {
        true => http2::Builder::new(TokioExecutor::new()).serve_connection(io, answer).await,
        false => http1::Builder::new().serve_connection(io, answer).await,
    };
}
