//! Redis servers that a test starts for itself, to stop them or to set them up as it likes.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use checkpoint::RedisStore;
use checkpoint::redis::redis::{Client, Connection, cmd};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const PROGRAM: &str = "redis-server";

/// A server that listens on a Unix socket, and keeps what it was told also when it is killed. Dropping it kills it.
pub(crate) struct OwnServer {
    directory: TempDir,
    settings: Vec<String>,
    process: Child,
}

impl OwnServer {
    /// None, and a word on standard error, where no `redis-server` is installed.
    pub(crate) async fn start(settings: &[&str]) -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let Some(process) = spawn(&directory, &settings) else {
            eprintln!("skipped: {PROGRAM} is not installed, and this test starts one of its own");
            return None;
        };
        let server = Self { directory, settings, process };
        server.is_ready().await;
        Some(server)
    }

    /// As `kill -9` does.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again, with what it had stored.
    pub(crate) async fn restart(&mut self) {
        self.process = spawn(&self.directory, &self.settings).unwrap();
        self.is_ready().await;
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.path("socket").display())
    }

    pub(crate) async fn open(&self) -> RedisStore {
        RedisStore::connect(&self.url()).await.unwrap()
    }

    /// A connection of our own, to look and to tamper.
    pub(crate) fn connection(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// With whatever; while it loads what it had stored it refuses.
    fn answers(&self) -> bool {
        let connection = Client::open(self.url()).unwrap().get_connection();
        let answer = connection.and_then(|mut connection| cmd("PING").exec(&mut connection));
        answer.map_or_else(|error| error.code() == Some("NOAUTH"), |()| true)
    }

    async fn is_ready(&self) {
        let asks = async {
            while !self.answers() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), asks).await.expect("the server starts");
    }
}

fn spawn(directory: &TempDir, settings: &[String]) -> Option<Child> {
    Command::new(PROGRAM)
        .args(["--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "yes", "--appendfsync", "always"])
        .args(settings)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
