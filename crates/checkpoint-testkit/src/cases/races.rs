//! Many writers on one checkpoint, over two openings: whoever wins, the history is one that `decide` allows.

use std::sync::Arc;

use checkpoint_core::Outcome::{Ahead, Contended, Mismatch, Stored};
use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Write};
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use super::{assert_whole, at, position, read, state_of};
use crate::Place;
use crate::timeline::{Clock, Event, assert_never_back};

const WRITERS: u64 = 8;
const READERS: u64 = 2;

/// With many writers, no accepted write goes back behind one accepted before, and readers see positions only grow, each
/// with its own state.
pub async fn racing_writers_never_go_back(place: &Place) {
    let (id, stores, clock) = (place.id("race"), place.open_twice().await, Arc::new(Clock::default()));
    let calls = calls_each(place, WRITERS + READERS);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let positions = (0..calls).map(move |call| call * WRITERS + writer);
        writers.spawn(advance_all(pick(&stores, writer), id.clone(), positions.collect(), Arc::clone(&clock)));
    }
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        readers.spawn(read_all(pick(&stores, reader), id.clone(), calls, Arc::clone(&clock)));
    }
    let writes: Vec<_> = writers.join_all().await.concat();
    let mut reads: Vec<_> = readers.join_all().await.concat();
    reads.extend(read_all(pick(&stores, 0), id, 1, clock).await);

    assert_never_back("no accepted write goes back behind one accepted before", &writes, &writes);
    assert_never_back("a read shows every write that was accepted before", &writes, &reads);
    assert_never_back("reads never go back", &reads, &reads);
    let last = reads.last().map(|read| read.value());
    assert_eq!(last, Some(Some(calls * WRITERS - 1)), "the largest position wins");
}

/// With many counters that compare and set, every accepted step is counted just once.
pub async fn racing_compare_and_set_loses_nothing(place: &Place) {
    let (id, stores) = (place.id("count"), place.open_twice().await);
    let calls = calls_each(place, 2 * WRITERS);
    let mut counters = JoinSet::new();
    for counter in 0..WRITERS {
        counters.spawn(count(pick(&stores, counter), id.clone(), calls));
    }
    let mut counted: Vec<_> = counters.join_all().await.concat();
    counted.sort_unstable();
    for (counted, promised) in counted.iter().zip(0..) {
        assert_eq!(*counted, promised, "of the writes that expect the same position, just one is stored");
    }
    assert_eq!(position(&*stores[0], &id).await, counted.last().copied(), "the last accepted write is what is held");
}

/// Of many writers that expect a checkpoint not to be there, just one creates it, and the others are told its position.
pub async fn one_of_racing_creators_wins(place: &Place) {
    let stores = place.open_twice().await;
    for round in 0..place.profile().racing_calls / 20 {
        let id = place.id(&format!("create-{round}"));
        let outcomes = write_at_once(&stores, |position| Write::expect(at(&id, position), None)).await;
        let winners: Vec<_> = (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_stored()).map(|(p, _)| p).collect();
        let [winner] = winners[..] else { panic!("just one of the writers creates {id:?}, but {winners:?} did") };
        for outcome in outcomes.into_iter().filter(|outcome| !outcome.is_stored()) {
            assert_eq!(outcome, Mismatch(Some(winner)), "who loses is told what {id:?} holds");
        }
        assert_eq!(position(&*stores[1], &id).await, Some(winner), "{id:?} holds what the winner wrote");
    }
}

/// Many writers that begin on a new checkpoint do not disturb each other: the largest position is there in the end.
pub async fn racing_first_writes_do_not_collide(place: &Place) {
    let stores = place.open_twice().await;
    for round in 0..place.profile().racing_calls / 20 {
        let id = place.id(&format!("first-{round}"));
        let outcomes = write_at_once(&stores, |position| Write::advance(at(&id, position))).await;
        for (position, outcome) in (0..).zip(&outcomes) {
            let allowed = matches!(outcome, Stored) || matches!(outcome, Ahead(ahead) if *ahead > position);
            assert!(allowed, "advancing the new {id:?} to {position} answered {outcome:?}");
        }
        assert_eq!(outcomes.last(), Some(&Stored), "nothing is ahead of the largest position");
        assert_eq!(position(&*stores[1], &id).await, Some(WRITERS - 1), "the largest position of {id:?} wins");
    }
}

/// Batches over the same checkpoints, in different orders, never block each other for good and never go back.
pub async fn racing_batches_end(place: &Place) {
    const IDS: u64 = 20;
    let stores = place.open_twice().await;
    let ids: Vec<_> = (0..IDS).map(|number| place.id(&format!("batch-{number}"))).collect();
    let rounds = calls_each(place, 2 * WRITERS);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut ids = ids.clone();
        ids.rotate_left(usize::try_from(writer).expect("a small number"));
        if writer.is_multiple_of(2) {
            ids.reverse();
        }
        writers.spawn(write_batches(pick(&stores, writer), ids, writer, rounds));
    }
    writers.join_all().await;
    for id in &ids {
        assert_eq!(position(&*stores[0], id).await, Some(rounds * WRITERS - 1), "the largest position of {id:?} wins");
    }
}

async fn write_batches(store: Arc<dyn CheckpointStore>, ids: Vec<CheckpointId>, writer: u64, rounds: u64) {
    for round in 0..rounds {
        let position = round * WRITERS + writer;
        let mut open: Vec<_> = ids.iter().map(|id| Write::advance(at(id, position))).collect();
        while !open.is_empty() {
            let outcomes = store.write_many(&open).await.expect("write_many fails");
            assert_eq!(outcomes.len(), open.len(), "write_many answers one outcome a write");
            let mut outcomes = outcomes.into_iter();
            open.retain(|write| match outcomes.next() {
                Some(Contended) => true,
                Some(Stored) => false,
                Some(Ahead(ahead)) if ahead > position => false,
                other => panic!("advancing {:?} to {position} in a batch answered {other:?}", write.checkpoint.id),
            });
            yield_now().await;
        }
    }
}

/// Advances to one position after the other, and returns the accepted writes.
async fn advance_all(
    store: Arc<dyn CheckpointStore>,
    id: CheckpointId,
    positions: Vec<u64>,
    clock: Arc<Clock>,
) -> Vec<Event> {
    let mut accepted = Vec::new();
    for position in positions {
        let write = Write::advance(at(&id, position)).with_state(state_of(Some(position)));
        let started = clock.begin();
        match super::write(&*store, &write).await {
            Stored => accepted.push(started.ended(Some(position))),
            Ahead(ahead) if ahead > position => {}
            other => panic!("advancing to {position} answered {other:?}: only Stored and Ahead of more are possible"),
        }
        yield_now().await; // a store that answers at once would let nobody else in
    }
    accepted
}

/// Reads again and again; each record must be one that was written, whole.
async fn read_all(store: Arc<dyn CheckpointStore>, id: CheckpointId, calls: u64, clock: Arc<Clock>) -> Vec<Event> {
    let mut reads = Vec::new();
    for _ in 0..calls {
        let started = clock.begin();
        let record = read(&*store, &id).await;
        reads.push(started.ended(record.as_ref().and_then(|record| record.checkpoint.position)));
        if let Some(record) = record {
            assert_whole(&record);
        }
        yield_now().await;
    }
    reads
}

/// Counts up, and returns the positions whose write was accepted.
async fn count(store: Arc<dyn CheckpointStore>, id: CheckpointId, calls: u64) -> Vec<u64> {
    let mut counted = Vec::new();
    for _ in 0..calls {
        let held = position(&*store, &id).await;
        let next = held.map_or(0, |held| held + 1);
        yield_now().await; // a store that answers at once would let nobody else in
        match super::write(&*store, &Write::expect(at(&id, next), held)).await {
            Stored => counted.push(next),
            Mismatch(Some(other)) if held.is_none_or(|held| other > held) => {}
            other => panic!("expecting {held:?} answered {other:?}: only Stored and Mismatch of more are possible"),
        }
    }
    counted
}

/// One write by each writer, all at the same moment: `write` makes that of each number, and their outcomes are returned
/// in the order of the numbers.
async fn write_at_once(stores: &[Arc<dyn CheckpointStore>; 2], write: impl Fn(u64) -> Write) -> Vec<Outcome> {
    let together = Arc::new(Barrier::new(usize::try_from(WRITERS).expect("a small number")));
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let (store, write, together) = (pick(stores, number), write(number), Arc::clone(&together));
        writers.spawn(async move {
            together.wait().await;
            (number, super::write(&*store, &write).await)
        });
    }
    let mut outcomes = writers.join_all().await;
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn pick(stores: &[Arc<dyn CheckpointStore>; 2], number: u64) -> Arc<dyn CheckpointStore> {
    let [even, odd] = stores;
    Arc::clone(if number.is_multiple_of(2) { even } else { odd })
}

/// How many calls each of `tasks` makes.
fn calls_each(place: &Place, tasks: u64) -> u64 {
    u64::try_from(place.profile().racing_calls).map_or(u64::MAX, |calls| (calls / tasks).max(2))
}
