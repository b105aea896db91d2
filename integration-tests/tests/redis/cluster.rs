//! A cluster of three servers, each with a part of the keys.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use checkpoint::redis::redis::cluster::ClusterClient;
use checkpoint::redis::redis::{Client, cmd};
use checkpoint::testkit::{Harness, Profile, cases, run};
use checkpoint::{CheckpointStore, ErrorKind, Outcome, RedisStore, async_trait};
use tokio::time::{sleep, timeout};

use crate::own_server::OwnServer;
use crate::space::{advance, id, profile};

struct Cluster {
    servers: Vec<OwnServer>,
    urls: Vec<String>,
}

impl Cluster {
    async fn start() -> Option<Self> {
        let mut cluster = Self { servers: Vec::new(), urls: Vec::new() };
        for _ in 0..3 {
            let (port, bus) = free_ports();
            let [port, bus] = [port, bus].map(|port| port.to_string());
            let settings = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--port", &port, "--bind", "127.0.0.1"];
            cluster.servers.push(OwnServer::start(&settings).await?);
            cluster.urls.push(format!("redis://127.0.0.1:{port}"));
        }
        let nodes = cluster.urls.iter().map(|url| url.trim_start_matches("redis://"));
        let created = Command::new("redis-cli").args(["--cluster", "create"]).args(nodes).arg("--cluster-yes").output();
        let Ok(Output { status, stdout, .. }) = created else {
            eprintln!("skipped: redis-cli is not installed, and this test makes a cluster with it");
            return None;
        };
        assert!(status.success(), "{}", String::from_utf8_lossy(&stdout));
        cluster.is_ready().await;
        Some(cluster)
    }

    /// Every server knows that all slots are served.
    async fn is_ready(&self) {
        let asks = async {
            for server in &self.servers {
                let mut connection = server.connection();
                while !cmd("CLUSTER").arg("INFO").query::<String>(&mut connection).unwrap().contains("cluster_state:ok")
                {
                    sleep(Duration::from_millis(5)).await;
                }
            }
        };
        timeout(Duration::from_secs(60), asks).await.expect("the cluster comes up");
    }

    async fn open(&self, prefix: &str) -> RedisStore {
        let client =
            ClusterClient::builder(self.urls.clone()).response_timeout(Duration::from_secs(60)).build().unwrap();
        RedisStore::new(client.get_async_connection().await.unwrap()).with_prefix(prefix).unwrap()
    }
}

/// Ports for the clients and for the other servers.
fn free_ports() -> (u16, u16) {
    let [one, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

/// The cluster of the test that runs the cases, one after the other.
static CLUSTER: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

struct InCluster {
    cluster: Arc<Cluster>,
    prefix: String,
}

#[async_trait]
impl Harness for InCluster {
    async fn fresh() -> Option<Self> {
        let cluster = CLUSTER.lock().unwrap().upgrade().expect("the test holds it");
        Some(Self { cluster, prefix: format!("{}:", fastrand::u64(..)) })
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.cluster.open(&self.prefix).await)
    }
}

macro_rules! run_all {
    ($harness:ty; $($theme:ident::$case:ident)+) => {
        $( run::<$harness>(cases::$theme::$case).await; )+
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_contract_holds() {
    let Some(cluster) = Cluster::start().await else { return };
    let cluster = Arc::new(cluster);
    *CLUSTER.lock().unwrap() = Arc::downgrade(&cluster);
    checkpoint::testkit::__every_case!([run_all] InCluster);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_spread_and_listed_in_order() {
    let Some(cluster) = Cluster::start().await else { return };
    let store = cluster.open("checkpoint:").await;
    let writes: Vec<_> = (0..300).map(|number| advance(&format!("{number:03}"), number)).collect();
    assert_eq!(store.write_many(&writes).await.unwrap(), vec![Outcome::Stored; 300]);
    for server in &cluster.servers {
        let keys: u64 = cmd("DBSIZE").query(&mut server.connection()).unwrap();
        assert!(keys > 0, "a server has no keys");
        cmd("SCRIPT").arg("FLUSH").exec(&mut server.connection()).unwrap();
    }
    assert_eq!(store.write_many(&writes).await.unwrap(), vec![Outcome::Stored; 300]);
    let page = store.list("", Some(&id("099")), 100).await.unwrap();
    assert!(
        page.into_iter()
            .map(|record| record.checkpoint)
            .eq(writes[100..200].iter().map(|write| write.checkpoint.clone()))
    );
    assert_eq!(store.verify().await.unwrap(), []);
    store.migrate().await.unwrap();
}

#[tokio::test]
async fn a_connection_to_one_server_of_it_is_told_so() {
    let Some(cluster) = Cluster::start().await else { return };
    let connection = Client::open(&*cluster.urls[0]).unwrap().get_multiplexed_async_connection().await.unwrap();
    let store = RedisStore::new(connection);
    let mut elsewhere = None;
    for number in 0..100 {
        elsewhere = elsewhere.or(store.write(&advance(&number.to_string(), 1)).await.err());
    }
    let elsewhere = elsewhere.expect("another server has a key");
    assert_eq!(elsewhere.kind(), ErrorKind::Invalid);
    assert!(elsewhere.to_string().contains("ClusterConnection"), "{elsewhere}");
    // keys of one slot go together, others apart
    let same: Vec<_> = (0..9).map(|number| advance(&format!("{{a}}{number}"), 1)).collect();
    let own = server_of_slot_a(&cluster);
    let connection = Client::open(&*cluster.urls[own]).unwrap().get_multiplexed_async_connection().await.unwrap();
    assert_eq!(RedisStore::new(connection).write_many(&same).await.unwrap(), vec![Outcome::Stored; 9]);
}

/// Which server has the keys with the tag `{a}`.
fn server_of_slot_a(cluster: &Cluster) -> usize {
    let has_it = |server: &OwnServer| cmd("GET").arg("{a}").query::<Option<String>>(&mut server.connection()).is_ok();
    cluster.servers.iter().position(has_it).unwrap()
}
