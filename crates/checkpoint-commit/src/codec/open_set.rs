//! Which events above the low watermark are still open.

use std::ops::RangeInclusive;

use checkpoint_core::MAX_POSITION;

use super::error::invalid;
use super::number::{self, Reader};
use super::piece::{Piece, Run};
use super::survey::Survey;
use super::{CannotDecode, form};

/// The most edges that a set can have: two for a range. In memory they take 64 MiB, however few bytes claim them.
pub(super) const MAX_EDGES: usize = 1 << 23;

/// Half of that is what gets written, as it may become more between the first pass over the events and the last.
pub(super) const MAX_EDGES_WRITTEN: u64 = 1 << 22;

/// Which events above the low watermark are still open, up to the high watermark. All others up to there were handled.
///
/// It is exact for the events that were tracked. Positions that were not count as open between two open events that
/// followed one another, and otherwise as handled.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenSet {
    low: Option<u64>,
    high: u64,
    /// Where handled changes to open and back, as offsets from the first position above `low`; strictly rising. There
    /// is an even number of them, and the last one is at most the offset behind `high`.
    edges: Vec<u64>,
}

/// The first position above a low watermark.
pub(super) fn base(low: Option<u64>) -> u64 {
    low.map_or(0, |low| low.saturating_add(1))
}

impl OpenSet {
    /// The low watermark: everything up to it was handled. `None` if nothing was.
    pub fn low(&self) -> Option<u64> {
        self.low
    }

    /// The high watermark: the set says nothing of positions above it.
    pub fn high(&self) -> u64 {
        self.high
    }

    /// Whether the event at this position is still open. Above the high watermark none is known.
    pub fn is_open(&self, position: u64) -> bool {
        position.checked_sub(base(self.low)).is_some_and(|offset| self.edges_up_to(offset) % 2 == 1)
    }

    /// Whether the event at this position was handled, also below the low watermark.
    pub fn is_handled(&self, position: u64) -> bool {
        position <= self.high && !self.is_open(position)
    }

    /// The ranges of open positions, in rising order; they do not touch.
    pub fn open_ranges(&self) -> impl Iterator<Item = RangeInclusive<u64>> + Clone {
        let base = base(self.low);
        self.edges.chunks_exact(2).map(move |range| base + range[0]..=base + (range[1] - 1))
    }

    /// What the set says of the positions above `position`, or of all if that is `None`: to be chained to the words of
    /// the events that were tracked again after a restart, the last of which is at `position`.
    pub fn pieces_above(&self, position: Option<u64>) -> impl Iterator<Item = Piece<'static>> + Clone {
        let base = base(self.low);
        let start = position.map_or(0, |position| position.saturating_add(1).saturating_sub(base));
        let first = self.edges_up_to(start);
        let span = self.high - base + 1;
        let ends = self.edges[first..].iter().copied().enumerate();
        let runs = ends.map(move |(index, end)| (end, (first + index) % 2 == 1));
        let behind_last = self.edges.last().copied().unwrap_or(0).max(start);
        let rest = (behind_last < span).then_some((span, false));
        runs.chain(rest).map(move |(end, open)| Piece::Run(Run { last: base + (end - 1), open }))
    }

    fn edges_up_to(&self, offset: u64) -> usize {
        self.edges.partition_point(|edge| *edge <= offset)
    }

    /// Appends the set that `survey` found: its span, its form and what belongs to it.
    pub(super) fn encode<'a, I>(bytes: &mut Vec<u8>, base: u64, pieces: &I, survey: Survey)
    where
        I: Iterator<Item = Piece<'a>> + Clone,
    {
        number::put(bytes, survey.span);
        let (form, mut content) = form::encode(base, pieces, survey);
        bytes.push(form);
        bytes.append(&mut content);
    }

    pub(super) fn decode(low: Option<u64>, reader: &mut Reader<'_>) -> Result<Self, CannotDecode> {
        let span = reader.number()?;
        if span == 0 {
            return invalid("its open set is empty");
        }
        let high = base(low).checked_add(span - 1).filter(|high| *high <= MAX_POSITION);
        let Some(high) = high else { return invalid("a position is beyond 2^63 - 1") };
        let edges = form::decode(reader)?;
        if edges.last().is_some_and(|end| *end > span) {
            return invalid("an open event is above the high watermark");
        }
        Ok(Self { low, high, edges })
    }
}

impl std::fmt::Debug for OpenSet {
    /// Its borders and how much is in it: a million ranges are no help.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSet")
            .field("low", &self.low)
            .field("high", &self.high)
            .field("ranges", &(self.edges.len() / 2))
            .finish_non_exhaustive()
    }
}
