//! What an event costs when no save is due.

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use benchmarks::{Contestant, compare};
use checkpoint_commit::Committer;
use checkpoint_commit::strategy::{Strategy, after, every};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, Snapshots};
use tokio::time::Instant;

use super::models::Parts;
use super::{RUNTIME, id};

const EVENTS: u32 = 10_000;
const ROUNDS: usize = 20;
const LONG: Duration = Duration::from_secs(3600);

pub(crate) fn without_a_save() {
    let committer = Committer::builder(Arc::new(MemoryStore::new()), id("events")).strategy(after(LONG)).start();
    let committer = RUNTIME.block_on(committer).expect("it starts");
    let [mut by_age, mut by_count, mut by_either] =
        [after(LONG), every(u64::MAX), every(u64::MAX).or(after(LONG))].map(live);
    let mut position = 1;
    let contestants = vec![
        Contestant::new("track and ack, of a committer", EVENTS, || {
            RUNTIME.block_on(track(&committer, position..position + u64::from(EVENTS)));
            position += u64::from(EVENTS);
        }),
        Contestant::new("asking the clock", EVENTS, || {
            (0..EVENTS).for_each(|_| _ = black_box(Instant::now()));
        }),
        Contestant::new("apply, to be saved by age", EVENTS, || apply(&mut by_age)),
        Contestant::new("apply, to be saved by count", EVENTS, || apply(&mut by_count)),
        Contestant::new("apply, to be saved by either", EVENTS, || apply(&mut by_either)),
    ];
    compare("an event where no save is due (reference: a committer's)", ROUNDS, contestants);
}

async fn track(committer: &Committer, positions: Range<u64>) {
    for position in positions {
        committer.track(position).await.expect("it rises").expect("it is new").ack();
    }
}

fn live(strategy: Strategy) -> Live<Parts> {
    let snapshots = Snapshots::new(Arc::new(MemoryStore::new()), id("events")).strategy(strategy);
    RUNTIME.block_on(snapshots.load(|| Parts::new(0))).expect("it is in memory")
}

fn apply(live: &mut Live<Parts>) {
    let first = live.resume_from().map_or(1, |position| position + 1);
    for position in first..first + u64::from(EVENTS) {
        live.apply(position, |model| _ = black_box(model)).expect("it rises");
    }
}
