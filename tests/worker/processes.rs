//! Real processes, killed as `kill -9` does.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use portico::{domain::id::DeliveryId, store::Database};
use tempfile::TempDir;

use crate::{
    support::databases::{Kind, on_both},
    support::rig::{Lane, Rig, insert, until},
};

on_both!(processes_that_are_killed_at_any_moment_lose_nothing);

/// The master key of a world, in base64.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const LANES: usize = 12;
/// Attempts that one process has on their way or not written down, at most: of each lane those at
/// once and those of a group that is being written.
const IN_FLIGHT: usize = LANES * 16 + 500;

/// `portico worker`, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    _folder: TempDir,
}

impl Process {
    pub(crate) fn start(rig: &Rig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority: PathBuf = folder.path().join("authority.pem");
        std::fs::write(&authority, &rig.receiver.authority_pem).expect("written");
        let url = match &rig.world.database.database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url.clone(),
        };
        let child = Command::new(env!("CARGO_BIN_EXE_portico"))
            .arg("worker")
            .current_dir(folder.path())
            .env_clear()
            .env("PORTICO_DATABASE_URL", url)
            .env("PORTICO_SECRET_KEY", KEY)
            .env("PORTICO_WEBHOOK_ALLOW_NETS", "127.0.0.0/8")
            .env("PORTICO_WEBHOOK_CA_FILE", &authority)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self { child: child.expect("the program starts"), _folder: folder }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn publish(rig: &Rig, lanes: &[Lane], count: usize) -> Vec<DeliveryId> {
    let mut tx = rig.world.database.begin().await;
    let mut made = Vec::new();
    for number in 0..count {
        made.push(insert(&mut tx, rig.ctx(), lanes[number % LANES]).await);
    }
    let ids: Vec<_> = lanes.iter().map(|lane| lane.id).collect();
    tx.due_lanes(&ids, rig.ctx().now()).await.expect("due");
    tx.commit().await.expect("it holds");
    made
}

/// Over PostgreSQL two processes share the queue all the time; over SQLite one follows the other.
async fn processes_that_are_killed_at_any_moment_lose_nothing(kind: Kind) {
    const KILLS: usize = 5;
    let rig = Rig::new(kind).await;
    // Deliveries were made long ago by the clock of the processes, which is the machine's.
    rig.world.clock.advance(portico::domain::time::Span::days(-1_000));
    let mut lanes = Vec::new();
    for number in 0..LANES {
        let app = crate::support::rig::active_app(&rig.world, &rig.owner, &format!("App {number}")).await;
        lanes.push(rig.lane_of(&rig.owner, &app, &format!("/{number}")).await);
    }
    let survivor = (kind == Kind::Postgres).then(|| Process::start(&rig));
    let mut ledger = Vec::new();
    for kill in 0..KILLS {
        let before = rig.receiver.received().len();
        let process = Process::start(&rig);
        ledger.extend(publish(&rig, &lanes, 400).await);
        // The lanes of those that were killed are still leased, so now and then nothing comes.
        if kill == 0 {
            rig.receiver.wait_for(before + 1).await;
        }
        let random = u64::from(portico::crypto::random::<1>()[0]);
        tokio::time::sleep(Duration::from_millis(50 + 5 * random)).await;
        ledger.extend(publish(&rig, &lanes, 100).await);
        drop(process);
    }
    let last = survivor.unwrap_or_else(|| Process::start(&rig));
    let waiting = "select cast(count(*) as text) from deliveries where status <> 'succeeded'";
    until("an empty queue", async || rig.world.database.texts(waiting).await == ["0"]).await;
    drop(last);
    let mut times: HashMap<String, usize> = HashMap::new();
    for received in rig.receiver.received() {
        *times.entry(received.header("webhook-id").expect("an id").to_owned()).or_default() += 1;
    }
    let lost: Vec<_> = ledger.iter().filter(|id| !times.contains_key(&id.to_string())).collect();
    assert!(lost.is_empty(), "of {} were lost: {lost:?}", ledger.len());
    let again = times.values().sum::<usize>() - times.len();
    assert!(again <= KILLS * IN_FLIGHT, "{again} of {} came again after {KILLS} kills", ledger.len());
    let attempts = "select 'one' from attempts group by delivery_id, number having count(*) > 1";
    assert!(rig.world.database.texts(attempts).await.is_empty());
}
