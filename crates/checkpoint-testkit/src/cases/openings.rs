//! What several openings of one place know of each other.

use checkpoint_core::Outcome::{Ahead, Fenced, Stored};
use checkpoint_core::{CheckpointId, Operation, Write};

use super::{at, state_of};
use crate::Place;
use crate::compared::Compared;

/// A durable store shows the same records when it is opened again.
pub async fn records_survive_reopening(place: &Place) {
    if !place.profile().durable {
        eprintln!("nothing to try: the profile does not say that the store is durable");
        return;
    }
    let mut store = Compared::open(place, "what was stored is there when the place is opened again").await;
    let ids = ["plain", "deleted", "claimed", "empty", "two words", "ünïcödé/%"].map(|name| place.id(name));
    fill(place, &mut store, &ids).await;
    for round in 1..=3 {
        store.reopen().await;
        for id in &ids {
            store.read(id).await;
        }
        store.write(Write::advance(at(&ids[0], 6)), Ahead(6 + round)).await;
        store.write(Write::advance(at(&ids[0], 7 + round)).with_state(state_of(Some(round))), Stored).await;
    }
    if place.profile().supports(Operation::List) {
        store.list(&place.prefix(""), None, 100).await;
    }
}

/// Records of every kind.
async fn fill(place: &Place, store: &mut Compared<'_>, ids: &[CheckpointId; 6]) {
    for (id, position) in ids.iter().zip(7..) {
        let write = Write::advance(at(id, position)).with_state(state_of(Some(position)));
        store.write(write, Stored).await;
    }
    store.write(Write::advance(at(&ids[4], 1 << 60)).with_epoch(5).with_state("\0\n\u{ff}"), Stored).await;
    store.write(Write::overwrite(at(&ids[3], None)), Stored).await;
    store.write(Write::advance(at(&ids[0], 6)), Ahead(7)).await;
    if place.profile().supports(Operation::Claim) {
        store.claim(&ids[2], "host:1").await;
        store.claim(&ids[2], "host:2").await;
    }
    if place.profile().supports(Operation::Delete) {
        store.delete(&ids[1]).await;
    }
}

/// What one opening writes, claims or deletes, another one sees at once.
pub async fn openings_see_one_another(place: &Place) {
    if !place.profile().shared {
        eprintln!("nothing to try: the profile does not say that two openings see one another");
        return;
    }
    let mut store = Compared::open_twice(place, "two openings of one place see one another at once").await;
    let id = place.id("seen");
    for position in 0..6 {
        store.write(Write::advance(at(&id, position * 10)).with_state(state_of(Some(position))), Stored).await;
        if let Some(before) = position.checked_sub(1) {
            store.write(Write::advance(at(&id, before * 10)), Ahead(position * 10)).await;
        }
    }
    store.write(Write::advance(at(&id, 60)).with_epoch(1), Stored).await;
    store.write(Write::advance(at(&id, 70)), Fenced(1)).await;
    for owner in ["a:1", "b:1", "c:1"] {
        if place.profile().supports(Operation::Claim) {
            store.claim(&id, owner).await;
        }
    }
    for _ in 0..3 {
        if place.profile().supports(Operation::Delete) {
            store.delete(&id).await;
        }
    }
}
