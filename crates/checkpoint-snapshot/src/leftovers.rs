//! Records of chunks, also those that no list names any more.

use checkpoint_core::{CheckpointId, ErrorKind, Operation, Record, Result, Write};

use crate::chunk;
use crate::load::in_time;
use crate::snapshots::Snapshots;

impl Snapshots {
    /// The first record of a chunk after this one. One at a time, as each may have 8 MiB.
    pub(crate) async fn chunk_after(&self, mut after: Option<CheckpointId>) -> Result<Option<Record>> {
        let (store, prefix) = (&*self.store, chunk::prefix(&self.id));
        loop {
            let listed = in_time(store, Operation::List, self.timeout, store.list(&prefix, after.as_ref(), 1));
            match listed.await?.pop() {
                Some(other) if !chunk::is_of(&self.id, &other.checkpoint.id) => after = Some(other.checkpoint.id),
                found => return Ok(found),
            }
        }
    }

    /// Where the checkpoint was deleted, and chunks of it were not, their epochs are those of its former life: they would fence every
    /// save. So a checkpoint without snapshots is claimed with an epoch above theirs.
    pub(crate) async fn claim_above_leftovers(&self) -> Result<Record> {
        let record = self.claim().await?;
        let highest = if record.state.is_empty() { self.highest_epoch_of_chunks().await? } else { 0 };
        if highest <= record.epoch {
            return Ok(record);
        }
        let position = record.checkpoint.position;
        let raise = Write::expect(record.checkpoint, position).with_epoch(highest);
        // If somebody else was faster, then the next claim is above theirs.
        let _raised = in_time(&*self.store, Operation::Write, self.timeout, self.store.write(&raise)).await?;
        self.claim().await
    }

    /// 0 where there is none, or the store cannot list.
    async fn highest_epoch_of_chunks(&self) -> Result<u64> {
        let (mut highest, mut after) = (0, None);
        loop {
            match self.chunk_after(after).await {
                Ok(Some(chunk)) => {
                    highest = highest.max(chunk.epoch);
                    after = Some(chunk.checkpoint.id);
                }
                Ok(None) => return Ok(highest),
                Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(0),
                Err(error) => return Err(error),
            }
        }
    }
}
