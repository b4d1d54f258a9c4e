//! `/sign-up`

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::password::{CheckMailPage, MailWait};
use super::sign_in::signed_in_cookies;
use crate::actions::sign_up::{self, NewSignUp, SignedUp};
use crate::actions::{Context, FormValue, Once, SignUp};
use crate::crypto::token::Token;
use crate::domain::account::AccountName;
use crate::domain::email::Email;
use crate::domain::fields::FieldErrors;
use crate::domain::password::{NewPassword, PasswordContext};
use crate::domain::user::PersonName;
use crate::web::error::of_form;
use crate::web::extract::entry::Entry;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::next;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, see_other};

/// The form that makes a user and an account.
#[derive(Template)]
#[template(path = "pages/sign_up.html")]
pub(crate) struct SignUpPage {
    pub(crate) chrome: Chrome,
    pub(crate) offer: SignUpOffer,
    pub(crate) form: SignUpForm,
    pub(crate) errors: FieldErrors,
    /// `SignUpOffer::email_hint`
    pub(crate) email_hint: String,
    /// The one-time value of the form.
    pub(crate) once: String,
}

impl SignUpPage {
    /// Where a user signs in, on the same way.
    pub(crate) fn sign_in(&self) -> String {
        next::by("/sign-in", &self.form.next)
    }
}

/// Who may make an account (`PORTICO_SIGN_UP`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignUpOffer {
    Open,
    /// Those with an address at this domain.
    Domain(String),
    /// Nobody: accounts are made by the platform's staff.
    Closed,
}

impl SignUpOffer {
    /// What stands under the address field.
    pub(crate) fn email_hint(&self) -> String {
        match self {
            Self::Domain(domain) => format!("An address at {domain}"),
            Self::Open | Self::Closed => String::new(),
        }
    }
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignUpForm {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) account_name: String,
    pub(crate) password: String,
    pub(crate) once: String,
    /// Where to go afterwards: a path of this site (S25).
    pub(crate) next: String,
}

impl SignUpOffer {
    pub(in crate::web) fn of(policy: &SignUp) -> Self {
        match policy {
            SignUp::Open => Self::Open,
            SignUp::Domain(domain) => Self::Domain(domain.clone()),
            SignUp::Invite => Self::Closed,
        }
    }
}

impl SignUpForm {
    pub(in crate::web) fn parse(&self, platform: &str) -> Result<NewSignUp, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", "your name", self.name.parse::<PersonName>());
        let email = errors.take("email", "your email address", self.email.parse::<Email>());
        let account_name =
            errors.take("account_name", "the account name", self.account_name.parse::<AccountName>());
        let context = PasswordContext { platform, email: &self.email, name: &self.name };
        let password = errors.take("password", "the password", NewPassword::parse(&self.password, &context));
        errors.into_result(|| {
            Some(NewSignUp { name: name?, email: email?, account_name: account_name?, password: password? })
        })
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, visit: Visit, query: Query<SignUpForm>) -> PageResult {
    let next = query.into_inner().next;
    if visit.who.is_some() {
        return Ok(see_other(next::local(&next)));
    }
    let once = Token::generate().expose().to_owned();
    ok(&draw(&ctx, &visit, SignUpForm { once, next, ..SignUpForm::default() }, FieldErrors::default()))
}

pub(in crate::web) async fn post(ctx: Data<Context>, entry: Entry<SignUpForm>) -> PageResult {
    let (visit, form) = match entry {
        Entry::Posted(visit, form) => (visit, form),
        Entry::Again(visit, form) => return done(&visit, next::local(&form.next), Done::Again),
    };
    let new = match form.parse(&ctx.policy.platform_name) {
        Ok(new) => new,
        Err(errors) => return refused(&draw(&ctx, &visit, form, errors)),
    };
    let value = FormValue::of_visitor(&form.once);
    match sign_up::sign_up(&ctx, &visit.by(), &visit.browser, value, new).await {
        Ok(SignedUp::In(signed_in)) => {
            let said = if matches!(signed_in, Once::Now(_)) { Done::Welcome } else { Done::Again };
            let mut response = done(&visit, next::local(&form.next), said)?;
            signed_in_cookies(&mut response, &signed_in.into_inner(), visit.https);
            Ok(response)
        }
        Ok(SignedUp::CheckMail) => Ok(see_other("/sign-up/sent")),
        Err(error) => refused(&draw(&ctx, &visit, form, of_form(error)?)),
    }
}

pub(in crate::web) async fn sent(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&CheckMailPage { chrome: visit.chrome(&ctx), why: MailWait::Proof })
}

fn draw(ctx: &Context, visit: &Visit, form: SignUpForm, errors: FieldErrors) -> SignUpPage {
    let offer = SignUpOffer::of(&ctx.policy.sign_up);
    let email_hint = offer.email_hint();
    let once = form.once.clone();
    SignUpPage { chrome: visit.chrome(ctx), offer, form, errors, email_hint, once }
}
