//! What is counted and timed, for Prometheus. Its state is in a value and not in the process,
//! so that two portals in one process count apart.

use std::{
    fmt, fs,
    time::{Duration, Instant},
};

use metrics::{
    Counter, Gauge, Histogram, NoopRecorder, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

use crate::domain::{
    authorization::Code,
    delivery::{attempt::Outcome, failure::Failure},
    time::Timestamp,
};

/// The counters of one process. Handles are found once, so that counting looks nothing up;
/// without metrics they do nothing.
pub struct Metrics {
    recorder: Option<PrometheusRecorder>,
    passes: Counter,
    /// In the order of `Code::ALL`.
    refusals: Vec<Counter>,
    authorize_seconds: Histogram,
    /// By method and class of status, in the order of `METHODS` and `CLASSES`.
    requests: Vec<Counter>,
    request_seconds: Histogram,
    /// In the order of `attempt_outcomes`.
    attempts: Vec<Counter>,
    deliveries_waiting: Gauge,
    deliveries_behind_seconds: Gauge,
    directory_accounts: Gauge,
    directory_clients: Gauge,
    directory_families: Gauge,
    directory_age_seconds: Gauge,
}

/// What is read when Prometheus asks.
#[derive(Clone, Debug)]
pub struct Now {
    /// Accounts that the directory holds.
    pub directory_accounts: u64,
    /// Clients of OAuth.
    pub directory_clients: u64,
    /// Families of user tokens.
    pub directory_families: u64,
    /// How long ago the log of changes was read.
    pub directory_age: Duration,
    pub connections: Vec<Connections>,
}

/// The connections of one pool.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    pub pool: &'static str,
    pub in_use: u32,
    pub idle: u32,
    pub max: u32,
}

/// Methods with a counter of their own; the last one stands for all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// Classes of status (RFC 9110 §15) that an answer can have.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// A status that RFC 9110 does not know.
const OTHER_CLASS: &str = "other";

const DECISIONS: &str = "portico_authorize_decisions_total";
const DECISION_SECONDS: &str = "portico_authorize_seconds";
const ATTEMPTS: &str = "portico_delivery_attempts_total";
const WAITING: &str = "portico_deliveries_waiting";
const BEHIND: &str = "portico_deliveries_behind_seconds";
const REQUESTS: &str = "portico_http_requests_total";
const REQUEST_SECONDS: &str = "portico_http_request_seconds";

/// A decision from memory takes microseconds; Envoy waits 200 ms for one.
const DECISION_BUCKETS: [f64; 17] = [
    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1,
    0.2,
];
/// A page takes milliseconds, and a second when a password is hashed among many.
const REQUEST_BUCKETS: [f64; 12] = [1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Metrics {
    /// Counts nothing.
    #[must_use]
    pub fn off() -> Self {
        with_local_recorder(&NoopRecorder, Self::registered)
    }

    /// Counts from zero. `started` is when the process did.
    #[must_use]
    pub fn on(started: Timestamp) -> Self {
        Self::recording(started, Self::registered)
    }

    /// As [`Metrics::on`], of a process that judges no tokens and answers no requests: it has no series
    /// of them, which would tell of a directory that nobody keeps.
    #[must_use]
    pub fn of_worker(started: Timestamp) -> Self {
        Self::recording(started, || Self {
            attempts: registered_attempts(),
            deliveries_waiting: gauge!(WAITING),
            deliveries_behind_seconds: gauge!(BEHIND),
            ..Self::off()
        })
    }

    fn recording(started: Timestamp, registered: impl FnOnce() -> Self) -> Self {
        let buckets = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(String::from(DECISION_SECONDS)), &DECISION_BUCKETS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full(String::from(REQUEST_SECONDS)), &REQUEST_BUCKETS)
            });
        let recorder = buckets.expect("there are buckets").build_recorder();
        let handles = with_local_recorder(&recorder, || {
            describe();
            gauge!("portico_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            gauge!("process_start_time_seconds").set(started.micros() as f64 / 1e6);
            registered()
        });
        Self { recorder: Some(recorder), ..handles }
    }

    /// With the handles of the recorder that is in force.
    fn registered() -> Self {
        let of_code = |code: &Code| counter!(DECISIONS, "code" => code.as_str());
        let of_method =
            |method| CLASSES.map(|class| counter!(REQUESTS, "method" => method, "status" => class));
        Self {
            recorder: None,
            passes: counter!(DECISIONS, "code" => "pass"),
            refusals: Code::ALL.iter().map(of_code).collect(),
            authorize_seconds: histogram!(DECISION_SECONDS),
            requests: METHODS.into_iter().flat_map(of_method).collect(),
            request_seconds: histogram!(REQUEST_SECONDS),
            attempts: registered_attempts(),
            deliveries_waiting: gauge!(WAITING),
            deliveries_behind_seconds: gauge!(BEHIND),
            directory_accounts: gauge!("portico_directory_accounts"),
            directory_clients: gauge!("portico_directory_clients"),
            directory_families: gauge!("portico_directory_families"),
            directory_age_seconds: gauge!("portico_directory_age_seconds"),
        }
    }

    /// When something begins that is timed; nothing if nobody wants to know.
    #[must_use]
    pub fn start_timer(&self) -> Option<Instant> {
        self.recorder.is_some().then(Instant::now)
    }

    /// Counts a decision about a request to the API: a pass, or the code of the refusal.
    pub fn decided(&self, began: Option<Instant>, decision: Result<(), Code>) {
        match decision {
            Ok(()) => self.passes.increment(1),
            Err(code) => {
                if let Some(counter) = self.refusals.get(code as usize) {
                    counter.increment(1);
                }
            }
        }
        if let Some(began) = began {
            self.authorize_seconds.record(began.elapsed());
        }
    }

    /// Counts an answer of HTTP.
    pub fn answered(&self, began: Option<Instant>, method: &str, status: u16) {
        let method = METHODS.iter().position(|one| *one == method).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status / 100).checked_sub(2).filter(|class| *class < CLASSES.len());
        if let Some(counter) = class.and_then(|class| self.requests.get(method * CLASSES.len() + class)) {
            counter.increment(1);
        }
        if let Some(began) = began {
            self.request_seconds.record(began.elapsed());
        }
    }

    /// Counts an attempt at a delivery.
    pub fn attempted(&self, outcome: Outcome) {
        let label = match outcome {
            Outcome::Answered(status) => class_of(status),
            Outcome::Failed(failed) => failed.why.as_str(),
        };
        let place = attempt_outcomes().position(|one| one == label);
        if let Some(counter) = place.and_then(|place| self.attempts.get(place)) {
            counter.increment(1);
        }
    }

    /// Says how many deliveries wait, and for how long the one that is due longest.
    pub fn queue(&self, waiting: u64, behind: Duration) {
        self.deliveries_waiting.set(waiting as f64);
        self.deliveries_behind_seconds.set(behind.as_secs_f64());
    }

    /// Whether anybody reads what is counted.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.recorder.is_some()
    }

    /// Sorts what was timed into buckets. Until then every time takes memory, so this is to be
    /// called about once a second.
    pub fn tidy(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.handle().run_upkeep();
        }
    }

    /// The text that Prometheus reads (text exposition format 0.0.4); empty when off.
    #[must_use]
    pub fn text(&self, now: &Now) -> String {
        let Some(recorder) = &self.recorder else { return String::new() };
        self.directory_accounts.set(now.directory_accounts as f64);
        self.directory_clients.set(now.directory_clients as f64);
        self.directory_families.set(now.directory_families as f64);
        self.directory_age_seconds.set(now.directory_age.as_secs_f64());
        with_local_recorder(recorder, || {
            for Connections { pool, in_use, idle, max } in &now.connections {
                gauge!("portico_database_connections", "pool" => *pool, "state" => "in_use").set(*in_use);
                gauge!("portico_database_connections", "pool" => *pool, "state" => "idle").set(*idle);
                gauge!("portico_database_connections_max", "pool" => *pool).set(*max);
            }
            if let Some(bytes) = resident_bytes() {
                gauge!("process_resident_memory_bytes").set(bytes as f64);
            }
        });
        recorder.handle().render()
    }
}

/// Classes of status that an endpoint's answer can have, and why there is none.
fn attempt_outcomes() -> impl Iterator<Item = &'static str> {
    CLASSES.into_iter().chain([OTHER_CLASS]).chain(Failure::ALL.iter().map(|failure| failure.as_str()))
}

fn registered_attempts() -> Vec<Counter> {
    attempt_outcomes().map(|outcome| counter!(ATTEMPTS, "outcome" => outcome)).collect()
}

fn class_of(status: u16) -> &'static str {
    let class = usize::from(status / 100).checked_sub(2).and_then(|class| CLASSES.get(class));
    class.copied().unwrap_or(OTHER_CLASS)
}

/// Without the values, which are nobody's to read in a log.
impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.recorder.is_some() { "Metrics(on)" } else { "Metrics(off)" })
    }
}

fn describe() {
    describe_counter!(
        DECISIONS,
        "Requests judged at /authorize and /api/v1/me, by refusal code or \"pass\"."
    );
    describe_histogram!(DECISION_SECONDS, "Time to judge a request.");
    describe_counter!(REQUESTS, "Answers to all requests but those of gateways, by method and status class.");
    describe_histogram!(REQUEST_SECONDS, "Time to answer a request, all but those of gateways.");
    describe_counter!(ATTEMPTS, "Attempts at deliveries, by class of the answer's status, or why none came.");
    describe_gauge!(WAITING, "Deliveries that wait, held ones included.");
    describe_gauge!(BEHIND, "How long the delivery waits that is due longest.");
    describe_gauge!("portico_directory_accounts", "Accounts that authorisation holds in memory.");
    describe_gauge!("portico_directory_clients", "Clients of OAuth that authorisation holds in memory.");
    describe_gauge!(
        "portico_directory_families",
        "Families of user tokens that authorisation holds in memory."
    );
    describe_gauge!("portico_directory_age_seconds", "Time since the log of changes was last read.");
    describe_gauge!("portico_database_connections", "Open connections to the database, by pool and state.");
    describe_gauge!("portico_database_connections_max", "Connections to the database that a pool may open.");
    describe_gauge!("portico_build_info", "The version of Portico that runs; always 1.");
    describe_gauge!("process_start_time_seconds", "When the process started, in seconds since 1970.");
    describe_gauge!("process_resident_memory_bytes", "Memory of the process that is in RAM.");
}

/// Memory in use, where the system tells it (Linux, proc(5)).
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests;
