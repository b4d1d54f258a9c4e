//! `portico serve` over the database, asked for tokens.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portico::store::Database;

use crate::{Result, filled, population::Machine};

pub(crate) const KEY: [u8; 32] = [7; 32];

/// A server that runs.
pub(crate) struct Server {
    token_endpoint: String,
    http: reqwest::Client,
    _child: Killed,
}

impl Server {
    pub(crate) fn serve(database: &Database) -> Result<Self> {
        let Database::Postgres(url) = database else { return Err("this measures PostgreSQL".into()) };
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
        let mut child = Command::new(env!("CARGO_BIN_EXE_portico"))
            .arg("serve")
            .env_clear()
            .env("PORTICO_LISTEN", &listen)
            .env("PORTICO_DATABASE_URL", url)
            .env("PORTICO_SECRET_KEY", STANDARD.encode(KEY))
            .env("PORTICO_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .map(Killed)?;
        filled::wait(&mut child.0)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a client of the bench, which talks to this machine alone"
        )]
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { token_endpoint: format!("http://{listen}/oauth/token"), http, _child: child })
    }

    /// How many tokens the client gets in a while, one after the other.
    pub(crate) async fn tokens(&self, machine: &Machine, duration: Duration) -> Result<u64> {
        let began = Instant::now();
        let mut got = 0;
        while began.elapsed() < duration {
            let answer = self
                .http
                .post(&self.token_endpoint)
                .basic_auth(&machine.client_id, Some(&machine.secret))
                .form(&[("grant_type", "client_credentials")])
                .send()
                .await?;
            let status = answer.status().as_u16();
            let body = answer.text().await?;
            if status != 200 {
                return Err(format!("the token endpoint answers {status}: {body}").into());
            }
            got += 1;
        }
        Ok(got)
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
