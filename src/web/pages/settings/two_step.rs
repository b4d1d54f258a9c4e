//! `/settings/two-step`: a code beside the password, and recovery codes for its loss.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::actions::two_step::{self, Offer};
use crate::actions::{AdminTwoStep, Context, FormValue};
use crate::crypto::token::Token;
use crate::domain::fields::FieldErrors;
use crate::domain::password::TypedPassword;
use crate::domain::secret::Secret;
use crate::domain::two_step::{RecoveryCode, TwoStep, TypedCode};
use crate::web::cookies;
use crate::web::error::{PageError, of_form};
use crate::web::extract::form::{Post, bad_request};
use crate::web::extract::signed_in::SignedIn;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::proof;
use crate::web::qr::Qr;
use crate::web::respond::{PageResult, done, refused_secret_page, secret_page};

const HERE: &str = "/settings/two-step";

/// How it stands, and what can be done about it.
#[derive(Template)]
#[template(path = "pages/settings/two_step.html")]
pub(crate) struct TwoStepPage {
    pub(crate) chrome: Chrome,
    pub(crate) errors: FieldErrors,
    /// Whose password is asked for.
    pub(crate) email: String,
    /// Whether the viewer is an admin, whom the operator gives no power without it.
    pub(crate) opens_console: bool,
    pub(crate) stage: Stage,
    /// Of the form that turns it on or makes new codes.
    pub(crate) once: String,
}

/// On or off.
pub(crate) enum Stage {
    Off(Setup),
    On(TwoStep),
}

/// What an app needs to begin.
pub(crate) struct Setup {
    pub(crate) qr: Qr,
    /// The secret, in groups.
    pub(crate) secret: Secret<String>,
    /// The same under seal, which the form brings back.
    pub(crate) offer: String,
}

/// The codes, once.
#[derive(Template)]
#[template(path = "pages/settings/recovery_codes.html")]
pub(crate) struct RecoveryCodesPage {
    pub(crate) chrome: Chrome,
    pub(crate) codes: Vec<String>,
    /// Whether two-step sign-in was turned on just now.
    pub(crate) turned_on: bool,
    pub(crate) opens_console: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct OnForm {
    offer: String,
    password: String,
    code: String,
    once: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct OffForm {
    off_password: String,
    off_code: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct RenewForm {
    renew_password: String,
    renew_code: String,
    once: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: SignedIn) -> PageResult {
    let drawn = Drawn { errors: FieldErrors::default(), offer: None, once: fresh() };
    secret_page(&drawn.page(&ctx, &at).await?)
}

pub(in crate::web) async fn turn_on(ctx: Data<Context>, post: Post<SignedIn, OnForm>) -> PageResult {
    let Post { at, form } = post;
    let session = &at.who.session;
    let mut errors = FieldErrors::default();
    let code = errors.take("code", "the code", form.code.parse::<TypedCode>());
    if form.password.is_empty() {
        errors.add("password", "Enter your password.");
    }
    let password = errors.take("password", "the password", TypedPassword::parse(&form.password));
    let offer = two_step::offered(&ctx, session, &form.offer);
    let outcome = match errors.into_result(|| code.zip(password)) {
        Ok((code, password)) => {
            let offer = offer.as_ref().ok_or_else(bad_request)?;
            let value = FormValue::new(at.who.user.id, &form.once);
            two_step::turn_on(&ctx, &at.visit.by(), session, value, (offer, password, &code)).await
        }
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(Some(turned_on)) => {
            let visit = at.visit.under(&turned_on.cookie);
            let mut response = show(&ctx, &at, &visit, &turned_on.codes, true)?;
            cookies::renew_session(&mut response, &turned_on.cookie, at.visit.https);
            Ok(response)
        }
        Ok(None) => done(&at.visit, HERE, Done::Again),
        Err(error) => {
            let drawn = Drawn { errors: of_form(error)?, offer, once: form.once };
            refused_secret_page(&drawn.page(&ctx, &at).await?)
        }
    }
}

pub(in crate::web) async fn turn_off(ctx: Data<Context>, post: Post<SignedIn, OffForm>) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let password = ("off_password", form.off_password.as_str());
    let proof = proof::take(&mut errors, &at.who.user, password, ("off_code", &form.off_code));
    let outcome = match errors.into_result(|| proof) {
        Ok(proof) => two_step::turn_off(&ctx, &at.visit.by(), &at.who.session, proof).await,
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(cookie) => {
            let mut response = done(&at.visit, HERE, Done::TwoStepOff)?;
            cookies::renew_session(&mut response, &cookie, at.visit.https);
            Ok(response)
        }
        Err(error) => {
            let drawn = Drawn { errors: of_form(error)?, offer: None, once: fresh() };
            refused_secret_page(&drawn.page(&ctx, &at).await?)
        }
    }
}

pub(in crate::web) async fn renew_codes(ctx: Data<Context>, post: Post<SignedIn, RenewForm>) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let password = ("renew_password", form.renew_password.as_str());
    let proof = proof::take(&mut errors, &at.who.user, password, ("renew_code", &form.renew_code));
    let outcome = match errors.into_result(|| proof) {
        Ok(proof) => {
            let value = FormValue::new(at.who.user.id, &form.once);
            two_step::renew_codes(&ctx, &at.visit.by(), &at.who.session, value, proof).await
        }
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(Some(renewed)) => {
            let visit = at.visit.under(&renewed.cookie);
            let mut response = show(&ctx, &at, &visit, &renewed.codes, false)?;
            cookies::renew_session(&mut response, &renewed.cookie, at.visit.https);
            Ok(response)
        }
        Ok(None) => done(&at.visit, HERE, Done::Again),
        Err(error) => {
            let drawn = Drawn { errors: of_form(error)?, offer: None, once: form.once };
            refused_secret_page(&drawn.page(&ctx, &at).await?)
        }
    }
}

/// What a page is drawn with, the first time or after a refusal.
struct Drawn {
    errors: FieldErrors,
    /// What was offered before, so that an app that has it stays right.
    offer: Option<Offer>,
    once: String,
}

impl Drawn {
    async fn page(self, ctx: &Context, at: &SignedIn) -> Result<TwoStepPage, PageError> {
        let stage = match two_step::of(ctx, &at.who.user).await? {
            Some(two_step) => Stage::On(two_step),
            None => {
                let offer = match self.offer {
                    Some(offer) => offer,
                    None => two_step::offer(ctx, &at.who.session)?,
                };
                Stage::Off(setup(ctx, at, offer)?)
            }
        };
        Ok(TwoStepPage {
            chrome: at.visit.chrome(ctx),
            errors: self.errors,
            email: at.who.user.email.to_string(),
            opens_console: opens_console(ctx, at),
            stage,
            once: self.once,
        })
    }
}

fn setup(ctx: &Context, at: &SignedIn, offer: Offer) -> Result<Setup, PageError> {
    let url = offer.secret.url(&ctx.policy.platform_name, at.who.user.email.as_str());
    let url = url.map_err(|error| broken(&error))?;
    let qr = Qr::of(url.expose()).map_err(|error| broken(&error))?;
    Ok(Setup { qr, secret: Secret::new(offer.secret.typed()), offer: offer.sealed })
}

fn broken(error: &(dyn std::error::Error + 'static)) -> PageError {
    tracing::error!(error, "the code for an app could not be drawn");
    PageError::Broken { unavailable: false }
}

fn show(ctx: &Context, at: &SignedIn, visit: &Visit, codes: &[RecoveryCode], turned_on: bool) -> PageResult {
    secret_page(&RecoveryCodesPage {
        chrome: visit.chrome(ctx),
        codes: codes.iter().map(RecoveryCode::grouped).collect(),
        turned_on,
        opens_console: opens_console(ctx, at),
    })
}

fn opens_console(ctx: &Context, at: &SignedIn) -> bool {
    at.who.user.is_admin && ctx.policy.admin_two_step == AdminTwoStep::Required
}

fn fresh() -> String {
    Token::generate().expose().to_owned()
}
