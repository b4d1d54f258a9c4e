//! Runs the binary in a folder of its own, with nothing of this machine's environment.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portico::store::Database;
use tempfile::TempDir;

use crate::support::{client::Client, site::free_address};

const BINARY: &str = env!("CARGO_BIN_EXE_portico");

/// A master key: 32 bytes in base64.
pub(crate) const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// The password of whoever signs up.
pub(crate) const PASSWORD: &str = "canary of the coal mine";

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that the program runs in, and its settings.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    pub(crate) listen: SocketAddr,
    settings: Vec<(String, String)>,
}

/// A server that runs. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) client: Client,
}

impl Program {
    /// With a free address and SQLite in its folder.
    pub(crate) fn new() -> Self {
        let listen = free_address();
        let settings = vec![(String::from("PORTICO_LISTEN"), listen.to_string())];
        Self { folder: tempfile::tempdir().expect("a folder"), listen, settings }
    }

    /// One process over a database of others, whose accounts need no approval.
    pub(crate) fn over(database: &Database) -> Self {
        let url = match database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url.clone(),
        };
        let program = Self::new().with("PORTICO_DATABASE_URL", &url).with("PORTICO_SECRET_KEY", KEY);
        program.with("PORTICO_NEW_ACCOUNTS", "open")
    }

    #[must_use]
    pub(crate) fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.retain(|(name, _)| name != setting);
        self.settings.push((setting.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file is written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments);
        self.here(command)
    }

    fn here(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).env_clear();
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut child = self.command(arguments).spawn().expect("the program starts");
        // A program that ends before it reads closes the pipe; that is its right.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
        let id = child.id();
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE).is_err() {
                let _ = Command::new("kill").arg(id.to_string()).status();
            }
        });
        let output = child.wait_with_output().expect("it ends");
        let _ = done.send(());
        watch.join().expect("nothing is awaited any more");
        output
    }

    /// The one complaint with which a start ends: exit code 1, nothing on stdout, a line on stderr.
    pub(crate) fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty(), "{:?}", String::from_utf8_lossy(&output.stdout));
        let lines: Vec<_> = said.lines().filter(|line| !line.contains(" INFO ")).collect();
        let [line] = lines.as_slice() else { panic!("one line, not {said}") };
        let sentence = line.strip_prefix("portico: ").unwrap_or_else(|| panic!("{line}"));
        assert!(
            sentence.ends_with('.') && !sentence.contains("Error {") && !sentence.contains("panicked"),
            "{sentence}"
        );
        sentence.to_owned()
    }

    /// Serves, and waits until it answers.
    pub(crate) async fn serve(&self) -> Running {
        self.served(self.command(&["serve"])).await
    }

    /// As [`Program::serve`], but what writes past a limit of [`Running::limit_files`] is told so
    /// and not killed, as by a full disk.
    pub(crate) async fn serve_on_a_disk(&self) -> Running {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" serve", BINARY]);
        self.served(self.here(shell)).await
    }

    async fn served(&self, command: Command) -> Running {
        let mut running = self.started(command);
        let began = Instant::now();
        while tokio::net::TcpStream::connect(self.listen).await.is_err() {
            let ended = running.child.try_wait().expect("a child");
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "it does not serve: {}", running.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running
    }

    /// Starts a command that does not end by itself.
    pub(crate) fn start(&self, command: &str) -> Running {
        self.started(self.command(&[command]))
    }

    fn started(&self, mut command: Command) -> Running {
        let mut child = command.spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().expect("a pipe");
        let lines = Arc::clone(&log);
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                lines.lock().expect("no panic").push_str(&text);
            }
        });
        Running { child, log, client: Client::new(&format!("http://{}", self.listen)) }
    }
}

impl Running {
    /// Signs somebody up who makes an active app on the pages: the way to the app, and a token
    /// that it signed.
    pub(crate) async fn sign_up(&self) -> (String, String) {
        let client = &self.client;
        let fields =
            [("name", "Noor"), ("email", "noor@x.example"), ("account_name", "Noor"), ("password", PASSWORD)];
        client.fill("/sign-up", "/sign-up", &fields).await;
        let fields = [("app_type", "jwt"), ("name", "Relay")];
        let information = client.fill("/apps/new", "/apps", &fields).await.location();
        let fields = [
            ("short_description", "Passes meetings on"),
            ("company_name", "Meridian"),
            ("contact_name", "Noor"),
            ("contact_email", "noor@x.example"),
        ];
        client.fill(&information, &information, &fields).await;
        let app = information.trim_end_matches("/information").to_owned();
        client.fill(&format!("{app}/activation"), &format!("{app}/activate"), &[]).await;
        let credentials = format!("{app}/credentials");
        let fields = [("expires_in", "1h")];
        let page = client.fill(&credentials, &format!("{credentials}/token"), &fields).await;
        (app, page.texts("#token").join(""))
    }

    /// Everything on stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// Waits until the log says something.
    pub(crate) async fn says(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let log = self.log();
            if log.contains(words) {
                return log;
            }
            assert!(began.elapsed() < PATIENCE, "{words} is not in {log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the system says of its memory: `VmRSS` is what it has now, `VmHWM` the most it had.
    pub(crate) fn memory_kib(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.unwrap_or_else(|| panic!("{what} is not in {status}")).parse().expect("a number")
    }

    /// No file may have more bytes, or as many as it likes (`unlimited`): whatever writes past
    /// that is refused, from now on.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let id = self.child.id().to_string();
        let limit = format!("--fsize={bytes}:");
        let set = Command::new("prlimit").args(["--pid", &id, &limit]).status();
        assert!(set.expect("prlimit runs").success());
    }

    /// Asks it to stop, by its own process id, and gives its exit code and its log.
    pub(crate) async fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status.code(), self.log());
            }
            assert!(began.elapsed() < PATIENCE, "it does not stop: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
