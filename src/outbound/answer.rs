//! What an endpoint answered, as much of it as is read.

use std::time::UNIX_EPOCH;

use http_body_util::BodyExt as _;
use hyper::{
    Response,
    body::Incoming,
    header::{HeaderMap, RETRY_AFTER},
};
use tokio::time::{Instant, timeout_at};

use super::Limits;
use crate::domain::time::{Span, Timestamp};

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// In the order in which they came. What is no UTF-8 is replaced.
    pub head: Vec<(String, String)>,
    pub excerpt: Excerpt,
    /// How long to wait before the next try, if the endpoint said so (RFC 9110 §10.2.3). Not
    /// negative, and not capped.
    pub retry_after: Option<Span>,
}

/// The beginning of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// As they came: neither decoded nor unpacked.
    pub bytes: Vec<u8>,
    /// Whether there was more, or its end did not come.
    pub is_cut: bool,
}

impl Answer {
    /// Whether the delivery succeeded: 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// What the head says. The body is not read yet.
    pub(super) fn of(response: &Response<Incoming>, now: Timestamp) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = response.headers().iter();
        Self {
            status: response.status().as_u16(),
            head: headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            excerpt: Excerpt::default(),
            retry_after: retry_after(response.headers(), now),
        }
    }
}

/// Whether a head is larger than it may be (S57), by either protocol.
pub(super) fn head_is_larger(headers: &HeaderMap, limits: Limits) -> bool {
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    headers.len() > limits.headers || bytes > limits.head_bytes
}

impl Excerpt {
    /// Reads up to `most` bytes, so that a short body leaves its connection free for the next
    /// attempt, and keeps up to `wanted` of them.
    pub(super) async fn read(mut body: Incoming, wanted: usize, most: usize, deadline: Instant) -> Self {
        let mut excerpt = Self::default();
        let mut read = 0;
        loop {
            // A body that breaks off, or drips past the deadline, takes nothing from the status.
            let frame = match timeout_at(deadline, body.frame()).await {
                Ok(None) => return excerpt,
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(_))) | Err(_) => return Self { is_cut: true, ..excerpt },
            };
            let Some(data) = frame.data_ref() else { continue };
            let room = wanted.min(most).saturating_sub(excerpt.bytes.len());
            excerpt.bytes.extend(data.iter().take(room));
            excerpt.is_cut |= data.len() > room;
            read += data.len();
            if read > most {
                return Self { is_cut: true, ..excerpt };
            }
        }
    }
}

/// Seconds, or a date in one of the three forms of RFC 9110 §5.6.7.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Span> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Span::seconds(text.parse().unwrap_or(i64::MAX)));
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let at = Timestamp::from_seconds(i64::try_from(at.as_secs()).ok()?);
    Some(at.since(now).max(Span::seconds(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_is_read_as_seconds_or_as_a_date() {
        // 24 Nov 2026, 07:20:00 UTC
        let now = Timestamp::from_seconds(1_795_504_800);
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now)
        };
        for (text, seconds) in [
            ("0", 0),
            ("120", 120),
            (" 120 ", 120),
            ("Tue, 24 Nov 2026 07:21:00 GMT", 60),
            ("Tuesday, 24-Nov-26 07:21:00 GMT", 60),
            ("Tue Nov 24 07:21:00 2026", 60),
            ("Tue, 24 Nov 2026 07:19:00 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ] {
            assert_eq!(read(text), Some(Span::seconds(seconds)), "{text}");
        }
        assert_eq!(read("99999999999999999999"), Some(Span::seconds(i64::MAX)));
        for wrong in ["", "-1", "1.5", "+5", "soon", "2026-11-24"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
