//! A part of the shared server that one test has for itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use checkpoint::mongo::mongodb::bson::{Document, doc};
use checkpoint::mongo::mongodb::{Client, Collection};
use checkpoint::testkit::Profile;
use checkpoint::{Checkpoint, CheckpointId, MongoStore, Operation, Write};
use integration_tests::servers::{self, Server};
use url::Url;

/// A database. Dropping it drops what is in it.
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) database: String,
}

impl Place {
    /// The name of a database that is not there; none where there is no server.
    pub(crate) fn new() -> Option<Self> {
        Some(Self { server: servers::url(Server::Mongo)?, database: unique() })
    }

    /// The server's URL with this database. The server may be a slow one, as test-servers/mongo is with many documents.
    pub(crate) fn url(&self) -> String {
        url_of(&self.server, &self.database, &[("timeoutMS", "300000")])
    }

    /// A store with a client of its own.
    pub(crate) async fn open(&self) -> MongoStore {
        MongoStore::connect(&self.url()).await.unwrap()
    }

    /// A store in the layout of Eventuous.
    pub(crate) async fn open_eventuous(&self) -> MongoStore {
        let url = url_of(&self.server, &self.database, &[("layout", "eventuous")]);
        MongoStore::connect(&url).await.unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        Client::with_uri_str(&self.server).await.unwrap()
    }

    /// The documents as they are, to look and to tamper.
    pub(crate) async fn documents(&self) -> Collection<Document> {
        self.client().await.database(&self.database).collection("checkpoint")
    }

    pub(crate) async fn document(&self, id: &str) -> Document {
        self.documents().await.find_one(doc! { "_id": id }).await.unwrap().unwrap()
    }

    pub(crate) async fn insert(&self, document: Document) {
        self.documents().await.insert_one(document).await.unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (server, database) = (self.server.clone(), self.database.clone());
        let drop = async move {
            let client = Client::with_uri_str(&server).await.unwrap();
            client.database(&database).drop().await.unwrap();
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || runtime.block_on(drop)).join().unwrap();
    }
}

/// Differs between calls, processes and runs.
fn unique() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!("test_{since:x}_{:x}_{call}", std::process::id())
}

/// The server's URL with a database and further parameters. Users are in the database `admin`, as without one.
pub(crate) fn url_of(server: &str, database: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = Url::parse(server).unwrap();
    url.set_path(database);
    if !url.username().is_empty() && !url.query_pairs().any(|(name, _)| name == "authSource") {
        url.query_pairs_mut().append_pair("authSource", "admin");
    }
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    url.into()
}

pub(crate) fn profile() -> Profile {
    let calls = [Operation::Claim, Operation::Delete, Operation::List];
    Profile::new().durable().shared().supporting(calls).over_network()
}

pub(crate) fn id(name: &str) -> CheckpointId {
    CheckpointId::new(name).unwrap()
}

pub(crate) fn at(name: &str, position: impl Into<Option<u64>>) -> Checkpoint {
    Checkpoint::new(id(name), position)
}

pub(crate) fn advance(name: &str, position: u64) -> Write {
    Write::advance(at(name, position))
}
