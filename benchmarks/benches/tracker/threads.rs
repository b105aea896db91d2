//! Eight threads that complete at once what one has tracked. Only that is timed, not the tracking.

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Instant;

use benchmarks::{in_unit, median};
use checkpoint_commit::Tracker;

use super::ROUNDS;
use super::contestants::{ByHandle, OpenSet, Track};

const THREADS: usize = 8;
const EVENTS: usize = 400_000;

/// Which of the threads completes the event of a number.
type Share = fn(usize) -> usize;

pub(crate) fn on_eight() {
    compare("8 threads, which take events in turn", |event| event % THREADS);
    compare("8 threads, which take 1,000 events at a time", |event| event / 1_000 % THREADS);
}

fn compare(title: &str, share: Share) {
    let set = Mutex::new(OpenSet::default());
    let mut tracker = ByHandle(Tracker::new(None));
    let (mut with_mutex, mut by_handle) = (Vec::new(), Vec::new());
    for first in (0..ROUNDS).map(|round| round * EVENTS) {
        let shares = shares(share, first, &mut *set.lock().expect("no panic holds it"));
        with_mutex.push(seconds(shares, |ticket| set.lock().expect("no panic holds it").complete(ticket)));

        let shares = self::shares(share, first, &mut tracker);
        by_handle.push(seconds(shares, |ticket| assert!(ticket.complete())));
        let all = u64::try_from(first + EVENTS - 1).ok();
        assert_eq!([tracker.advance(), set.lock().expect("no panic holds it").advance()], [all, all]);
    }
    let ratios = by_handle.iter().zip(&with_mutex).map(|(handle, mutex)| handle / mutex).collect();
    println!("\n{title}");
    println!("{:44} {:>12} {:>21}", "", "time an item", "ratio");
    println!("{:44} {:>12} {:>21}", "mutex and sorted set of the open ones", in_unit(median(with_mutex)), "1.00");
    println!("{:44} {:>12} {:>21.2}", "Tracker, by handle", in_unit(median(by_handle)), median(ratios));
}

/// Tracks all events; answers the tickets of each thread.
fn shares<T: Track>(share: Share, first: usize, tracks: &mut T) -> [Vec<T::Ticket>; THREADS] {
    let mut tickets = [(); THREADS].map(|()| Vec::new());
    for event in 0..EVENTS {
        let position = u64::try_from(first + event).expect("it fits");
        tickets[share(event)].push(tracks.track(position));
    }
    tickets
}

/// Completes all; answers the seconds for one, from when the first thread began until the last one ended. Each takes its own
/// times: there are more threads than cores, and one that only watches may wake up when most is done.
fn seconds<T: Send>(tickets: [Vec<T>; THREADS], complete: impl Fn(T) + Sync) -> f64 {
    let barrier = Barrier::new(THREADS);
    let run = |tickets: Vec<T>| {
        barrier.wait();
        let start = Instant::now();
        tickets.into_iter().for_each(&complete);
        (start, Instant::now())
    };
    let times = thread::scope(|scope| {
        let threads = tickets.map(|tickets| scope.spawn(|| run(tickets)));
        threads.map(|thread| thread.join().expect("no panic"))
    });
    let start = times.iter().map(|(start, _)| *start).min().expect("there are threads");
    let end = times.iter().map(|(_, end)| *end).max().expect("there are threads");
    (end - start).as_secs_f64() / f64::from(u32::try_from(EVENTS).expect("it fits"))
}
