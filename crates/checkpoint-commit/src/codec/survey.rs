//! What a set is like, found in one quick pass, so that its form can be chosen before anything is written.

use std::ops::ControlFlow;

use super::bits::Tokens;
use super::blocks::{Blocks, visit};
use super::edges::Edges;
use super::piece::Piece;

/// The most edges that are listed: 256 KiB, for few of them anyway.
const LISTED: usize = 1 << 15;

/// What a set is like.
#[derive(Debug)]
pub(super) struct Survey {
    /// How many positions it covers. 0: there is no set.
    pub(super) span: u64,
    /// How often handled and open change.
    pub(super) edges: u64,
    /// Where they change, if that is not too often.
    pub(super) list: Option<Vec<u64>>,
    /// How many bytes it has as a bitmap.
    pub(super) bits: usize,
    /// About how many bytes it has as Rice codes.
    pub(super) runs: u64,
}

impl Survey {
    pub(super) fn of<'a>(base: u64, pieces: impl Iterator<Item = Piece<'a>>) -> Self {
        let mut tokens = Tokens::new();
        let mut counts = Counts::default();
        let span = visit(base, pieces, |blocks| {
            tokens.push(blocks);
            counts.push(blocks);
            ControlFlow::Continue(())
        });
        let (edges, runs) = (counts.edges(), counts.runs());
        Self { span, edges, list: counts.list(), bits: tokens.size(), runs }
    }
}

/// Counts within the blocks, by their bits. Where blocks are left out, everything is handled, however far it is.
#[derive(Default)]
struct Counts {
    open: u64,
    handled: u64,
    finder: Edges,
    list: Vec<u64>,
    not_listed: u64,
}

impl Counts {
    fn push(&mut self, blocks: Blocks) {
        let open = u64::from(blocks.open.count_ones());
        self.open += open * blocks.count;
        self.handled += 64 - open;
        if self.list.len() < LISTED {
            self.finder.push(blocks, |edge| self.list.push(edge));
        } else {
            self.not_listed += u64::from(self.finder.count(blocks));
        }
    }

    fn edges(&self) -> u64 {
        u64::try_from(self.list.len()).expect("a length has at most 64 bits") + self.not_listed
    }

    /// As if all runs of a kind had the mean length, and a run that leaves blocks out were short.
    fn runs(&self) -> u64 {
        let ranges = self.edges().div_ceil(2);
        (rice_bits(ranges, self.handled) + rice_bits(ranges, self.open)) / 8
    }

    fn list(mut self) -> Option<Vec<u64>> {
        self.list.extend(self.finder.finish());
        (self.not_listed == 0).then_some(self.list)
    }
}

/// How many bits Rice codes take for the lengths of so many runs with so many events in all.
fn rice_bits(runs: u64, events: u64) -> u64 {
    let beyond_one = events.saturating_sub(runs);
    (0..64).map(|k| (beyond_one >> k).saturating_add(runs * (k + 1))).min().expect("there are 64")
}
