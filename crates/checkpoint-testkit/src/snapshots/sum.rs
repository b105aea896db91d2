//! The model that the cases save, and how they go about it.

use std::sync::Arc;

use bytes::Bytes;
use checkpoint_core::{CheckpointId, CheckpointStore, Operation};
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Live, Model, Snapshots};

use crate::Place;

/// The sum of all positions, and how many there were.
#[derive(Default)]
pub(super) struct Sum {
    events: u64,
    total: u64,
    pub(super) ballast: Bytes,
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
pub(super) async fn opened(place: &Place) -> Option<Arc<dyn CheckpointStore>> {
    let lacks = [Operation::Claim, Operation::Delete, Operation::List].map(|operation| place.lacks(operation));
    if lacks.contains(&true) { None } else { Some(place.open().await) }
}

pub(super) fn snapshots(place: &Place, store: Arc<dyn CheckpointStore>) -> Snapshots {
    Snapshots::new(store, place.id("sum")).by_hand()
}

pub(super) async fn load(place: &Place, store: &Arc<dyn CheckpointStore>) -> Live<Sum> {
    loaded(&snapshots(place, Arc::clone(store))).await
}

pub(super) async fn loaded(snapshots: &Snapshots) -> Live<Sum> {
    snapshots.load(Sum::default).await.unwrap_or_else(|error| panic!("load fails: {error}"))
}

pub(super) async fn save(live: &mut Live<Sum>) {
    live.save().await.unwrap_or_else(|error| panic!("save fails: {error}"));
}

/// Handles the events after the last one, up to `last`.
pub(super) fn handle(live: &mut Live<Sum>, last: u64) {
    for position in live.resume_from().map_or(1, |handled| handled + 1)..=last {
        let add = |sum: &mut Sum| (sum.events, sum.total) = (sum.events + 1, sum.total + position);
        live.apply(position, add).expect("positions rise");
    }
}

pub(super) fn assert_at(live: &Live<Sum>, last: u64, promise: &str) {
    let Sum { events, total, .. } = live.model();
    let (found, expected) = ((live.resume_from().unwrap_or(0), *events, *total), (last, last, last * (last + 1) / 2));
    assert!(found == expected, "{promise}, but it is {found:?} and not {expected:?}: {:?}", live.restored());
}

/// The ids of the records of the model's chunks.
pub(super) async fn chunks(place: &Place, store: &Arc<dyn CheckpointStore>) -> Vec<CheckpointId> {
    let listed = store.list(&format!("~snapshot/{}/", place.id("sum")), None, 100).await.expect("list fails");
    listed.into_iter().map(|record| record.checkpoint.id).collect()
}

/// Bytes that cannot be compressed.
pub(super) fn noise(size: usize) -> Bytes {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}
