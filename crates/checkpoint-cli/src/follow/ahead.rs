use std::collections::VecDeque;
use std::ops::Range;

use checkpoint::commit::codec::OpenSet;

/// What an earlier run with several COMMANDs at once had handled beyond the position: ranges of logical offsets, in
/// rising order.
///
/// Of a batch from offset `start` to `end` the positions `start + 1` and `end` are committed, its first byte and its last.
/// So a range of open positions is a range of bytes that are to be handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    handled: VecDeque<Range<u64>>,
}

/// What comes at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// So many bytes that are handled already.
    Handled(u64),
    /// So many bytes that are not, and then some that are.
    Open(u64),
    /// Nothing more is handled.
    New,
}

impl Ahead {
    pub(crate) fn of(open: &OpenSet) -> Self {
        let mut handled = VecDeque::new();
        let mut from = open.low().unwrap_or(0);
        for range in open.open_ranges() {
            let start = range.start().saturating_sub(1);
            if from < start {
                handled.push_back(from..start);
            }
            from = *range.end();
        }
        if from < open.high() {
            handled.push_back(from..open.high());
        }
        Self { handled }
    }

    /// What comes at `offset`; it never asks about a smaller one again.
    pub(crate) fn at(&mut self, offset: u64) -> Coming {
        while self.handled.front().is_some_and(|range| range.end <= offset) {
            self.handled.pop_front();
        }
        match self.handled.front() {
            Some(range) if range.start <= offset => Coming::Handled(range.end - offset),
            Some(range) => Coming::Open(range.start - offset),
            None => Coming::New,
        }
    }

    /// The offset up to which something is handled, if that is above what was asked about last.
    pub(crate) fn end(&self) -> Option<u64> {
        self.handled.back().map(|range| range.end)
    }
}

#[cfg(test)]
mod tests {
    use checkpoint::commit::Word;
    use checkpoint::commit::codec::{decode, encode};

    use super::*;

    /// Batches that begin where the one before them ends, the first one at `low`; handled or not.
    fn ahead(low: u64, batches: &[(u64, bool)]) -> Ahead {
        let mut positions = Vec::new();
        let mut complete = 0;
        let mut start = low;
        for &(end, handled) in batches {
            for position in [start + 1, end].into_iter().take(if end == start + 1 { 1 } else { 2 }) {
                complete |= u64::from(handled) << positions.len();
                positions.push(position);
            }
            start = end;
        }
        let state = encode(Some(low), [Word::new(&positions, complete).into()], &[]);
        Ahead::of(&decode(Some(low), &state).unwrap().open.unwrap())
    }

    #[test]
    fn what_was_handled_ahead_is_passed_over_and_the_rest_is_not() {
        let mut ahead = ahead(10, &[(20, false), (30, true), (31, false), (32, true), (40, false), (50, true)]);
        assert_eq!(ahead.end(), Some(50));
        assert_eq!(ahead.at(10), Coming::Open(10));
        assert_eq!(ahead.at(15), Coming::Open(5));
        assert_eq!(ahead.at(20), Coming::Handled(10));
        assert_eq!(ahead.at(25), Coming::Handled(5));
        assert_eq!(ahead.at(30), Coming::Open(1));
        assert_eq!(ahead.at(31), Coming::Handled(1));
        assert_eq!(ahead.at(32), Coming::Open(8));
        assert_eq!(ahead.at(40), Coming::Handled(10));
        assert_eq!(ahead.at(50), Coming::New);
        assert_eq!(ahead.end(), None);
    }

    #[test]
    fn open_batches_side_by_side_are_one_range() {
        let mut ahead = ahead(0, &[(7, false), (9, false), (12, true)]);
        assert_eq!(ahead.at(0), Coming::Open(9));
        assert_eq!(ahead.at(9), Coming::Handled(3));
    }
}
