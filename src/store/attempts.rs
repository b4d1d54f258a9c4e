//! Attempts at deliveries.

use super::{Result, Tx, db::execute, statements::statements};
use crate::domain::{
    delivery::{
        attempt::{Attempt, Outcome},
        timing::Timing,
    },
    time::Span,
};

statements! {
    /// One more attempt.
    INSERT_ATTEMPT = "insert into attempts (delivery_id, number, at, url, outcome, certificate_at, status, dns_us,
        connect_us, tls_us, first_byte_us, total_us, head, excerpt, excerpt_is_cut)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
}

impl Tx {
    pub(super) async fn insert_attempt(&mut self, attempt: &Attempt) -> Result<()> {
        let certificate_at = match attempt.outcome {
            Outcome::Answered(_) => None,
            Outcome::Failed(failed) => failed.certificate_at,
        };
        let Timing { dns, connect, tls, first_byte, .. } = attempt.timing.unwrap_or_default();
        let micros = |span: Option<Span>| span.map(Span::micros);
        // Two lists of text are always JSON.
        let head = serde_json::to_string(&attempt.head).unwrap_or_default();
        execute!(
            self,
            INSERT_ATTEMPT,
            attempt.delivery,
            i64::from(attempt.number),
            attempt.at,
            &attempt.url,
            attempt.outcome.as_str(),
            certificate_at,
            attempt.outcome.status().map(i64::from),
            micros(dns),
            micros(connect),
            micros(tls),
            micros(first_byte),
            micros(attempt.timing.map(|timing| timing.total)),
            head,
            attempt.excerpt.as_slice(),
            attempt.excerpt_is_cut,
        );
        Ok(())
    }
}
