//! `claim`: the epoch goes up by one, in one atomic step; who claims last owns the checkpoint.

use checkpoint_core::Outcome::{Fenced, Stored};
use checkpoint_core::{MAX_EPOCH, MAX_OWNER_BYTES, Operation, Write};

use super::{at, in_every_mode};
use crate::Place;
use crate::compared::Compared;

/// A claim creates what is missing, with no position at epoch 1, and from there on adds one.
pub async fn a_claim_creates_and_adds_one(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let mut store = Compared::open(place, "a claim creates what is missing at epoch 1, and adds one each time").await;
    let id = place.id("claimed");
    for owner in ["a:1", "b:1", "a:1"] {
        store.claim(&id, owner).await;
    }
    let unclaimed = place.id("unclaimed");
    store.write(Write::advance(at(&unclaimed, 7)), Stored).await;
    store.claim(&unclaimed, "a:1").await;
}

/// A claim keeps position and state, and a write keeps the owner.
pub async fn a_claim_keeps_position_and_state(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let mut store = Compared::open(place, "a claim keeps position and state, a write keeps the owner").await;
    let id = place.id("kept");
    store.write(Write::advance(at(&id, 7)).with_state("held"), Stored).await;
    store.claim(&id, "a:1").await;
    store.write(Write::advance(at(&id, 8)).with_epoch(1).with_state("new"), Stored).await;
    store.claim(&id, "b:1").await;
    store.write(Write::overwrite(at(&id, None)).with_epoch(2), Stored).await;
    store.write(Write::expect(at(&id, 0), None).with_epoch(7), Stored).await;
    store.claim(&id, "c:1").await;
}

/// Whoever claimed before is fenced, and so is who never claimed.
pub async fn a_claim_fences_those_before(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let mut store = Compared::open(place, "a claim fences everybody before").await;
    let id = place.id("fences");
    store.claim(&id, "a:1").await;
    store.write(Write::advance(at(&id, 7)).with_epoch(1), Stored).await;
    store.claim(&id, "b:1").await;
    for epoch in [0, 1] {
        for write in in_every_mode(&id, 8, Some(7)) {
            store.write(write.with_epoch(epoch).with_state("stale"), Fenced(2)).await;
        }
    }
    store.write(Write::advance(at(&id, 8)).with_epoch(2), Stored).await;
}

/// An owner label is text of 0 to 512 bytes; any other is `Invalid` and claims nothing.
pub async fn owner_labels_are_kept_or_refused(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let mut store = Compared::open(place, "owner labels of 0 to 512 bytes without control characters are kept").await;
    let id = place.id("owner");
    let longest = "é".repeat(MAX_OWNER_BYTES / 2);
    let too_long = longest.clone() + "x";
    for refused in [&too_long, "host\n1", "host\0"] {
        store.claim(&id, refused).await;
    }
    for kept in ["host:1", "", " ", "it's \"quoted\" \\ %s 検査 🦀", &longest] {
        store.claim(&id, kept).await;
    }
    store.claim(&id, &too_long).await;
}

/// At the last epoch a claim is `Invalid` and changes nothing.
pub async fn the_last_epoch_cannot_be_claimed(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let mut store = Compared::open(place, "at epoch 2^63 - 1 a claim is refused and changes nothing").await;
    let id = place.id("last");
    store.put(at(&id, 7), MAX_EPOCH - 1).await;
    store.claim(&id, "a:1").await;
    store.claim(&id, "b:1").await;
    store.write(Write::advance(at(&id, 8)).with_epoch(MAX_EPOCH), Stored).await;
}
