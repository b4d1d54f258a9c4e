//! One request by hand, and very many by `wrk`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Result,
    population::Callers,
    process::{Server, cores},
};

/// Connections that ask at one time.
pub(crate) const CONNECTIONS: u32 = 64;
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/authorize/load.lua");

/// Requests with the tokens of a file in turn, for a while.
pub(crate) struct Load<'a> {
    pub(crate) server: &'a Server,
    pub(crate) tokens: &'a Path,
    pub(crate) duration: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) requests_a_second: f64,
    /// By the time that the server ran, whatever else the processor did besides.
    pub(crate) requests_a_processor_second: f64,
    /// What 99 of 100 answers came within.
    pub(crate) p99_us: f64,
}

impl Load<'_> {
    pub(crate) fn run(&self) -> Result<Measured> {
        let before = self.server.processor_time()?;
        let wrk = Command::new("taskset")
            .args(["--cpu-list", &cores()?.load, "wrk", "--threads", "1"])
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--duration", &self.duration.as_secs().to_string()])
            .args(["--script", SCRIPT, &format!("{}/authorize", self.server.base), "--"])
            .arg(self.tokens)
            .stderr(Stdio::inherit())
            .output()?;
        let ran = self.server.processor_time()?.saturating_sub(before);
        let said = String::from_utf8(wrk.stdout)?;
        let line = said.lines().find_map(|line| line.strip_prefix("measured "));
        let numbers: Vec<f64> =
            line.unwrap_or_default().split(' ').map(str::parse).collect::<std::result::Result<_, _>>()?;
        match numbers.as_slice() {
            [requests, duration_us, p99_us, errors] if *errors == 0.0 => Ok(Measured {
                requests_a_second: requests * 1e6 / duration_us,
                requests_a_processor_second: requests / ran.as_secs_f64(),
                p99_us: *p99_us,
            }),
            _ => Err(format!("wrk failed: {said}").into()),
        }
    }
}

/// The head of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Without those that the server itself writes.
    pub(crate) headers: Vec<String>,
    pub(crate) bytes: usize,
}

/// Asks with the first of the callers' tokens.
pub(crate) fn ask(server: &Server, callers: &Callers) -> Result<Answer> {
    let address = server.base.strip_prefix("http://").unwrap_or(&server.base);
    let mut stream = TcpStream::connect(address)?;
    let token = callers.first().filter(|token| !token.is_empty());
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(stream, "GET /authorize HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\n\r\n")?;
    let mut whole = String::new();
    BufReader::new(stream).read_to_string(&mut whole)?;
    let mut lines = whole.as_bytes().lines().map_while(std::result::Result::ok).take_while(|l| !l.is_empty());
    let status = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().parse()?;
    let written = ["content-length:", "date:", "connection:"];
    let headers = lines.filter(|line| !written.iter().any(|name| line.to_lowercase().starts_with(name)));
    Ok(Answer { status, headers: headers.collect(), bytes: whole.len() })
}
