//! A request for authorisation that is answered here, since nothing is sent to whom it may not be
//! (RFC 6749 §4.1.2.1).

use actix_web::http::StatusCode;
use askama::Template;

use crate::actions::Context;
use crate::domain::oauth::authorization::Unproven;
use crate::web::extract::visit::Visit;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, page};

/// What is wrong, for the user and for whoever writes the app.
#[derive(Template)]
#[template(path = "pages/oauth/unproven.html")]
pub(crate) struct UnprovenPage {
    pub(crate) chrome: Chrome,
    /// A whole sentence.
    pub(crate) why: String,
}

pub(super) fn answer(ctx: &Context, visit: &Visit, why: Unproven) -> PageResult {
    page(StatusCode::BAD_REQUEST, &UnprovenPage { chrome: visit.chrome(ctx), why: why.to_string() })
}
