#![doc = include_str!("../README.md")]

mod shards;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use checkpoint_core::{
    CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};

use crate::shards::Shards;

/// Keeps checkpoints in memory, until the last clone is dropped.
///
/// A clone is cheap and shares the records. Ids are spread over several locks, so that tasks that work on different
/// checkpoints do not wait for each other; no lock is held across an `await`.
///
/// # Durability
///
/// None: the records are gone with the process.
///
/// # Cancel safety
///
/// Every call is done when it is first polled; `write_many` is one call, too.
#[derive(Clone, Default)]
pub struct MemoryStore {
    shards: Arc<Shards>,
}

impl MemoryStore {
    const NAME: &'static str = "memory";

    /// A store without records.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Without the records: a state may be large, and not for everybody's eyes.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for MemoryStore {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        Ok(self.shards.lock(id).get(id).cloned())
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate().map_err(|invalid| of(invalid, Operation::Write))?;
        Ok(self.shards.write(write))
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Write::validate_many(writes).map_err(|invalid| of(invalid, Operation::WriteMany))?;
        Ok(writes.iter().map(|write| self.shards.write(write)).collect())
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let mut records = self.shards.lock(id);
        let record = Record::claimed(records.get(id), id, owner, SystemTime::now())
            .map_err(|invalid| of(invalid, Operation::Claim))?;
        records.insert(id.clone(), record.clone());
        Ok(record)
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        Ok(self.shards.lock(id).remove(id).is_some())
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        Ok(self.shards.list(prefix, after, limit))
    }
}

fn of(error: Error, operation: Operation) -> Error {
    debug_assert_eq!(error.kind(), ErrorKind::Invalid, "nothing else can go wrong in memory");
    error.with_store(MemoryStore::NAME).with_operation(operation)
}
