//! A member acting in the session's current account.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::Method};

use super::{Extracted, signed_in::SignedIn};
use crate::{
    actions::{Acting, Conflict},
    domain::account::{AtLeast, Member, Membership, Owner},
    web::error::PageError,
};

/// A member with at least role `R` in the current account; anybody else finds no such page.
#[derive(Clone, Debug)]
pub(in crate::web) struct InAccount<R> {
    pub(in crate::web) signed_in: SignedIn,
    pub(in crate::web) membership: Membership,
    pub(in crate::web) acting: Acting<R>,
}

impl<R: AtLeast> InAccount<R> {
    /// The same member acting as an owner, if they are one.
    pub(in crate::web) fn as_owner(&self) -> Option<Acting<Owner>> {
        let Acting { member, origin } = &self.acting;
        let member = Member::prove(member.user(), member.account(), member.role())?;
        Some(Acting { member, origin: origin.clone() })
    }

    /// A form that was drawn for another account does nothing in this one.
    pub(in crate::web) fn is_for(&self, account: &str) -> Result<(), PageError> {
        let fits = account.is_empty() || account == self.membership.account.id.to_string();
        if fits { Ok(()) } else { Err(crate::actions::Error::from(Conflict::OtherAccount).into()) }
    }
}

/// Whoever left their last account, or was removed from it, lands where there is something to do.
fn no_account(request: &HttpRequest) -> PageError {
    match *request.method() {
        Method::GET | Method::HEAD => PageError::NoAccount,
        _ => PageError::NotFound,
    }
}

impl<R: AtLeast> FromRequest for InAccount<R> {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let signed_in = SignedIn::of(&request).await?;
            let membership = signed_in.who.current().ok_or_else(|| no_account(&request))?.clone();
            let user = signed_in.who.user.id;
            let member =
                Member::prove(user, membership.account.id, membership.role).ok_or(PageError::NotFound)?;
            let acting = Acting { member, origin: signed_in.visit.origin.clone() };
            Ok(Self { signed_in, membership, acting })
        })
    }
}
