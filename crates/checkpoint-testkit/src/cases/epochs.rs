//! Epochs as writes see them; they hold in stores without `claim`, too.

use checkpoint_core::Outcome::{Ahead, Fenced, Mismatch, Missing, Stored};
use checkpoint_core::{MAX_EPOCH, Write};

use super::{at, in_every_mode};
use crate::Place;
use crate::compared::Compared;

/// A write with an epoch never creates: where the record is gone, the answer is `Missing`.
pub async fn an_epoch_never_creates(place: &Place) {
    let mut store = Compared::open(place, "a write with an epoch above 0 never creates").await;
    for epoch in [1, 2, MAX_EPOCH] {
        let id = place.id(&format!("missing-{epoch}"));
        for write in in_every_mode(&id, 4, None) {
            store.write(write.with_epoch(epoch), Missing).await;
        }
        store.write(Write::expect(at(&id, 4), Some(3)).with_epoch(epoch), Missing).await;
    }
}

/// A write with a smaller epoch than the record's is `Fenced` in every mode and changes nothing.
pub async fn smaller_epochs_are_fenced(place: &Place) {
    let mut store = Compared::open(place, "a write with a smaller epoch is fenced and changes nothing").await;
    let id = place.id("fenced");
    store.put(at(&id, 7), 3).await;
    for epoch in [0, 1, 2] {
        for write in in_every_mode(&id, 9, Some(7)) {
            store.write(write.with_epoch(epoch).with_state("stale"), Fenced(3)).await;
        }
    }
}

/// Who is fenced is told so, also where the mode would refuse the write as well.
pub async fn the_epoch_comes_before_the_mode(place: &Place) {
    let mut store = Compared::open(place, "the epoch is looked at before the mode").await;
    let id = place.id("before");
    store.put(at(&id, 7), 3).await;
    store.write(Write::advance(at(&id, 6)).with_epoch(2), Fenced(3)).await;
    store.write(Write::expect(at(&id, 8), Some(1)).with_epoch(2), Fenced(3)).await;
    store.write(Write::advance(at(&id, 6)).with_epoch(3), Ahead(7)).await;
    store.write(Write::expect(at(&id, 8), Some(1)).with_epoch(3), Mismatch(Some(7))).await;
}

/// A larger epoch than the record's is stored and raises it (the store was restored from a backup); a refused write
/// raises nothing.
pub async fn larger_epochs_raise_the_record(place: &Place) {
    let mut store = Compared::open(place, "a write with a larger epoch is stored and raises the record's").await;
    let id = place.id("raised");
    store.put(at(&id, 7), 3).await;
    store.write(Write::advance(at(&id, 6)).with_epoch(9), Ahead(7)).await;
    store.write(Write::expect(at(&id, 6), Some(6)).with_epoch(9), Mismatch(Some(7))).await;
    store.write(Write::advance(at(&id, 8)).with_epoch(3), Stored).await;
    for (epoch, write) in (10..).zip(in_every_mode(&id, 9, Some(8))) {
        store.write(Write::overwrite(at(&id, 8)).with_epoch(epoch - 1), Stored).await;
        store.write(write.with_epoch(epoch).with_state("raised"), Stored).await;
        store.write(Write::overwrite(at(&id, 8)).with_epoch(epoch - 1), Fenced(epoch)).await;
        store.write(Write::overwrite(at(&id, 8)).with_epoch(epoch), Stored).await;
    }
}

/// Epochs are exact up to 2^63 − 1; more is `Invalid`, and nothing is written.
pub async fn epochs_are_exact_to_the_last(place: &Place) {
    let mut store = Compared::open(place, "epochs are exact from 0 to 2^63 - 1, and more is refused").await;
    let id = place.id("last");
    store.write(Write::advance(at(&id, 1)), Stored).await;
    for epoch in [9, 10, 1 << 53, (1 << 53) + 1, MAX_EPOCH - 1, MAX_EPOCH] {
        store.write(Write::advance(at(&id, 1)).with_epoch(epoch), Stored).await;
        store.write(Write::advance(at(&id, 1)).with_epoch(epoch - 1), Fenced(epoch)).await;
    }
    for epoch in [MAX_EPOCH + 1, u64::MAX] {
        store.refuse(vec![Write::advance(at(&id, 2)).with_epoch(epoch)]).await;
        store.refuse(vec![Write::advance(at(&place.id("absent"), 2)).with_epoch(epoch)]).await;
    }
}
