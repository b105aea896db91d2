//! Up to 64 tracked events and which of them are complete: what a tracker hands to the codec.

/// Up to 64 events that were tracked one after the other.
///
/// `Word::new(&[7, 8, 20], 0b101)`: 7 and 20 are complete, 8 is still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Word<'a> {
    /// Their positions: at most 64, strictly rising.
    pub positions: &'a [u64],
    /// Bit `i` is set if the event at `positions[i]` is complete. Bits beyond the last position mean nothing.
    pub complete: u64,
}

impl<'a> Word<'a> {
    /// A word of these positions, with these events complete.
    pub const fn new(positions: &'a [u64], complete: u64) -> Self {
        Self { positions, complete }
    }
}
