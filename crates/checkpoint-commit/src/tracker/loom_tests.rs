//! All interleavings of a few threads, tried by loom, with segments of two events:
//! `RUSTFLAGS="--cfg loom" cargo test -p checkpoint-commit --lib --release`

use loom::thread;

use super::*;
use crate::sync::{Arc, AtomicU64, Ordering};

/// What a completing thread has done before, written so that nothing but the tracker orders it.
type Done = Arc<AtomicU64>;

fn track(tracker: &mut Tracker, position: u64) -> Completion {
    let sequence = tracker.track(position).unwrap();
    tracker.completion(sequence).unwrap()
}

/// A thread that does its work, then completes.
fn work(completion: Completion) -> (Done, thread::JoinHandle<bool>) {
    let done = Done::default();
    let its_own = Arc::clone(&done);
    let thread = thread::spawn(move || {
        its_own.store(1, Ordering::Relaxed);
        completion.complete()
    });
    (done, thread)
}

fn is_done(done: &Done) -> bool {
    done.load(Ordering::Relaxed) == 1
}

/// The positions of a word that are not complete.
fn open(word: Word<'_>) -> impl Iterator<Item = u64> {
    let events = word.positions.iter().enumerate();
    events.filter(move |(index, _)| word.complete >> index & 1 == 0).map(|(_, position)| *position)
}

#[test]
fn whoever_sees_an_event_complete_sees_what_was_done_before() {
    loom::model(|| {
        let mut tracker = Tracker::new(None);
        let handles = [1, 2].map(|position| track(&mut tracker, position));
        let (work, threads): (Vec<_>, Vec<_>) = handles.into_iter().map(work).unzip();

        tracker.advance();
        let open: Vec<_> = tracker.words().flat_map(open).collect();
        for (position, done) in (1..).zip(&work) {
            assert!(open.contains(&position) || is_done(done), "{position} is complete before it is done");
        }
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        assert_eq!(tracker.advance(), Some(2));
    });
}

#[test]
fn the_owner_goes_on_while_others_complete() {
    loom::model(|| {
        let mut tracker = Tracker::new(None);
        let handles = [1, 2].map(|position| track(&mut tracker, position));
        let (work, threads): (Vec<_>, Vec<_>) = handles.into_iter().map(work).unzip();

        let before = tracker.advance();
        let third = track(&mut tracker, 3);
        let low = tracker.advance();
        assert!(before <= low && low <= Some(2), "{before:?}, then {low:?}");
        assert!(low.is_none() || is_done(&work[0]));
        assert!(low < Some(2) || is_done(&work[1]));

        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        assert!(third.complete());
        assert_eq!(tracker.advance(), Some(3));
    });
}

#[test]
fn of_two_that_complete_an_event_one_is_told_so() {
    loom::model(|| {
        let mut tracker = Tracker::new(None);
        let sequence = tracker.track(1).unwrap();
        let (done, thread) = work(tracker.completion(sequence).unwrap());
        let first = tracker.complete(sequence);
        assert!(first || is_done(&done), "who comes second sees what the first did");
        assert_ne!(first, thread.join().unwrap());
        assert_eq!(tracker.advance(), Some(1));
    });
}

#[test]
fn late_duplicates_do_not_complete_an_event_of_the_next_use() {
    loom::model(|| {
        let mut tracker = Tracker::new(None);
        let handle = track(&mut tracker, 1);
        assert!(track(&mut tracker, 2).complete());
        let late = thread::spawn(move || (handle.complete(), handle.complete()));

        tracker.advance();
        let third = track(&mut tracker, 3);
        assert_eq!(late.join().unwrap(), (true, false));
        assert_eq!(tracker.advance(), Some(2));
        assert!(third.complete());
        assert_eq!(tracker.advance(), Some(3));
    });
}

#[test]
fn what_is_completed_in_the_next_use_stays_complete() {
    loom::model(|| {
        let mut tracker = Tracker::new(None);
        let (_, first) = work(track(&mut tracker, 1));
        assert!(track(&mut tracker, 2).complete());
        tracker.advance();

        // the first thread may still be about to drop its handle
        let (done, second) = work(track(&mut tracker, 3));
        assert!(tracker.advance() < Some(3) || is_done(&done));
        assert!(first.join().unwrap());
        assert!(second.join().unwrap());
        assert_eq!(tracker.advance(), Some(3));
        assert_eq!((tracker.open(), tracker.above_low()), (0, 0));
    });
}
