//! Attempts at deliveries.

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute},
    dialect::INSERT_ATTEMPTS,
    rows::{self, BytesText, IdText},
    statements::statements,
};
use crate::domain::{
    delivery::{
        attempt::{Attempt, Outcome},
        timing::Timing,
    },
    id::{AccountId, DeliveryId},
    time::{Span, Timestamp},
    url::EndpointUrl,
};

statements! {
    /// The last attempts of a delivery, the last one first.
    ATTEMPTS = "select t.number, t.at, t.url, t.outcome, t.certificate_at, t.status, t.dns_us, t.connect_us, t.tls_us,
            t.first_byte_us, t.total_us, t.head, t.excerpt, t.excerpt_is_cut
        from attempts t join deliveries d on d.id = t.delivery_id join apps a on a.id = d.app_id
        where a.account_id = $1 and t.delivery_id = $2 order by t.number desc limit $3";
}

impl Conn {
    /// The last attempts of a delivery, the last one first.
    pub async fn attempts_of(
        &mut self,
        account: AccountId,
        id: DeliveryId,
        limit: i64,
    ) -> Result<Vec<Attempt>> {
        let rows: Vec<Row> = all!(self, ATTEMPTS, account, id, limit);
        rows.into_iter().map(|row| row.of(id)).collect()
    }
}

impl Tx {
    pub(super) async fn insert_attempts(&mut self, attempts: &[&Attempt]) -> Result<()> {
        let sql = self.text(INSERT_ATTEMPTS);
        for some in attempts.chunks(rows::AT_ONCE) {
            execute!(self, sql, rows::json(some.iter().map(|attempt| NewRow::of(attempt))));
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct NewRow<'a> {
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

impl<'a> NewRow<'a> {
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

#[derive(FromRow)]
struct Row {
    number: i64,
    at: Timestamp,
    url: EndpointUrl,
    outcome: String,
    certificate_at: Option<Timestamp>,
    status: Option<i64>,
    dns_us: Option<i64>,
    connect_us: Option<i64>,
    tls_us: Option<i64>,
    first_byte_us: Option<i64>,
    total_us: Option<i64>,
    head: String,
    excerpt: Vec<u8>,
    excerpt_is_cut: bool,
}

impl Row {
    fn of(self, delivery: DeliveryId) -> Result<Attempt> {
        let status = self.status.and_then(|status| u16::try_from(status).ok());
        let outcome = Outcome::from_parts(&self.outcome, status, self.certificate_at);
        let corrupt = || StoreError::Corrupt(format!("attempt {} of {delivery}", self.number));
        let span = |micros: Option<i64>| micros.map(Span::from_micros);
        let timing = self.total_us.map(|total| Timing {
            dns: span(self.dns_us),
            connect: span(self.connect_us),
            tls: span(self.tls_us),
            first_byte: span(self.first_byte_us),
            total: Span::from_micros(total),
        });
        Ok(Attempt {
            delivery,
            number: u32::try_from(self.number).map_err(|_| corrupt())?,
            at: self.at,
            outcome: outcome.ok_or_else(corrupt)?,
            timing,
            head: serde_json::from_str(&self.head).map_err(|_| corrupt())?,
            url: self.url,
            excerpt: self.excerpt,
            excerpt_is_cut: self.excerpt_is_cut,
        })
    }
}
