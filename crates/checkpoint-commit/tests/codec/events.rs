//! Streams of events for the tests, and what a tracker would say of them.

use checkpoint_commit::Word;
use checkpoint_commit::codec::Piece;
use proptest::collection::vec;
use proptest::prelude::*;

/// An event above the low watermark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) position: u64,
    pub(crate) open: bool,
}

pub(crate) fn event(position: u64, open: bool) -> Event {
    Event { position, open }
}

/// Consecutive positions from 0 on.
pub(crate) fn dense(count: u64, open: impl FnMut(u64) -> bool) -> Vec<Event> {
    (0..count).zip((0..count).map(open)).map(|(position, open)| event(position, open)).collect()
}

/// Events in words of the given lengths, the last of which is repeated.
#[derive(Debug)]
pub(crate) struct Words(Vec<(Vec<u64>, u64)>);

impl Words {
    pub(crate) fn of(events: &[Event], lengths: &[usize]) -> Self {
        let mut rest = events;
        let mut words = Vec::new();
        let mut lengths = lengths.iter().chain(std::iter::repeat(lengths.last().unwrap()));
        while !rest.is_empty() {
            let (word, behind) = rest.split_at((*lengths.next().unwrap()).min(rest.len()));
            let complete = word.iter().rev().fold(0, |bits, event| bits << 1 | u64::from(!event.open));
            words.push((word.iter().map(|event| event.position).collect(), complete));
            rest = behind;
        }
        Self(words)
    }

    pub(crate) fn full(events: &[Event]) -> Self {
        Self::of(events, &[64])
    }

    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> + Clone {
        self.0.iter().map(|(positions, complete)| Word::new(positions, *complete).into())
    }
}

/// How far an event is from the one before it.
fn step() -> impl Strategy<Value = u64> {
    let power = (0..63_u32).prop_map(|bits| 1 << bits);
    prop_oneof![40 => Just(1), 4 => 2..5_u64, 2 => 1..200_u64, 1 => Just(64), 1 => power]
}

/// A stretch of events whose steps are alike and of which about as many are open.
fn stretch() -> impl Strategy<Value = Vec<(u64, bool)>> {
    let steps = prop_oneof![4 => vec(Just(1), 0..400), 2 => vec(step(), 0..100), 1 => (1..300_u64, 0..100_usize)
        .prop_map(|(step, count)| vec![step; count])];
    let pattern = prop_oneof![vec(any::<bool>(), 1..12), vec(proptest::bool::weighted(0.02), 200)];
    (steps, pattern).prop_map(|(steps, pattern)| steps.into_iter().zip(pattern.into_iter().cycle()).collect())
}

/// A low watermark and the events above it, up to the largest position there is.
pub(crate) fn stream() -> impl Strategy<Value = (Option<u64>, Vec<Event>)> {
    let largest = i64::MAX.unsigned_abs();
    let low = prop_oneof![
        2 => Just(None),
        2 => (0..1_000_u64).prop_map(Some),
        1 => (0..=largest).prop_map(Some),
        1 => (largest - 1_000..=largest).prop_map(Some)
    ];
    (low, vec(stretch(), 0..6)).prop_map(move |(low, stretches)| {
        let mut next = low.map_or(0, |low| low + 1);
        let mut events = Vec::new();
        for (step, open) in stretches.into_iter().flatten() {
            let Some(position) = next.checked_add(step - 1).filter(|position| *position <= largest) else { break };
            events.push(event(position, open));
            next = position + 1;
        }
        (low, events)
    })
}
