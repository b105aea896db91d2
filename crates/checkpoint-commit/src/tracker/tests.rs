//! Small states, all of them, and what the random histories do not say.

use super::*;

/// What has happened to a tracker of few events, and what must hold after each step.
struct History {
    tracker: Tracker,
    sequences: Vec<Sequence>,
    complete: Vec<bool>,
    low: Option<u64>,
}

const START: u64 = 100;

impl History {
    fn new() -> Self {
        Self { tracker: Tracker::new(Some(START)), sequences: Vec::new(), complete: Vec::new(), low: Some(START) }
    }

    /// Events are 10 apart.
    fn position(events: usize) -> Option<u64> {
        Some(START + 10 * number(events))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Track => {
                self.complete.push(false);
                let position = Self::position(self.complete.len()).unwrap();
                self.sequences.push(self.tracker.track(position).unwrap());
            }
            Step::Complete(event) => {
                assert!(self.tracker.complete(self.sequences[event]));
                assert!(!self.tracker.complete(self.sequences[event]), "a duplicate");
                self.complete[event] = true;
            }
            Step::Advance => {
                self.low = Self::position(self.first_open());
                assert_eq!(self.tracker.advance(), self.low);
            }
        }
    }

    fn first_open(&self) -> usize {
        self.complete.iter().position(|complete| !complete).unwrap_or(self.complete.len())
    }

    fn check(&self) {
        assert_eq!(self.tracker.low(), self.low);
        assert_eq!(self.tracker.high(), Self::position(self.complete.len()));
        let first = self.first_open();
        let open = self.sequences.get(first).map(|sequence| (*sequence, Self::position(first + 1).unwrap()));
        assert_eq!(self.tracker.first_open(), open);
        assert_eq!(self.tracker.open(), self.complete.iter().filter(|complete| !**complete).count());
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Track,
    Complete(usize),
    Advance,
}

/// Continues `steps` in every possible way up to the completion of `events` events; answers how many histories there are.
/// Each history is done from the start and checked at its end, and all its beginnings are histories too.
fn all_histories(events: usize, steps: &mut Vec<Step>) -> usize {
    let mut history = History::new();
    steps.iter().for_each(|step| history.step(*step));
    history.check();

    let mut next: Vec<_> =
        (0..history.complete.len()).filter(|event| !history.complete[*event]).map(Step::Complete).collect();
    if history.complete.len() < events {
        next.push(Step::Track);
    }
    if !matches!(steps.last(), None | Some(Step::Advance)) {
        next.push(Step::Advance);
    }
    let mut histories = 1;
    for step in next {
        steps.push(step);
        histories += all_histories(events, steps);
        steps.pop();
    }
    histories
}

#[test]
fn four_events_in_every_possible_history() {
    assert_eq!(all_histories(4, &mut Vec::new()), 45_163);
}

/// With `k` of them completed there are 6!/(6 - k)! orders, and an advance may come before and after each.
#[test]
fn six_events_completed_in_every_order_with_advances_at_every_place() {
    let orders = [1, 6, 30, 120, 360, 720, 720];
    let histories = (1..).zip(orders).map(|(places, orders)| orders << places).sum();
    assert_eq!(all_histories(6, &mut vec![Step::Track; 6]), histories);
}

#[test]
fn what_is_not_rising_is_refused_and_changes_nothing() {
    let mut tracker = Tracker::new(Some(7));
    let refused = tracker.track(7).unwrap_err();
    assert_eq!(refused, NotRising { position: 7, high: 7 });
    assert_eq!(refused.to_string(), "position 7 was given after 7: give the positions of a stream in rising order");
    assert_eq!((tracker.high(), tracker.above_low()), (Some(7), 0));
    tracker.track(8).unwrap();
}

#[test]
fn position_0_is_a_position() {
    let mut tracker = Tracker::new(None);
    assert_eq!((tracker.low(), tracker.high()), (None, None));
    let first = tracker.track(0).unwrap();
    assert_eq!((tracker.advance(), tracker.high()), (None, Some(0)));
    tracker.complete(first);
    assert_eq!(tracker.advance(), Some(0));
    assert!(tracker.track(0).is_err());
}

/// Tracks as many events as a segment has room for, completes them and advances; answers a handle of the last one.
fn pass_one_segment(tracker: &mut Tracker) -> Completion {
    let mut last = None;
    for _ in 0..LENGTH {
        let sequence = tracker.track(tracker.high().map_or(0, |high| high + 1)).unwrap();
        last = tracker.completion(sequence);
        assert!(tracker.complete(sequence));
    }
    tracker.advance();
    last.expect("a segment has room for an event")
}

#[test]
fn a_segment_is_used_again_only_when_no_handle_refers_to_it() {
    let mut tracker = Tracker::new(None);
    let handle = pass_one_segment(&mut tracker);
    assert_eq!((tracker.segments.len(), tracker.spares.len()), (0, 1));

    let other = tracker.track(100).unwrap();
    assert_eq!(tracker.spares.len(), 1, "the handle still refers to the spare");
    assert!(!handle.complete());
    assert_eq!(tracker.open(), 1);

    drop(handle);
    tracker.track(101).unwrap();
    tracker.track(102).unwrap();
    assert_eq!((tracker.segments.len(), tracker.spares.len()), (2, 0));
    assert_eq!(tracker.first_open(), Some((other, 100)));
    assert_eq!(tracker.open(), 3);
}

#[test]
fn handles_that_nobody_drops_keep_no_more_than_the_usual_spares() {
    let mut tracker = Tracker::new(None);
    let handles: Vec<_> = (0..10).map(|_| pass_one_segment(&mut tracker)).collect();
    assert_eq!(tracker.spares.len(), SPARES);
    assert!(!handles.iter().any(Completion::complete));

    drop(handles);
    drop(pass_one_segment(&mut tracker));
    assert_eq!(tracker.spares.len(), SPARES, "one was used again and came back");
}

#[test]
fn a_handle_outlives_the_tracker() {
    let mut tracker = Tracker::new(None);
    let sequence = tracker.track(1).unwrap();
    let handle = tracker.completion(sequence).unwrap();
    drop(tracker);
    assert!(handle.complete());
    assert!(!handle.complete());
}

#[test]
fn there_is_no_handle_for_what_was_passed_or_never_tracked() {
    let (mut tracker, mut other) = (Tracker::new(None), Tracker::new(None));
    let passed = tracker.track(1).unwrap();
    assert!(tracker.complete(passed));
    tracker.advance();
    let later = [2, 3].map(|position| other.track(position).unwrap())[1];
    for unknown in [passed, later] {
        assert!(tracker.completion(unknown).is_none());
        assert!(!tracker.complete(unknown));
    }
}

#[test]
fn every_handle_reaches_what_is_shared() {
    let shared = std::sync::Arc::new("signal");
    let mut tracker = Tracker::with_shared(None, std::sync::Arc::clone(&shared));
    for position in 0..5 {
        let sequence = tracker.track(position).unwrap();
        assert!(std::sync::Arc::ptr_eq(tracker.completion(sequence).unwrap().shared(), &shared));
    }
}

#[test]
fn words_that_were_looked_at_do_not_change() {
    let mut tracker = Tracker::new(None);
    let sequence = tracker.track(5).unwrap();
    let handle = tracker.completion(sequence).unwrap();
    let words = tracker.words();
    handle.complete();
    assert_eq!(words.clone().collect::<Vec<_>>(), [Word { positions: &[5], complete: 0 }]);
    assert_eq!(words.collect::<Vec<_>>(), [Word { positions: &[5], complete: 0 }]);
    assert_eq!(tracker.words().collect::<Vec<_>>(), [Word { positions: &[5], complete: 1 }]);
}

#[test]
fn a_handle_is_two_words_and_may_go_anywhere() {
    fn anywhere<T: Send + Sync + 'static>() -> usize {
        size_of::<T>()
    }
    assert_eq!(anywhere::<Completion<std::sync::Arc<str>>>(), 2 * size_of::<usize>());
    anywhere::<Tracker>();
}
