//! An endpoint that receives deliveries, over TLS, HTTP/1.1 or HTTP/2. It answers what it was
//! told to and keeps what it got.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, Version,
    body::{Frame, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

use super::certificates::{Authority, Identity, acceptor};

/// What to answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A whole answer.
    Whole { status: u16, headers: Vec<(&'static str, String)>, body: Bytes },
    /// Nothing, ever.
    Hang,
    /// A head, and no body that ends: a byte, then nothing more.
    HeadAlone(u16),
    /// A head, and then zeros as fast as they are taken, without end.
    Endless(u16),
    /// Whatever follows from the request.
    By(Rule),
}

/// What to answer to which request.
#[derive(Clone)]
pub struct Rule(Arc<dyn Fn(&Received) -> Reply + Send + Sync>);

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rule")
    }
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::Whole { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn body(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Whole { status, headers: Vec::new(), body: body.into() }
    }

    pub fn by(rule: impl Fn(&Received) -> Self + Send + Sync + 'static) -> Self {
        Self::By(Rule(Arc::new(rule)))
    }

    #[must_use]
    pub fn with(self, name: &'static str, value: &str) -> Self {
        let Self::Whole { status, mut headers, body } = self else { return self };
        headers.push((name, value.to_owned()));
        Self::Whole { status, headers, body }
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    /// In their order, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub at: Instant,
    /// Of those that were made to this receiver, from 0 on.
    pub connection: usize,
    pub is_http2: bool,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Shared {
    /// By path; the last of a path is given again and again.
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
}

/// Listens on 127.0.0.1 until it is dropped.
pub struct Receiver {
    pub address: SocketAddr,
    /// The certificate of the authority that signed the receiver's.
    pub authority_pem: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// With a good certificate, over HTTP/2 and HTTP/1.1. What it was told nothing of it
    /// answers with 204.
    pub fn start() -> Self {
        Self::speaking(&["h2", "http/1.1"])
    }

    pub fn speaking(protocols: &[&str]) -> Self {
        let authority = Authority::new();
        Self::of(&authority, authority.good(), protocols)
    }

    pub fn of(authority: &Authority, identity: Identity, protocols: &[&str]) -> Self {
        let acceptor = acceptor(identity, protocols);
        let shared = Arc::<Shared>::default();
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address")).expect("the test waits");
                tokio::select! {
                    () = accept(listener, acceptor, serving) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: told.recv().expect("the receiver starts"),
            authority_pem: authority.pem.clone(),
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `https://127.0.0.1:…` and the path.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// What to answer at a path from now on.
    pub fn answer(&self, path: &str, reply: Reply) {
        self.answer_in_turn(path, [reply]);
    }

    /// One after the other; the last of them from then on.
    pub fn answer_in_turn(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        self.shared.replies.lock().expect("no panic").insert(path.to_owned(), replies);
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("no panic").clone()
    }

    /// How many connections were made, whatever came of them.
    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().expect("no panic")
    }

    /// What came, once there are so many of them.
    pub async fn wait_for(&self, number: usize) -> Vec<Received> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let received = self.received();
            if received.len() >= number {
                return received;
            }
            assert!(Instant::now() < end, "{} of {number} came", received.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let connection = {
            let mut connections = shared.connections.lock().expect("no panic");
            *connections += 1;
            *connections - 1
        };
        tokio::spawn(serve(tcp, acceptor.clone(), Arc::clone(&shared), connection));
    }
}

async fn serve(tcp: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>, connection: usize) {
    let Ok(tls) = acceptor.accept(tcp).await else { return };
    let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request| handle(request, Arc::clone(&shared), connection));
    // Whoever calls may leave at any time.
    if is_http2 {
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        // Attempts that hang are to wait for the client's limits, and not for ours.
        http2.max_concurrent_streams(2_000);
        let _ = http2.serve_connection(TokioIo::new(tls), service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(tls), service).await;
    }
}

async fn handle(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    connection: usize,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.collect().await?.to_bytes(),
        at: Instant::now(),
        connection,
        is_http2: head.version == Version::HTTP_2,
    };
    let reply = match shared.reply(&received.path) {
        Reply::By(Rule(rule)) => rule(&received),
        fixed @ (Reply::Whole { .. } | Reply::Hang | Reply::HeadAlone(_) | Reply::Endless(_)) => fixed,
    };
    shared.received.lock().expect("no panic").push(received);
    match reply {
        Reply::Whole { status, headers, body } => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::new(body).boxed()).expect("a response"))
        }
        Reply::Hang | Reply::By(_) => std::future::pending().await,
        Reply::HeadAlone(status) => {
            let first = stream::iter([Ok(Frame::data(Bytes::from_static(b"x")))]);
            let body = futures_util::StreamExt::chain(first, stream::pending());
            Ok(with_body(status, StreamBody::new(body).boxed()))
        }
        Reply::Endless(status) => {
            let chunk = || Ok(Frame::data(Bytes::from_static(&[0; 65_536])));
            Ok(with_body(status, StreamBody::new(stream::repeat_with(chunk)).boxed()))
        }
    }
}

fn with_body(status: u16, body: BoxBody<Bytes, Infallible>) -> Response<BoxBody<Bytes, Infallible>> {
    Response::builder().status(status).body(body).expect("a response")
}

impl Shared {
    fn reply(&self, path: &str) -> Reply {
        let mut replies = self.replies.lock().expect("no panic");
        let Some(turn) = replies.get_mut(path) else { return Reply::status(204) };
        let next = if turn.len() > 1 { turn.pop_front() } else { turn.front().cloned() };
        next.unwrap_or_else(|| Reply::status(204))
    }
}
