//! Somebody who is signed in.

use std::rc::Rc;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{Method, header},
};
use url::Url;

use super::{Extracted, visit::Visit};
use crate::{
    actions::sign_in::SignedInUser, crypto::token::Token, domain::time::Timestamp, web::error::PageError,
};

/// A visit of somebody who is signed in; anybody else is sent to the door.
#[derive(Clone, Debug)]
pub(in crate::web) struct SignedIn {
    pub(in crate::web) visit: Visit,
    pub(in crate::web) who: Rc<SignedInUser>,
}

impl SignedIn {
    /// What reveals or makes a secret, or changes what a user may do, asks for the password again
    /// when the sign-in is old.
    pub(in crate::web) fn fresh(&self, now: Timestamp, next: &str) -> Result<(), PageError> {
        if self.who.session.is_fresh(now) {
            Ok(())
        } else {
            Err(PageError::Confirm { next: next.to_owned() })
        }
    }

    /// The password was entered in this very request: the session is fresh, and goes by this cookie.
    pub(in crate::web) fn go_on_under(&mut self, cookie: &Token, now: Timestamp) {
        self.visit = self.visit.under(cookie);
        Rc::make_mut(&mut self.who).session.confirmed_at = now;
    }

    pub(in crate::web) async fn of(request: &HttpRequest) -> Result<Self, PageError> {
        let visit = Visit::of(request).await?;
        match visit.who.clone() {
            Some(who) => Ok(Self { visit, who }),
            None => Err(PageError::SignIn { next: way_back(request) }),
        }
    }
}

/// The page to come back to. A post cannot be repeated, so it leads to where it came from.
fn way_back(request: &HttpRequest) -> String {
    let page = match *request.method() {
        Method::GET | Method::HEAD => request.uri().path_and_query().map(ToString::to_string),
        _ => page_of_form(request),
    };
    page.unwrap_or_else(|| String::from("/apps"))
}

/// The page whose form was posted, as the browser says; of its word no more than a path of this
/// site is taken. A form that was refused before stands at the address it was posted to, which may
/// take posts alone.
fn page_of_form(request: &HttpRequest) -> Option<String> {
    let referer = Url::parse(request.headers().get(header::REFERER)?.to_str().ok()?).ok()?;
    let is_answer = referer.path() == request.path() && referer.query().is_none();
    (!is_answer).then(|| match referer.query() {
        Some(query) => format!("{}?{query}", referer.path()),
        None => referer.path().to_owned(),
    })
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}
