//! Where the snapshots of a model are kept, and how.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::process_owner;
use checkpoint_commit::strategy::{Strategy, after};
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Record, Result, Write};
use tracing::{info, warn};

use crate::format::Options;
use crate::generation::{self, Generation, generations};
use crate::load::{Source, in_time};
use crate::restored::Restored;
use crate::save::Target;
use crate::saver::Saver;
use crate::unsaved::{Known, Settings, check_id};
use crate::{Live, Model, chunk};

/// The snapshots of one model, in any store that can claim.
///
/// The checkpoint's own record has the position of the newest snapshot, and the list of all that are kept as its state. The snapshots
/// are in records beside it, `~snapshot/ID/SLOT/CHUNK`, which no list of all checkpoints shows.
#[derive(Clone, Debug)]
pub struct Snapshots {
    pub(crate) store: Arc<dyn CheckpointStore>,
    pub(crate) id: CheckpointId,
    owner: String,
    strategy: Strategy,
    keep: usize,
    limit: u64,
    record_bytes: usize,
    format: Options,
    pub(crate) timeout: Duration,
    by_hand: bool,
}

impl Snapshots {
    /// Those of the checkpoint `id`.
    pub fn new(store: Arc<dyn CheckpointStore>, id: CheckpointId) -> Self {
        Self {
            store,
            id,
            owner: process_owner(),
            strategy: after(Duration::from_secs(5)),
            keep: 2,
            limit: 256 * 1024 * 1024,
            record_bytes: *chunk::SIZES.end(),
            format: Options::default(),
            timeout: Duration::from_secs(30),
            by_hand: false,
        }
    }

    /// When to save; `5s` if nothing is said. A save takes as long as it takes: while one is running no other begins.
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// How many snapshots are kept; 2 if nothing is said, 1 at least. With 2, one that turns out to be broken costs handling again what
    /// came after the one before. One more is there while it is being written, and another where a write that the store did not answer may
    /// still arrive.
    #[must_use]
    pub fn generations(self, keep: usize) -> Self {
        Self { keep: keep.max(1), ..self }
    }

    /// The most bytes of a snapshot, compressed; 256 MiB if nothing is said. A larger one is not saved.
    #[must_use]
    pub fn limit(self, bytes: u64) -> Self {
        Self { limit: bytes, ..self }
    }

    /// The most bytes of a record's state, from 64 to the 8 MiB that every store takes, which it is if nothing is said. What is larger is
    /// split over records.
    #[must_use]
    pub fn record_bytes(self, bytes: usize) -> Self {
        Self { record_bytes: bytes.clamp(*chunk::SIZES.start(), *chunk::SIZES.end()), ..self }
    }

    /// Compresses what has more than so many bytes; see [`Options::compress_above`].
    #[must_use]
    pub fn compress_above(self, bytes: u64) -> Self {
        Self { format: self.format.compress_above(bytes), ..self }
    }

    /// A label for people, of who has claimed the checkpoint: [`process_owner`] if nothing is said.
    #[must_use]
    pub fn owner(self, owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), ..self }
    }

    /// How long a call of the store may take; 30 s if nothing is said. A write that takes longer counts as failed, with an unknown result.
    #[must_use]
    pub fn store_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Nothing is saved but by [`Live::save`], [`Live::save_in`] and [`Live::close`]; [`Live::is_due`] says what the strategy wants.
    #[must_use]
    pub fn by_hand(self) -> Self {
        Self { by_hand: true, ..self }
    }

    /// Claims the checkpoint, so that whoever saved to it before is fenced, and restores the model from the newest snapshot that can be
    /// used; where none can it is `initial()`, for all events of the stream. [`Live::restored`] says which it is and why, and so do warnings.
    ///
    /// # Errors
    ///
    /// What the store fails with: it is not known then whether there is a snapshot. An id of more than 480 bytes is
    /// [`Invalid`](ErrorKind::Invalid).
    pub async fn load<M: Model>(&self, initial: impl Fn() -> M) -> Result<Live<M>> {
        let record = self.claim_above_leftovers().await?;
        let source = Source { store: &*self.store, id: &self.id, timeout: self.timeout };
        let (position, mut restored) = (record.checkpoint.position, Restored::default());
        let listed = restored.list(&record);
        let model = source.load(position, &listed, &mut restored, initial).await?;
        self.tell(&restored);
        let known = known(position, listed, &restored);
        let saver = Saver::new(self.target(&record), self.strategy.clone(), known, &restored);
        Ok(Live::new(model, saver, restored, self.by_hand))
    }

    /// The snapshots that there are, newest first. Claims nothing, and reads one record.
    ///
    /// # Errors
    ///
    /// What the store fails with; [`Corrupt`](ErrorKind::Corrupt) where the record has no list of snapshots.
    pub async fn list(&self) -> Result<Vec<Generation>> {
        let read = in_time(&*self.store, Operation::Read, self.timeout, self.store.read(&self.id));
        read.await?.map_or(Ok(Vec::new()), |record| self.listed(&record))
    }

    /// Goes back to the newest snapshot that is not after `position`: later ones are forgotten, and the next [`load`](Self::load) takes that
    /// one. Whoever saves to the checkpoint now is fenced. Answers the snapshot; `None`: there is none so old, and the model will be made
    /// anew from the start of the stream.
    ///
    /// # Errors
    ///
    /// As of [`list`](Self::list), and of a claim. Nothing is changed then, but for the claim.
    pub async fn rewind(&self, position: Option<u64>) -> Result<Option<Generation>> {
        let record = self.claim().await?;
        let mut generations = self.listed(&record)?;
        generations.retain(|generation| generation.position <= position);
        let position = generations.first().and_then(|newest| newest.position);
        let state = generation::state(position, &generations).map_err(|error| self.corrupt(&error))?;
        let write = Write::overwrite(Checkpoint::new(self.id.clone(), position)).with_epoch(record.epoch);
        let write = write.with_state(state);
        let outcome = in_time(&*self.store, Operation::Write, self.timeout, self.store.write(&write)).await?;
        if outcome.is_stored() {
            return Ok(generations.into_iter().next());
        }
        let message = format!("checkpoint {:?} was claimed or deleted meanwhile ({outcome:?}): try again", self.id);
        Err(Error::new(ErrorKind::Unavailable, message).with_store(self.store.name()).with_operation(Operation::Write))
    }

    /// Deletes the checkpoint with all its snapshots, and answers those that were listed: their
    /// [references](Generation::references) say what is left elsewhere. Whoever saves to it now ends with
    /// [`Missing`](checkpoint_commit::Ended::Missing).
    ///
    /// # Errors
    ///
    /// What the store fails with. Call it again then: it deletes what is left.
    pub async fn delete(&self) -> Result<Vec<Generation>> {
        let store = &*self.store;
        let record = in_time(store, Operation::Read, self.timeout, store.read(&self.id)).await?;
        let listed = record.map(|record| generations(&record).unwrap_or_default()).unwrap_or_default();
        in_time(store, Operation::Delete, self.timeout, store.delete(&self.id)).await?;
        let mut after = None;
        while let Some(chunk) = self.chunk_after(after).await? {
            let id = chunk.checkpoint.id;
            in_time(store, Operation::Delete, self.timeout, store.delete(&id)).await?;
            after = Some(id);
        }
        Ok(listed)
    }

    pub(crate) async fn claim(&self) -> Result<Record> {
        let invalid = |error: checkpoint_core::InvalidId| {
            let message =
                format!("the id {:?} is too long for snapshots, their records have longer ids: {error}", self.id);
            Error::new(ErrorKind::Invalid, message).with_operation(Operation::Claim)
        };
        check_id(&self.id).map_err(invalid)?;
        in_time(&*self.store, Operation::Claim, self.timeout, self.store.claim(&self.id, &self.owner)).await
    }

    fn listed(&self, record: &Record) -> Result<Vec<Generation>> {
        generations(record).map_err(|error| self.corrupt(&error))
    }

    fn corrupt(&self, error: &dyn fmt::Display) -> Error {
        let message = format!("checkpoint {:?}: {error}", self.id);
        Error::new(ErrorKind::Corrupt, message).with_store(self.store.name())
    }

    fn target(&self, record: &Record) -> Target {
        let settings = Settings {
            id: self.id.clone(),
            epoch: record.epoch,
            keep: self.keep,
            limit: self.limit,
            record_bytes: self.record_bytes,
            format: self.format.clone(),
        };
        Target { store: Arc::clone(&self.store), settings, timeout: self.timeout }
    }

    fn tell(&self, restored: &Restored) {
        let id = &self.id;
        for rejected in &restored.rejected {
            let generation = rejected.generation.as_ref().map(|generation| generation.number);
            warn!(%id, generation, reason = %rejected.reason, "a snapshot cannot be used");
        }
        match &restored.generation {
            Some(Generation { number, position, .. }) => info!(%id, generation = number, position, "restored"),
            None => info!(%id, "made anew, from the start of the stream"),
        }
    }
}

/// What the record holds that can be used: what was rejected makes room for the next.
fn known(position: Option<u64>, listed: Vec<Generation>, restored: &Restored) -> Known {
    let mut known = Known::new(position, listed);
    // They were tried from the newest on.
    let rejected = restored.rejected.iter().filter(|rejected| rejected.generation.is_some()).count();
    known.generations.drain(..rejected);
    known
}
