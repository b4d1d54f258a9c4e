//! What the command line may say.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand};

use crate::{config::SETTINGS, domain::id::AccountId};

/// The developers' front door to a platform.
///
/// Without a command, portico serves the portal.
#[derive(Debug, Parser)]
#[command(name = "portico", version, after_help = BRIEF, after_long_help = settings())]
pub struct Arguments {
    /// Read settings from FILE instead of portico.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the portal (the default)
    Serve(Serve),
    /// Deliver events, and nothing else
    Worker,
    /// Bring the database's tables up to this version, then exit
    Migrate,
    /// Manage the people who sign in
    User(User),
    /// Manage the keys of the platform's own services
    PlatformKey(PlatformKey),
    /// Keep the catalog of event types in a file
    Catalog(Catalog),
    /// Check the audit log
    Audit(Audit),
    /// Ask the server on this machine whether it is up: exit code 0 if so, else 1
    Healthcheck,
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(Serve::default())
    }
}

#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Serve {
    /// Leave the delivery of events to `portico worker`
    #[arg(long)]
    pub no_worker: bool,
}

#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    pub command: UserCommand,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user, whose address then counts as proven
    Create(CreateUser),
    /// Turn off the two-step sign-in of a user who lost the app and the recovery codes
    ResetTwoStep(ResetTwoStep),
}

#[derive(Debug, Args)]
pub struct ResetTwoStep {
    /// The address that the user signs in with
    #[arg(long)]
    pub email: String,
}

#[derive(Debug, Args)]
pub struct CreateUser {
    /// The address to sign in with
    #[arg(long)]
    pub email: String,

    /// What the person is called
    #[arg(long)]
    pub name: String,

    /// A name makes a new account; an id (acc_...) joins that account
    #[arg(long, value_name = "NAME|ID")]
    pub account: AccountChoice,

    /// Open /admin to the user
    #[arg(long)]
    pub admin: bool,

    /// Read the password from standard input, where no process list shows it
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct PlatformKey {
    #[command(subcommand)]
    pub command: PlatformKeyCommand,
}

#[derive(Debug, Subcommand)]
pub enum PlatformKeyCommand {
    /// Make a key and print it, this once, alone on standard output
    Create(CreatePlatformKey),
}

#[derive(Debug, Args)]
pub struct CreatePlatformKey {
    /// Which service will use it
    #[arg(long)]
    pub name: String,
}

#[derive(Debug, Args)]
pub struct Catalog {
    #[command(subcommand)]
    pub command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Create and change event types as FILE says; what it does not list stays
    Import(ImportCatalog),
    /// Print the catalog as JSON
    Export,
}

#[derive(Debug, Args)]
pub struct ImportCatalog {
    /// JSON, as `portico catalog export` prints it
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Follow every chain of the log: exit code 0 if all are whole, else 1
    Verify(VerifyAudit),
    /// Print the number and hash of the last entry of each chain, to be kept elsewhere
    Head,
}

#[derive(Debug, Args)]
pub struct VerifyAudit {
    /// Compare with what `portico audit head` printed before
    #[arg(long, value_name = "FILE")]
    pub heads: Option<PathBuf>,
}

/// The account of a new user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChoice {
    /// One to be made, by this name.
    New(String),
    Existing(AccountId),
}

impl FromStr for AccountChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A mistyped id must not make an account of that name.
        if text.starts_with("acc_") {
            return text
                .parse()
                .map(Self::Existing)
                .map_err(|_| String::from("an id is acc_ and 26 characters; `/account` shows it"));
        }
        Ok(Self::New(text.to_owned()))
    }
}

const BRIEF: &str = "`portico --help` lists the settings as well.";

fn settings() -> String {
    let mut text = String::from(
        "Settings, from the environment or, in lower case and without PORTICO_, from portico.toml:\n",
    );
    for setting in SETTINGS {
        let (variable, about, default) = (setting.variable(), setting.about, setting.default);
        text.push_str(&format!("  {variable:<26} {about} [{default}]\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    const ID: &str = "acc_01m866t080ew3re1r70w3ge1r7";

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_is_left_to_serve_and_config_stands_anywhere() {
        let bare = parse("portico --config a.toml").unwrap();
        assert!(bare.command.is_none());
        let serve = |line: &str| {
            let command = parse(line).unwrap().command.unwrap_or_default();
            let Command::Serve(serve) = command else { panic!("{line} does not serve") };
            serve.no_worker
        };
        assert!(!serve("portico") && !serve("portico serve") && serve("portico serve --no-worker"));
        let after = parse("portico migrate --config a.toml").unwrap();
        assert!(matches!(after.command, Some(Command::Migrate)));
        assert_eq!(after.config, bare.config);
    }

    #[test]
    fn a_user_is_made_in_a_new_account_or_in_one_that_is_there() {
        let made = |account: &str| {
            let line = format!(
                "portico user create --email a@b.example --name Ada --account {account} --password-stdin"
            );
            match parse(&line)?.command {
                Some(Command::User(User { command: UserCommand::Create(user) })) => {
                    Ok::<CreateUser, clap::Error>(user)
                }
                other => panic!("{other:?}"),
            }
        };
        let user = made("Meridian").unwrap();
        assert_eq!(user.account, AccountChoice::New(String::from("Meridian")));
        assert!(!user.admin);
        assert_eq!(made(ID).unwrap().account, AccountChoice::Existing(ID.parse().unwrap()));
        assert_eq!(made("acc_typo").map(drop).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn whose_two_step_sign_in_is_reset_is_named() {
        let Command::User(User { command: UserCommand::ResetTwoStep(whose) }) =
            parse("portico user reset-two-step --email a@b.example").unwrap().command.unwrap()
        else {
            panic!("another command")
        };
        assert_eq!(whose.email, "a@b.example");
        assert_eq!(parse("portico user reset-two-step").map(drop).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_password_never_stands_on_the_command_line() {
        let without = parse("portico user create --email a@b.example --name Ada --account M");
        assert_eq!(without.unwrap_err().exit_code(), 2);
        assert!(parse("portico user create --email a@b.example --name A --account M --password x").is_err());
    }

    #[test]
    fn the_long_help_lists_every_setting_in_lines_that_fit() {
        let help = Arguments::command().render_long_help().to_string();
        for setting in SETTINGS {
            assert!(help.contains(&setting.variable()), "{}", setting.key);
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
