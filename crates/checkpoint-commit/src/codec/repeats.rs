//! The form for regular sets, such as "every tenth event is open": the length of a handled run, that of the open run
//! behind it, and how often the two follow one another.

use std::ops::ControlFlow;

use checkpoint_core::MAX_POSITION;

use super::CannotDecode;
use super::blocks::visit;
use super::edges::Edges;
use super::error::invalid;
use super::number::{self, Reader};
use super::open_set::MAX_EDGES;
use super::piece::Piece;

/// The set in this form, if it has no more than `limit` bytes.
pub(super) fn encode(edges: &[u64], limit: usize) -> Option<Vec<u8>> {
    let mut groups = Groups::default();
    for edge in edges {
        groups.push(*edge);
        if groups.bytes.len() > limit {
            return None;
        }
    }
    groups.finish(limit)
}

/// The same from pieces, without a list of their edges.
pub(super) fn encode_pieces<'a>(base: u64, pieces: impl Iterator<Item = Piece<'a>>, limit: usize) -> Option<Vec<u8>> {
    let mut groups = Groups::default();
    let mut edges = Edges::default();
    visit(base, pieces, |blocks| {
        edges.push(blocks, |edge| groups.push(edge));
        if groups.bytes.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Some(end) = edges.finish() {
        groups.push(end);
    }
    groups.finish(limit)
}

/// Equal pairs of runs become one group.
#[derive(Default)]
struct Groups {
    bytes: Vec<u8>,
    count: u64,
    /// The runs of the group that may still grow, and how often they follow one another.
    pair: (u64, u64),
    times: u64,
    /// The edge behind the last pair, and the start of the open run whose end has not come yet.
    end: u64,
    start: Option<u64>,
}

impl Groups {
    fn push(&mut self, edge: u64) {
        let Some(start) = self.start.take() else {
            self.start = Some(edge);
            return;
        };
        let pair = (start - self.end, edge - start);
        self.end = edge;
        if pair == self.pair {
            self.times += 1;
        } else {
            self.close();
            (self.pair, self.times) = (pair, 1);
        }
    }

    fn close(&mut self) {
        if self.times > 0 {
            self.count += 1;
            for number in [self.pair.0, self.pair.1, self.times] {
                number::put(&mut self.bytes, number);
            }
        }
    }

    fn finish(mut self, limit: usize) -> Option<Vec<u8>> {
        self.close();
        let mut bytes = Vec::with_capacity(self.bytes.len() + 2);
        number::put(&mut bytes, self.count);
        bytes.append(&mut self.bytes);
        (bytes.len() <= limit).then_some(bytes)
    }
}

/// The edges of a set in this form.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<u64>, CannotDecode> {
    let mut edges = Vec::new();
    let mut end = 0;
    for _ in 0..reader.number()? {
        let (handled, open, times) = (reader.number()?, reader.number()?, reader.number()?);
        if open == 0 || times == 0 || handled == 0 && (end > 0 || times > 1) {
            return invalid("a run of events is empty");
        }
        let period = handled.checked_add(open);
        let behind = period.and_then(|period| period.checked_mul(times)).and_then(|length| length.checked_add(end));
        let Some(behind) = behind.filter(|behind| *behind <= MAX_POSITION + 1) else {
            return invalid("a position is beyond 2^63 - 1");
        };
        let room = MAX_EDGES - edges.len();
        let Some(count) = times.checked_mul(2).and_then(|count| usize::try_from(count).ok()).filter(|c| *c <= room)
        else {
            return invalid("it has more ranges than a set can have");
        };
        edges.reserve(count);
        while end < behind {
            edges.extend([end + handled, end + handled + open]);
            end += handled + open;
        }
    }
    Ok(edges)
}
