//! `list`: pages in the order of the ids' bytes, with a prefix that means just itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use checkpoint_core::Outcome::Stored;
use checkpoint_core::{CheckpointId, CheckpointStore, Operation, Outcome, Write};
use tokio::task::yield_now;

use super::{at, state_of};
use crate::Place;
use crate::compared::Compared;

/// Uppercase before lowercase, digits and marks by their bytes, letters outside ASCII last.
const NAMES: [&str; 20] = [
    "b", "a", "B", "A", "_", "~", "-", "1", "10", "9", "aa", "a b", "a/b", "a-b", "a_b", "é", "e\u{301}", "z", "ö",
    "🦀",
];

/// Records come whole, in the order of their ids' bytes, whatever the order they were written in.
pub async fn list_is_in_byte_order(place: &Place) {
    if place.lacks(Operation::List) {
        return;
    }
    let mut store = Compared::open(place, "list shows whole records in the order of their ids' bytes").await;
    fill(place, &mut store, &NAMES).await;
    if place.profile().supports(Operation::Claim) {
        store.claim(&place.id("a"), "host:1").await;
    }
    store.list(&place.prefix(""), None, 100).await;
    store.list(&place.prefix(""), None, usize::MAX).await;
}

/// Pages of every size follow one another without a gap; `after` need not exist; a limit of 0 shows nothing.
pub async fn pages_follow_one_another(place: &Place) {
    if place.lacks(Operation::List) {
        return;
    }
    let mut store = Compared::open(place, "the pages of a list follow one another without gap or repetition").await;
    fill(place, &mut store, &NAMES).await;
    let all = place.prefix("");
    for limit in [0, 1, 3, NAMES.len() - 1, NAMES.len(), NAMES.len() + 1] {
        for after in [None, Some("a"), Some("🦀"), Some("a!"), Some("C")] {
            let after = after.map(|name| place.id(name));
            store.list(&all, after.as_ref(), limit).await;
        }
    }
    for name in NAMES {
        store.list(&all, Some(&place.id(name)), 2).await;
    }
}

/// A prefix is text: nothing in it is a pattern, and case counts. It goes together with `after`, wherever that is.
pub async fn a_prefix_is_taken_literally(place: &Place) {
    if place.lacks(Operation::List) {
        return;
    }
    let mut store = Compared::open(place, "a prefix of a list means just itself").await;
    let names =
        ["a%b", "axb", "a_b", "a*b", "a?b", "a\\b", "a[xy]b", "ayb", "a.b", "A%b", "ab", "^a", "a'b", "é", "éa"];
    fill(place, &mut store, &names).await;
    for prefix in ["a", "a%", "a_", "a*", "a?", "a\\", "a[xy]", "a.", "A", ".*", "%", "_", "*", "^a", "a'", "é", "x"] {
        store.list(&place.prefix(prefix), None, 100).await;
    }
    for after in ["A%b", "a", "a_b", "b"] {
        store.list(&place.prefix("a"), Some(&place.id(after)), 3).await;
    }
}

/// What belongs to another checkpoint is left out where all are listed, and listed by its prefix.
pub async fn what_is_beside_is_listed_by_its_prefix(place: &Place) {
    if place.lacks(Operation::List) {
        return;
    }
    let mut store =
        Compared::open(place, "ids that begin with ~ are listed by a prefix that does, and not with all").await;
    let name = place.id("name");
    let beside: Vec<_> =
        ["/0", "/1"].iter().map(|end| CheckpointId::new(format!("~{name}{end}")).expect("it is short")).collect();
    for id in beside.iter().chain([&name]) {
        store.write(Write::advance(at(id, 7)).with_state(state_of(Some(7))), Stored).await;
    }
    store.list(&format!("~{name}"), None, 100).await;
    store.list(&format!("~{name}"), Some(&beside[0]), 100).await;
    let [lister, writer] = place.open_twice().await;
    for id in beside.iter().chain([&name]) {
        assert_eq!(put(&*writer, id, 8).await, Stored, "a write advances {id:?}");
    }
    let shown = list_all(&*lister, "", 7).await;
    assert!(shown.contains(&name), "a list of all shows {name:?}");
    let besides = shown.iter().find(|id| id.is_beside());
    assert_eq!(besides, None, "a list of all leaves out what begins with ~");
    for id in &beside {
        assert!(lister.read(id).await.is_ok_and(|read| read.is_some()), "{id:?} is read");
    }
}

/// While others write, create and delete, a listing shows every record that is there all the time just once, in order.
pub async fn a_list_under_writes_shows_each_once(place: &Place) {
    if place.lacks(Operation::List) {
        return;
    }
    let [lister, writer] = place.open_twice().await;
    let steady: Vec<_> = (0..30).map(|number| place.id(&format!("{number:02}-steady"))).collect();
    let passing: Vec<_> = (0..30).map(|number| place.id(&format!("{number:02}-passing"))).collect();
    for id in &steady {
        assert_eq!(put(&*writer, id, 0).await, Stored, "a write creates {id:?}");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let deletes = place.profile().supports(Operation::Delete);
    let noise = tokio::spawn(make_noise(writer, steady.clone(), passing, deletes, Arc::clone(&stop)));
    for _ in 0..place.profile().racing_calls / 20 {
        let shown = list_all(&*lister, &place.prefix(""), 7).await;
        assert!(shown.is_sorted_by(|a, b| a < b), "under writes, a list is in order, but it showed {shown:?}");
        let missed: Vec<_> = steady.iter().filter(|id| !shown.contains(id)).collect();
        assert!(missed.is_empty(), "under writes, a list shows what is there all the time, but it missed {missed:?}");
    }
    stop.store(true, Ordering::Relaxed);
    noise.await.expect("no write of the noise fails");
}

/// Changes every steady record, creates and deletes the passing ones, over and over.
async fn make_noise(
    store: Arc<dyn CheckpointStore>,
    steady: Vec<CheckpointId>,
    passing: Vec<CheckpointId>,
    deletes: bool,
    stop: Arc<AtomicBool>,
) {
    for position in 1.. {
        for (steady, passing) in steady.iter().zip(&passing) {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let outcomes = [put(&*store, steady, position).await, put(&*store, passing, position).await];
            assert_eq!(outcomes, [Stored, Stored], "advancing {steady:?} and {passing:?}");
            if deletes && position.is_multiple_of(2) {
                assert_eq!(store.delete(passing).await.ok(), Some(true), "deleting {passing:?}");
            }
            yield_now().await;
        }
    }
}

async fn put(store: &dyn CheckpointStore, id: &CheckpointId, position: u64) -> Outcome {
    let write = Write::advance(at(id, position)).with_state(state_of(Some(position)));
    super::write(store, &write).await
}

async fn list_all(store: &dyn CheckpointStore, prefix: &str, limit: usize) -> Vec<CheckpointId> {
    let mut ids: Vec<CheckpointId> = Vec::new();
    loop {
        let page = store.list(prefix, ids.last(), limit).await.expect("list fails");
        let last = page.len() < limit;
        ids.extend(page.into_iter().map(|record| record.checkpoint.id));
        if last {
            return ids;
        }
        yield_now().await; // a store that answers at once would let nobody else in
    }
}

async fn fill(place: &Place, store: &mut Compared<'_>, names: &[&str]) {
    for (name, position) in names.iter().zip(1..) {
        let write = Write::advance(at(&place.id(name), position)).with_state(state_of(Some(position)));
        store.write(write, Stored).await;
    }
}
