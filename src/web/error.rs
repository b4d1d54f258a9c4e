//! What a page answers when it cannot answer: one type, drawn as a page by
//! `middleware::error_pages`, which knows the viewer.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};

use super::{next, pages::errors::Refused};
use crate::{
    actions,
    domain::{fields::FieldErrors, time::Span},
};

/// Why there is no page. Logged once, where it is made of an inner error.
#[derive(Debug)]
pub(super) enum PageError {
    NotFound,
    Refused(Refused),
    TooMany {
        retry_after: Span,
    },
    /// 500 or, if it should pass by itself, 503.
    Broken {
        unavailable: bool,
    },
    /// Signed out: to the door, and back to `next`.
    SignIn {
        next: String,
    },
    /// Signed in, and a member of no account: to the page that makes one.
    NoAccount,
    /// An admin for whom the console needs two-step sign-in: to the page that turns it on.
    TwoStep,
    /// The sign-in is too old for this: the password again, and back to `next`.
    Confirm {
        next: String,
    },
}

impl PageError {
    #[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
    pub(super) fn template(error: askama::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a page could not be drawn");
        Self::Broken { unavailable: false }
    }

    pub(super) fn status(&self) -> StatusCode {
        let status = match self {
            Self::NotFound => 404,
            Self::Refused(why) => why.status(),
            Self::TooMany { .. } => 429,
            Self::Broken { unavailable: true } => 503,
            Self::Broken { unavailable: false } => 500,
            Self::SignIn { .. } | Self::NoAccount | Self::TwoStep | Self::Confirm { .. } => 303,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The errors of a form, where it was the form; anything else goes its way.
pub(super) fn of_form(error: actions::Error) -> Result<FieldErrors, PageError> {
    match error {
        actions::Error::Invalid(errors) => Ok(errors),
        actions::Error::NotFound
        | actions::Error::Conflict(_)
        | actions::Error::TooMany { .. }
        | actions::Error::Unavailable(_)
        | actions::Error::Internal(_) => Err(error.into()),
    }
}

impl From<actions::Error> for PageError {
    fn from(error: actions::Error) -> Self {
        match error {
            actions::Error::NotFound => Self::NotFound,
            actions::Error::Conflict(conflict) => {
                Self::Refused(Refused::Conflict { sentence: conflict.to_string() })
            }
            // Only handlers that have a form to draw again meet this, and they look for it.
            actions::Error::Invalid(_) => Self::Refused(Refused::BadRequest),
            actions::Error::TooMany { retry_after } => Self::TooMany { retry_after },
            actions::Error::Unavailable(source) => {
                tracing::warn!(error = &*source as &dyn std::error::Error, "not available");
                Self::Broken { unavailable: true }
            }
            actions::Error::Internal(source) => {
                tracing::error!(error = &*source as &dyn std::error::Error, "something went wrong");
                Self::Broken { unavailable: false }
            }
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn { next: to } => super::respond::see_other(&next::by("/sign-in", to)),
            Self::NoAccount => super::respond::see_other("/accounts/new"),
            Self::TwoStep => super::respond::see_other("/settings/two-step"),
            Self::Confirm { next: to } => super::respond::see_other(&next::by("/confirm", to)),
            Self::NotFound => marked(self, ToDraw::NotFound, None),
            Self::Refused(why) => marked(self, ToDraw::Refused(why.clone()), None),
            Self::TooMany { retry_after } => {
                let minutes = retry_after.as_seconds().div_euclid(60).max(1);
                let why = Refused::TooMany { wait: format!("in {minutes} minutes") };
                marked(self, ToDraw::Refused(why), Some(*retry_after))
            }
            Self::Broken { unavailable } => {
                let retry_after = unavailable.then_some(Span::minutes(1));
                marked(self, ToDraw::Broken { unavailable: *unavailable }, retry_after)
            }
        }
    }
}

/// The page that is drawn in place of an empty response.
#[derive(Clone, Debug)]
pub(super) enum ToDraw {
    NotFound,
    Refused(Refused),
    Broken { unavailable: bool },
}

fn marked(error: &PageError, to_draw: ToDraw, retry_after: Option<Span>) -> HttpResponse {
    let mut response = HttpResponse::build(error.status());
    if let Some(span) = retry_after {
        response.insert_header((header::RETRY_AFTER, span.as_seconds().to_string()));
    }
    let mut response = response.finish();
    response.extensions_mut().insert(to_draw);
    response
}
