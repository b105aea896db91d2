//! A part of the shared server that one test has for itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use checkpoint::RedisStore;
use checkpoint::redis::redis::{Client, Commands, Connection};
use checkpoint::testkit::Profile;
use checkpoint::{Checkpoint, CheckpointId, Operation, Write};
use integration_tests::servers::{self, Server};
use url::Url;

/// A prefix for keys. Dropping it deletes them.
pub(crate) struct Space {
    pub(crate) server: String,
    pub(crate) prefix: String,
}

impl Space {
    /// None where there is no server.
    pub(crate) fn new() -> Option<Self> {
        static SPACES: AtomicU64 = AtomicU64::new(0);
        let server = servers::url(Server::Redis)?;
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let space = SPACES.fetch_add(1, Ordering::Relaxed);
        Some(Self { server, prefix: format!("test-{since:x}-{:x}-{space}:", std::process::id()) })
    }

    /// The server's URL with this prefix.
    pub(crate) fn url(&self) -> String {
        with_parameters(&self.server, &[("prefix", &self.prefix)])
    }

    /// A store with a connection of its own.
    pub(crate) async fn open(&self) -> RedisStore {
        RedisStore::connect(&self.url()).await.unwrap()
    }

    /// A connection of our own, to look and to tamper.
    pub(crate) fn connection(&self) -> Connection {
        Client::open(&*self.server).unwrap().get_connection().unwrap()
    }

    pub(crate) fn key(&self, id: &CheckpointId) -> String {
        format!("{}{id}", self.prefix)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let mut connection = self.connection();
        let keys: Vec<Vec<u8>> =
            connection.scan_match(format!("{}*", self.prefix)).unwrap().map(Result::unwrap).collect();
        for keys in keys.chunks(1_000) {
            let _: () = connection.del(keys).unwrap();
        }
    }
}

/// The same URL with further parameters.
pub(crate) fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = Url::parse(url).unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    url.into()
}

pub(crate) fn id(id: &str) -> CheckpointId {
    CheckpointId::new(id).unwrap()
}

pub(crate) fn profile() -> Profile {
    Profile::new().durable().shared().supporting([Operation::Claim, Operation::Delete, Operation::List]).over_network()
}

pub(crate) fn advance(name: &str, position: u64) -> Write {
    Write::advance(Checkpoint::new(id(name), position))
}
