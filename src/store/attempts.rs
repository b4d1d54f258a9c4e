//! Attempts at deliveries.

use serde::Serialize;

use super::{
    Result, Tx,
    db::execute,
    dialect::INSERT_ATTEMPTS,
    rows::{self, BytesText, IdText},
};
use crate::domain::{
    delivery::{
        attempt::{Attempt, Outcome},
        timing::Timing,
    },
    time::{Span, Timestamp},
};

impl Tx {
    pub(super) async fn insert_attempts(&mut self, attempts: &[&Attempt]) -> Result<()> {
        let sql = self.text(INSERT_ATTEMPTS);
        for some in attempts.chunks(rows::AT_ONCE) {
            execute!(self, sql, rows::json(some.iter().map(|attempt| AttemptRow::of(attempt))));
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct AttemptRow<'a> {
    delivery_id: IdText,
    number: u32,
    at: i64,
    url: &'a str,
    outcome: &'static str,
    certificate_at: Option<i64>,
    answered: Option<u16>,
    dns_us: Option<i64>,
    connect_us: Option<i64>,
    tls_us: Option<i64>,
    first_byte_us: Option<i64>,
    total_us: Option<i64>,
    head: String,
    excerpt: BytesText<'a>,
    excerpt_is_cut: bool,
}

impl<'a> AttemptRow<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        let certificate_at = match attempt.outcome {
            Outcome::Answered(_) => None,
            Outcome::Failed(failed) => failed.certificate_at,
        };
        let Timing { dns, connect, tls, first_byte, .. } = attempt.timing.unwrap_or_default();
        let micros = |span: Option<Span>| span.map(Span::micros);
        Self {
            delivery_id: IdText::of(attempt.delivery),
            number: attempt.number,
            at: attempt.at.micros(),
            url: attempt.url.as_str(),
            outcome: attempt.outcome.as_str(),
            certificate_at: certificate_at.map(Timestamp::micros),
            answered: attempt.outcome.status(),
            dns_us: micros(dns),
            connect_us: micros(connect),
            tls_us: micros(tls),
            first_byte_us: micros(first_byte),
            total_us: micros(attempt.timing.map(|timing| timing.total)),
            // Two lists of text are always JSON.
            head: serde_json::to_string(&attempt.head).unwrap_or_default(),
            excerpt: BytesText(&attempt.excerpt),
            excerpt_is_cut: attempt.excerpt_is_cut,
        }
    }
}
