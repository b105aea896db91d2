use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Applied, CheckpointId, Error, Operation, Outcome, Record, Result, Write};

/// Where checkpoints are kept.
///
/// A store writes through: it never batches, delays or retries. What it must answer is defined by
/// [`Write::decide`], and deciding and writing are one atomic step. `read` and `write` are enough for a store; what
/// it cannot do beyond that says [`Unsupported`](crate::ErrorKind::Unsupported).
///
/// # Durability
///
/// When `write` returns [`Outcome::Stored`], the write survives what the backend's own durability promises; each
/// store's documentation says what that is. The same holds for `write_many`, `claim` and `delete`.
///
/// # Cancel safety
///
/// A dropped future has either written the whole write or nothing; of `write_many`, any part of the writes, each of
/// them whole.
#[async_trait]
pub trait CheckpointStore: Debug + Send + Sync + 'static {
    /// A short name for messages, spans and metrics, such as `"postgres"`.
    fn name(&self) -> &'static str {
        "custom"
    }

    /// The record of `id`, or `None` if there is none. Has no side effect.
    ///
    /// # Errors
    ///
    /// What the backend fails with, as the [`ErrorKind`](crate::ErrorKind) that says what to do.
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>>;

    /// Writes position and state if [`Write::decide`] says so; creates what is missing.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if [`Write::validate`] says so, else what the backend fails with;
    /// [`Error::applied`] says whether the write may have happened.
    async fn write(&self, write: &Write) -> Result<Outcome>;

    /// Writes many checkpoints and answers one outcome a write, in their order. Each write stands alone: some may be
    /// stored and others not. A write that somebody else blocks may be answered [`Outcome::Contended`].
    ///
    /// Provided: one by one.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), before anything is written, if [`Write::validate_many`] says so: also
    /// when one id is there twice. Else what the backend fails with; then any part of the writes may have happened.
    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Write::validate_many(writes)
            .map_err(|invalid| invalid.with_store(self.name()).with_operation(Operation::WriteMany))?;
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            let outcome = self.write(write).await.map_err(|error| match outcomes.is_empty() {
                true => error,
                false => error.with_applied(Applied::Unknown),
            })?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Takes the checkpoint over: adds one to its epoch in one atomic step and returns the record, creating it with no
    /// position where it is missing. Whoever claims last owns the checkpoint; every write with a smaller epoch is
    /// [`Fenced`](Outcome::Fenced) from then on. `owner` is a label for people, such as `host:pid`.
    ///
    /// Provided: `Unsupported`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) where [`Record::claimed`] says so; else what the backend fails with.
    /// Where the claim may have happened all the same ([`Applied::Unknown`]), claim again.
    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let _ = (id, owner);
        Err(Error::unsupported(self.name(), Operation::Claim))
    }

    /// Deletes the record with its state and epoch and says whether there was one. It asks for no epoch: stop the
    /// consumers first. One that runs on is answered [`Missing`](Outcome::Missing), until somebody claims the id again:
    /// epochs then begin anew.
    ///
    /// Provided: `Unsupported`.
    ///
    /// # Errors
    ///
    /// What the backend fails with.
    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        let _ = id;
        Err(Error::unsupported(self.name(), Operation::Delete))
    }

    /// At most `limit` records whose ids begin with `prefix` and come after `after`, in the order of the ids' bytes. With an
    /// empty prefix these are all but those that belong to another checkpoint ([`CheckpointId::is_beside`]), which may be large.
    /// A page that is not full is the last one. A listing of several pages shows every record that is there all
    /// the time just once.
    ///
    /// Provided: `Unsupported`.
    ///
    /// # Errors
    ///
    /// What the backend fails with.
    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let _ = (prefix, after, limit);
        Err(Error::unsupported(self.name(), Operation::List))
    }
}

/// A pointer to a store is that store: every call is passed on.
macro_rules! forward {
    ($pointer:ty) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: CheckpointStore + ?Sized> CheckpointStore for $pointer {
            fn name(&self) -> &'static str {
                (**self).name()
            }

            async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
                (**self).read(id).await
            }

            async fn write(&self, write: &Write) -> Result<Outcome> {
                (**self).write(write).await
            }

            async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
                (**self).write_many(writes).await
            }

            async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
                (**self).claim(id, owner).await
            }

            async fn delete(&self, id: &CheckpointId) -> Result<bool> {
                (**self).delete(id).await
            }

            async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
                (**self).list(prefix, after, limit).await
            }
        }
    };
}

forward!(Arc<S>);
forward!(Box<S>);
