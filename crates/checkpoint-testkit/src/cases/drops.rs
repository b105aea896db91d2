//! Futures that are dropped before they are done: the write has happened, whole, or it has not.

use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use checkpoint_core::Outcome::Stored;
use checkpoint_core::{CheckpointId, CheckpointStore, MAX_POSITION, Operation, Write};
use tokio::time::timeout;

use super::{assert_whole, at, claim, read, state_of, write};
use crate::Place;

/// After dropped writes the record is one of the writes, whole, and the store still works.
pub async fn dropped_writes_are_whole_or_nothing(place: &Place) {
    let (store, id) = (place.open().await, place.id("dropped"));
    let span = time_of_a_write(&*store, &id).await;
    let mut before = Some(0);
    for position in 1..=rounds(place) {
        let write = advance(&id, position);
        abandon(store.write(&write), position, span).await;
        before = assert_one_of(&*store, &id, before..=Some(position)).await;
    }
    assert_works(&*store, &id).await;
}

/// The same of batches: each of their writes is whole, and none blocks a later one.
pub async fn dropped_batches_are_whole_writes(place: &Place) {
    let store = place.open().await;
    let ids: Vec<_> = (0..5).map(|number| place.id(&format!("batch-{number}"))).collect();
    let mut span = Duration::ZERO;
    for id in &ids {
        span += time_of_a_write(&*store, id).await;
    }
    for position in 1..=rounds(place) / 4 {
        let writes: Vec<_> = ids.iter().map(|id| advance(id, position)).collect();
        abandon(store.write_many(&writes), position, span).await;
        for id in &ids {
            assert_one_of(&*store, id, Some(0)..=Some(position)).await;
        }
    }
    for id in &ids {
        assert_works(&*store, id).await;
    }
}

/// After dropped claims the epoch has gone up once for each that happened, position and state are as they were, and
/// the next claim owns the checkpoint.
pub async fn dropped_claims_leave_the_record_whole(place: &Place) {
    if place.lacks(Operation::Claim) {
        return;
    }
    let (store, id) = (place.open().await, place.id("claimed"));
    let span = time_of_a_write(&*store, &id).await;
    for claims in 1..=rounds(place) {
        abandon(store.claim(&id, "host:1"), claims, span).await;
        assert_one_of(&*store, &id, Some(0)..=Some(0)).await;
        let epoch = read(&*store, &id).await.map(|record| record.epoch);
        assert!(epoch <= Some(claims), "{claims} dropped claims raise the epoch to {claims} at most, not to {epoch:?}");
    }
    // A claim that was dropped may still be on its way: it fences whoever claimed before it.
    for _ in 0..=rounds(place) {
        let claimed = claim(&*store, &id, "host:2").await;
        if write(&*store, &advance(&id, MAX_POSITION).with_epoch(claimed.epoch)).await == Stored {
            return;
        }
    }
    panic!("who claims after dropped claims owns the checkpoint, but every write was refused");
}

/// Drops `call` at a moment that differs from round to round: after some polls, or after some part of `span`.
async fn abandon<F: Future>(call: F, round: u64, span: Duration) {
    let (by_time, part) = (round.is_multiple_of(2), round / 2 % 8);
    if by_time {
        let part = u32::try_from(part).expect("a number below 8");
        let _ = timeout(span * part / 5, call).await;
        return;
    }
    let mut call = pin!(call);
    let mut polls = part / 2;
    let polled = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending if polls == 0 => Poll::Ready(()),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    });
    polled.await;
}

/// The store holds position 0 after it.
async fn time_of_a_write(store: &dyn CheckpointStore, id: &CheckpointId) -> Duration {
    let begin = Instant::now();
    assert_eq!(write(store, &advance(id, 0)).await, Stored, "a write creates {id:?}");
    begin.elapsed()
}

fn advance(id: &CheckpointId, position: u64) -> Write {
    Write::advance(at(id, position)).with_state(state_of(Some(position)))
}

/// The record must be that of one of the writes; returns its position.
async fn assert_one_of(
    store: &dyn CheckpointStore,
    id: &CheckpointId,
    allowed: RangeInclusive<Option<u64>>,
) -> Option<u64> {
    let record = read(store, id).await.expect("a stored record is there");
    let position = record.checkpoint.position;
    assert!(allowed.contains(&position), "after a dropped call the position is one of {allowed:?}, not {position:?}");
    assert_whole(&record);
    position
}

async fn assert_works(store: &dyn CheckpointStore, id: &CheckpointId) {
    assert_eq!(write(store, &advance(id, MAX_POSITION)).await, Stored, "the store still works after dropped calls");
    assert_one_of(store, id, Some(MAX_POSITION)..=Some(MAX_POSITION)).await;
}

fn rounds(place: &Place) -> u64 {
    u64::try_from(place.profile().racing_calls / 5).expect("a number of calls")
}
