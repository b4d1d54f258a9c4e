//! What makes a subscription, and its signing secret with it.

use actix_web::ResponseError;
use actix_web::web::Data;

use super::SubscriptionForm;
use super::handlers::Drawn;
use crate::actions::{Conflict, Context, Error, FormValue, Once, catalog, confirm, subscriptions};
use crate::crypto::token::Token;
use crate::domain::account::Developer;
use crate::domain::event_type::EventType;
use crate::domain::fields::FieldErrors;
use crate::domain::subscription::NewSubscription;
use crate::web::cookies;
use crate::web::error::of_form;
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::proof;
use crate::web::respond::{PageResult, done, ok, refused, see_other};

/// The form of a new subscription. Saving it makes a secret, so that the password is asked for
/// here, before anything is typed.
pub(in crate::web) async fn new(ctx: Data<Context>, at: InApp<Developer>) -> PageResult {
    at.signed_in.fresh(ctx.now(), &at.at("/subscriptions/new"))?;
    let has = subscriptions::list(&ctx, &at.acting, &at.app).await?.len();
    if has >= ctx.policy.max_subscriptions.get() as usize {
        // That page says that there is no room.
        return Ok(see_other(&at.at("/features")));
    }
    let form =
        SubscriptionForm { once: Token::generate().expose().to_owned(), ..SubscriptionForm::default() };
    ok(&Drawn::new(form).page(&ctx, &at, &catalog::list(&ctx).await?).await?)
}

/// The sign-in may have become old while the form was open. Then the form itself asks for the
/// password: a page of its own would lose what was typed.
pub(in crate::web) async fn create(
    ctx: Data<Context>,
    post: Post<InApp<Developer>, SubscriptionForm>,
) -> PageResult {
    let Post { mut at, form } = post;
    let catalog = catalog::list(&ctx).await?;
    if form.only_redraws() {
        return ok(&Drawn::new(form).page(&ctx, &at, &catalog).await?);
    }
    let (new, mut errors) = match form.parse(&catalog, at.app.app_type, None) {
        Ok(new) => (Some(new), FieldErrors::default()),
        Err(errors) => (None, errors),
    };
    let who = &at.signed_in.who;
    let proof = if who.session.is_fresh(ctx.now()) {
        Some(None)
    } else {
        let typed = (("password", form.password.as_str()), ("code", form.code.as_str()));
        proof::take(&mut errors, &who.user, typed.0, typed.1).map(Some)
    };
    let (new, proof) = match errors.into_result(|| new.zip(proof)) {
        Ok(both) => both,
        Err(errors) => return refused(&Drawn::new(form).with(errors).page(&ctx, &at, &catalog).await?),
    };
    let Some(proof) = proof else { return make(&ctx, &at, form, &new, &catalog).await };
    match confirm::confirm(&ctx, &at.signed_in.visit.by(), &who.session, proof).await {
        Ok(cookie) => {
            at.signed_in.go_on_under(&cookie, ctx.now());
            let made = make(&ctx, &at, form, &new, &catalog).await;
            // Whatever came of it, the old cookie is dead.
            let mut response = made.unwrap_or_else(|error| error.error_response());
            cookies::renew_session(&mut response, &cookie, at.signed_in.visit.https);
            Ok(response)
        }
        Err(error) => {
            let drawn = Drawn::new(form).with(of_form(error)?);
            refused(&drawn.page(&ctx, &at, &catalog).await?)
        }
    }
}

async fn make(
    ctx: &Context,
    at: &InApp<Developer>,
    form: SubscriptionForm,
    new: &NewSubscription,
    catalog: &[EventType],
) -> PageResult {
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    let (id, flash) = match subscriptions::create(ctx, &at.acting, &at.app, value, new).await {
        Ok(Once::Now(id)) => (id, Done::SubscriptionCreated),
        Ok(Once::Before(id)) => (id, Done::Again),
        Err(Error::Conflict(full @ Conflict::SubscriptionLimit { .. })) => {
            let errors = FieldErrors::one("name", full.to_string());
            return refused(&Drawn::new(form).with(errors).page(ctx, at, catalog).await?);
        }
        Err(error) => {
            let errors = of_form(error)?;
            return refused(&Drawn::new(form).with(errors).page(ctx, at, catalog).await?);
        }
    };
    done(&at.signed_in.visit, &at.at(&format!("/subscriptions/{id}")), flash)
}
