//! The command line.

pub mod arguments;
mod audit;
mod boot;
mod catalog;
mod healthcheck;
mod migrate;
mod platform_key;
mod serve;
mod user;
mod worker;

use std::{error::Error, ffi::OsString, io::Write as _, process::ExitCode};

use clap::Parser as _;

use self::arguments::{Arguments, AuditCommand, CatalogCommand, Command, PlatformKeyCommand, UserCommand};
use crate::{
    config::{Config, LogFormat},
    crypto, telemetry,
};

/// What a command comes to: nothing, or why not, for the operator to read.
type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Does what the arguments say. 0 is success, 1 a command that failed, 2 a command line
/// that is not understood.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // clap prints help to stdout and complaints to stderr.
        Err(answer) => {
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    match command(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let lines = sentence(error.as_ref()).replace('\n', "\nportico: ");
            let _ = writeln!(std::io::stderr(), "portico: {lines}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: Arguments) -> Outcome {
    crypto::start()?;
    let config = Config::load(arguments.config.as_deref(), environment())?;
    match arguments.command.unwrap_or_default() {
        Command::Healthcheck => healthcheck::run(config.listen),
        Command::Serve(serve) => {
            start_log(&config)?;
            actix_web::rt::System::new().block_on(serve::run(&config, serve))
        }
        Command::Worker => {
            start_log(&config)?;
            actix_web::rt::System::new().block_on(worker::run(&config))
        }
        Command::Migrate => {
            start_log(&config)?;
            actix_web::rt::System::new().block_on(migrate::run(&config))
        }
        Command::Audit(audit) => {
            start_log(&config)?;
            let system = actix_web::rt::System::new();
            match audit.command {
                AuditCommand::Verify(what) => system.block_on(audit::verify(&config, what.heads.as_deref())),
                AuditCommand::Head => system.block_on(audit::head(&config)),
            }
        }
        Command::Catalog(catalog) => {
            start_log(&config)?;
            let system = actix_web::rt::System::new();
            match catalog.command {
                CatalogCommand::Import(what) => system.block_on(catalog::import(&config, &what.file)),
                CatalogCommand::Export => system.block_on(catalog::export(&config)),
            }
        }
        Command::PlatformKey(key) => {
            start_log(&config)?;
            match key.command {
                PlatformKeyCommand::Create(new) => {
                    actix_web::rt::System::new().block_on(platform_key::create(&config, new))
                }
            }
        }
        Command::User(user) => {
            start_log(&config)?;
            match user.command {
                UserCommand::Create(new) => actix_web::rt::System::new().block_on(user::create(&config, new)),
                UserCommand::ResetTwoStep(whose) => {
                    actix_web::rt::System::new().block_on(user::reset_two_step(&config, &whose))
                }
            }
        }
    }
}

fn start_log(config: &Config) -> Outcome {
    let filter = config.log.as_str();
    match config.log_format {
        LogFormat::Text => telemetry::text(filter)?,
        LogFormat::Json => telemetry::json(filter)?,
    }
    Ok(())
}

/// The environment, with what is not UTF-8 made visible so that the settings refuse it.
fn environment() -> impl Iterator<Item = (String, String)> {
    let lossy = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (lossy(name), lossy(value)))
}

/// The error and its causes as one sentence. Some libraries put the cause into their own
/// words already; it is not said twice.
fn sentence(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.contains(&words) {
            said = format!("{}: {words}", said.trim_end_matches('.'));
        }
        cause = error.source();
    }
    if !said.ends_with(['.', '!', '?']) {
        said.push('.');
    }
    said
}

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("the database cannot be reached")]
    struct Outer(#[source] Middle);

    #[derive(Debug, Error)]
    #[error("network error: {0}")]
    struct Middle(#[source] io::Error);

    #[test]
    fn an_error_and_its_causes_are_one_sentence_that_says_nothing_twice() {
        let error = Outer(Middle(io::Error::other("connection refused")));
        assert_eq!(sentence(&error), "the database cannot be reached: network error: connection refused.");
    }
}
