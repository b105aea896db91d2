//! Random histories of a tracker next to a set of the events that are open.
//!
//! The unit tests run them over short segments, `tests/tracker.rs` over those of the library.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Completion, Sequence, Tracker};

/// What happens to a tracker. Numbers pick among what is there, counted from the low watermark on and beyond it again.
#[derive(Clone, Debug)]
enum Step {
    /// Tracks events whose positions are so far apart.
    Track {
        events: usize,
        apart: u64,
    },
    /// Refuses a position at or below the high watermark.
    TrackAgain {
        below: u64,
    },
    /// Completes every so-manieth event from one on, by number; some of them once more, some passed, some never tracked.
    Complete {
        from: u64,
        every: usize,
        events: usize,
    },
    /// Takes a handle, and keeps it.
    Handle {
        pick: u64,
    },
    /// Completes by a kept handle, whose event may be complete or long passed.
    CompleteByHandle {
        pick: usize,
    },
    /// Drops the handles that were kept.
    DropHandles,
    Advance,
}

fn step(most: usize) -> impl Strategy<Value = Step> {
    let length = u64::try_from(most).unwrap();
    prop_oneof![
        4 => (1..=most, 1..50u64).prop_map(|(events, apart)| Step::Track { events, apart }),
        1 => (0..100u64).prop_map(|below| Step::TrackAgain { below }),
        4 => (0..2 * length, 1..4usize, 1..=most)
            .prop_map(|(from, every, events)| Step::Complete { from, every, events }),
        4 => (0..length).prop_map(|pick| Step::Handle { pick }),
        4 => any::<usize>().prop_map(|pick| Step::CompleteByHandle { pick }),
        1 => Just(Step::DropHandles),
        3 => Just(Step::Advance),
    ]
}

/// A tracker that is obviously right.
struct Model {
    start: Option<u64>,
    low: Option<u64>,
    positions: Vec<u64>,
    open: BTreeSet<u64>,
    /// How many events are at or below the low watermark.
    passed: u64,
}

impl Model {
    fn next(&self) -> u64 {
        u64::try_from(self.positions.len()).unwrap()
    }

    fn position(&self, sequence: u64) -> u64 {
        self.positions[usize::try_from(sequence).unwrap()]
    }

    fn high(&self) -> Option<u64> {
        self.positions.last().copied().or(self.start)
    }

    fn advance(&mut self) {
        self.passed = self.open.first().copied().unwrap_or(self.next());
        self.low = self.passed.checked_sub(1).map_or(self.start, |last| Some(self.position(last)));
    }

    /// Each event above the low watermark, and whether it is complete.
    fn window(&self) -> Vec<(u64, bool)> {
        let numbers = self.passed..self.next();
        numbers.map(|sequence| (self.position(sequence), !self.open.contains(&sequence))).collect()
    }
}

struct Run {
    tracker: Tracker,
    sequences: Vec<Sequence>,
    handles: Vec<(u64, Completion)>,
    model: Model,
}

impl Run {
    fn new(start: Option<u64>) -> Self {
        let model = Model { start, low: start, positions: Vec::new(), open: BTreeSet::new(), passed: 0 };
        Self { tracker: Tracker::new(start), sequences: Vec::new(), handles: Vec::new(), model }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Track { events, apart } => (0..events).for_each(|_| self.track(apart)),
            Step::TrackAgain { below } => self.track_again(below),
            Step::Complete { from, every, events } => {
                let from = (self.model.passed + from).saturating_sub(10);
                (from..).step_by(every).take(events).for_each(|sequence| self.complete(sequence));
            }
            Step::Handle { pick } => self.handle(self.model.passed + pick),
            Step::CompleteByHandle { pick } => self.complete_by_handle(pick),
            Step::DropHandles => self.handles.clear(),
            Step::Advance => {
                self.model.advance();
                assert_eq!(self.tracker.advance(), self.model.low);
            }
        }
    }

    fn track(&mut self, apart: u64) {
        let position = self.model.high().map_or(0, |high| high + apart);
        self.model.open.insert(self.model.next());
        self.model.positions.push(position);
        self.sequences.push(self.tracker.track(position).unwrap());
    }

    fn track_again(&mut self, below: u64) {
        let Some(high) = self.model.high() else { return };
        let refused = self.tracker.track(high.saturating_sub(below)).unwrap_err();
        assert_eq!((refused.position, refused.high), (high.saturating_sub(below), high));
    }

    fn complete(&mut self, sequence: u64) {
        let Some(known) = self.sequences.get(usize::try_from(sequence).unwrap()) else { return };
        assert_eq!(self.tracker.complete(*known), self.model.open.remove(&sequence));
    }

    fn handle(&mut self, sequence: u64) {
        let Some(known) = self.sequences.get(usize::try_from(sequence).unwrap()) else { return };
        // none where it is complete: all that is was seen in the last check
        let Some(handle) = self.tracker.completion(*known) else {
            return assert!(!self.model.open.contains(&sequence));
        };
        assert!(self.model.open.contains(&sequence));
        self.handles.push((sequence, handle));
    }

    fn complete_by_handle(&mut self, pick: usize) {
        let Some(index) = pick.checked_rem(self.handles.len()) else { return };
        let (sequence, handle) = &self.handles[index];
        assert_eq!(handle.complete(), self.model.open.remove(sequence));
    }

    /// All that the tracker says of itself.
    fn check(&mut self) {
        let window = self.model.window();
        let words: Vec<_> = self.tracker.words().flat_map(|word| events(word.positions, word.complete)).collect();
        assert_eq!(words, window);
        assert_eq!(self.tracker.low(), self.model.low);
        assert_eq!(self.tracker.high(), self.model.high());
        assert_eq!(self.tracker.above_low(), window.len());
        assert_eq!(self.tracker.open(), self.model.open.len());
        assert_eq!(self.tracker.completed_above_low(), window.iter().filter(|(_, complete)| *complete).count());
        let first = self.model.open.first().copied();
        let first = first.map(|first| (self.sequences[usize::try_from(first).unwrap()], self.model.position(first)));
        assert_eq!(self.tracker.first_open(), first);
    }
}

fn events(positions: &[u64], complete: u64) -> impl Iterator<Item = (u64, bool)> {
    assert!((1..=64).contains(&positions.len()));
    assert!(positions.len() == 64 || complete >> positions.len() == 0, "no bit without an event");
    positions.iter().enumerate().map(move |(index, position)| (*position, complete >> index & 1 == 1))
}

fn check(start: Option<u64>, steps: &[Step]) {
    let mut run = Run::new(start);
    for step in steps {
        run.step(step);
        run.check();
    }
}

proptest! {
    #[test]
    fn small_steps_do_as_the_model(start in any::<Option<u32>>(), steps in vec(step(4), 0..80)) {
        check(start.map(u64::from), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn large_steps_do_as_the_model(start in any::<Option<u32>>(), steps in vec(step(900), 0..40)) {
        check(start.map(u64::from), &steps);
    }
}
