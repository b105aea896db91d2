//! What each mode stores and refuses.

use checkpoint_core::Outcome::{Ahead, Fenced, Mismatch, Stored};
use checkpoint_core::Write;

use super::{at, in_every_mode};
use crate::Place;
use crate::compared::Compared;

/// `Advance` stores a larger position, and answers `Ahead` to a smaller one.
pub async fn advance_never_goes_back(place: &Place) {
    let mut store = Compared::open(place, "advance never lets a position go back").await;
    let id = place.id("advance");
    store.write(Write::advance(at(&id, 7)).with_state("seven"), Stored).await;
    store.write(Write::advance(at(&id, 6)).with_state("six"), Ahead(7)).await;
    store.write(Write::advance(at(&id, 0)), Ahead(7)).await;
    store.write(Write::advance(at(&id, 8)).with_state("eight"), Stored).await;
    store.write(Write::advance(at(&id, 7)).with_state("seven"), Ahead(8)).await;
}

/// `Advance` stores an equal position again, as the state may differ.
pub async fn advance_stores_an_equal_position_again(place: &Place) {
    let mut store = Compared::open(place, "advance stores an equal position again, with its new state").await;
    let id = place.id("equal");
    for position in [None, Some(0), Some(7)] {
        for state in ["first", "second", ""] {
            store.write(Write::advance(at(&id, position)).with_state(state), Stored).await;
        }
    }
}

/// `Advance` to no position never replaces a position, not even 0; it does create, and 0 replaces it.
pub async fn none_never_replaces_a_position(place: &Place) {
    let mut store = Compared::open(place, "no position never replaces a position, and 0 is a position").await;
    let id = place.id("none");
    store.write(Write::advance(at(&id, None)), Stored).await;
    store.write(Write::advance(at(&id, 0)), Stored).await;
    store.write(Write::advance(at(&id, None)), Ahead(0)).await;
    store.write(Write::advance(at(&id, 7)), Stored).await;
    store.write(Write::advance(at(&id, None)), Ahead(7)).await;
}

/// `Expect` stores any position where the store holds just the expected one; nothing there is no position.
pub async fn expect_compares_and_sets(place: &Place) {
    let mut store = Compared::open(place, "expect stores only where the position is the expected one").await;
    let id = place.id("expect");
    store.write(Write::expect(at(&id, 5), Some(4)), Mismatch(None)).await;
    store.write(Write::expect(at(&id, 5), Some(0)), Mismatch(None)).await;
    store.write(Write::expect(at(&id, 5), None), Stored).await;
    store.write(Write::expect(at(&id, 9), None), Mismatch(Some(5))).await;
    store.write(Write::expect(at(&id, 9), Some(4)), Mismatch(Some(5))).await;
    store.write(Write::expect(at(&id, 9), Some(6)), Mismatch(Some(5))).await;
    store.write(Write::expect(at(&id, 3), Some(5)), Stored).await;
    store.write(Write::expect(at(&id, 0), Some(3)), Stored).await;
    store.write(Write::expect(at(&id, 1), None), Mismatch(Some(0))).await;
    store.write(Write::expect(at(&id, None), Some(0)), Stored).await;
    store.write(Write::expect(at(&id, 1), Some(0)), Mismatch(None)).await;
    store.write(Write::expect(at(&id, 1), None), Stored).await;
}

/// `Overwrite` stores any position over any other.
pub async fn overwrite_stores_any_position(place: &Place) {
    let mut store = Compared::open(place, "overwrite stores any position").await;
    let id = place.id("overwrite");
    for position in [Some(7), Some(3), Some(0), None, Some(9), Some(9), None, None, Some(0)] {
        store.write(Write::overwrite(at(&id, position)).with_state("set"), Stored).await;
    }
}

/// Every mode creates what is missing.
pub async fn every_mode_creates(place: &Place) {
    let mut store = Compared::open(place, "a write creates what is missing").await;
    for (number, write) in in_every_mode(&place.id(""), 4, None).into_iter().enumerate() {
        let id = place.id(&format!("create-{number}"));
        let write = Write::new(at(&id, 4), write.mode).with_state("new");
        store.read(&id).await;
        store.write(write, Stored).await;
    }
}

/// A write that is not stored changes nothing at all, not even the time.
pub async fn a_refused_write_changes_nothing(place: &Place) {
    let id = place.id("refused");
    let mut compared = Compared::open_twice(place, "a write that is not stored changes nothing").await;
    compared.put(at(&id, 7), 3).await;
    let before = compared.record(&id).await;
    compared.write(Write::advance(at(&id, 6)).with_epoch(3).with_state("new"), Ahead(7)).await;
    compared.write(Write::expect(at(&id, 8), None).with_epoch(4).with_state("new"), Mismatch(Some(7))).await;
    compared.write(Write::overwrite(at(&id, 8)).with_epoch(2).with_state("new"), Fenced(3)).await;
    assert_eq!(compared.record(&id).await, before, "a write that is not stored changes nothing, not even updated_at");
}
