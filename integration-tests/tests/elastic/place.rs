//! An index of the shared server that one test has for itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use checkpoint::elastic::elasticsearch::Elasticsearch;
use checkpoint::elastic::elasticsearch::http::headers::HeaderMap;
use checkpoint::elastic::elasticsearch::http::request::JsonBody;
use checkpoint::elastic::elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use checkpoint::elastic::elasticsearch::http::{Method, Url};
use checkpoint::testkit::Profile;
use checkpoint::{Checkpoint, CheckpointId, ElasticStore, Operation, Write};
use integration_tests::servers::{self, Server};
use serde_json::Value;

/// An index. Dropping it deletes it.
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) index: String,
}

impl Place {
    /// An index that is set up; none where there is no server.
    pub(crate) async fn new() -> Option<Self> {
        let place = Self::unmade()?;
        place.open().migrate().await.unwrap();
        Some(place)
    }

    /// The name of an index that is not there.
    pub(crate) fn unmade() -> Option<Self> {
        Some(Self { server: servers::url(Server::Elastic)?, index: unique("test") })
    }

    /// The store's URL.
    pub(crate) fn url(&self) -> String {
        let mut url = Url::parse(&self.server).unwrap();
        url.path_segments_mut().unwrap().pop_if_empty().push(&self.index);
        format!("elasticsearch+{url}")
    }

    pub(crate) fn alias(&self) -> String {
        format!("{}-write", self.index)
    }

    /// A store with connections of its own.
    pub(crate) fn open(&self) -> ElasticStore {
        self.store(&self.server)
    }

    /// A store in this index, by way of another URL.
    pub(crate) fn store(&self, server: &str) -> ElasticStore {
        ElasticStore::new(client(server)).with_index(&self.index).unwrap()
    }

    /// A request of the test's own, that must succeed.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = ask(&self.server, method, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// Settings of the index.
    pub(crate) async fn set(&self, settings: Value) {
        self.ask(Method::Put, &format!("{}/_settings", self.index), Some(settings)).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (server, index) = (self.server.clone(), self.index.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let delete = async move {
            ask(&server, Method::Put, &format!("{index}/_settings"), Some(unblocked())).await;
            ask(&server, Method::Delete, &index, None).await
        };
        std::thread::spawn(move || runtime.block_on(delete)).join().unwrap();
    }
}

fn unblocked() -> Value {
    serde_json::json!({ "index.blocks.read_only": null, "index.blocks.write": null, "index.blocks.read_only_allow_delete": null })
}

pub(crate) async fn ask(server: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let transport = client(server).transport().clone();
    let body = body.map(JsonBody::new);
    let sent = transport.send(method, path, HeaderMap::new(), None::<&()>, body, None).await;
    let answer = sent.unwrap_or_else(|error| panic!("{path}: {error}"));
    let status = answer.status_code().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

pub(crate) fn client(server: &str) -> Elasticsearch {
    let pool = SingleNodeConnectionPool::new(Url::parse(server).unwrap());
    let transport = TransportBuilder::new(pool).timeout(Duration::from_secs(60)).disable_proxy();
    Elasticsearch::new(transport.build().unwrap())
}

/// Differs between calls, processes and runs.
pub(crate) fn unique(prefix: &str) -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!("{prefix}_{since:x}_{:x}_{call}", std::process::id())
}

pub(crate) fn profile() -> Profile {
    let calls = [Operation::Claim, Operation::Delete, Operation::List];
    Profile::new().durable().shared().supporting(calls).over_network()
}

pub(crate) fn id(name: &str) -> CheckpointId {
    CheckpointId::new(name).unwrap()
}

pub(crate) fn advance(name: &str, position: u64) -> Write {
    Write::advance(Checkpoint::new(id(name), position))
}
