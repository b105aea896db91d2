//! A stretch of the events that a tracker holds, as its owner sees it.

use std::array;

use crate::completion::{Bits, Completion, LENGTH, WORDS};
use crate::sync::Arc;
use crate::word::Word;

/// Up to [`LENGTH`] events that were tracked one after the other.
pub(crate) struct Segment<S> {
    bits: Arc<Bits<S>>,
    positions: Vec<u64>,
    /// What is complete as far as the owner knows: what it has completed itself, and the bits as they were when it looked.
    known: [u64; WORDS],
    /// Events that others can complete, because they were given a handle. The bits alone say who was first there; all other
    /// events are the owner's, which needs no atomic operation for them: these take longer than all the rest.
    given: [u64; WORDS],
}

impl<S> Segment<S> {
    pub(crate) fn new(shared: S) -> Self {
        let (bits, positions) = (Arc::new(Bits::new(shared)), Vec::with_capacity(LENGTH));
        Self { bits, positions, known: [0; WORDS], given: [0; WORDS] }
    }

    /// Makes the segment empty, unless somebody still holds a completion of one of its events: that one could be asked
    /// once more, and would then complete an event of the next use. What its holder did before it was dropped comes
    /// before the bits are cleared.
    pub(crate) fn empty(&mut self) -> bool {
        let Some(bits) = Arc::get_mut(&mut self.bits) else { return false };
        bits.clear();
        self.positions.clear();
        (self.known, self.given) = ([0; WORDS], [0; WORDS]);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() == LENGTH
    }

    pub(crate) fn push(&mut self, position: u64) {
        self.positions.push(position);
    }

    pub(crate) fn position(&self, index: usize) -> u64 {
        self.positions[index]
    }

    /// False where it was complete before.
    pub(crate) fn complete(&mut self, index: usize) -> bool {
        let (number, bit) = (index / 64, 1 << (index % 64));
        if self.given[number] & bit != 0 {
            return self.bits.set(index);
        }
        let first = self.known[number] & bit == 0;
        self.known[number] |= bit;
        first
    }

    /// `None` where the owner knows the event to be complete.
    pub(crate) fn completion(&mut self, index: usize) -> Option<Completion<S>> {
        let (number, bit) = (index / 64, 1 << (index % 64));
        if self.known[number] & bit != 0 {
            return None;
        }
        self.given[number] |= bit;
        Some(Completion::new(&self.bits, index))
    }

    /// The events of a word that are complete at this moment.
    fn word(&self, number: usize) -> u64 {
        self.known[number] | self.bits.word(number)
    }

    /// The first event from `index` on that is not complete; the segment's length where all are.
    pub(crate) fn first_open(&self, mut index: usize) -> usize {
        while index < self.len() {
            let next_word = (index / 64 + 1) * 64;
            index += count((self.word(index / 64) >> (index % 64)).trailing_ones());
            if index < next_word {
                break;
            }
        }
        index
    }

    pub(crate) fn completed(&self) -> usize {
        (0..WORDS).map(|number| count(self.word(number).count_ones())).sum()
    }

    /// Notes which events are complete, for [`words`](Self::words).
    pub(crate) fn look(&mut self) {
        self.known = array::from_fn(|number| self.word(number));
    }

    /// The events from `index` on, as they were at the last look.
    pub(crate) fn words(&self, index: usize) -> impl Iterator<Item = Word<'_>> + Clone {
        let words = self.positions.chunks(64).zip(&self.known).enumerate().skip(index / 64);
        let words = words.map(move |(number, (positions, complete))| {
            let passed = index.saturating_sub(number * 64);
            Word { positions: &positions[passed..], complete: complete >> passed }
        });
        words.filter(|word| !word.positions.is_empty())
    }
}

/// Bits of a word, as a length.
fn count(bits: u32) -> usize {
    usize::try_from(bits).expect("at most 64")
}
