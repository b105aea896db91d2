//! Snapshots of models over a store, a promise a case.
//!
//! What a store needs for them is in its contract, which [`conformance!`](crate::conformance) tries. These cases show that the
//! two work together: with the states, ids and calls that snapshots have. [`snapshots!`](crate::snapshots!) makes a test of each.
//! Of stores that cannot claim, delete and list it is only asked that they say so.

use std::iter::repeat_n;
use std::sync::Arc;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointId, CheckpointStore, ErrorKind, Operation, Write};
use checkpoint_snapshot::{SaveError, Snapshots};

use crate::{Fault, FaultyStore, Place};

mod sum;

use sum::{Sum, assert_at, chunks, handle, load, loaded, noise, opened, save, snapshots};

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
            models_of_many_records_are_whole
            models_of_similar_ids_are_apart
            the_longest_id_has_room_for_records
            a_broken_snapshot_costs_a_replay
            half_a_snapshot_is_never_restored
            an_older_saver_is_fenced
            rewinding_goes_back_to_a_snapshot
            deleting_leaves_nothing
            a_store_that_cannot_claim_says_so
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

/// A model may be split over as many small records as it needs.
pub async fn models_of_many_records_are_whole(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let snapshots = snapshots(place, store).record_bytes(64);
    for (last, size) in [(1, 2_000), (2, 500), (3, 2_000)] {
        let mut live = loaded(&snapshots).await;
        live.model_mut().ballast = noise(size);
        handle(&mut live, last);
        save(&mut live).await;
        let restored = loaded(&snapshots).await;
        assert_at(&restored, last, "a model of many records is saved whole");
        assert!(restored.model().ballast == noise(size), "{size} bytes over many records are whole");
    }
}

/// What a careless store takes for one id, and ids that look like those of another model's records.
const SIMILAR: [&str; 10] = ["a", "A", "a ", "a/b", "a//b", "a/0", "a/0/0", "a_", "a%", "á/\\ '\"$"];

/// Each id is that of a model of its own, also where one is deleted.
pub async fn models_of_similar_ids_are_apart(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let models = SIMILAR.map(|name| Snapshots::new(Arc::clone(&store), place.id(name)).by_hand());
    for (snapshots, last) in models.iter().zip(1..) {
        let mut live = loaded(snapshots).await;
        assert_at(&live, 0, "each id is that of a model of its own");
        handle(&mut live, last);
        save(&mut live).await;
    }
    models[0].delete().await.expect("delete fails");
    for ((snapshots, last), name) in models.iter().zip(1..).zip(SIMILAR).skip(1) {
        let promise = format!("the model {name:?} is as it was, when that of a similar id is deleted");
        assert_at(&loaded(snapshots).await, last, &promise);
    }
}

/// An id may be so long that those of its records are just short enough, and no longer.
pub async fn the_longest_id_has_room_for_records(place: &Place) {
    let Some(store) = opened(place).await else { return };
    let room = LONGEST_ID - place.id("").as_str().len();
    let [longest, too_long] = [room, room + 1].map(|length| place.id(&"x".repeat(length)));
    let snapshots = |id: CheckpointId| Snapshots::new(Arc::clone(&store), id).by_hand().record_bytes(64);
    let mut live = loaded(&snapshots(longest.clone())).await;
    handle(&mut live, 4);
    save(&mut live).await;
    assert_at(&loaded(&snapshots(longest)).await, 4, "the longest id has room for those of the records");

    let refused = snapshots(too_long.clone()).load(Sum::default).await.err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::Invalid), "an id that is too long for snapshots is refused");
    let created = store.read(&too_long).await.expect("read fails");
    assert_eq!(created, None, "an id that is refused is not claimed");
}

/// The longest id that snapshots take, in bytes: they say so.
const LONGEST_ID: usize = 480;

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
    let snapshots = snapshots(place, Arc::clone(&store)).record_bytes(64);
    for last in 1..=3 {
        let mut live = loaded(&snapshots).await;
        handle(&mut live, last);
        save(&mut live).await;
    }
    assert!(chunks(place, &store).await.len() > 3, "each snapshot has several records");
    snapshots.delete().await.expect("delete fails");
    let left = (store.read(&place.id("sum")).await.expect("read fails"), chunks(place, &store).await);
    assert_eq!(left, (None, Vec::new()), "a deleted model leaves nothing behind");
    assert_at(&load(place, &store).await, 0, "a deleted model begins anew");
}

/// Snapshots need claims: without them, `load` says so and changes nothing.
pub async fn a_store_that_cannot_claim_says_so(place: &Place) {
    if place.profile().supports(Operation::Claim) {
        return;
    }
    let store = place.open().await;
    let refused = snapshots(place, Arc::clone(&store)).load(Sum::default).await.err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::Unsupported), "a store that cannot claim cannot load a model");
    let created = store.read(&place.id("sum")).await.expect("read fails");
    assert_eq!(created, None, "a load that is refused changes nothing");
}
