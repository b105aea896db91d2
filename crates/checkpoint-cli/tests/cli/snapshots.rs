//! `reset` and `delete` of a checkpoint whose model is saved with it.

use std::sync::Arc;

use checkpoint::snapshot::{Bucket, BucketError, CannotRestore, Model, Snapshots};
use checkpoint::{CheckpointId, FileStore};

use crate::common::Place;

#[derive(Default)]
struct Count(u64);

impl Model for Count {
    const NAME: &'static str = "count";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put("count", self.0);
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        self.0 = bucket.integer("count")?;
        Ok(())
    }

    fn references(&self) -> Vec<String> {
        vec!["table counts\u{202e}".to_owned()]
    }
}

async fn snapshots(place: &Place) -> Snapshots {
    let store = FileStore::open(place.path("store")).await.unwrap();
    Snapshots::new(Arc::new(store), CheckpointId::new("count").unwrap()).by_hand()
}

/// A place with snapshots at 10, 20 and 30, of which two are kept.
async fn counted() -> Place {
    let place = Place::new();
    let mut live = snapshots(&place).await.load(Count::default).await.unwrap();
    for position in [10, 20, 30] {
        live.apply(position, |count| count.0 += 1).unwrap();
        live.save().await.unwrap();
    }
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_goes_back_to_a_snapshot() {
    let place = counted().await;
    let ran = place.ok(&["reset", "count", "--to", "25"]);
    ran.tells(&["went back to snapshot 2, at 20, of 20", r"table counts\u{202e} was not set back"]);
    let live = snapshots(&place).await.load(Count::default).await.unwrap();
    assert_eq!((live.resume_from(), live.model().0), (Some(20), 2));

    place.ok(&["reset", "count"]).tells(&["made anew, from the start"]);
    let live = snapshots(&place).await.load(Count::default).await.unwrap();
    assert_eq!((live.resume_from(), live.model().0), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_leaves_nothing_but_what_the_model_refers_to() {
    let place = counted().await;
    let listed = place.ok(&["list"]).prints();
    assert!(listed.contains("count") && !listed.contains('~'), "{listed}");
    assert!(place.ok(&["list", "--prefix", "~"]).prints().contains("~snapshot/count/0/0"));
    place.ok(&["delete", "count"]).tells(&[r"table counts\u{202e} is still there"]);
    assert_eq!(place.ok(&["list"]).prints() + &place.ok(&["list", "--prefix", "~"]).prints(), "");
}
