//! Pieces as a bitmap: 64 positions a block, a bit is set where a position is open.
//!
//! Everything that is encoded is read off these blocks. Where positions are dense, as mostly, a word of 64 events
//! becomes a block by two shifts, whatever is open in it.

use std::ops::ControlFlow;

use super::piece::Piece;
use crate::Word;

/// Equal blocks that follow one another. Offsets count from the first position above the low watermark; block `b` holds
/// the offsets from `64 * b` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    /// The number of the first block.
    pub(super) first: u64,
    /// How many there are. More than one only where everything is open.
    pub(super) count: u64,
    /// Bit `i` is set where the offset `64 * first + i` is open.
    pub(super) open: u64,
}

/// Gives the blocks that are not empty to `sink`, in rising order, until it breaks. Answers the span: how many
/// positions from `base` on the pieces cover.
///
/// The first piece that does not lie above those before it, or goes beyond the largest position, ends the set: what
/// is not in a set is handled again, which is safe.
pub(super) fn visit<'a>(
    base: u64,
    pieces: impl Iterator<Item = Piece<'a>>,
    sink: impl FnMut(Blocks) -> ControlFlow<()>,
) -> u64 {
    let mut visitor = Visitor { base, span: 0, open: false, pending: Blocks { first: 0, count: 1, open: 0 }, sink };
    let stopped = pieces.into_iter().try_for_each(|piece| visitor.piece(piece));
    if stopped.is_continue() {
        // Nothing is left to stop.
        let _ = visitor.flush();
    }
    visitor.span
}

struct Visitor<S> {
    base: u64,
    /// The offset behind the last event so far.
    span: u64,
    /// Whether the last event so far is open.
    open: bool,
    /// The block that may still get more bits.
    pending: Blocks,
    sink: S,
}

impl<S: FnMut(Blocks) -> ControlFlow<()>> Visitor<S> {
    fn piece(&mut self, piece: Piece<'_>) -> ControlFlow<()> {
        if matches!(piece, Piece::Word(Word { positions: [], .. })) {
            return ControlFlow::Continue(());
        }
        let Some(last) = piece.last_if_above(self.base + self.span) else {
            self.flush()?;
            return ControlFlow::Break(());
        };
        let end = last - self.base + 1;
        match piece {
            Piece::Word(word) => self.word(word, end),
            Piece::Run(run) => {
                if run.open {
                    self.fill(self.span, end)?;
                }
                self.known(end, run.open)
            }
        }
    }

    fn known(&mut self, end: u64, open: bool) -> ControlFlow<()> {
        self.span = end;
        self.open = open;
        ControlFlow::Continue(())
    }

    fn word(&mut self, Word { positions, complete }: Word<'_>, end: u64) -> ControlFlow<()> {
        let length = u32::try_from(positions.len()).expect("a word has at most 64 events");
        let open = !complete & (u64::MAX >> (64 - length));
        let first = positions[0] - self.base;
        if end - first == u64::from(length) {
            self.dense(first, length, open)?;
        } else {
            self.sparse(positions, open)?;
        }
        self.known(end, open >> (length - 1) == 1)
    }

    /// A word of consecutive positions.
    fn dense(&mut self, first: u64, length: u32, open: u64) -> ControlFlow<()> {
        if self.open && open & 1 == 1 {
            self.fill(self.span, first)?;
        }
        let (block, shift) = (first / 64, first % 64);
        self.add(block, open << shift)?;
        if shift + u64::from(length) > 64 {
            self.add(block + 1, open >> (64 - shift))?;
        }
        ControlFlow::Continue(())
    }

    /// A word with gaps between its positions: each run of open events is a range from its first to its last one.
    fn sparse(&mut self, positions: &[u64], mut open: u64) -> ControlFlow<()> {
        let mut index = 0;
        while open != 0 {
            let skip = open.trailing_zeros();
            let run = (open >> skip).trailing_ones();
            let first = usize::try_from(index + skip).expect("below 64");
            let last = usize::try_from(index + skip + run - 1).expect("below 64");
            let joins = first == 0 && self.open;
            let start = if joins { self.span } else { positions[first] - self.base };
            self.fill(start, positions[last] - self.base + 1)?;
            index += skip + run;
            open = open.checked_shr(skip + run).unwrap_or(0);
        }
        ControlFlow::Continue(())
    }

    /// Opens the offsets from `start` to below `end`.
    fn fill(&mut self, start: u64, end: u64) -> ControlFlow<()> {
        if start == end {
            return ControlFlow::Continue(());
        }
        let (head, tail) = (start / 64, (end - 1) / 64);
        let from_start = u64::MAX << (start % 64);
        let to_end = u64::MAX >> (63 - (end - 1) % 64);
        if head == tail {
            return self.add(head, from_start & to_end);
        }
        self.add(head, from_start)?;
        if tail - head > 1 {
            self.flush()?;
            (self.sink)(Blocks { first: head + 1, count: tail - head - 1, open: u64::MAX })?;
        }
        self.add(tail, to_end)
    }

    /// Opens some offsets of one block, which is the pending one or a later one.
    fn add(&mut self, block: u64, open: u64) -> ControlFlow<()> {
        if block == self.pending.first {
            self.pending.open |= open;
        } else if open != 0 {
            self.flush()?;
            self.pending = Blocks { first: block, count: 1, open };
        }
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> ControlFlow<()> {
        match std::mem::take(&mut self.pending.open) {
            0 => ControlFlow::Continue(()),
            open => (self.sink)(Blocks { open, ..self.pending }),
        }
    }
}
