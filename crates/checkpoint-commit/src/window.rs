//! The events between the watermarks, with what an earlier run has left there. No I/O, no clock.

use std::sync::Arc;

use checkpoint_core::Bytes;

use crate::codec::{OpenSet, Piece, Receipt, decode, encode_within};
use crate::signal::Signal;
use crate::{Completion, NotRising, Tracker, Word};

pub(crate) struct Window {
    tracker: Tracker<Arc<Signal>>,
    /// What was stored when the committer was started, as long as it says something of positions above the high watermark.
    before: Option<OpenSet>,
    start: Option<u64>,
    /// The most events above the low watermark.
    length: usize,
    tracked: u64,
    /// Of those, how many were handled before the committer was started.
    known: u64,
}

pub(crate) enum Tracked {
    /// There is no room: the low watermark has to rise first.
    Full,
    HandledBefore,
    Open(Completion<Arc<Signal>>),
}

/// What there is to store.
pub(crate) struct Snapshot {
    pub(crate) position: Option<u64>,
    pub(crate) state: Bytes,
    /// How many events of this run will not be handled again once this is stored; one that an earlier run had handled and that
    /// will be handled again counts against them.
    pub(crate) completed: i64,
    /// Whether all that is handled is in the state, as far as there is one.
    pub(crate) whole: bool,
}

impl Window {
    pub(crate) fn new(start: Option<u64>, before: Option<OpenSet>, length: usize, signal: Arc<Signal>) -> Self {
        let tracker = Tracker::with_shared(start, signal);
        Self { tracker, before, start, length, tracked: 0, known: 0 }
    }

    pub(crate) fn track(&mut self, position: u64) -> Result<Tracked, NotRising> {
        if self.start.is_some_and(|start| position <= start) && self.tracked == 0 {
            return Ok(Tracked::HandledBefore);
        }
        if let Some(high) = self.tracker.high().filter(|high| position <= *high) {
            return Err(NotRising { position, high });
        }
        if self.is_full() {
            return Ok(Tracked::Full);
        }
        let handled = self.before.as_ref().is_some_and(|before| before.is_handled(position));
        let sequence = self.tracker.track(position)?;
        self.tracked += 1;
        self.before.take_if(|before| before.high() <= position);
        if handled {
            self.tracker.complete(sequence);
            self.known += 1;
            return Ok(Tracked::HandledBefore);
        }
        Ok(Tracked::Open(self.tracker.completion(sequence).expect("it was tracked just now")))
    }

    fn is_full(&mut self) -> bool {
        self.tracker.above_low() >= self.length && {
            self.tracker.advance();
            self.tracker.above_low() >= self.length
        }
    }

    /// What to store now, in a state of at most `limit` bytes where that is possible.
    pub(crate) fn snapshot(&mut self, receipts: &[Receipt], limit: usize) -> Snapshot {
        let position = self.tracker.advance();
        let (high, passed) = (self.tracker.high(), self.passed());
        let left = self.before.iter().flat_map(|before| before.pieces_above(high)).map(shortened);
        let words = self.tracker.words();
        let encoded = encode_within(position, words.clone().map(Piece::from).chain(left), receipts, limit);
        let stored_up_to = if encoded.whole { Some(u64::MAX) } else { high_of(position, &encoded.bytes) };
        let ahead: u64 = stored_up_to.map_or(0, |last| words.map(|word| completed_up_to(&word, last)).sum());
        Snapshot { position, state: encoded.bytes, completed: self.by_this_run(passed + ahead), whole: encoded.whole }
    }

    /// What to store now without a state.
    pub(crate) fn position_alone(&mut self) -> Snapshot {
        let position = self.tracker.advance();
        Snapshot { position, state: Bytes::new(), completed: self.by_this_run(self.passed()), whole: true }
    }

    /// How many events this run has handled.
    pub(crate) fn completed(&self) -> i64 {
        self.by_this_run(self.tracked - count(self.tracker.open()))
    }

    /// Of so many events. Below zero where a state has no room for all that an earlier run had handled.
    fn by_this_run(&self, completed: u64) -> i64 {
        signed(completed) - signed(self.known)
    }

    /// How many events are not handled.
    pub(crate) fn open(&self) -> usize {
        self.tracker.open()
    }

    /// The first position that is not handled.
    pub(crate) fn first_open(&self) -> Option<u64> {
        self.tracker.first_open().map(|(_, position)| position)
    }

    /// The first positions that are not handled, at most `limit`.
    pub(crate) fn open_positions(&mut self, limit: usize) -> Vec<u64> {
        let open = |word: Word<'_>| {
            let events = word.positions.iter().copied().enumerate();
            events.filter(|(bit, _)| word.complete >> bit & 1 == 0).map(|(_, position)| position).collect::<Vec<_>>()
        };
        self.tracker.words().flat_map(open).take(limit).collect()
    }

    pub(crate) fn low(&mut self) -> Option<u64> {
        self.tracker.advance()
    }

    pub(crate) fn high(&self) -> Option<u64> {
        self.tracker.high()
    }

    /// How many events are at or below the low watermark.
    fn passed(&self) -> u64 {
        self.tracked - count(self.tracker.above_low())
    }
}

/// The same piece, next to those of the tracker.
fn shortened<'a>(piece: Piece<'static>) -> Piece<'a> {
    piece
}

/// Up to where a state says something.
fn high_of(position: Option<u64>, state: &[u8]) -> Option<u64> {
    Some(decode(position, state).ok()?.open?.high())
}

fn completed_up_to(word: &Word<'_>, last: u64) -> u64 {
    let events = word.positions.partition_point(|position| *position <= last);
    let mask = if events == 64 { u64::MAX } else { (1 << events) - 1 };
    (word.complete & mask).count_ones().into()
}

fn signed(events: u64) -> i64 {
    i64::try_from(events).expect("nobody tracks 2^63 events")
}

fn count(events: usize) -> u64 {
    u64::try_from(events).expect("memory has less than 2^64 events")
}
