//! `portico serve` over one of the databases, and an admin who is signed in to it.

use std::{
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portico::store::Database;
use scraper::{Html, Selector};

use crate::{Result, filled};

const EMAIL: &str = "root@platform.example";
const PASSWORD: &str = "correct horse battery staple";

/// A server that runs, and an admin's browser.
pub(crate) struct Server {
    base: String,
    http: reqwest::Client,
    _child: Killed,
}

impl Server {
    pub(crate) async fn serve(database: &Database) -> Result<Self> {
        make_admin(database)?;
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
        let mut child = portico(database)
            .args(["serve"])
            .env("PORTICO_LISTEN", &listen)
            .env("PORTICO_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .map(Killed)?;
        filled::wait(&mut child.0)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a client of the bench, which talks to this machine alone"
        )]
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let server = Self { base: format!("http://{listen}"), http, _child: child };
        server.sign_in().await?;
        Ok(server)
    }

    async fn sign_in(&self) -> Result<()> {
        let address = format!("{}/sign-in", self.base);
        let page = self.http.get(&address).send().await?.text().await?;
        let csrf = hidden(&page, "csrf").ok_or("no form")?;
        let form = [("csrf", csrf.as_str()), ("email", EMAIL), ("password", PASSWORD)];
        let answer = self.http.post(&address).form(&form).send().await?;
        match answer.status().as_u16() {
            303 => Ok(()),
            other => Err(format!("signing in answers {other}").into()),
        }
    }

    /// A page, which must be there.
    pub(crate) async fn page(&self, path: &str) -> Result<String> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await?;
        match answer.status().as_u16() {
            200 => Ok(answer.text().await?),
            other => Err(format!("{path} answers {other}").into()),
        }
    }

    /// How long a page takes, to its last byte.
    pub(crate) async fn time(&self, path: &str) -> Result<Duration> {
        let began = Instant::now();
        self.page(path).await?;
        Ok(began.elapsed())
    }
}

fn hidden(page: &str, name: &str) -> Option<String> {
    let selector = Selector::parse(&format!("input[name={name}]")).ok()?;
    Html::parse_document(page).select(&selector).next()?.attr("value").map(str::to_owned)
}

fn portico(database: &Database) -> Command {
    let url = match database {
        Database::Sqlite(path) => format!("sqlite://{}", path.display()),
        Database::Postgres(url) => url.clone(),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
    command.env_clear().env("PORTICO_DATABASE_URL", url).env("PORTICO_SECRET_KEY", STANDARD.encode([7; 32]));
    command
}

fn make_admin(database: &Database) -> Result<()> {
    let mut child = portico(database)
        .args(["user", "create", "--email", EMAIL, "--name", "Root", "--account", "Platform"])
        .args(["--admin", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no input")?;
    input.write_all(PASSWORD.as_bytes())?;
    drop(input);
    match child.wait()?.success() {
        true => Ok(()),
        false => Err("the admin cannot be made".into()),
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
