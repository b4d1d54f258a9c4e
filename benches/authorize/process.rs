//! The servers: each a process of its own on one core, and with it one worker. The load comes
//! from another core, where there is one.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Result, population};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs, as those see it who ask.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) base: String,
    id: u32,
}

impl Server {
    /// How long its threads have run on a processor.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.id))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += stat.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

/// `portico serve`, whose directory is filled.
pub(crate) struct Portico {
    pub(crate) server: Server,
    _child: Killed,
    filled_in: Duration,
    accounts: u64,
}

/// What an operator asks of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) accounts: u64,
    pub(crate) filled_in: Duration,
    pub(crate) resident_mib: f64,
    pub(crate) resident_at_most_mib: f64,
}

impl Portico {
    pub(crate) fn serve(database: &Path) -> Result<Self> {
        let (listen, base) = free_address()?;
        let mut child = on_one_core(env!("CARGO_BIN_EXE_portico"))?
            .arg("serve")
            .env_clear()
            .env("PORTICO_LISTEN", listen)
            .env("PORTICO_DATABASE_URL", format!("sqlite://{}", database.display()))
            .env("PORTICO_SECRET_KEY", population::key_text())
            .env("PORTICO_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .map(Killed)?;
        let log = BufReader::new(child.0.stderr.take().ok_or("no log")?);
        let mut lines = log.lines();
        let filled = loop {
            let line = lines.next().ok_or("portico serve ended")??;
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            match said["message"].as_str() {
                Some("the directory is filled") => break said,
                Some("the directory could not be filled") => return Err(line.into()),
                Some(_) | None => {}
            }
        };
        // Read on, so that a full pipe never stops it.
        thread::spawn(move || lines.for_each(drop));
        let number = |name: &str| filled[name].as_u64().ok_or(format!("no {name} in {filled}"));
        let (accounts, filled_in) = (number("accounts")?, Duration::from_millis(number("duration_ms")?));
        let server = Server { base, id: child.0.id() };
        Ok(Self { server, _child: child, filled_in, accounts })
    }

    pub(crate) fn facts(&self) -> Result<Facts> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id))?;
        let mib = |name: &str| -> Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
        };
        let (resident_mib, resident_at_most_mib) = (mib("VmRSS:")?, mib("VmHWM:")?);
        Ok(Facts { accounts: self.accounts, filled_in: self.filled_in, resident_mib, resident_at_most_mib })
    }
}

/// The bare handler, with the headers that it answers.
pub(crate) struct Bare {
    pub(crate) server: Server,
    _child: Killed,
}

impl Bare {
    pub(crate) fn serve(headers: &[String]) -> Result<Self> {
        let (listen, base) = free_address()?;
        let this = std::env::current_exe()?;
        let mut child = on_one_core(this.to_str().ok_or("a path that is no text")?)?
            .args(["bare", &listen])
            .stdin(Stdio::piped())
            .spawn()
            .map(Killed)?;
        let mut input = child.0.stdin.take().ok_or("no input")?;
        headers.iter().try_for_each(|header| writeln!(input, "{header}"))?;
        drop(input);
        let began = Instant::now();
        while TcpStream::connect(&listen).is_err() {
            if began.elapsed() > PATIENCE {
                return Err("the bare server does not start".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { server: Server { base, id: child.0.id() }, _child: child })
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

/// On which cores servers and load run, as `taskset` names them.
pub(crate) struct Cores {
    server: String,
    pub(crate) load: String,
}

pub(crate) fn cores() -> Result<Cores> {
    let status = fs::read_to_string("/proc/self/status")?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut numbers = allowed.unwrap_or_default().trim().split([',', '-']);
    let server = numbers.next().unwrap_or_default().to_owned();
    let load = numbers.next_back().map_or_else(|| server.clone(), str::to_owned);
    Ok(Cores { server, load })
}

fn on_one_core(program: &str) -> Result<Command> {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &cores()?.server, program]);
    Ok(command)
}

fn free_address() -> Result<(String, String)> {
    let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
    let base = format!("http://{listen}");
    Ok((listen, base))
}
