//! `delete`, and what a read must not do.

use checkpoint_core::Outcome::{Mismatch, Missing, Stored};
use checkpoint_core::{Operation, Write};

use super::at;
use crate::Place;
use crate::compared::Compared;

/// Deleting removes position, state, owner and epoch, and says whether there was a record.
pub async fn delete_removes_everything(place: &Place) {
    if place.lacks(Operation::Delete) {
        return;
    }
    let mut store = Compared::open(place, "delete removes position, state, owner and epoch").await;
    let (id, other) = (place.id("deleted"), place.id("deleted-not"));
    store.write(Write::advance(at(&other, 3)), Stored).await;
    store.delete(&id).await;
    store.put(at(&id, 7), 3).await;
    store.delete(&id).await;
    store.delete(&id).await;
    store.read(&other).await;
    store.write(Write::expect(at(&id, 1), Some(7)), Mismatch(None)).await;
    store.write(Write::advance(at(&id, None)), Stored).await;
    store.write(Write::advance(at(&id, 1)), Stored).await;
}

/// Whose checkpoint was deleted is told `Missing`, until somebody creates it again.
pub async fn a_deleted_checkpoint_is_missing(place: &Place) {
    if place.lacks(Operation::Delete) {
        return;
    }
    let mut store = Compared::open(place, "after a delete, a write with an epoch is missing its record").await;
    let id = place.id("missing");
    store.put(at(&id, 7), 3).await;
    store.delete(&id).await;
    for write in super::in_every_mode(&id, 8, Some(7)) {
        store.write(write.with_epoch(3), Missing).await;
    }
    store.write(Write::advance(at(&id, 1)), Stored).await;
    store.write(Write::advance(at(&id, 2)).with_epoch(3), Stored).await;
}

/// After a delete the epochs begin anew.
pub async fn claims_begin_anew_after_a_delete(place: &Place) {
    if place.lacks(Operation::Delete) || place.lacks(Operation::Claim) {
        return;
    }
    let mut store = Compared::open(place, "after a delete, epochs begin anew and nothing of before is there").await;
    let id = place.id("anew");
    for _ in 0..2 {
        store.claim(&id, "a:1").await;
        store.claim(&id, "b:1").await;
        store.write(Write::advance(at(&id, 7)).with_epoch(2).with_state("held"), Stored).await;
        store.delete(&id).await;
    }
    store.claim(&id, "c:1").await;
}

/// Reading what is not there creates nothing.
pub async fn reads_have_no_side_effect(place: &Place) {
    let mut store = Compared::open(place, "a read has no side effect").await;
    let id = place.id("read");
    store.read(&id).await;
    store.write(Write::advance(at(&id, 1)).with_epoch(1), Missing).await;
    if place.profile().supports(Operation::List) {
        store.list(&place.prefix(""), None, 10).await;
    }
    if place.profile().supports(Operation::Delete) {
        store.delete(&id).await;
    }
}
