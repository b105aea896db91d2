//! The writes of one snapshot, in their order.

use std::ops::ControlFlow;

use checkpoint_core::{Checkpoint, CheckpointId, InvalidId, Outcome, Write};

use crate::chunk::{self, Chunks};
use crate::error::SaveError;
use crate::format::{Encoded, Header, Options, encode};
use crate::generation::{self, Generation, now};
use crate::{Bucket, Model};

/// The checkpoint's record, as far as its owner knows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) position: Option<u64>,
    /// Newest first.
    pub(crate) generations: Vec<Generation>,
    /// The highest number of a snapshot that was ever in the list, as far as is known.
    pub(crate) number: u64,
    /// How many saves since then have ended with a write whose result is not known.
    pub(crate) doubts: u32,
}

impl Known {
    /// What was just read or written.
    pub(crate) fn new(position: Option<u64>, generations: Vec<Generation>) -> Self {
        let number = generations.first().map_or(0, |newest| newest.number);
        Self { position, generations, number, doubts: 0 }
    }
}

/// What does not change from one save to the next.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) id: CheckpointId,
    pub(crate) epoch: u64,
    /// How many snapshots are kept.
    pub(crate) keep: usize,
    /// The most bytes of a snapshot.
    pub(crate) limit: u64,
    /// The most bytes of a record's state.
    pub(crate) record_bytes: usize,
    pub(crate) format: Options,
}

/// A model at one moment, as it goes to be saved.
pub(crate) struct Taken {
    header: Header,
    bucket: Bucket,
    references: Vec<String>,
}

impl Taken {
    pub(crate) fn of<M: Model>(model: &M, position: Option<u64>) -> Result<Self, SaveError> {
        let mut bucket = Bucket::new();
        model.save(&mut bucket)?;
        Ok(Self { header: Header::new(M::NAME, M::VERSION, position), bucket, references: model.references() })
    }
}

/// A snapshot that is to be written: the records of its chunks first, then the checkpoint's own record, which makes it the newest.
///
/// Before that last write nothing of what was saved before is touched: chunks go to the records of a slot that no snapshot uses.
#[must_use = "nothing is written yet"]
pub struct Unsaved {
    chunks: Chunks,
    slot: u32,
    stage: Stage,
    /// The write of the checkpoint's record.
    last: Write,
    /// What it will say.
    after: Known,
}

/// What was written before the next write.
enum Stage {
    /// A chunk, for the first time.
    Chunk(Write),
    /// The record of a chunk, which was missing.
    Created(Write),
    /// The checkpoint's own record.
    Last,
    /// A chunk that was missing before; or nothing.
    Next,
}

impl Unsaved {
    /// Takes long: encodes and compresses. `number` is one that no snapshot had before, nor one that was begun.
    pub(crate) fn new(taken: Taken, number: u64, settings: &Settings, known: &Known) -> Result<Self, SaveError> {
        let Taken { header, bucket, references } = taken;
        let encoded = encode(&header, &bucket, &settings.format)?;
        drop(bucket); // where it is compressed, only that is needed from here on
        let bytes = bytes(&encoded);
        if bytes > settings.limit {
            return Err(SaveError::TooLarge { bytes, limit: settings.limit });
        }
        let slot = free_slot(known);
        let chunks = Chunks::new(encoded, number, settings.record_bytes);
        let Header { model, version, position } = header;
        let (saved_at, count) = (now(), chunks.count());
        let newest = Generation { number, position, saved_at, model, version, bytes, references, slot, chunks: count };
        let kept = known.generations.iter().take(settings.keep - 1).cloned();
        let after = Known::new(position, std::iter::once(newest).chain(kept).collect());
        let state = generation::state(position, &after.generations)?;
        let last = Write::expect(Checkpoint::new(settings.id.clone(), position), known.position);
        let last = last.with_epoch(settings.epoch).with_state(state);
        Ok(Self { chunks, slot, stage: Stage::Next, last, after })
    }

    /// Makes the writes by `write`, one after the other, as long as they are stored; answers the first other outcome, and else
    /// [`Outcome::Stored`]. Only then the snapshot is there.
    ///
    /// # Errors
    ///
    /// The first error of `write`.
    pub async fn write_with<E>(
        mut self,
        mut write: impl AsyncFnMut(Write) -> Result<Outcome, E>,
    ) -> Result<Outcome, E> {
        let mut before = None;
        loop {
            match self.next(before) {
                ControlFlow::Continue(next) => before = Some(write(next).await?),
                ControlFlow::Break(outcome) => return Ok(outcome),
            }
        }
    }

    /// The next write, given the outcome of the one before; or how it has ended.
    ///
    /// No epoch creates a record. So where there is none it is created by nobody, and then taken: whoever has created it.
    pub(crate) fn next(&mut self, before: Option<Outcome>) -> ControlFlow<Outcome, Write> {
        let next = match (std::mem::replace(&mut self.stage, Stage::Next), before) {
            (Stage::Chunk(chunk), Some(Outcome::Missing)) => {
                let id = chunk.checkpoint.id.clone();
                self.stage = Stage::Created(chunk);
                Write::expect(Checkpoint::new(id, None), None)
            }
            (Stage::Created(chunk), Some(_)) => chunk,
            (Stage::Last, Some(outcome)) => return ControlFlow::Break(outcome),
            (_, Some(outcome)) if !outcome.is_stored() => return ControlFlow::Break(outcome),
            (_, _) => self.next_record(),
        };
        ControlFlow::Continue(next)
    }

    fn next_record(&mut self) -> Write {
        let Some((number, state)) = self.chunks.next() else {
            self.stage = Stage::Last;
            return self.last.clone();
        };
        let Write { checkpoint: Checkpoint { id, position }, epoch, .. } = &self.last;
        let id = chunk::id(id, self.slot, number).expect("the length of ids is looked at before");
        let chunk = Write::overwrite(Checkpoint::new(id, *position)).with_epoch(*epoch).with_state(state);
        self.stage = Stage::Chunk(chunk.clone());
        chunk
    }

    pub(crate) fn into_after(self) -> Known {
        self.after
    }

    pub(crate) fn after(&self) -> &Known {
        &self.after
    }
}

/// One whose records hold no snapshot: the first or, in turn, the second, as a write in doubt may still arrive in the other.
fn free_slot(known: &Known) -> u32 {
    let is_free = |slot: &u32| known.generations.iter().all(|generation| generation.slot != *slot);
    let in_turn = if known.doubts.is_multiple_of(2) { 0 } else { 1 };
    (0..).filter(is_free).nth(in_turn).expect("there are 2^32")
}

/// Whether all records of its snapshots can have ids.
pub(crate) fn check_id(id: &CheckpointId) -> Result<(), InvalidId> {
    chunk::id(id, u32::MAX, u32::MAX).map(drop)
}

fn bytes(encoded: &Encoded) -> u64 {
    u64::try_from(encoded.len()).expect("memory has less than 2^64 bytes")
}

impl std::fmt::Debug for Unsaved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unsaved").field("generation", &self.after.generations[0]).finish_non_exhaustive()
    }
}
