//! The tracker with segments as long as users have them.

use checkpoint_commit::{Completion, Sequence, Tracker};

#[cfg(test)]
#[path = "../src/tracker/model.rs"]
mod model;

#[test]
fn a_million_events_wait_for_the_first_one() {
    let mut tracker = Tracker::new(None);
    let sequences: Vec<_> = (0..1_000_000).map(|event| tracker.track(event * 3).unwrap()).collect();
    assert!(sequences[1..].iter().rev().all(|sequence| tracker.complete(*sequence)));
    assert_eq!(tracker.advance(), None);
    assert_eq!(tracker.first_open(), Some((sequences[0], 0)));
    assert_eq!((tracker.above_low(), tracker.open()), (1_000_000, 1));

    assert!(tracker.complete(sequences[0]));
    assert_eq!(tracker.advance(), Some(2_999_997));
    assert_eq!((tracker.above_low(), tracker.open(), tracker.first_open()), (0, 0, None));
}
