//! What the encoder takes: what is known of the events above the low watermark, in pieces.

use checkpoint_core::MAX_POSITION;

use crate::Word;

/// A part of what is known of the events above the low watermark. Pieces follow one another in rising order.
///
/// Between two tracked events that are both open, one after the other, everything counts as open; all other positions
/// that were never tracked count as handled. So every event of the stream must be in the pieces, also those that were
/// handled before a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "events are known one by one or by their range")]
pub enum Piece<'a> {
    /// Events that are tracked.
    Word(Word<'a>),
    /// Events of which only the range is known, from a set that an earlier run has left.
    Run(Run),
}

/// All positions behind the piece before, up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a range and its one property")]
pub struct Run {
    /// The last position of the range, included.
    pub last: u64,
    /// Whether its events are still open. If not, they were handled.
    pub open: bool,
}

impl<'a> From<Word<'a>> for Piece<'a> {
    fn from(word: Word<'a>) -> Self {
        Self::Word(word)
    }
}

impl From<Run> for Piece<'_> {
    fn from(run: Run) -> Self {
        Self::Run(run)
    }
}

impl Piece<'_> {
    /// The last position, if the piece may follow when all positions below `start` are known already. A word without
    /// positions has none.
    pub(super) fn last_if_above(&self, start: u64) -> Option<u64> {
        let (first, last) = match self {
            Self::Word(word) if word.positions.len() > 64 => return None,
            Self::Word(word) => (*word.positions.first()?, *word.positions.last()?),
            Self::Run(run) => (start, run.last),
        };
        (start <= first && first <= last && last <= MAX_POSITION).then_some(last)
    }
}
