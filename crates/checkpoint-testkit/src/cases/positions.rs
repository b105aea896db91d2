//! Positions: whole numbers from 0 to 2^63 − 1, each told from its neighbours.

use checkpoint_core::Outcome::{Ahead, Mismatch, Stored};
use checkpoint_core::{MAX_POSITION, Write};

use super::{at, in_every_mode};
use crate::Place;
use crate::compared::Compared;

/// From here on a double cannot hold every whole number.
const DOUBLE: u64 = 1 << 53;

/// Every position comes back exactly, also where a double or a signed 32-bit number would not do.
pub async fn boundary_positions_are_exact(place: &Place) {
    let mut store = Compared::open(place, "positions are exact from 0 to 2^63 - 1").await;
    let id = place.id("exact");
    let positions = [0, 1, 1 << 31, (1 << 32) + 1, DOUBLE - 1, DOUBLE, DOUBLE + 1, MAX_POSITION - 1, MAX_POSITION];
    store.write(Write::advance(at(&id, None)), Stored).await;
    for position in positions {
        store.write(Write::advance(at(&id, position)), Stored).await;
    }
    for position in &positions[..positions.len() - 1] {
        store.write(Write::advance(at(&id, *position)), Ahead(MAX_POSITION)).await;
    }
}

/// Neighbours are told apart in every comparison, also above 2^53.
pub async fn neighbours_are_told_apart(place: &Place) {
    let mut store = Compared::open(place, "positions that differ by one are different").await;
    for (number, position) in [1, DOUBLE + 1, MAX_POSITION].into_iter().enumerate() {
        let id = place.id(&format!("neighbour-{number}"));
        store.write(Write::advance(at(&id, position)), Stored).await;
        store.write(Write::advance(at(&id, position - 1)), Ahead(position)).await;
        store.write(Write::expect(at(&id, 5), Some(position - 1)), Mismatch(Some(position))).await;
        store.write(Write::expect(at(&id, position - 1), Some(position)), Stored).await;
        store.write(Write::advance(at(&id, position)), Stored).await;
    }
}

/// Positions are compared as numbers, not as text.
pub async fn positions_compare_as_numbers(place: &Place) {
    let mut store = Compared::open(place, "positions are compared as numbers, not as text").await;
    let id = place.id("numbers");
    for (smaller, larger) in [(9, 10), (99, 100), (1_999, 20_000), (999_999_999, DOUBLE)] {
        store.write(Write::advance(at(&id, smaller)), Stored).await;
        store.write(Write::advance(at(&id, larger)), Stored).await;
        store.write(Write::advance(at(&id, smaller)), Ahead(larger)).await;
    }
}

/// A position above 2^63 − 1, new or expected, is `Invalid` in every mode, and nothing is written.
pub async fn positions_beyond_the_range_are_refused(place: &Place) {
    let mut store = Compared::open(place, "positions above 2^63 - 1 are refused and write nothing").await;
    for (name, held) in [("absent", None), ("held", Some(7))] {
        let id = place.id(name);
        if held.is_some() {
            store.write(Write::advance(at(&id, held)), Stored).await;
        }
        for position in [MAX_POSITION + 1, u64::MAX] {
            for write in in_every_mode(&id, position, held) {
                store.refuse(vec![write]).await;
            }
            store.refuse(vec![Write::expect(at(&id, 8), Some(position))]).await;
        }
    }
}
