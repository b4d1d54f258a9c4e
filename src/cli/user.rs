//! `portico user create` and `reset-two-step`: users by the operator's word.

use std::io::{Read as _, Write as _};

use super::{
    Outcome,
    arguments::{AccountChoice, CreateUser, ResetTwoStep},
    boot,
};
use crate::{
    actions::{
        Error,
        setup::{self, NewUser},
        two_step,
    },
    config::Config,
    domain::{
        account::AccountName,
        email::Email,
        fields::FieldErrors,
        password::{self, NewPassword, PasswordContext},
        secret::Secret,
        user::PersonName,
    },
};

pub(super) async fn create(config: &Config, arguments: CreateUser) -> Outcome {
    let password = password_from_stdin()?;
    let new =
        parse(config.platform_name.as_str(), &arguments, &password).map_err(|errors| in_words(&errors))?;
    let ctx = boot::context(config).await?;
    let created = setup::create_user(&ctx, new).await;
    ctx.store.close().await;
    let id = created.map_err(told)?;
    writeln!(std::io::stdout(), "{id}")?;
    Ok(())
}

pub(super) async fn reset_two_step(config: &Config, arguments: &ResetTwoStep) -> Outcome {
    let mut errors = FieldErrors::default();
    let email = errors.take("email", "the address", arguments.email.parse::<Email>());
    let email = errors.into_result(|| email).map_err(|errors| in_words(&errors))?;
    let ctx = boot::context(config).await?;
    let outcome = two_step::reset(&ctx, &email).await;
    ctx.store.close().await;
    outcome.map_err(told)
}

fn told(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        Error::Invalid(errors) => in_words(&errors).into(),
        Error::NotFound
        | Error::Conflict(_)
        | Error::TooMany { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => error.into(),
    }
}

fn parse(platform: &str, arguments: &CreateUser, password: &Secret<String>) -> Result<NewUser, FieldErrors> {
    let mut errors = FieldErrors::default();
    let email = errors.take("email", "the address", arguments.email.parse::<Email>());
    let name = errors.take("name", "the name", arguments.name.parse::<PersonName>());
    let account = match &arguments.account {
        AccountChoice::Existing(id) => Some(setup::AccountChoice::Existing(*id)),
        AccountChoice::New(name) => errors
            .take("account", "the account name", name.parse::<AccountName>())
            .map(setup::AccountChoice::New),
    };
    let context = PasswordContext { platform, email: &arguments.email, name: &arguments.name };
    let password = errors.take("password", "the password", NewPassword::parse(password.expose(), &context));
    let is_admin = arguments.admin;
    errors.into_result(|| {
        Some(NewUser { name: name?, email: email?, password: password?, account: account?, is_admin })
    })
}

/// One line; the line end that a shell adds is not part of it.
fn password_from_stdin() -> Result<Secret<String>, std::io::Error> {
    let mut text = String::new();
    let most = password::MAX_BYTES as u64 + 2;
    std::io::stdin().take(most).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let password = Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned());
    zeroize::Zeroize::zeroize(&mut text);
    Ok(password)
}

fn in_words(errors: &FieldErrors) -> String {
    errors.iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" ")
}
