//! Blocks as edges: the offsets at which handled changes to open, or open to handled.

use super::blocks::Blocks;

/// Finds the edges of blocks that come in rising order; between them everything is handled. The first edge is the first
/// open offset, the second one the first that is handled behind it, and so on.
#[derive(Debug, Default)]
pub(super) struct Edges {
    /// The block behind the last one.
    next: u64,
    /// 1 if the last offset of the last block is open.
    open: u64,
}

impl Edges {
    /// Gives the edges in these blocks to `edge`.
    pub(super) fn push(&mut self, blocks: Blocks, mut edge: impl FnMut(u64)) {
        if let Some(end) = self.end_before(blocks.first) {
            edge(end);
        }
        let start = 64 * blocks.first;
        let mut changes = self.changes(blocks);
        while changes != 0 {
            edge(start + u64::from(changes.trailing_zeros()));
            changes &= changes - 1;
        }
    }

    /// How many edges there are in these blocks.
    pub(super) fn count(&mut self, blocks: Blocks) -> u32 {
        let end = self.end_before(blocks.first).map_or(0, |_| 1);
        end + self.changes(blocks).count_ones()
    }

    /// The edge at the end, if there is one.
    pub(super) fn finish(self) -> Option<u64> {
        (self.open == 1).then_some(64 * self.next)
    }

    /// The edge behind the last block, if there is one before `block`.
    fn end_before(&mut self, block: u64) -> Option<u64> {
        if self.open == 0 || block == self.next {
            return None;
        }
        self.open = 0;
        Some(64 * self.next)
    }

    /// A bit is set where it differs from the one before it. In further equal blocks nothing changes, as these are open
    /// from end to end.
    fn changes(&mut self, Blocks { first, count, open }: Blocks) -> u64 {
        let changes = open ^ (open << 1 | self.open);
        self.open = open >> 63;
        self.next = first + count;
        changes
    }
}
