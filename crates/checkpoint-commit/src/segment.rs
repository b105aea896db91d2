//! A stretch of the events that a tracker holds, as its owner sees it.

use crate::completion::{Bits, Completion, LENGTH, WORDS};
use crate::sync::Arc;
use crate::word::Word;

/// Up to [`LENGTH`] events that were tracked one after the other.
pub(crate) struct Segment<S> {
    bits: Arc<Bits<S>>,
    positions: Vec<u64>,
    /// The bits as they were at the last [`look`](Self::look).
    seen: [u64; WORDS],
}

impl<S> Segment<S> {
    pub(crate) fn new(shared: S) -> Self {
        Self { bits: Arc::new(Bits::new(shared)), positions: Vec::with_capacity(LENGTH), seen: [0; WORDS] }
    }

    /// Makes the segment empty, unless somebody still holds a completion of one of its events: that one could be asked
    /// once more, and would then complete an event of the next use. What its holder did before it was dropped comes
    /// before the bits are cleared.
    pub(crate) fn empty(&mut self) -> bool {
        let Some(bits) = Arc::get_mut(&mut self.bits) else { return false };
        bits.clear();
        self.positions.clear();
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

    pub(crate) fn complete(&self, index: usize) -> bool {
        self.bits.set(index)
    }

    pub(crate) fn completion(&self, index: usize) -> Completion<S> {
        Completion::new(&self.bits, index)
    }

    /// The first event from `index` on that is not complete; the segment's length where all are.
    pub(crate) fn first_open(&self, mut index: usize) -> usize {
        while index < self.len() {
            let next_word = (index / 64 + 1) * 64;
            index += count((self.bits.word(index / 64) >> (index % 64)).trailing_ones());
            if index < next_word {
                break;
            }
        }
        index
    }

    pub(crate) fn completed(&self) -> usize {
        self.bits.all().iter().map(|word| count(word.count_ones())).sum()
    }

    /// Notes which events are complete, for [`words`](Self::words).
    pub(crate) fn look(&mut self) {
        self.seen = self.bits.all();
    }

    /// The events from `index` on, as they were at the last look.
    pub(crate) fn words(&self, index: usize) -> impl Iterator<Item = Word<'_>> + Clone {
        let words = self.positions.chunks(64).zip(&self.seen).enumerate().skip(index / 64);
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
