//! The contract, a promise a case. Each panics where the store breaks it, and says what was promised and what was seen.
//!
//! [`conformance!`](crate::conformance) makes a test of each. A case may be called by itself, too: on a multi-threaded
//! tokio runtime, with a [`Place`](crate::Place) that nothing else uses.

use bytes::Bytes;
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Mode, Outcome, Record, Write};

use crate::brief::Brief;

pub mod batches;
pub mod claims;
pub mod deletes;
pub mod drops;
pub mod epochs;
pub mod fencing;
pub mod histories;
pub mod ids;
pub mod listing;
pub mod modes;
pub mod openings;
pub mod positions;
pub mod races;
pub mod states;
pub mod support;

fn at(id: &CheckpointId, position: impl Into<Option<u64>>) -> Checkpoint {
    Checkpoint::new(id.clone(), position)
}

/// A write to `position` in every mode, each of them stored by a store that holds `held` (as far as positions go).
fn in_every_mode(id: &CheckpointId, position: u64, held: Option<u64>) -> [Write; 3] {
    [Mode::Advance, Mode::Expect(held), Mode::Overwrite].map(|mode| Write::new(at(id, position), mode))
}

/// A state that tells which position it was written with, and whether it is whole.
fn state_of(position: Option<u64>) -> Bytes {
    position.map_or_else(Bytes::new, |position| position.to_be_bytes().repeat(32).into())
}

/// Position and state must be those of one write that was made with [`state_of`].
fn assert_whole(record: &Record) {
    let whole = record.state == state_of(record.checkpoint.position);
    assert!(whole, "position and state are always those of one write, but here is {}", Brief(record));
}

async fn write(store: &dyn CheckpointStore, write: &Write) -> Outcome {
    store.write(write).await.unwrap_or_else(|error| panic!("writing {} fails: {error}", Brief(write)))
}

async fn read(store: &dyn CheckpointStore, id: &CheckpointId) -> Option<Record> {
    store.read(id).await.unwrap_or_else(|error| panic!("reading {id:?} fails: {error}"))
}

async fn position(store: &dyn CheckpointStore, id: &CheckpointId) -> Option<u64> {
    read(store, id).await.and_then(|record| record.checkpoint.position)
}

async fn claim(store: &dyn CheckpointStore, id: &CheckpointId, owner: &str) -> Record {
    store.claim(id, owner).await.unwrap_or_else(|error| panic!("claiming {id:?} for {owner:?} fails: {error}"))
}
