//! A member acting on the app that the path names.

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};

use super::{Extracted, signed_in::SignedIn};
use crate::{
    actions::{Acting, Context, apps},
    domain::{
        account::{AtLeast, Developer, Member, Membership, Owner, Role},
        app::App,
        id::AppId,
    },
    web::error::PageError,
};

/// A member with at least role `R` in the app's account, and the app. Whoever is not finds
/// no such page, before anything of a post is looked at.
#[derive(Clone, Debug)]
pub(in crate::web) struct InApp<R> {
    pub(in crate::web) signed_in: SignedIn,
    pub(in crate::web) membership: Membership,
    pub(in crate::web) acting: Acting<R>,
    pub(in crate::web) app: App,
}

impl<R: AtLeast> InApp<R> {
    /// Whether the viewer may build and change.
    pub(in crate::web) fn can_edit(&self) -> bool {
        self.acting.member.role() >= Role::Developer
    }

    /// Whether the viewer may do everything.
    pub(in crate::web) fn can_own(&self) -> bool {
        self.acting.member.role() >= Role::Owner
    }

    /// The address of the app, or of a page beneath it.
    pub(in crate::web) fn at(&self, path: &str) -> String {
        format!("/apps/{}{path}", self.app.id)
    }
}

/// Who may make and stop secrets of the app that the path names: an owner where they are the
/// account's, a developer where they are the app's own.
#[derive(Clone, Debug)]
pub(in crate::web) enum Rotates {
    /// Of a type without secrets of its own.
    Pair(InApp<Owner>),
    Client(InApp<Developer>),
}

impl FromRequest for Rotates {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let at = InApp::<Developer>::from_request(&request, &mut Payload::None).await?;
            if at.app.app_type.has_client() {
                return Ok(Self::Client(at));
            }
            Ok(Self::Pair(InApp::from_request(&request, &mut Payload::None).await?))
        })
    }
}

impl<R: AtLeast> FromRequest for InApp<R> {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let signed_in = SignedIn::of(&request).await?;
            let ctx = request.app_data::<Data<Context>>().ok_or(PageError::NotFound)?;
            let id: AppId =
                request.match_info().get("app").and_then(|id| id.parse().ok()).ok_or(PageError::NotFound)?;
            let user = signed_in.who.user.id;
            let app = apps::seen_by(ctx, user, id).await?;
            let mut memberships = signed_in.who.memberships.iter();
            let membership =
                memberships.find(|one| one.account.id == app.account).ok_or(PageError::NotFound)?;
            let membership = membership.clone();
            let member = Member::prove(user, app.account, membership.role).ok_or(PageError::NotFound)?;
            let acting = Acting { member, origin: signed_in.visit.origin.clone() };
            Ok(Self { signed_in, membership, acting, app })
        })
    }
}
