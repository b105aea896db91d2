//! From a store to a model.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use checkpoint_core::{CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Record, Result};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::chunk::{self, WrongChunk};
use crate::format::{CannotDecode, Header, decode};
use crate::generation::{Generation, generations};
use crate::restore::restore;
use crate::restored::{Reason, Rejected, Restored};
use crate::{Bucket, Check, Model};

/// Where snapshots come from.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a dyn CheckpointStore,
    pub(crate) id: &'a CheckpointId,
    pub(crate) timeout: Duration,
}

impl Source<'_> {
    /// The newest model of those in a list that can be used, and else the initial one. Says in `restored` which it is. `position` is that
    /// of the checkpoint.
    pub(crate) async fn load<M: Model>(
        &self,
        position: Option<u64>,
        listed: &[Generation],
        restored: &mut Restored,
        initial: impl Fn() -> M,
    ) -> Result<M> {
        for generation in listed {
            match self.attempt(position, generation, initial()).await? {
                Ok(model) => {
                    restored.generation = Some(generation.clone());
                    return Ok(model);
                }
                Err(reason) => restored.rejected.push(Rejected { generation: Some(generation.clone()), reason }),
            }
        }
        Ok(initial())
    }

    async fn attempt<M: Model>(
        &self,
        position: Option<u64>,
        generation: &Generation,
        model: M,
    ) -> Result<Result<M, Reason>> {
        if generation.position > position {
            return Ok(Err(Reason::Beyond { position }));
        }
        let bytes = match self.bytes(generation).await? {
            Ok(bytes) => bytes,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(checked(bytes, generation, model).await)
    }

    /// All bytes of a snapshot. No more is taken than its records have.
    async fn bytes(&self, generation: &Generation) -> Result<Result<Bytes, Reason>> {
        let mut chunks = Vec::new();
        for number in 0..generation.chunks {
            match self.chunk(generation, number).await? {
                Ok(chunk) => chunks.push(chunk),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        // Put together once all are there: bytes that grow would take three times their memory.
        Ok(Ok(if let [chunk] = &chunks[..] { chunk.clone() } else { chunks.concat().into() }))
    }

    async fn chunk(&self, generation: &Generation, number: u32) -> Result<Result<Bytes, Reason>> {
        let id = chunk::id(self.id, generation.slot, number).expect("the length of ids is looked at before");
        let content = match in_time(self.store, Operation::Read, self.timeout, self.store.read(&id)).await {
            Ok(Some(record)) => chunk::content(&record.state, generation.number, number, generation.chunks),
            Ok(None) => Err(WrongChunk::Missing),
            Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(Err(Reason::Store(error))),
            Err(error) => return Err(error),
        };
        Ok(content.map_err(|wrong| Reason::Chunk { record: id.to_string(), wrong }))
    }
}

/// Restores a model, and has it check itself.
async fn checked<M: Model>(bytes: Bytes, generation: &Generation, mut model: M) -> Result<M, Reason> {
    let (header, bucket) = decode_beside(bytes).await?;
    let Header { model: name, version, position } = header;
    let Generation { model: listed, .. } = generation;
    if (&name, version, position) != (listed, generation.version, generation.position) {
        return Err(Reason::Differs { model: name, version, position });
    }
    restore(&mut model, &name, version, Cow::Owned(bucket))?;
    match model.check().await {
        Check::Valid => Ok(model),
        Check::Rebuild(reason) => Err(Reason::Check(reason)),
    }
}

/// Decompresses on a thread where that holds nobody up.
async fn decode_beside(bytes: Bytes) -> Result<(Header, Bucket), CannotDecode> {
    let decoded = spawn_blocking(move || decode(&bytes)).await;
    decoded.unwrap_or(Err(CannotDecode::Invalid { what: "the task that decodes it did not come to its end" }))
}

impl Restored {
    /// The snapshots of a record, newest first. Notes what stands in place of a list.
    pub(crate) fn list(&mut self, record: &Record) -> Vec<Generation> {
        let position = record.checkpoint.position;
        let (generations, reason) = match generations(record) {
            Ok(none) if none.is_empty() && position.is_some() => (none, Some(Reason::NothingSaved { position })),
            Ok(generations) => (generations, None),
            Err(error) => (Vec::new(), Some(error.into())),
        };
        self.rejected.extend(reason.map(|reason| Rejected { generation: None, reason }));
        generations
    }
}

/// The answer of a store, or that it did not come.
pub(crate) async fn in_time<T>(
    store: &dyn CheckpointStore,
    operation: Operation,
    time: Duration,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(time, call).await.unwrap_or_else(|_| {
        let error = Error::new(ErrorKind::Unavailable, format!("the store did not answer within {time:?}: try again"));
        Err(error.with_store(store.name()).with_operation(operation))
    })
}
