#![doc = include_str!("../README.md")]

use std::time::SystemTime;

use checkpoint_core::{CheckpointId, CheckpointStore, Operation, Outcome, Record, Result, Write, async_trait};

/// Remembers nothing: every call is answered as by a store that is empty each time anew.
///
/// - `read` and `list` find nothing, `delete` has nothing to delete.
/// - `write` checks its arguments, answers [`Outcome::Stored`] and forgets. The one exception is a compare-and-set that
///   expects a position: nothing is held, so it is answered `Mismatch(None)`.
/// - `claim` gives epoch 1 each time, and a write with any epoch is stored (it is never [`Outcome::Missing`]), so that
///   a consumer that claims goes on working. **Nobody is ever fenced.**
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoopStore;

impl NoopStore {
    const NAME: &'static str = "noop";

    /// A store that remembers nothing.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for NoopStore {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn read(&self, _id: &CheckpointId) -> Result<Option<Record>> {
        Ok(None)
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate().map_err(|invalid| invalid.with_store(Self::NAME).with_operation(Operation::Write))?;
        Ok(answer(write))
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Write::validate_many(writes)
            .map_err(|invalid| invalid.with_store(Self::NAME).with_operation(Operation::WriteMany))?;
        Ok(writes.iter().map(answer).collect())
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        Record::claimed(None, id, owner, SystemTime::now()).map_err(|invalid| invalid.with_store(Self::NAME))
    }

    async fn delete(&self, _id: &CheckpointId) -> Result<bool> {
        Ok(false)
    }

    async fn list(&self, _prefix: &str, _after: Option<&CheckpointId>, _limit: usize) -> Result<Vec<Record>> {
        Ok(Vec::new())
    }
}

/// What an empty store answers, whatever the epoch: the claim that it is from was forgotten as well.
fn answer(write: &Write) -> Outcome {
    Write::new(write.checkpoint.clone(), write.mode).decide(None)
}
