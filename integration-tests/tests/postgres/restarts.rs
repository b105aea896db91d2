//! A server that is stopped as by a crash and started again, while others write.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs};

use checkpoint::{CheckpointStore, CheckpointStoreExt, ErrorKind, Outcome, PostgresStore};
use tempfile::TempDir;

use crate::place::{advance, id, pool_of};

/// A server of the test's own, which listens on a socket in its directory.
struct OwnServer {
    programs: PathBuf,
    directory: TempDir,
}

impl OwnServer {
    /// None where PostgreSQL's programs are not on this machine.
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: initdb and pg_ctl are not installed");
            return None;
        };
        let server = Self { programs, directory: TempDir::new().unwrap() };
        if is_root() {
            assert!(run(Command::new("chown").arg("nobody").arg(server.directory.path())));
        }
        let mut initdb = server.program("initdb");
        assert!(run(initdb.args([
            "--username=checkpoint",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync"
        ])));
        server.control(&["start"]);
        Some(server)
    }

    fn url(&self) -> String {
        format!("postgres:///postgres?user=checkpoint&host={}", self.directory.path().display())
    }

    /// As a crash: what was not committed is lost, and the server reads its log when it starts.
    fn crash_and_start(&self) {
        self.control(&["stop", "--mode=immediate"]);
        self.control(&["start"]);
    }

    fn control(&self, arguments: &[&str]) {
        let directory = self.directory.path().display();
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{directory}'");
        let mut control = self.program("pg_ctl");
        control.args(["--wait", "--silent", "--log", &format!("{directory}/log"), "--options", &options]);
        assert!(run(control.args(arguments)), "{arguments:?}");
    }

    /// PostgreSQL's programs refuse to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "nobody", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.arg("--pgdata").arg(self.directory.path().join("data")).current_dir("/");
        command
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = self.program("pg_ctl").args(["stop", "--mode=immediate", "--silent"]).status();
    }
}

fn run(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).status().unwrap().success()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

/// On the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let debian =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    debian.chain(env::split_paths(&path)).find(|directory: &PathBuf| has_programs(directory))
}

fn has_programs(directory: &Path) -> bool {
    directory.join("initdb").exists() && directory.join("pg_ctl").exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stored_survives_crashes_and_nothing_goes_back() {
    let Some(server) = OwnServer::start() else { return };
    let store = PostgresStore::new(pool_of(4, &server.url()));
    store.migrate().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4).map(|number| tokio::spawn(write_on(store.clone(), number, Arc::clone(&stop)))).collect();
    let progress = async |by: u64| {
        let position = async || store.load(&id("consumer-0")).await.map_or(None, |checkpoint| checkpoint.position);
        let before = position().await;
        while position().await < before.map(|before| before + by).or(Some(by)) {}
    };
    for _ in 0..3 {
        progress(100).await;
        tokio::task::block_in_place(|| server.crash_and_start());
    }
    progress(100).await;
    stop.store(true, Ordering::Relaxed);
    for (number, task) in tasks.into_iter().enumerate() {
        let (stored, tried) = task.await.unwrap();
        let held = store.load(&id(&format!("consumer-{number}"))).await.unwrap().position.unwrap();
        assert!(stored <= held && held <= tried, "{stored} {held} {tried}");
    }
}

/// Writes until it is told to stop; the last position that was stored, and the last one that was tried.
async fn write_on(store: PostgresStore, number: u64, stop: Arc<AtomicBool>) -> (u64, u64) {
    let name = format!("consumer-{number}");
    let (mut stored, mut tried) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        tried += 1;
        match store.write(&advance(&name, tried)).await {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Stored);
                stored = tried;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
        }
    }
    (stored, tried)
}
