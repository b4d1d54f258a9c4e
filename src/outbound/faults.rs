//! What went wrong, from the errors of those that did the work.

use std::{error::Error, io};

use thiserror::Error;
use tokio_rustls::rustls;

use crate::domain::{
    delivery::{
        failure::{Failed, Failure},
        timing::Timing,
    },
    time::Timestamp,
};

/// No connection, and how long it took to find that out.
#[derive(Clone, Copy, Debug, Error)]
#[error("no connection: {}", failed.why)]
pub(super) struct ConnectFault {
    pub(super) failed: Failed,
    pub(super) timing: Timing,
}

impl ConnectFault {
    /// The fault of the connector in what the client made of it.
    pub(super) fn within(error: &(dyn Error + 'static)) -> Option<Self> {
        causes(error).find_map(|cause| cause.downcast_ref::<Self>()).copied()
    }
}

pub(super) fn of_tcp(error: &io::Error) -> Failure {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        Failure::ConnectRefused
    } else if kind == io::ErrorKind::TimedOut {
        Failure::ConnectTimedOut
    } else {
        Failure::Unreachable
    }
}

/// What failed once the connection stood.
pub(super) fn of_exchange(error: &(dyn Error + 'static)) -> Failure {
    for cause in causes(error) {
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            if error.is_parse_too_large() {
                return Failure::HeadTooLarge;
            }
            // Of times only that of an HTTP/2 ping is hyper's: the other side has left it unanswered.
            let is_silent = error.is_timeout();
            if is_silent || error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
                return Failure::ConnectionLost;
            }
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            // TLS 1.3 has the server refuse after the handshake has ended here.
            let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            return if is_tls { Failure::TlsFailed } else { Failure::ConnectionLost };
        }
    }
    Failure::BrokenAnswer
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        error.source()
    })
}

/// A moment in a certificate.
pub(super) fn moment(seconds: u64) -> Option<Timestamp> {
    i64::try_from(seconds).ok().map(Timestamp::from_seconds)
}
