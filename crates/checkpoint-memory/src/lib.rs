#![doc = include_str!("../README.md")]

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use checkpoint_core::{
    CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};

type Records = BTreeMap<CheckpointId, Record>;

/// Keeps checkpoints in memory, until the last clone is dropped.
///
/// A clone is cheap and shares the records. They are under one lock, which is never held across an `await`: spreading
/// them over several locks gains little for writes, and costs more for reads and lists.
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
    records: Arc<Mutex<Records>>,
}

impl MemoryStore {
    const NAME: &'static str = "memory";

    /// A store without records.
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic cannot leave the map half changed, since what is inserted is made before; so a poisoned lock is a good
    /// one.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
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
        Ok(self.records().get(id).cloned())
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate().map_err(|invalid| of(invalid, Operation::Write))?;
        Ok(decide_and_write(&mut self.records(), write))
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Write::validate_many(writes).map_err(|invalid| of(invalid, Operation::WriteMany))?;
        let mut records = self.records();
        Ok(writes.iter().map(|write| decide_and_write(&mut records, write)).collect())
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let mut records = self.records();
        let record = Record::claimed(records.get(id), id, owner, SystemTime::now())
            .map_err(|invalid| of(invalid, Operation::Claim))?;
        records.insert(id.clone(), record.clone());
        Ok(record)
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        Ok(self.records().remove(id).is_some())
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let start = match after {
            Some(after) if after.as_str() >= prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(prefix),
        };
        let records = self.records();
        let found = records.range::<str, _>((start, Bound::Unbounded));
        let found = found.take_while(|(id, _)| id.as_str().starts_with(prefix));
        let found = found.filter(|(id, _)| !prefix.is_empty() || !id.is_beside());
        Ok(found.take(limit).map(|(_, record)| record.clone()).collect())
    }
}

fn decide_and_write(records: &mut Records, write: &Write) -> Outcome {
    let id = &write.checkpoint.id;
    let current = records.get(id);
    let outcome = write.decide(current);
    if outcome.is_stored() {
        let record = write.record(current, SystemTime::now());
        records.insert(id.clone(), record);
    }
    outcome
}

fn of(error: Error, operation: Operation) -> Error {
    debug_assert_eq!(error.kind(), ErrorKind::Invalid, "nothing else can go wrong in memory");
    error.with_store(MemoryStore::NAME).with_operation(operation)
}
