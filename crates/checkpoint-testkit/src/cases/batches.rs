//! `write_many`: each write stands alone, the answers come in order.

use checkpoint_core::Outcome::{self, Ahead, Fenced, Mismatch, Missing, Stored};
use checkpoint_core::{CheckpointId, MAX_POSITION, Write};

use super::{assert_whole, at, read, state_of};
use crate::Place;
use crate::compared::Compared;

/// One outcome a write, in the order of the writes, whatever the order of the ids; who loses does not stop the others.
pub async fn outcomes_come_in_order(place: &Place) {
    let mut store = Compared::open(place, "write_many answers one outcome a write, in their order").await;
    let [ahead, fenced, gone, other, free] =
        ["e-ahead", "d-fenced", "c-gone", "b-other", "a-free"].map(|name| place.id(name));
    store.write(Write::advance(at(&ahead, 7)).with_state("held"), Stored).await;
    store.put(at(&fenced, 7), 3).await;
    store.write(Write::advance(at(&other, 7)), Stored).await;
    let writes = vec![
        Write::advance(at(&ahead, 6)).with_state("new"),
        Write::advance(at(&fenced, 9)).with_epoch(2).with_state("new"),
        Write::overwrite(at(&gone, 1)).with_epoch(1),
        Write::expect(at(&other, 9), Some(5)),
        Write::advance(at(&free, 9)).with_state("new"),
    ];
    store.write_many(writes.clone(), &[Ahead(7), Fenced(3), Missing, Mismatch(Some(7)), Stored]).await;
    let backwards = writes.into_iter().rev().collect();
    store.write_many(backwards, &[Stored, Mismatch(Some(7)), Missing, Fenced(3), Ahead(7)]).await;
}

/// Nothing to write is nothing to answer.
pub async fn an_empty_batch_is_no_error(place: &Place) {
    let mut store = Compared::open(place, "write_many of nothing answers nothing").await;
    store.write_many(Vec::new(), &[]).await;
}

/// The same id twice is `Invalid` before anything is written, wherever the two are, also when they are equal.
pub async fn duplicates_write_nothing(place: &Place) {
    let mut store = Compared::open(place, "an id twice in one write_many is refused, and nothing is written").await;
    let [a, b, c] = ["a", "b", "c"].map(|name| place.id(name));
    store.write(Write::advance(at(&b, 1)), Stored).await;
    let [first, second, third] = [&a, &b, &c].map(|id| Write::advance(at(id, 5)).with_state("new"));
    for again in [first.clone(), Write::advance(at(&a, 6)), second.clone(), third.clone()] {
        store.refuse(vec![first.clone(), second.clone(), third.clone(), again]).await;
    }
    store.refuse(vec![first.clone(), first]).await;
}

/// One write out of range is `Invalid` before anything is written, also when it is the last.
pub async fn one_invalid_write_refuses_the_batch(place: &Place) {
    let mut store = Compared::open(place, "a write out of range refuses the whole write_many").await;
    let [a, b, c] = ["a", "b", "c"].map(|name| Write::advance(at(&place.id(name), 5)));
    let invalid = Write::advance(at(&place.id("invalid"), MAX_POSITION + 1));
    store.refuse(vec![a.clone(), b.clone(), c.clone(), invalid.clone()]).await;
    store.refuse(vec![invalid, a, b, c]).await;
}

/// A thousand writes in one call, each with a state; then a thousand of which every third loses.
pub async fn a_thousand_at_once(place: &Place) {
    let store = place.open().await;
    let ids: Vec<_> = (0..1_000).map(|number| place.id(&format!("{:03}", number * 7 % 1_000))).collect();
    let first: Vec<_> = ids.iter().map(|id| write(id, 10)).collect();
    let stored = store.write_many(&first).await.expect("write_many of 1,000 fails");
    assert_outcomes(&stored, |_| Stored);

    let positions = (0..1_000).map(|number| if number % 3 == 0 { 9 } else { 11 });
    let second: Vec<_> = ids.iter().zip(positions).map(|(id, position)| write(id, position)).collect();
    let mixed = store.write_many(&second).await.expect("write_many of 1,000 fails");
    assert_outcomes(&mixed, |number| if number % 3 == 0 { Ahead(10) } else { Stored });

    for number in [0, 1, 2, 3, 499, 500, 501, 997, 998, 999] {
        let position = if number % 3 == 0 { 10 } else { 11 };
        let record = read(&*store, &ids[number]).await.expect("a stored record is there");
        assert_eq!(record.checkpoint, at(&ids[number], position), "write {number} of 1,000 was answered, but not made");
        assert_whole(&record);
    }
}

fn write(id: &CheckpointId, position: u64) -> Write {
    Write::advance(at(id, position)).with_state(state_of(Some(position)))
}

fn assert_outcomes(seen: &[Outcome], promised: impl Fn(usize) -> Outcome) {
    assert_eq!(seen.len(), 1_000, "write_many answers one outcome a write");
    for (number, outcome) in seen.iter().enumerate() {
        let promised = promised(number);
        assert_eq!(
            *outcome, promised,
            "write_many answers {outcome:?} to write {number}, and must answer {promised:?}"
        );
    }
}
