//! Snapshots of models over a store, a promise a case.
//!
//! What a store needs for them is in its contract, which [`conformance!`](crate::conformance) tries. These cases show that the
//! two work together: with the states, ids and calls that snapshots have. [`snapshots!`](crate::snapshots) makes a test of each.
//! Stores that cannot claim, delete and list have nothing to try.

use std::iter::repeat_n;
use std::sync::Arc;

use bytes::Bytes;
use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointId, CheckpointStore, Operation, Write};
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Live, Model, SaveError, Snapshots};

use crate::{Fault, FaultyStore, Place};

/// Makes a test of every case about snapshots, for the store that a [`Harness`](crate::Harness) opens.
///
/// They are in a module `snapshots`; a second argument gives it another name.
#[macro_export]
macro_rules! snapshots {
    ($harness:ty) => {
        $crate::snapshots!($harness, snapshots);
    };
    ($harness:ty, $module:ident) => {
        #[cfg(test)]
        mod $module {
            #[allow(unused_imports, reason = "a path may need none")]
            use super::*;
            use $crate::__private::tokio;

            $crate::__every_snapshot_case!([$crate::__test_per_snapshot_case] $harness);
        }
    };
}

/// The one list of the cases. Calls the macro in brackets with what follows it and the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __every_snapshot_case {
    ([$($with:tt)+] $argument:ty) => {
        $($with)+! { $argument;
            a_model_goes_on_where_it_was_saved
            models_of_every_size_are_whole
            a_broken_snapshot_costs_a_replay
            half_a_snapshot_is_never_restored
            an_older_saver_is_fenced
            rewinding_goes_back_to_a_snapshot
            deleting_leaves_nothing
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __test_per_snapshot_case {
    ($harness:ty; $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::run::<$harness>($crate::snapshots::$case).await;
            }
        )+
    };
}

/// A saved model is there when the place is opened again, at the position of its last event.
pub async fn a_model_goes_on_where_it_was_saved(place: &Place) {
    let Some(mut store) = opened(place).await else { return };
    for last in [3, 7, 20] {
        let mut live = load(place, &store).await;
        handle(&mut live, last);
        save(&mut live).await;
        drop(live);
        if place.profile().durable {
            drop(store);
            store = place.open().await;
        }
        assert_at(&load(place, &store).await, last, "a model that was saved goes on from there");
    }
}

/// From nothing at all to more than fits into one record, each larger and smaller than the one before.
pub async fn models_of_every_size_are_whole(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let mut live = load(place, &store).await;
    for (last, size) in (1..).zip([0, 100_000, 9 << 20, 1, 1_000]) {
        live.model_mut().ballast = noise(size);
        handle(&mut live, last);
        save(&mut live).await;
        let restored = load(place, &store).await;
        assert_at(&restored, last, "models of every size are saved whole");
        assert!(restored.model().ballast == noise(size), "a model of {size} bytes is saved whole");
        live = restored;
    }
}

/// Where the newest snapshot is broken, the one before is taken.
pub async fn a_broken_snapshot_costs_a_replay(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let mut live = load(place, &store).await;
    for last in [10, 20] {
        handle(&mut live, last);
        save(&mut live).await;
    }
    drop(live);
    let newest = chunks(place, &store).await.pop().expect("there are two");
    let mut record = store.read(&newest).await.expect("read fails").expect("it was listed");
    assert!(!record.state.is_empty(), "a store keeps the state of {newest:?}, but it is empty");
    record.state.truncate(record.state.len() - 1);
    let broken = Write::overwrite(record.checkpoint).with_epoch(record.epoch).with_state(record.state);
    assert!(store.write(&broken).await.is_ok_and(|outcome| outcome.is_stored()), "the owner's epoch overwrites");
    let live = load(place, &store).await;
    assert_at(&live, 10, "where the newest snapshot is broken, the one before is taken");
}

/// Whoever is killed at any write of a save leaves a model that was saved.
pub async fn half_a_snapshot_is_never_restored(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let snapshots = |store: Arc<dyn CheckpointStore>| snapshots(place, store).record_bytes(64);
    let mut saved = 0;
    for writes in 0.. {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&store)));
        let dying: Arc<FaultyStore<_>> = Arc::clone(&faulty);
        let mut live = snapshots(dying).load(Sum::default).await.expect("load fails");
        handle(&mut live, saved + 1);
        faulty.script(Operation::Write, repeat_n(Fault::None, writes).chain(std::iter::repeat(Fault::Refuse)));
        let is_saved = live.save().await.is_ok();
        drop(live);
        let live = snapshots(Arc::clone(&store)).load(Sum::default).await.expect("load fails");
        saved = if is_saved { saved + 1 } else { saved };
        assert_at(&live, saved, "half a snapshot is never restored");
        if saved == 3 {
            return; // several times, as the records of its chunks are made once
        }
    }
}

/// Of two that save, the one that has claimed first is told, and changes nothing.
pub async fn an_older_saver_is_fenced(place: &Place) {
    if opened(place).await.is_none() {
        return;
    }
    let [first, second] = place.open_twice().await;
    let mut older = load(place, &first).await;
    handle(&mut older, 5);
    save(&mut older).await;
    let mut newer = load(place, &second).await;
    handle(&mut older, 6);
    let fenced = older.save().await;
    let is_fenced = matches!(fenced, Err(SaveError::Ended(Ended::Fenced { .. })));
    assert!(is_fenced, "whoever was taken over is fenced, but its save was answered {fenced:?}");
    handle(&mut newer, 9);
    save(&mut newer).await;
    assert_at(&load(place, &first).await, 9, "whoever was taken over changes nothing");
}

/// A rewound model is that of an older snapshot.
pub async fn rewinding_goes_back_to_a_snapshot(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let mut live = load(place, &store).await;
    for last in [10, 20] {
        handle(&mut live, last);
        save(&mut live).await;
    }
    for (to, found) in [(15, 10), (9, 0)] {
        let rewound = snapshots(place, Arc::clone(&store)).rewind(Some(to)).await.expect("rewind fails");
        assert_eq!(rewound.and_then(|to| to.position).unwrap_or(0), found, "rewinding to {to}");
        let mut live = load(place, &store).await;
        assert_at(&live, found, "a rewound model is that of an older snapshot");
        handle(&mut live, found + 1);
        save(&mut live).await;
        assert_at(&load(place, &store).await, found + 1, "after a rewind, a model is saved at a smaller position");
    }
}

/// A deleted model has no records any more.
pub async fn deleting_leaves_nothing(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let mut live = load(place, &store).await;
    handle(&mut live, 5);
    save(&mut live).await;
    snapshots(place, Arc::clone(&store)).delete().await.expect("delete fails");
    let left = (store.read(&place.id("sum")).await.expect("read fails"), chunks(place, &store).await);
    assert_eq!(left, (None, Vec::new()), "a deleted model leaves nothing behind");
    assert_at(&load(place, &store).await, 0, "a deleted model begins anew");
}

/// The sum of all positions, and how many there were.
#[derive(Default)]
struct Sum {
    events: u64,
    total: u64,
    ballast: Bytes,
}

impl Model for Sum {
    const NAME: &'static str = "sum";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put("events", self.events).put("total", self.total).put("ballast", self.ballast.clone());
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        (self.events, self.total) = (bucket.integer("events")?, bucket.integer("total")?);
        self.ballast = bucket.bytes("ballast")?.clone();
        Ok(())
    }
}

/// The store, if it can do all that snapshots need.
async fn opened(place: &Place) -> Option<Arc<dyn CheckpointStore>> {
    let lacks = [Operation::Claim, Operation::Delete, Operation::List].map(|operation| place.lacks(operation));
    if lacks.contains(&true) { None } else { Some(place.open().await) }
}

fn snapshots(place: &Place, store: Arc<dyn CheckpointStore>) -> Snapshots {
    Snapshots::new(store, place.id("sum")).by_hand()
}

async fn load(place: &Place, store: &Arc<dyn CheckpointStore>) -> Live<Sum> {
    snapshots(place, Arc::clone(store)).load(Sum::default).await.unwrap_or_else(|error| panic!("load fails: {error}"))
}

async fn save(live: &mut Live<Sum>) {
    live.save().await.unwrap_or_else(|error| panic!("save fails: {error}"));
}

/// Handles the events after the last one, up to `last`.
fn handle(live: &mut Live<Sum>, last: u64) {
    for position in live.resume_from().map_or(1, |handled| handled + 1)..=last {
        let add = |sum: &mut Sum| (sum.events, sum.total) = (sum.events + 1, sum.total + position);
        live.apply(position, add).expect("positions rise");
    }
}

fn assert_at(live: &Live<Sum>, last: u64, promise: &str) {
    let Sum { events, total, .. } = live.model();
    let (found, expected) = ((live.resume_from().unwrap_or(0), *events, *total), (last, last, last * (last + 1) / 2));
    assert!(found == expected, "{promise}, but it is {found:?} and not {expected:?}: {:?}", live.restored());
}

/// The ids of the records of the model's chunks.
async fn chunks(place: &Place, store: &Arc<dyn CheckpointStore>) -> Vec<CheckpointId> {
    let listed = store.list(&format!("~snapshot/{}/", place.id("sum")), None, 100).await.expect("list fails");
    listed.into_iter().map(|record| record.checkpoint.id).collect()
}

/// Bytes that cannot be compressed.
fn noise(size: usize) -> Bytes {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}
