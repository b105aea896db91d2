//! Which events are complete, and up to where all are. No I/O, no clock, no runtime.

#[cfg(test)]
#[cfg(loom)]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod model;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

use std::collections::VecDeque;
use std::fmt;

use thiserror::Error;

use crate::completion::{Completion, LENGTH};
use crate::segment::Segment;
use crate::word::Word;

/// How many emptied segments are kept, so that a tracker whose window has its usual size does not allocate.
const SPARES: usize = if cfg!(any(test, loom)) { 2 } else { 16 };

/// The number of an event: how many were tracked before it. Unlike positions these have no holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(u64);

/// A position that is not above the last one tracked.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("position {position} was given after {high}: give the positions of a stream in rising order")]
#[non_exhaustive]
pub struct NotRising {
    /// The position that was refused.
    pub position: u64,
    /// The high watermark.
    pub high: u64,
}

/// Takes events in the order of the stream and their completions in any order, and knows up to where all are complete.
///
/// One owner tracks, advances, and may complete events by their number. All others complete with a [`Completion`], which
/// takes one atomic operation and waits for nobody. Every event that is tracked and above the low watermark takes some 8 bytes, in segments of which no more is
/// copied when there are many.
///
/// The **low watermark** is the largest position such that the event there and all that were tracked before it were
/// complete at the last [`advance`](Self::advance), and the starting position where there is none. The **high watermark**
/// is the last position tracked. Both only rise.
///
/// ```
/// use checkpoint_commit::Tracker;
///
/// let mut tracker = Tracker::new(Some(7));
/// let first = tracker.track(10)?;
/// let second = tracker.track(25)?;
///
/// tracker.complete(second);
/// assert_eq!(tracker.advance(), Some(7)); // 10 is in the way
///
/// let completion = tracker.completion(first).expect("it was tracked and is open");
/// std::thread::spawn(move || completion.complete()).join().unwrap();
/// assert_eq!(tracker.advance(), Some(25));
/// # Ok::<(), checkpoint_commit::NotRising>(())
/// ```
pub struct Tracker<S = ()> {
    low: Option<u64>,
    high: Option<u64>,
    /// All that is above the low watermark, and what of the first segment is not. No segment is empty, only the last one has
    /// room.
    segments: VecDeque<Segment<S>>,
    /// The number of the first event of the first segment.
    first: u64,
    /// The number that the next event will have.
    next: u64,
    /// How many events of the first segment are at or below the low watermark; less than [`LENGTH`].
    passed: usize,
    /// The last one emptied last: its memory is the likeliest to be in a cache.
    spares: Vec<Segment<S>>,
    shared: S,
}

impl Tracker {
    /// A tracker for the events above `start`, with `None` for all.
    #[must_use]
    pub fn new(start: Option<u64>) -> Self {
        Self::with_shared(start, ())
    }
}

impl<S: Clone> Tracker<S> {
    /// A tracker of which every [`Completion`] reaches a clone of `shared`, such as what is to be woken.
    #[must_use]
    pub fn with_shared(start: Option<u64>, shared: S) -> Self {
        let (segments, spares) = (VecDeque::new(), Vec::new());
        Self { low: start, high: start, segments, first: 0, next: 0, passed: 0, spares, shared }
    }

    /// Takes the next event of the stream.
    ///
    /// # Errors
    ///
    /// [`NotRising`] where the position is not above the high watermark; nothing is tracked then.
    pub fn track(&mut self, position: u64) -> Result<Sequence, NotRising> {
        if let Some(high) = self.high.filter(|high| position <= *high) {
            return Err(NotRising { position, high });
        }
        if self.segments.back().is_none_or(Segment::is_full) {
            self.add_segment();
        }
        self.segments.back_mut().expect("one was added if there was none").push(position);
        self.high = Some(position);
        self.next += 1;
        Ok(Sequence(self.next - 1))
    }

    /// Rare, and so kept out of what is done for each event.
    #[cold]
    fn add_segment(&mut self) {
        let segment = self.spare().unwrap_or_else(|| Segment::new(self.shared.clone()));
        self.segments.push_back(segment);
    }

    fn spare(&mut self) -> Option<Segment<S>> {
        let index = self.spares.iter_mut().rposition(Segment::empty)?;
        Some(self.spares.remove(index))
    }
}

impl<S> Tracker<S> {
    /// Marks an event as complete; false where it was complete before or was never tracked, and then nothing changes.
    ///
    /// Takes no atomic operation, unless the event has a [`Completion`].
    pub fn complete(&mut self, sequence: Sequence) -> bool {
        self.find(sequence).is_some_and(|(segment, index)| segment.complete(index))
    }

    /// What completes an event from elsewhere; `None` where it is known to be complete or was never tracked.
    ///
    /// There can be several for one event; the first to complete it is told so.
    pub fn completion(&mut self, sequence: Sequence) -> Option<Completion<S>> {
        self.find(sequence).and_then(|(segment, index)| segment.completion(index))
    }

    /// The segment of an event above the low watermark, and its place there.
    fn find(&mut self, sequence: Sequence) -> Option<(&mut Segment<S>, usize)> {
        let index = usize::try_from(sequence.0.checked_sub(self.first)?).ok()?;
        let segment = self.segments.get_mut(index / LENGTH)?;
        (self.passed <= index && index % LENGTH < segment.len()).then_some((segment, index % LENGTH))
    }

    /// Moves the low watermark up to the first event that is not complete, and answers it.
    pub fn advance(&mut self) -> Option<u64> {
        while let Some(segment) = self.segments.front() {
            let open = segment.first_open(self.passed);
            if open > self.passed {
                self.low = Some(segment.position(open - 1));
                self.passed = open;
            }
            if open < LENGTH {
                break;
            }
            self.release_first();
        }
        self.low
    }

    fn release_first(&mut self) {
        let segment = self.segments.pop_front().expect("the low watermark has passed it");
        self.first += number(LENGTH);
        self.passed = 0;
        if self.spares.len() == SPARES {
            self.spares.remove(0);
        }
        self.spares.push(segment);
    }

    /// The low watermark, as of the last [`advance`](Self::advance).
    pub fn low(&self) -> Option<u64> {
        self.low
    }

    /// The high watermark.
    pub fn high(&self) -> Option<u64> {
        self.high
    }

    /// How many events were tracked that are above the low watermark, complete or not: the length of the window.
    pub fn above_low(&self) -> usize {
        let events = self.next - self.first;
        usize::try_from(events).expect("they are in memory") - self.passed
    }

    /// How many events above the low watermark are complete at this moment. Looks at one bit for each in the window.
    pub fn completed_above_low(&self) -> usize {
        self.segments.iter().map(Segment::completed).sum::<usize>() - self.passed
    }

    /// How many events are tracked and not complete at this moment. Looks at one bit for each in the window.
    pub fn open(&self) -> usize {
        self.above_low() - self.completed_above_low()
    }

    /// The first event that is not complete at this moment, and its position: what holds the low watermark back.
    pub fn first_open(&self) -> Option<(Sequence, u64)> {
        let mut passed = self.passed;
        for (segment, first) in self.segments.iter().zip((self.first..).step_by(LENGTH)) {
            let index = segment.first_open(passed);
            if index < segment.len() {
                return Some((Sequence(first + number(index)), segment.position(index)));
            }
            passed = 0;
        }
        None
    }

    /// All events above the low watermark, in their order.
    ///
    /// Which of them are complete is looked at once, now: a clone of the iterator gives the same again. The low watermark
    /// does not move, so the first of them may be complete; [`advance`](Self::advance) right before makes that unlikely.
    pub fn words(&mut self) -> impl Iterator<Item = Word<'_>> + Clone {
        self.segments.iter_mut().for_each(Segment::look);
        let passed = self.passed;
        let words = move |(number, segment)| Segment::words(segment, if number == 0 { passed } else { 0 });
        self.segments.iter().enumerate().flat_map(words)
    }
}

impl<S> fmt::Debug for Tracker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tracker = f.debug_struct("Tracker");
        tracker.field("low", &self.low).field("high", &self.high).field("open", &self.open()).finish_non_exhaustive()
    }
}

/// A count of events in memory, as a part of a sequence number.
fn number(events: usize) -> u64 {
    u64::try_from(events).expect("memory has less than 2^64 events")
}
