//! ChromeDriver, started once for a test binary and gone with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use thirtyfour::SessionId;

/// Watches over ChromeDriver from a process group of its own. When the test binary ends,
/// however it ends, its end of the pipe closes: `read` returns, the group is told to end
/// (browsers that a killed test left open too), and the profiles are removed.
const WATCH: &str = r#"
    chromedriver --port=0 &
    exec >/dev/null
    trap : TERM
    read -r _
    kill -TERM 0
    sleep 0.5
    rm -rf "$1" || { sleep 2; rm -rf "$1"; }
"#;

pub struct ChromeDriver {
    port: u16,
    /// Where browsers keep their profiles.
    pub profiles: PathBuf,
    /// Holds the pipe open for as long as this process lives.
    _watcher: Child,
}

impl ChromeDriver {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends a session and its browser. Blocks for a moment, and works in a `drop`.
    pub fn end(&self, session: &SessionId) {
        let request = format!("DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        let ended = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(request.as_bytes())?;
            // The first byte of the answer says that it is done; the connection stays open.
            stream.read(&mut [0])
        });
        if let Err(error) = ended {
            eprintln!("the browser may not have ended: {error}");
        }
    }
}

/// The one ChromeDriver of this process, started when first asked for.
pub fn running() -> &'static ChromeDriver {
    static RUNNING: OnceLock<ChromeDriver> = OnceLock::new();
    RUNNING.get_or_init(start)
}

fn start() -> ChromeDriver {
    let profiles =
        tempfile::Builder::new().prefix("portico-browser.").tempdir().expect("a folder for profiles").keep();
    let mut watcher = Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .arg(&profiles)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("sh starts");
    let stdout = watcher.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        })
        .expect("ChromeDriver starts; scripts/test installs it");
    // Somebody must go on reading, or ChromeDriver would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    ChromeDriver { port, profiles, _watcher: watcher }
}
