//! What the tests save, and where.

use std::sync::Arc;

use checkpoint_commit::strategy::manual;
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Record, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, Plain, Snapshots};
use serde::{Deserialize, Serialize};

/// The sum of all positions up to one, and how many there were: wrong where an event is missing or there twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) events: u64,
    pub(crate) total: u64,
    /// So that it has some size.
    pub(crate) ballast: String,
}

impl Plain for Sum {
    const NAME: &'static str = "sum";
}

impl Sum {
    pub(crate) fn add(&mut self, position: u64) {
        self.events += 1;
        self.total += position;
    }

    /// What it should be after the events 1 to `last`.
    pub(crate) fn up_to(last: u64) -> Self {
        Self { events: last, total: last * (last + 1) / 2, ballast: String::new() }
    }
}

pub(crate) fn id(name: &str) -> CheckpointId {
    CheckpointId::new(name).unwrap()
}

/// Snapshots that are only saved when a test says so.
pub(crate) fn by_hand(store: &Arc<impl CheckpointStore>) -> Snapshots {
    let store = Arc::clone(store);
    Snapshots::new(store, id("sum")).strategy(manual())
}

/// The same in chunks of 29 bytes: [`Sum`] takes three.
pub(crate) fn split(store: &Arc<impl CheckpointStore>) -> Snapshots {
    by_hand(store).record_bytes(64)
}

/// Handles the events after the last one, up to `last`.
pub(crate) fn handle(live: &mut Live<Sum>, last: u64) {
    for position in live.resume_from().map_or(1, |handled| handled + 1)..=last {
        live.apply(position, |sum| sum.add(position)).unwrap();
    }
}

/// Saves at each of these positions.
pub(crate) async fn saved_at(snapshots: &Snapshots, positions: &[u64]) -> Live<Sum> {
    let mut live = snapshots.load(Sum::default).await.unwrap();
    for position in positions {
        handle(&mut live, *position);
        live.save().await.unwrap();
    }
    live
}

/// Whether the model is just what the events up to its position make of it; answers the position.
pub(crate) fn whole(live: &Live<Sum>) -> u64 {
    let position = live.resume_from().unwrap_or(0);
    assert_eq!(live.model(), &Sum::up_to(position), "{:?}", live.restored());
    position
}

pub(crate) async fn record(store: &MemoryStore, name: &str) -> Record {
    store.read(&id(name)).await.unwrap().unwrap()
}

/// Puts another state into a record, as damage does.
pub(crate) async fn plant(store: &MemoryStore, name: &str, state: Vec<u8>) {
    let Record { checkpoint, epoch, .. } = record(store, name).await;
    let write = Write::overwrite(checkpoint).with_epoch(epoch).with_state(state);
    assert!(store.write(&write).await.unwrap().is_stored());
}

/// A store that holds the same.
pub(crate) async fn copy_of(store: &MemoryStore) -> Arc<MemoryStore> {
    let copy = MemoryStore::new();
    for prefix in ["", "~"] {
        for Record { checkpoint, epoch, state, .. } in store.list(prefix, None, usize::MAX).await.unwrap() {
            let empty = Write::overwrite(Checkpoint::new(checkpoint.id.clone(), None));
            let whole = Write::overwrite(checkpoint).with_epoch(epoch).with_state(state);
            for write in [empty, whole] {
                assert!(copy.write(&write).await.unwrap().is_stored());
            }
        }
    }
    Arc::new(copy)
}
