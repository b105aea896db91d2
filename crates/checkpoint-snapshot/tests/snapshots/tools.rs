//! Saves, loads and plants.

use std::sync::Arc;

use checkpoint_core::{Bytes, CheckpointStore, Outcome, Record, Write};
use checkpoint_snapshot::{Live, Reason, Snapshots, generations};

use crate::models::{Sum, by_hand, handle, id};

/// Saves the model after each of these events.
pub(crate) async fn save_at(snapshots: &Snapshots, positions: impl IntoIterator<Item = u64>) {
    let mut live = load(snapshots).await;
    for position in positions {
        handle(&mut live, position);
        live.save().await.unwrap();
    }
}

/// The model that a store has, which must be right: that of all events up to its position.
pub(crate) async fn load(snapshots: &Snapshots) -> Live<Sum> {
    let live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!(live.model(), &Sum::up_to(live.resume_from().unwrap_or(0)));
    assert_eq!(live.restored().generation.as_ref().and_then(|used| used.position), live.resume_from());
    live
}

/// Small records: three chunks and more for each snapshot.
pub(crate) fn split(store: &Arc<impl CheckpointStore>) -> Snapshots {
    by_hand(store).record_bytes(64)
}

/// Where the model was restored, and why not from newer snapshots.
pub(crate) fn restored(live: &Live<Sum>) -> (Option<u64>, Vec<(Option<u64>, &Reason)>) {
    let rejected = &live.restored().rejected;
    let number = |index: usize| rejected[index].generation.as_ref().map(|generation| generation.number);
    (live.resume_from(), (0..rejected.len()).map(|index| (number(index), &rejected[index].reason)).collect())
}

pub(crate) async fn record(store: &impl CheckpointStore, name: &str) -> Record {
    store.read(&id(name)).await.unwrap().unwrap()
}

/// Puts other bytes into a record, of which nothing else changes.
pub(crate) async fn plant(store: &impl CheckpointStore, name: &str, state: impl Into<Bytes>) {
    let Record { checkpoint, epoch, .. } = record(store, name).await;
    let write = Write::overwrite(checkpoint).with_epoch(epoch).with_state(state);
    assert_eq!(store.write(&write).await.unwrap(), Outcome::Stored);
}

/// Sets the position of the checkpoint, as an operator may, and keeps its state.
pub(crate) async fn move_to(store: &impl CheckpointStore, position: Option<u64>) {
    let Record { mut checkpoint, epoch, state, .. } = record(store, "sum").await;
    checkpoint.position = position;
    let write = Write::overwrite(checkpoint).with_epoch(epoch).with_state(state);
    assert_eq!(store.write(&write).await.unwrap(), Outcome::Stored);
}

/// The positions of the snapshots that are listed.
pub(crate) async fn listed(store: &impl CheckpointStore) -> Vec<Option<u64>> {
    let generations = generations(&record(store, "sum").await).unwrap();
    generations.iter().map(|generation| generation.position).collect()
}

/// All records of a store, those of chunks as well.
pub(crate) async fn all_records(store: &impl CheckpointStore) -> Vec<Record> {
    let mut records = store.list("", None, 1_000).await.unwrap();
    records.extend(store.list("~", None, 1_000).await.unwrap());
    records
}
