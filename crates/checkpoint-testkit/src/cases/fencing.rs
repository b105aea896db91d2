//! Claims that race: distinct epochs, and nothing of a fenced writer is ever seen.

use std::sync::Arc;

use checkpoint_core::Outcome::{Fenced, Stored};
use checkpoint_core::{Bytes, CheckpointId, CheckpointStore, Operation, Record, Write};
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use super::{at, claim, read};
use crate::Place;
use crate::brief::Brief;
use crate::timeline::{Clock, Event, assert_never_back};

const CLAIMERS: u64 = 8;

/// Claimers that race get distinct epochs without a gap; then only the last of them can write.
pub async fn racing_claims_get_distinct_epochs(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let stores = place.open_twice().await;
    for round in 0..(place.profile().racing_calls / 50).max(2) {
        let id = place.id(&format!("claim-{round}"));
        let together = Arc::new(Barrier::new(usize::try_from(CLAIMERS).expect("a small number")));
        let mut claimers = JoinSet::new();
        for (store, number) in stores.iter().cycle().zip(0..CLAIMERS) {
            claimers.spawn(claim_and_write(Arc::clone(store), id.clone(), number, Arc::clone(&together)));
        }
        let mut epochs = claimers.join_all().await;
        epochs.sort_unstable();
        let promised: Vec<_> = (1..=CLAIMERS).collect();
        assert_eq!(epochs, promised, "claimers that race get distinct epochs without a gap");
        let held = read(&*stores[1], &id).await.expect("a claimed record is there");
        assert_eq!(held.checkpoint.position, Some(CLAIMERS), "who claimed last has written");
        assert_eq!(held.owner.map(Bytes::from), Some(held.state), "the owner is the one who claimed last");
    }
}

/// Claims, waits until everybody has claimed, and writes.
async fn claim_and_write(
    store: Arc<dyn CheckpointStore>,
    id: CheckpointId,
    number: u64,
    together: Arc<Barrier>,
) -> u64 {
    let owner = format!("host:{number}");
    let claimed = claim(&*store, &id, &owner).await;
    assert_eq!(claimed.owner.as_ref(), Some(&owner), "a claim returns the record of the one who claims");
    together.wait().await;
    let write = Write::advance(at(&id, claimed.epoch)).with_epoch(claimed.epoch).with_state(owner);
    let outcome = super::write(&*store, &write).await;
    let promised = if claimed.epoch == CLAIMERS { Stored } else { Fenced(CLAIMERS) };
    assert_eq!(outcome, promised, "of {CLAIMERS} claimers only the last one writes: epoch {}", claimed.epoch);
    claimed.epoch
}

/// While claimers take over from each other and write, no write is accepted after a later claim, and nobody who holds
/// the checkpoint ever sees somebody else change it.
pub async fn no_fenced_write_is_visible(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let (id, stores, clock) = (place.id("taken"), place.open_twice().await, Arc::new(Clock::default()));
    let turns = (place.profile().racing_calls / 40).max(2);
    let mut claimers = JoinSet::new();
    for store in stores.iter().cycle().take(4) {
        claimers.spawn(take_over(Arc::clone(store), id.clone(), turns, Arc::clone(&clock)));
    }
    let mut seen = Seen::default();
    for claimer in claimers.join_all().await {
        seen.claims.extend(claimer.claims);
        seen.writes.extend(claimer.writes);
        seen.reads.extend(claimer.reads);
    }
    assert_never_back("no write is accepted after a later claim", &seen.claims, &seen.writes);
    assert_never_back("a read shows every claim before it", &seen.claims, &seen.reads);
    assert_never_back("a claim gets a larger epoch than all before it", &seen.claims, &seen.claims);
    assert_never_back("the epochs that reads show never go back", &seen.reads, &seen.reads);
}

/// Epochs that were claimed, written with and read.
#[derive(Default)]
struct Seen {
    claims: Vec<Event>,
    writes: Vec<Event>,
    reads: Vec<Event>,
}

/// Claims and writes until somebody else has claimed; so many times.
async fn take_over(store: Arc<dyn CheckpointStore>, id: CheckpointId, turns: usize, clock: Arc<Clock>) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..turns {
        let started = clock.begin();
        let mut held = claim(&*store, &id, "host:1").await;
        seen.claims.push(started.ended(Some(held.epoch)));
        yield_now().await;
        for number in 0..4 {
            let started = clock.begin();
            let now = read(&*store, &id).await.expect("a claimed record is there");
            seen.reads.push(started.ended(Some(now.epoch)));
            assert_unchanged(&now, &held);

            let state = format!("{number} of epoch {}", held.epoch);
            let write = Write::overwrite(at(&id, number)).with_epoch(held.epoch).with_state(state);
            let started = clock.begin();
            match super::write(&*store, &write).await {
                Stored => seen.writes.push(started.ended(Some(held.epoch))),
                Fenced(epoch) if epoch > held.epoch => break,
                other => panic!("a write at epoch {} answered {other:?}", held.epoch),
            }
            (held.checkpoint, held.state) = (write.checkpoint, write.state);
            yield_now().await; // a store that answers at once would let nobody else in
        }
    }
    seen
}

/// As long as nobody else has claimed, the record is what its holder knows.
fn assert_unchanged(now: &Record, held: &Record) {
    let unchanged = (&now.checkpoint, &now.state) == (&held.checkpoint, &held.state);
    assert!(
        now.epoch > held.epoch || unchanged,
        "what a fenced writer writes is never seen, but who knows {} reads {}",
        Brief(held),
        Brief(now)
    );
}
