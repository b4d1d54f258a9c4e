//! The pages for what cannot be answered: not there, refused, broken.

use askama::Template;

use crate::web::page::Chrome;

/// 404: unknown, or somebody else's.
#[derive(Template)]
#[template(path = "errors/not_found.html")]
pub(crate) struct NotFoundPage {
    pub(crate) chrome: Chrome,
}

/// What was asked for is understood and not done.
#[derive(Template)]
#[template(path = "errors/refused.html")]
pub(crate) struct RefusedPage {
    pub(crate) chrome: Chrome,
    pub(crate) why: Refused,
}

/// Why, and with which status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 400: not the form this page expects.
    BadRequest,
    /// 403: the form's token is missing, old, or of another session (S18).
    FormExpired,
    /// 403: the console needs two-step sign-in, which this admin has not shown.
    TwoStepNeeded,
    /// 405
    MethodNotAllowed,
    /// 409: things changed meanwhile; a whole sentence with the way out.
    Conflict { sentence: String },
    /// 413
    TooLarge,
    /// 422: an export of what the address does not name.
    Filter,
    /// 429: when to try again, within a sentence: "in 12 minutes".
    TooMany { wait: String },
}

impl Refused {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::FormExpired | Self::TwoStepNeeded => 403,
            Self::MethodNotAllowed => 405,
            Self::Conflict { .. } => 409,
            Self::TooLarge => 413,
            Self::Filter => 422,
            Self::TooMany { .. } => 429,
        }
    }

    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::BadRequest => "Not understood",
            Self::FormExpired => "This form has expired",
            Self::TwoStepNeeded => "Two-step sign-in needed",
            Self::MethodNotAllowed => "Not a page",
            Self::Conflict { .. } => "Not possible now",
            Self::TooLarge => "Too large",
            Self::Filter => "Nothing exported",
            Self::TooMany { .. } => "Too many attempts",
        }
    }
}

/// 500 or 503: our own fault.
#[derive(Template)]
#[template(path = "errors/broken.html")]
pub(crate) struct BrokenPage {
    pub(crate) chrome: Chrome,
    /// Whether it should pass by itself (503).
    pub(crate) unavailable: bool,
    /// By which the log line is found.
    pub(crate) request_id: String,
}
