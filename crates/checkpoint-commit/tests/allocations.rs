//! A tracker that has been in use for a while does not allocate.

use allocation_counter::measure;
use checkpoint_commit::{Completion, Sequence, Tracker};

/// How many events are open at once.
const WINDOW: usize = 5_000;

#[test]
fn nothing_is_allocated_once_the_window_had_its_size() {
    let mut tracker = Tracker::new(None);
    let mut open = Vec::with_capacity(WINDOW);
    let mut pass = |tracker: &mut Tracker| {
        open.extend((0..WINDOW).map(|_| track(tracker)));
        open.drain(..).rev().for_each(|sequence| assert!(tracker.complete(sequence)));
        assert_eq!(tracker.advance(), tracker.high());
    };
    assert!(measure(|| pass(&mut tracker)).count_total > 0, "the counter counts");
    pass(&mut tracker); // the first of these may begin within a segment
    let warm = measure(|| (0..20).for_each(|_| pass(&mut tracker)));
    assert_eq!(warm.count_total, 0);
}

#[test]
fn handles_and_words_do_not_allocate_either() {
    let mut tracker = Tracker::new(None);
    let mut open = Vec::with_capacity(WINDOW);
    let mut pass = |tracker: &mut Tracker| {
        open.extend((0..WINDOW).map(|_| handle(tracker)));
        open.drain(WINDOW / 2..).for_each(|handle| assert!(handle.complete()));
        assert_eq!(tracker.words().map(|word| word.positions.len()).sum::<usize>(), WINDOW);
        open.drain(..).for_each(|handle| assert!(handle.complete()));
        assert_eq!(tracker.advance(), tracker.high());
    };
    pass(&mut tracker);
    pass(&mut tracker);
    let warm = measure(|| (0..20).for_each(|_| pass(&mut tracker)));
    assert_eq!(warm.count_total, 0);
}

fn track(tracker: &mut Tracker) -> Sequence {
    tracker.track(tracker.high().map_or(0, |high| high + 2)).expect("it rises")
}

fn handle(tracker: &mut Tracker) -> Completion {
    let sequence = track(tracker);
    tracker.completion(sequence).expect("it is open")
}
