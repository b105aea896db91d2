//! What is held for a million events that are in flight behind one that is open. A program of its own, because counting
//! makes every allocation slower.

#![expect(clippy::print_stdout, reason = "it is a report")]

#[path = "tracker/contestants.rs"]
mod contestants;

use checkpoint_commit::Tracker;
use peak_alloc::PeakAlloc;

use self::contestants::{ByHandle, ByNumber, CompleteSet, OpenSet, Spate, Track};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const EVENTS: u64 = 1_000_000;

fn main() {
    println!("a million events behind one that is open; MiB, at the end / at most");
    behind_one("sorted set of the open ones", OpenSet::default);
    behind_one("sorted set of the complete ones", CompleteSet::default);
    behind_one("spate-core", Spate::default);
    behind_one("Tracker, by number", || ByNumber(Tracker::new(None)));
    behind_one("Tracker, by handle", || ByHandle(Tracker::new(None)));
}

/// Each event but the first one is completed as soon as it is tracked.
fn behind_one<T: Track>(name: &str, new: impl Fn() -> T) {
    let before = ALLOCATED.current_usage_as_mb();
    ALLOCATED.reset_peak_usage();
    let mut tracks = new();
    let head = tracks.track(0);
    for position in 1..=EVENTS {
        let ticket = tracks.track(position);
        tracks.complete(ticket);
    }
    assert_eq!(tracks.advance(), None);
    let (held, most) = (ALLOCATED.current_usage_as_mb() - before, ALLOCATED.peak_usage_as_mb() - before);
    println!("{name:44} {held:>8.1} {most:>8.1}");
    tracks.complete(head);
    assert_eq!(tracks.advance(), Some(EVENTS));
}
