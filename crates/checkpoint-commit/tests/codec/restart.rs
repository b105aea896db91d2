//! What an earlier run has left is carried over, until the stream has come to where that run was.

use checkpoint_commit::codec::{OpenSet, Piece, decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::events::{Event, Words, stream};

/// One run of a consumer: how many events it tracks, and which of these it handles (taken in turn).
#[derive(Clone, Debug)]
struct Run {
    tracks: usize,
    handles: Vec<bool>,
}

fn run() -> impl Strategy<Value = Run> {
    let tracks = prop_oneof![0..20_usize, 0..500_usize, Just(usize::MAX)];
    (tracks, vec(any::<bool>(), 1..20)).prop_map(|(tracks, handles)| Run { tracks, handles })
}

/// A consumer as far as its checkpoint goes, beside the truth about each event.
struct Consumer {
    stream: Vec<Event>,
    low: Option<u64>,
    set: Option<OpenSet>,
}

impl Consumer {
    /// Reads again from the low watermark, handles some of what is open, stores, and stops.
    fn run(&mut self, run: &Run) {
        let first = self.stream.partition_point(|event| Some(event.position) <= self.low);
        let tracked = first..self.stream.len().min(first.saturating_add(run.tracks));
        let highest = self.stream[tracked.clone()].last().map(|event| event.position);
        for (event, handles) in self.stream[tracked.clone()].iter_mut().zip(run.handles.iter().cycle()) {
            let before = self.set.as_ref().is_some_and(|set| set.is_handled(event.position));
            assert_eq!(before, !event.open, "{event:?}");
            event.open &= !handles;
        }
        let handled = self.stream[tracked.clone()].iter().take_while(|event| !event.open).count();
        self.low = self.stream[first..first + handled].last().map_or(self.low, |event| Some(event.position));
        let words = Words::full(&self.stream[first + handled..tracked.end]);
        let rest: Vec<Piece<'_>> = self.set.iter().flat_map(|set| set.pieces_above(highest)).collect();
        let bytes = encode(self.low, words.pieces().chain(rest.iter().copied()), &[]);
        self.set = decode(self.low, &bytes).unwrap().open;
    }

    /// Nothing that was handled is open again, nothing that is open is lost.
    fn check(&self) {
        for event in self.stream.iter().filter(|event| Some(event.position) > self.low) {
            let handled = self.set.as_ref().is_some_and(|set| set.is_handled(event.position));
            assert_eq!(handled, !event.open, "{event:?}");
        }
    }
}

proptest! {
    #[test]
    fn no_event_is_lost_and_none_comes_again((low, events) in stream(), runs in vec(run(), 1..8)) {
        let stream = events.into_iter().map(|event| Event { open: true, ..event }).collect();
        let mut consumer = Consumer { stream, low, set: None };
        for run in &runs {
            consumer.run(run);
            consumer.check();
        }
    }
}

#[test]
fn the_rest_of_a_set_begins_behind_a_position_and_ends_at_the_high_watermark() {
    let events = [(10, true), (11, true), (12, false), (13, true), (14, false), (15, false)];
    let events = events.map(|(position, open)| crate::events::event(position, open));
    let state = encode(Some(9), Words::full(&events).pieces(), &[]);
    let set = decode(Some(9), &state).unwrap().open.unwrap();
    let rest = |position| {
        let runs = set.pieces_above(position).map(|piece| match piece {
            Piece::Run(run) => (run.last, run.open),
            Piece::Word(word) => panic!("{word:?} is no run"),
        });
        runs.collect::<Vec<_>>()
    };
    assert_eq!(rest(None), [(11, true), (12, false), (13, true), (15, false)]);
    assert_eq!(rest(Some(3)), rest(None));
    assert_eq!(rest(Some(9)), rest(None));
    assert_eq!(rest(Some(10)), [(11, true), (12, false), (13, true), (15, false)]);
    assert_eq!(rest(Some(11)), [(12, false), (13, true), (15, false)]);
    assert_eq!(rest(Some(12)), [(13, true), (15, false)]);
    assert_eq!(rest(Some(14)), [(15, false)]);
    assert_eq!(rest(Some(15)), []);
    assert_eq!(rest(Some(u64::MAX)), []);
}
