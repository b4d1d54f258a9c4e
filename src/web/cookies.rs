//! The cookies of the portal. Under https their names begin with `__Host-`, so that no
//! other host can set them (RFC 6265bis §4.1.3.2).

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
};

use crate::{crypto::token::Token, domain::two_step::HALF_SIGN_IN};

/// One of the cookies we set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Who is signed in.
    Session,
    /// Somebody who is not, so that their forms are theirs (S20).
    Visit,
    /// A browser in which somebody once signed in.
    Device,
    /// Who has given the password, and not yet the code of two-step sign-in.
    Half,
    /// What was just done, as a code.
    Flash,
}

impl Name {
    fn text(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-portico",
            (Self::Session, false) => "portico",
            (Self::Visit, true) => "__Host-portico-visit",
            (Self::Visit, false) => "portico-visit",
            (Self::Device, true) => "__Host-portico-device",
            (Self::Device, false) => "portico-device",
            (Self::Half, true) => "__Host-portico-half",
            (Self::Half, false) => "portico-half",
            (Self::Flash, true) => "__Host-portico-flash",
            (Self::Flash, false) => "portico-flash",
        }
    }
}

/// The value of a cookie; nothing if it was sent twice with different values (F14).
pub(super) fn value(request: &HttpRequest, name: Name, https: bool) -> Option<String> {
    let cookies = request.cookies().ok()?;
    let mut values = cookies.iter().filter(|one| one.name() == name.text(https)).map(Cookie::value);
    let first = values.next()?;
    values.all(|other| other == first).then(|| first.to_owned())
}

/// The token in a cookie.
pub(super) fn token(request: &HttpRequest, name: Name, https: bool) -> Option<Token> {
    Token::parse(&value(request, name, https)?)
}

/// A cookie to set. It ends with the browser unless it says otherwise.
pub(super) fn set(name: Name, value: &str, https: bool) -> Cookie<'static> {
    let cookie = Cookie::build(name.text(https), value.to_owned())
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax);
    match name {
        Name::Session => cookie.max_age(Duration::days(30)),
        Name::Device => cookie.max_age(Duration::days(180)),
        Name::Half => cookie.max_age(Duration::seconds(HALF_SIGN_IN.as_seconds())),
        Name::Flash => cookie.max_age(Duration::minutes(1)),
        Name::Visit => cookie,
    }
    .finish()
}

/// The session goes on under another cookie.
pub(super) fn renew_session(response: &mut HttpResponse, cookie: &Token, https: bool) {
    // Cookies of ours are always well formed.
    let _ = response.add_cookie(&set(Name::Session, cookie.expose(), https));
}

/// A cookie to take away.
pub(super) fn clear(name: Name, https: bool) -> Cookie<'static> {
    let mut cookie = set(name, "", https);
    cookie.make_removal();
    cookie
}
