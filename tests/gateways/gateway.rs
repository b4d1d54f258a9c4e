//! A gateway that runs, whichever it is.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::site::free_address;

/// What a gateway's module must say of it.
pub(crate) struct Program {
    /// The file of the documentation; it names Portico at 127.0.0.1:8080, the API at
    /// 127.0.0.1:9000, and listens on port 8000.
    pub(crate) file: &'static str,
    /// Makes that text a whole configuration, for a run in this folder.
    pub(crate) whole: fn(&str, &Path) -> String,
    /// What is run with the configuration's path in this folder.
    pub(crate) command: fn(&Path, &Path) -> Command,
    /// The gateway that it stands in front of, if it asks nothing itself.
    pub(crate) in_front_of: Option<&'static Self>,
    /// In which language `docs/gateways.md` shows how it answers preflights, and before which line
    /// that goes.
    pub(crate) preflights: Option<(&'static str, &'static str)>,
    /// Whether a client whose call passes is told what its account has left.
    pub(crate) tells_what_is_left: bool,
}

impl Program {
    /// The configuration of the documentation, with preflights answered as it says there.
    pub(crate) fn with_preflights(&self) -> String {
        let (language, before) = self.preflights.expect("it answers them");
        let guide = fs::read_to_string("docs/gateways.md").expect("the guide");
        let (_, shown) = guide.split_once(&format!("```{language}\n")).expect("what is shown");
        let (shown, _) = shown.split_once("```").expect("its end");
        let site = fs::read_to_string(self.file).expect("the documented configuration");
        assert!(site.contains(before), "{before} in {site}");
        site.replacen(before, &format!("{shown}{before}"), 1)
    }
}

/// It ends with the test.
pub(crate) struct Gateway {
    pub(crate) url: String,
    child: Child,
    behind: Option<Box<Self>>,
    _folder: TempDir,
}

impl Gateway {
    /// Starts the program in front of Portico and the API, and waits until it listens.
    pub(crate) fn start(program: &Program, portico: &str, api: SocketAddr) -> Self {
        let site = fs::read_to_string(program.file).expect("the documented configuration");
        let behind = program.in_front_of.map(|behind| Box::new(Self::start(behind, portico, api)));
        let next = behind.as_ref().map_or(api, |behind| behind.address());
        let mut gateway = Self::start_with(&site, program, portico, next);
        gateway.behind = behind;
        gateway
    }

    fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().expect("an address")
    }

    /// Starts it with another configuration than that of its file.
    pub(crate) fn start_with(site: &str, program: &Program, portico: &str, api: SocketAddr) -> Self {
        let listen = free_address();
        let site = site
            .replace("127.0.0.1:8080", portico.trim_start_matches("http://"))
            .replace("127.0.0.1:9000", &api.to_string())
            .replace(":8000", &format!(":{}", listen.port()));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("configuration");
        fs::write(&path, (program.whole)(&site, folder.path())).expect("the configuration is written");
        let mut command = (program.command)(&path, folder.path());
        let log = folder.path().join("stderr");
        let stderr = File::create(&log).expect("a file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().expect("it is installed; scripts/test does so");
        let mut gateway = Self { url: format!("http://{listen}"), child, behind: None, _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(listen).is_err() {
            let ended = gateway.child.try_wait().expect("a child");
            let waits = ended.is_none() && began.elapsed() < Duration::from_secs(30);
            assert!(waits, "it does not listen: {}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
        gateway
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // SIGTERM would leave what is in flight a moment; nobody waits for it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
