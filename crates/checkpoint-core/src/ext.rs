use std::future::Future;

use crate::{
    Applied, Checkpoint, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write,
};

/// Shorter calls for every store.
pub trait CheckpointStoreExt: CheckpointStore {
    /// The checkpoint of `id`: without a position if it was never stored.
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::read`].
    fn load(&self, id: &CheckpointId) -> impl Future<Output = Result<Checkpoint>> + Send {
        async move {
            let record = self.read(id).await?;
            Ok(record.map_or_else(|| Checkpoint::new(id.clone(), None), |record| record.checkpoint))
        }
    }

    /// Stores `checkpoint` if that does not let its position go back, without state, at epoch 0: for consumers that
    /// never claim.
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::write`].
    fn store(&self, checkpoint: &Checkpoint) -> impl Future<Output = Result<Outcome>> + Send {
        let write = Write::advance(checkpoint.clone());
        async move { self.write(&write).await }
    }

    /// Puts `id` to `position`, whatever it was, without state: claims it for `owner`, so that a running consumer is
    /// fenced and not raced, then overwrites. Returns the record as it was written.
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::claim`] and [`CheckpointStore::write`]. [`ErrorKind::Unavailable`] if somebody else
    /// claimed or deleted the checkpoint in between: the position is not changed then; look who it was, and try
    /// again. After any other failed write the checkpoint is claimed, so the consumer is fenced all the same.
    fn reset(
        &self,
        id: &CheckpointId,
        position: Option<u64>,
        owner: &str,
    ) -> impl Future<Output = Result<Record>> + Send {
        async move {
            let write = Write::overwrite(Checkpoint::new(id.clone(), position));
            write.validate().map_err(|invalid| invalid.with_store(self.name()).with_operation(Operation::Write))?;
            let claimed = self.claim(id, owner).await?;
            let write = write.with_epoch(claimed.epoch);
            match self.write(&write).await? {
                Outcome::Stored => {
                    let updated_at = claimed.updated_at;
                    Ok(Record { checkpoint: write.checkpoint, state: write.state, updated_at, ..claimed })
                }
                refused => {
                    let message = format!(
                        "checkpoint {id:?} was taken by somebody else during its reset ({}); try again",
                        refused.as_str()
                    );
                    Err(Error::new(ErrorKind::Unavailable, message)
                        .with_store(self.name())
                        .with_operation(Operation::Write)
                        .with_applied(Applied::No))
                }
            }
        }
    }
}

impl<S: CheckpointStore + ?Sized> CheckpointStoreExt for S {}
