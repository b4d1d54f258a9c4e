//! A request as a visit: who is signed in, if anybody, and what forms are theirs.

use std::rc::Rc;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};

use super::{Extracted, client};
use crate::{
    actions::{
        By, Context,
        sign_in::{self, Browser, SignedInUser},
    },
    crypto::token::Token,
    domain::{account::Role, audit::Origin, user::Admin},
    web::{
        Settings,
        cookies::{self, Name},
        error::PageError,
        flash::Done,
        page::{AccountChoice, Chrome, Support, ViewerChrome},
    },
};

/// A request, looked at once.
#[derive(Clone, Debug)]
pub(in crate::web) struct Visit {
    pub(in crate::web) who: Option<Rc<SignedInUser>>,
    pub(in crate::web) browser: Browser,
    pub(in crate::web) origin: Origin,
    pub(in crate::web) https: bool,
    /// The cookie that this visitor's forms are bound to.
    pub(in crate::web) cookie: Token,
    /// Whether that cookie is new and must be set.
    pub(in crate::web) is_new: bool,
    flash: Option<Done>,
}

impl Visit {
    /// What every page shows around its content.
    pub(in crate::web) fn chrome(&self, ctx: &Context) -> Chrome {
        Chrome {
            platform: ctx.policy.platform_name.clone(),
            support: ctx.policy.support.as_deref().map(Support::from_setting),
            viewer: self.who.as_deref().map(viewer),
            can_build: self.who.as_deref().is_some_and(can_build),
            csrf: ctx.keys.csrf(self.cookie.expose()),
            flash: self.flash.map(Done::flash),
        }
    }

    /// The same visit after the session went on under another cookie: forms of the page that
    /// answers belong to that one.
    pub(in crate::web) fn under(&self, cookie: &Token) -> Self {
        Self { cookie: cookie.clone(), ..self.clone() }
    }

    /// Who does something on this visit.
    pub(in crate::web) fn by(&self) -> By {
        match &self.who {
            Some(who) => By::user(who.user.id, self.origin.clone()),
            None => By::visitor(self.origin.clone()),
        }
    }

    pub(in crate::web) const fn has_flash(&self) -> bool {
        self.flash.is_some()
    }

    /// Looks at a request; later looks find what the first one found.
    pub(in crate::web) async fn of(request: &HttpRequest) -> Result<Self, PageError> {
        if let Some(visit) = request.extensions().get::<Self>() {
            return Ok(visit.clone());
        }
        let visit = look(request).await?;
        request.extensions_mut().insert(visit.clone());
        Ok(visit)
    }

    /// The next look is a new one, at what is so by then.
    pub(in crate::web) fn forget(request: &HttpRequest) {
        request.extensions_mut().remove::<Self>();
    }

    /// The visit of somebody of whom nothing can be known, since the database is away.
    pub(in crate::web) fn unknown(request: &HttpRequest) -> Self {
        Self {
            who: None,
            browser: client::browser(request),
            origin: client::origin(request),
            https: is_https(request),
            cookie: Token::generate(),
            is_new: false,
            flash: None,
        }
    }
}

async fn look(request: &HttpRequest) -> Result<Visit, PageError> {
    let broken = PageError::Broken { unavailable: false };
    let ctx = request.app_data::<Data<Context>>().ok_or(broken)?;
    let https = is_https(request);
    let session = cookies::token(request, Name::Session, https);
    let browser = client::browser(request);
    let who = match &session {
        Some(session) => sign_in::signed_in(ctx, session, &browser).await?,
        None => None,
    };
    let visit = cookies::token(request, Name::Visit, https);
    let (cookie, is_new) = match (&who, session, visit) {
        (Some(_), Some(session), _) => (session, false),
        (_, _, Some(visit)) => (visit, false),
        (..) => (Token::generate(), true),
    };
    let flash = cookies::value(request, Name::Flash, https).and_then(|code| code.parse().ok());
    Ok(Visit {
        who: who.map(Rc::new),
        browser,
        origin: client::origin(request),
        https,
        cookie,
        is_new,
        flash,
    })
}

fn is_https(request: &HttpRequest) -> bool {
    request.app_data::<Data<Settings>>().is_some_and(|settings| settings.https)
}

fn can_build(who: &SignedInUser) -> bool {
    who.current().is_some_and(|membership| membership.role >= Role::Developer)
}

fn viewer(who: &SignedInUser) -> ViewerChrome {
    let current = who.current().map(|membership| membership.account.id);
    let accounts = who.memberships.iter().map(|membership| {
        let account = &membership.account;
        let choice = AccountChoice::new(&account.id.to_string(), account.name.as_str());
        if Some(account.id) == current { choice.current() } else { choice }
    });
    let viewer = ViewerChrome::new(who.user.name.as_str(), who.user.email.as_str(), accounts.collect());
    if Admin::prove(&who.user).is_some() { viewer.admin() } else { viewer }
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}
