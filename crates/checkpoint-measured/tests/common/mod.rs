//! A store that fails, and ids.

use std::io;

use checkpoint_core::{
    CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};

pub(crate) fn id(id: &str) -> CheckpointId {
    CheckpointId::new(id).expect("an allowed id")
}

/// Every call fails: the server is away.
#[derive(Debug)]
pub(crate) struct Away;

impl Away {
    fn error(operation: Operation) -> Error {
        Error::new(ErrorKind::Unavailable, "the server is away")
            .with_store("away")
            .with_operation(operation)
            .with_source(io::Error::other("connection refused"))
    }
}

#[async_trait]
impl CheckpointStore for Away {
    fn name(&self) -> &'static str {
        "away"
    }

    async fn read(&self, _: &CheckpointId) -> Result<Option<Record>> {
        Err(Self::error(Operation::Read))
    }

    async fn write(&self, _: &Write) -> Result<Outcome> {
        Err(Self::error(Operation::Write))
    }

    async fn write_many(&self, _: &[Write]) -> Result<Vec<Outcome>> {
        Err(Self::error(Operation::WriteMany))
    }

    async fn claim(&self, _: &CheckpointId, _: &str) -> Result<Record> {
        Err(Self::error(Operation::Claim))
    }

    async fn delete(&self, _: &CheckpointId) -> Result<bool> {
        Err(Self::error(Operation::Delete))
    }

    async fn list(&self, _: &str, _: Option<&CheckpointId>, _: usize) -> Result<Vec<Record>> {
        Err(Self::error(Operation::List))
    }
}
