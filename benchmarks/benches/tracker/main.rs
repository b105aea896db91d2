//! What it takes to track an event, complete it, and move the low watermark over it.
//!
//! `cargo bench -p benchmarks --bench tracker`; with `-- one` or `-- threads` only those.

#![expect(clippy::print_stdout, reason = "it is a report")]

mod contestants;
mod threads;

use std::env;

use benchmarks::{Contestant, compare};
use checkpoint_commit::Tracker;

use self::contestants::{ByHandle, ByNumber, CompleteSet, OpenSet, Spate, Track};

const ROUNDS: usize = 15;

/// Events a batch: they are tracked, completed in some order, and then the low watermark moves.
const BATCH: usize = 1_000;
const EVENTS: u32 = 100_000;

fn main() {
    let wanted: Vec<_> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    if wants("one") {
        on_one_thread();
    }
    if wants("threads") {
        threads::on_eight();
    }
}

fn on_one_thread() {
    let in_order: Vec<_> = (0..BATCH).collect();
    let mut shuffled = in_order.clone();
    fastrand::Rng::with_seed(7).shuffle(&mut shuffled);
    compare("in order, 64 at a time", ROUNDS, all(&in_order[..64], false));
    compare("in order, 1,000 at a time", ROUNDS, all(&in_order, false));
    compare("shuffled within 1,000", ROUNDS, all(&shuffled, false));
    compare(
        "shuffled within 1,000, behind 1 that is open until all 100,000 are complete",
        ROUNDS,
        all(&shuffled, true),
    );
}

fn all(order: &[usize], stuck: bool) -> Vec<Contestant<'_>> {
    vec![
        contestant("sorted set of the open ones", OpenSet::default(), order, stuck),
        contestant("sorted set of the complete ones", CompleteSet::default(), order, stuck),
        contestant("spate-core", Spate::default(), order, stuck),
        contestant("Tracker, by number", ByNumber(Tracker::new(None)), order, stuck),
        contestant("Tracker, by handle", ByHandle(Tracker::new(None)), order, stuck),
    ]
}

/// Its every call passes [`EVENTS`] events in batches, each completed in the given order.
fn contestant<'a>(name: &str, mut tracks: impl Track + 'a, order: &'a [usize], stuck: bool) -> Contestant<'a> {
    let mut tickets: Vec<_> = order.iter().map(|_| None).collect();
    let mut next = 0;
    let length = u32::try_from(order.len()).expect("a batch is short");
    let batches = EVENTS / length;
    Contestant::new(name, batches * length, move || {
        let head = stuck.then(|| take(&mut tracks, &mut next));
        let before = next;
        for _ in 0..batches {
            tickets.iter_mut().for_each(|ticket| *ticket = Some(take(&mut tracks, &mut next)));
            for index in order {
                tracks.complete(tickets[*index].take().expect("each is completed once"));
            }
            let low = tracks.advance();
            assert_eq!(low, if stuck { before.checked_sub(2) } else { Some(next - 1) });
        }
        if let Some(head) = head {
            tracks.complete(head);
            assert_eq!(tracks.advance(), Some(next - 1));
        }
    })
}

fn take<T: Track>(tracks: &mut T, next: &mut u64) -> T::Ticket {
    *next += 1;
    tracks.track(*next - 1)
}
