//! A server that is killed and started again, while others write.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs};

use checkpoint::elastic::elasticsearch::cluster::ClusterHealthParts;
use checkpoint::{CheckpointStore, CheckpointStoreExt, ElasticStore, ErrorKind, Outcome};
use tempfile::TempDir;

use crate::place::{advance, client, id};

/// A server of the test's own, of the parts that `cargo xtask test` has built.
struct OwnServer {
    java: PathBuf,
    parts: PathBuf,
    directory: TempDir,
    port: u16,
    process: Option<Child>,
}

impl OwnServer {
    /// None where Java is not on this machine, or no server was built.
    async fn start() -> Option<Self> {
        let parts = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-servers").join("elasticsearch");
        let (Some(java), true) = (java(), parts.join("classes").is_dir()) else {
            eprintln!("skipped: no Java 21, or `cargo xtask test` has built no Elasticsearch");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { java, parts, directory: TempDir::new().unwrap(), port, process: None };
        server.run().await;
        Some(server)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn kill_and_start(&mut self) {
        self.kill();
        self.run().await;
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    async fn run(&mut self) {
        let mut command = Command::new(&self.java);
        command.args([
            "-Xms512m",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED",
        ]);
        command.args([
            "-cp",
            &format!("{0}/classes:{0}/jars/*", self.parts.display()),
            "org.elasticsearch.node.SingleNode",
        ]);
        command.arg(self.directory.path()).arg(self.port.to_string());
        self.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let client = client(&self.url());
        let ready = async || {
            let health = client.cluster();
            let health = health
                .health(ClusterHealthParts::None)
                .wait_for_status(checkpoint::elastic::elasticsearch::params::WaitForStatus::Yellow);
            health.send().await.is_ok_and(|answer| answer.status_code().is_success())
        };
        while !ready().await {
            assert!(self.process.as_mut().unwrap().try_wait().unwrap().is_none(), "it ends at once");
        }
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// From version 21 on.
fn java() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path());
    let homes = env::var_os("JAVA_HOME").map(PathBuf::from).into_iter().chain(installed);
    homes.filter(|home| version(home).is_some_and(|version| version >= 21)).map(|home| home.join("bin/java")).next()
}

fn version(home: &Path) -> Option<u32> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let version = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    version.split(['.', '"']).next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stored_survives_kills_and_nothing_goes_back() {
    let Some(mut server) = OwnServer::start().await else { return };
    let store = ElasticStore::new(client(&server.url()));
    store.migrate().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4).map(|number| tokio::spawn(write_on(store.clone(), number, Arc::clone(&stop)))).collect();
    let progress = async |by: u64| {
        let position = async || store.load(&id("consumer-0")).await.map_or(None, |checkpoint| checkpoint.position);
        let before = position().await;
        while position().await < before.map(|before| before + by).or(Some(by)) {}
    };
    for _ in 0..2 {
        progress(50).await;
        server.kill_and_start().await;
    }
    progress(50).await;
    stop.store(true, Ordering::Relaxed);
    for (number, task) in tasks.into_iter().enumerate() {
        let (stored, tried) = task.await.unwrap();
        let held = store.load(&id(&format!("consumer-{number}"))).await.unwrap().position.unwrap();
        assert!(stored <= held && held <= tried, "{stored} {held} {tried}");
    }
}

/// Writes until it is told to stop; the last position that was stored, and the last one that was tried.
async fn write_on(store: ElasticStore, number: u64, stop: Arc<AtomicBool>) -> (u64, u64) {
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
