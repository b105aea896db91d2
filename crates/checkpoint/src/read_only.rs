use checkpoint_core::{
    CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};

/// A store that is only looked at: changes are answered `Denied`.
#[derive(Debug)]
pub(crate) struct ReadOnly<S>(S);

impl<S: CheckpointStore> ReadOnly<S> {
    pub(crate) fn new(store: S) -> Self {
        Self(store)
    }

    fn denied<T>(&self, operation: Operation) -> Result<T> {
        let message = "the store was opened for reading only; open it for writing";
        Err(Error::new(ErrorKind::Denied, message).with_store(self.0.name()).with_operation(operation))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: CheckpointStore> CheckpointStore for ReadOnly<S> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.0.read(id).await
    }

    async fn write(&self, _: &Write) -> Result<Outcome> {
        self.denied(Operation::Write)
    }

    async fn write_many(&self, _: &[Write]) -> Result<Vec<Outcome>> {
        self.denied(Operation::WriteMany)
    }

    async fn claim(&self, _: &CheckpointId, _: &str) -> Result<Record> {
        self.denied(Operation::Claim)
    }

    async fn delete(&self, _: &CheckpointId) -> Result<bool> {
        self.denied(Operation::Delete)
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.0.list(prefix, after, limit).await
    }
}
