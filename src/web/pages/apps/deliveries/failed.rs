//! *Redeliver failed since…*, below the log: how many failed since when, and how far it has got
//! when they were asked for again.

use actix_web::{http::StatusCode, web::Data};
use serde::Deserialize;

use super::{DeliveriesPage, draw, kept_days};
use crate::actions::audit::HowMany;
use crate::actions::{Conflict, Context, Error, FormValue, Once, redeliveries};
use crate::crypto::token::Token;
use crate::domain::account::{AtLeast, Developer};
use crate::domain::delivery::redelivery::{self, SinceError};
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::text::Count;
use crate::domain::time::{Span, Timestamp};
use crate::web::error::PageError;
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::respond::{PageResult, done, page, refused};

/// How long it is still said that all wait again.
const SAID_FOR: Span = Span::hours(1);

/// Failed deliveries that can be asked for again.
pub(crate) struct Failed {
    pub(crate) choices: Vec<Choice>,
    /// The value of the choice that is made already.
    pub(crate) chosen: String,
    /// The moment that was typed.
    pub(crate) count: CountForm,
    pub(crate) errors: FieldErrors,
    pub(crate) once: String,
}

/// Since when, and how many.
pub(crate) struct Choice {
    /// As the form sends it.
    pub(crate) value: String,
    pub(crate) since: Since,
    pub(crate) failed: HowMany,
}

/// A moment, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Hour,
    Day,
    Week,
    /// As long as deliveries are kept.
    Kept(Count),
    /// One that was asked for.
    At(Timestamp),
}

/// What was asked for again, as it is told.
pub(crate) struct Running {
    pub(crate) since: Timestamp,
    pub(crate) done: Count,
    pub(crate) total: Count,
    pub(crate) is_over: bool,
}

/// What was asked of failed deliveries.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    count: CountForm,
    is_refused: Option<SinceError>,
}

/// A moment since which failed deliveries are to be counted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CountForm {
    /// `YYYY-MM-DDTHH:MM`
    pub(crate) failed_since: String,
    /// The IANA zone of `failed_since`; script fills in the viewer's.
    failed_zone: String,
}

/// What *Redeliver* asks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct RedeliverFailedForm {
    /// `1h`, `24h`, `7d`, a day, a moment (RFC 3339), or `YYYY-MM-DDTHH:MM`.
    since: String,
    /// The IANA zone of the last of these.
    since_zone: String,
    once: String,
}

impl CountForm {
    pub(super) fn of(query: &str) -> Self {
        serde_html_form::from_str(query).unwrap_or_default()
    }

    pub(super) const fn asked(self) -> Asked {
        Asked { count: self, is_refused: None }
    }
}

impl Failed {
    /// Nothing if nothing has failed and nothing was asked.
    pub(super) async fn of<R: AtLeast>(
        ctx: &Context,
        at: &InApp<R>,
        asked: Asked,
    ) -> Result<Option<Self>, PageError> {
        let now = ctx.now();
        let Asked { count, is_refused } = asked;
        let (mut typed, mut wrong) = (None, is_refused);
        if wrong.is_none() && !count.failed_since.is_empty() {
            match redelivery::since(&count.failed_since, &count.failed_zone, now) {
                Ok(since) => typed = Some((Since::At(since), since, since.exact())),
                Err(error) => wrong = Some(error),
            }
        }
        let mut choices = Vec::new();
        for (words, since, value) in offered(ctx).into_iter().chain(typed.clone()) {
            let failed = redeliveries::failed_since(ctx, &at.acting, &at.app, since).await?;
            choices.push(Choice { value, since: words, failed });
        }
        let none = choices.iter().all(|choice| choice.failed == HowMany::Exactly(Count(0)));
        if none && typed.is_none() && wrong.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            choices,
            chosen: typed.map_or_else(|| String::from("24h"), |(.., value)| value),
            count,
            errors: wrong
                .map(|error| FieldErrors::one("failed_since", error.sentence("")))
                .unwrap_or_default(),
            once: Token::generate().expose().to_owned(),
        }))
    }
}

/// The moments that are offered, as the form sends them.
fn offered(ctx: &Context) -> Vec<(Since, Timestamp, String)> {
    let now = ctx.now();
    let mut offered = vec![
        (Since::Hour, now - Span::hours(1), String::from("1h")),
        (Since::Day, now - Span::hours(24), String::from("24h")),
        (Since::Week, now - Span::days(7), String::from("7d")),
    ];
    let days = kept_days(ctx);
    if days > 7 {
        let since = now - ctx.policy.retention;
        offered.push((Since::Kept(Count(days)), since, since.exact()));
    }
    offered
}

impl Running {
    /// What was asked for again, until a while after it is over.
    pub(super) async fn of<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Option<Self>, PageError> {
        let last = redeliveries::of_app(ctx, &at.acting, &at.app).await?;
        let shown = last.filter(|last| last.finished_at.is_none_or(|over| over + SAID_FOR > ctx.now()));
        Ok(shown.map(|last| Self {
            since: last.since,
            done: Count(last.done),
            total: Count(last.total.max(last.done)),
            is_over: last.finished_at.is_some(),
        }))
    }
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    post: Post<InApp<Developer>, RedeliverFailedForm>,
) -> PageResult {
    let Post { at, form } = post;
    let since = match redelivery::since(&form.since, &form.since_zone, ctx.now()) {
        Ok(since) => since,
        Err(error) => {
            let count = CountForm { failed_since: form.since, failed_zone: form.since_zone };
            return refused(&draw(&ctx, &at, "", Asked { count, is_refused: Some(error) }).await?);
        }
    };
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    let flash = match redeliveries::begin(&ctx, &at.acting, &at.app, since, value).await {
        Ok(Once::Now(0)) => Done::NothingFailed,
        Ok(Once::Now(_)) => Done::FailedRedelivered,
        Ok(Once::Before(_)) => Done::Again,
        Err(Error::Conflict(against @ Conflict::Redelivering)) => {
            let drawn = draw(&ctx, &at, "", Asked::default()).await?;
            return page(StatusCode::CONFLICT, &DeliveriesPage { against: Some(against), ..drawn });
        }
        Err(error) => return Err(error.into()),
    };
    done(&at.signed_in.visit, &at.at("/deliveries"), flash)
}
