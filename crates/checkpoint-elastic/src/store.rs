use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use checkpoint_core::{CheckpointId, CheckpointStore, Error, Operation, Outcome, Record, Result, Write, async_trait};
use elasticsearch::Elasticsearch;

use crate::STORE;
use crate::names::{DEFAULT_INDEX, Names};
use crate::read::Content;
use crate::seen::Seen;

/// Checkpoints in an index of Elasticsearch: a document each.
///
/// A clone is cheap, and shares what was seen of the documents' versions: at most 1 MiB, for 14,336 checkpoints. Set the index
/// up once with [`migrate`](Self::migrate); until then calls answer [`NotReady`](checkpoint_core::ErrorKind::NotReady).
///
/// # Durability
///
/// What was answered is in the translog of the primary shard and of every replica in sync, and was synced to their disks
/// (`index.translog.durability: request`, the default: [`verify`](Self::verify) checks it).
///
/// # Cancel safety
///
/// A dropped call has changed either everything or nothing; of `write_many`, any part of the writes, each of them whole.
#[derive(Clone)]
pub struct ElasticStore {
    pub(crate) client: Elasticsearch,
    pub(crate) names: Names,
    seen: Arc<Mutex<Seen>>,
}

impl ElasticStore {
    /// A store in the index `checkpoint` of the cluster that `client` talks to. Asks nothing of the server yet.
    ///
    /// Give the client's transport a timeout: without one, a call to a server that hangs does not end.
    pub fn new(client: Elasticsearch) -> Self {
        let names = Names::new(DEFAULT_INDEX).expect("the default is a name");
        Self { client, names, seen: Arc::default() }
    }

    /// The same store in another index, or in the one that an alias of this name stands for. Writes go through the alias
    /// `<index>-write`, which [`migrate`](Self::migrate) makes.
    ///
    /// # Errors
    ///
    /// [`Invalid`](checkpoint_core::ErrorKind::Invalid) where Elasticsearch takes no such name.
    pub fn with_index(self, index: &str) -> Result<Self> {
        let names = Names::new(index).map_err(|invalid| invalid.with_store(STORE))?;
        Ok(Self { names, seen: Arc::default(), ..self })
    }

    /// The index that holds the checkpoints.
    pub fn index(&self) -> &str {
        &self.names.index
    }

    /// What was seen of the documents. Never held while waiting.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Says of an error which call failed.
pub(crate) fn during(operation: Operation) -> impl Fn(Error) -> Error {
    move |error| error.with_store(STORE).with_operation(operation)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for ElasticStore {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let found = self.find(id, Content::Everything).await.map_err(during(Operation::Read))?;
        Ok(found.map(|(record, _)| record))
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let during = during(Operation::Write);
        write.validate().map_err(&during)?;
        self.write_one(write).await.map_err(during)
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        let during = during(Operation::WriteMany);
        Write::validate_many(writes).map_err(&during)?;
        self.write_all(writes).await.map_err(during)
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let during = during(Operation::Claim);
        Record::check_owner(owner).map_err(&during)?;
        self.claim_one(id, owner).await.map_err(during)
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        self.delete_one(id).await.map_err(during(Operation::Delete))
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.list_after(prefix, after, limit).await.map_err(during(Operation::List))
    }
}

impl fmt::Debug for ElasticStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElasticStore").field("index", &self.names.index).finish_non_exhaustive()
    }
}
