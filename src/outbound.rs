//! The only HTTP client: what Portico sends to the endpoints of developers goes through here.
//!
//! A URL that somebody typed must not make the server reach what they cannot reach themselves
//! (S55), so the addresses that a name leads to are judged where they are connected to, and
//! nowhere is a name looked up again. What comes back is bounded in size and time (S57).

mod answer;
mod connector;
mod faults;
mod guard;
mod names;
mod stream;
mod tls;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri, ext::on_informational};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{CaptureConnection, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use thiserror::Error;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

pub use self::{
    answer::{Answer, Excerpt},
    names::NameServer,
    tls::RootsError,
};
use self::{
    connector::Connector, faults::ConnectFault, guard::Guard, names::Names, stream::Opened, tls::Tls,
};
use crate::domain::{
    address::AllowedNets,
    delivery::{
        failure::{Failed, Failure},
        timing::Timing,
    },
    time::{Span, Timestamp},
    url::EndpointUrl,
};
pub use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// What the operator decides of deliveries.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What may be reached although it is not public.
    pub allowed: AllowedNets,
    /// Certificates in PEM of authorities that are trusted beside the public ones.
    pub extra_roots: Option<Vec<u8>>,
    /// Where this process listens itself: nothing is sent there, whatever is allowed.
    pub own_listeners: Vec<SocketAddr>,
    pub name_server: NameServer,
    pub limits: Limits,
}

/// How long an attempt may take, and how much may come back.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For look-up, TCP and TLS together: 5 seconds.
    pub connect: Duration,
    /// From the beginning until the head of the answer is there: 15 seconds.
    pub total: Duration,
    /// From then on; what of the body has not come by then is left. Whether the message arrived
    /// is known already, and whoever drips a body must not hold what others need: 1 second.
    pub body: Duration,
    /// The same where somebody waits for the answer: 3 seconds.
    pub probe: Duration,
    /// Of all headers, names and values: 32 KiB.
    pub head_bytes: usize,
    /// How many headers: 100.
    pub headers: usize,
    /// Of the body; the rest is not read: 16 KiB.
    pub body_bytes: usize,
    /// Interim answers (1xx) before the real one: 16.
    pub interim: u32,
    /// Connections that are kept for the next attempt, to one endpoint: 32.
    pub kept_each: usize,
    /// Connections that are kept in all; those beyond are closed after one use: 1,024.
    pub kept: usize,
    /// How long a connection is kept that nobody uses: 30 seconds.
    pub kept_for: Duration,
    /// How long an HTTP/2 connection in use may be silent before it is asked whether it still
    /// lives, and for how long it may leave that unanswered: 10 seconds.
    pub silent_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            body: Duration::from_secs(1),
            probe: Duration::from_secs(3),
            head_bytes: 32 * 1_024,
            headers: 100,
            body_bytes: 16 * 1_024,
            interim: 16,
            kept_each: 32,
            kept: 1_024,
            kept_for: Duration::from_secs(30),
            silent_for: Duration::from_secs(10),
        }
    }
}

/// Why there is no client.
#[derive(Debug, Error)]
pub enum OutboundError {
    #[error(transparent)]
    Roots(#[from] RootsError),
    #[error("the settings of the name servers cannot be used")]
    Names(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A message to an endpoint.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    pub url: &'a EndpointUrl,
    /// All headers but `host` and `content-length`. Nothing else is added.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How much of the answer's body is wanted, up to [`Limits::body_bytes`].
    pub excerpt_bytes: usize,
    pub patience: Patience,
    /// Now, by which a date in `Retry-After` is read.
    pub now: Timestamp,
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// [`Limits::total`].
    Whole,
    /// [`Limits::probe`].
    Probe,
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// Missing where the address is blocked: how long that took could tell what is there (S58).
    pub timing: Option<Timing>,
    pub result: Result<Answer, Failed>,
}

/// The client. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client<Connector, Full<Bytes>>,
    limits: Limits,
}

impl Outbound {
    /// # Errors
    /// The certificates of [`Settings::extra_roots`] are none, or the name servers of the
    /// system cannot be used.
    pub fn new(settings: Settings) -> Result<Self, OutboundError> {
        let limits = settings.limits;
        let connector = Connector::new(
            Names::new(settings.name_server, limits.connect).map_err(OutboundError::Names)?,
            Guard::new(settings.allowed, settings.own_listeners),
            Tls::new(settings.extra_roots.as_deref())?,
            limits,
        );
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.kept_for)
            .pool_max_idle_per_host(limits.kept_each)
            // These bound what is in memory, a little above the limits, which are held to later.
            .http1_max_buf_size(limits.head_bytes.max(8_192))
            .http1_max_headers(limits.headers)
            .http2_max_header_list_size(u32::try_from(2 * limits.head_bytes).unwrap_or(u32::MAX))
            .http2_keep_alive_interval(limits.silent_for)
            .http2_keep_alive_timeout(limits.silent_for)
            // No more is in memory of an answer whose body nobody reads.
            .http2_initial_stream_window_size(64 * 1_024)
            .http2_initial_connection_window_size(1_024 * 1_024)
            .build(connector);
        Ok(Self { client, limits })
    }

    /// Sends a message once, and reads what comes back. A redirect is an answer like any other.
    ///
    /// An answer whose head came in time counts, even if its body is cut off or never ends.
    pub async fn post(&self, post: Post<'_>) -> Attempted {
        let began = Instant::now();
        let deadline = match post.patience {
            Patience::Whole => began + self.limits.total,
            Patience::Probe => began + self.limits.probe,
        };
        let (request, too_many) = match self.request(&post) {
            Ok(request) => request,
            Err(failure) => return failed(failure.into(), Timing::default()),
        };
        let mut request = request;
        let connection = capture_connection(&mut request);
        let head = tokio::select! {
            head = timeout_at(deadline, self.client.request(request)) => head,
            () = too_many.notified() => {
                return failed(Failure::BrokenAnswer.into(), so_far(&connection, began));
            }
        };
        match head {
            Ok(Ok(head)) if answer::head_is_larger(head.headers(), self.limits) => {
                failed(Failure::HeadTooLarge.into(), so_far(&connection, began))
            }
            Ok(Ok(head)) => {
                let timing = until_head(so_far(&connection, began));
                let mut answer = Answer::of(&head, post.now);
                let most = self.limits.body_bytes;
                let deadline = match post.patience {
                    Patience::Whole => deadline.min(Instant::now() + self.limits.body),
                    // What the answer says is what was asked for.
                    Patience::Probe => deadline,
                };
                answer.excerpt = Excerpt::read(head.into_body(), post.excerpt_bytes, most, deadline).await;
                Attempted { timing: Some(Timing { total: since(began), ..timing }), result: Ok(answer) }
            }
            Ok(Err(error)) => match ConnectFault::within(&error) {
                Some(fault) => failed(fault.failed, Timing { total: since(began), ..fault.timing }),
                None => failed(faults::of_exchange(&error).into(), so_far(&connection, began)),
            },
            Err(_) => {
                let is_connected = connection.connection_metadata().is_some();
                // It may be dead without a word, and attempts that share it would keep it.
                connection.connection_metadata().as_ref().inspect(|connected| connected.poison());
                let why = match (post.patience, is_connected) {
                    (Patience::Probe, _) => Failure::ProbeTimedOut,
                    (Patience::Whole, true) => Failure::AnswerTimedOut,
                    (Patience::Whole, false) => Failure::ConnectTimedOut,
                };
                failed(why.into(), so_far(&connection, began))
            }
        }
    }

    /// The request, and what tells that it got too many interim answers.
    fn request(&self, post: &Post<'_>) -> Result<(Request<Full<Bytes>>, Arc<Notify>), Failure> {
        // What is a URL for browsers and none for HTTP has a host name that cannot exist.
        let uri: Uri = post.url.as_str().parse().map_err(|_| Failure::NameNotFound)?;
        let mut request =
            Request::post(uri).body(Full::new(post.body.clone())).map_err(|_| Failure::NameNotFound)?;
        *request.headers_mut() = post.headers.clone();
        let (too_many, seen, most) = (Arc::new(Notify::new()), AtomicU32::new(0), self.limits.interim);
        let tell = Arc::clone(&too_many);
        on_informational(&mut request, move |_| {
            if seen.fetch_add(1, Ordering::Relaxed) >= most {
                tell.notify_one();
            }
        });
        Ok((request, too_many))
    }
}

fn failed(failed: Failed, timing: Timing) -> Attempted {
    let is_blocked = failed.why == Failure::Blocked;
    Attempted { timing: (!is_blocked).then_some(timing), result: Err(failed) }
}

/// Where the time went until now. Only the first attempt over a connection made it.
fn so_far(connection: &CaptureConnection, began: Instant) -> Timing {
    let mut extras = hyper::http::Extensions::new();
    if let Some(connected) = connection.connection_metadata().as_ref() {
        connected.get_extras(&mut extras);
    }
    let made = extras.get::<Opened>().and_then(Opened::for_the_first).unwrap_or_default();
    Timing { total: since(began), ..made }
}

/// As it is when the head has come.
fn until_head(timing: Timing) -> Timing {
    let making = [timing.dns, timing.connect, timing.tls].into_iter().flatten().map(Span::micros).sum();
    let first_byte = Span::from_micros(timing.total.micros().saturating_sub(making).max(0));
    Timing { first_byte: Some(first_byte), ..timing }
}

fn since(began: Instant) -> Span {
    span(began.elapsed())
}

fn span(time: Duration) -> Span {
    Span::from_micros(i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
}
