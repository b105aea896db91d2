//! States that keep to a size: where the whole set does not fit, its lower part does.

use checkpoint_core::Bytes;

use super::open_set::{MAX_EDGES_WRITTEN, OpenSet, base};
use super::piece::Piece;
use super::receipt::Receipt;
use super::survey::Survey;
use super::{OPEN, RECEIPTS, VERSION, checksum, number};

/// A state, and how much of the set is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The state.
    pub bytes: Bytes,
    /// Whether all pieces are in it. If not, the events above the high watermark of the set that it holds come again
    /// after a restart, also those that were handled.
    pub whole: bool,
}

/// As [`encode`](super::encode), in at most `limit` bytes where that is possible. Where the whole set does not fit, as
/// many of the pieces as fit are encoded, from the first one on. Receipts are always kept: where they alone have more
/// bytes, so has the state.
pub fn encode_within<'a, P>(low: Option<u64>, pieces: P, receipts: &[Receipt], limit: usize) -> Encoded
where
    P: IntoIterator<Item = Piece<'a>, IntoIter: Clone>,
{
    let state = Unencoded { low, pieces: pieces.into_iter(), receipts, limit };
    if let Some(bytes) = state.first(usize::MAX) {
        return Encoded { bytes, whole: true };
    }
    // Of so many pieces it is known that they fit, and that they do not.
    let (mut fitting, mut too_many) = (0, state.pieces.clone().count());
    let mut best = state.container(Vec::new());
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        match state.first(middle) {
            Some(bytes) => (fitting, best) = (middle, bytes),
            None => too_many = middle,
        }
    }
    Encoded { bytes: best, whole: false }
}

struct Unencoded<'r, I> {
    low: Option<u64>,
    pieces: I,
    receipts: &'r [Receipt],
    limit: usize,
}

impl<'a, I: Iterator<Item = Piece<'a>> + Clone> Unencoded<'_, I> {
    /// The state with so many of the pieces, if it fits.
    fn first(&self, count: usize) -> Option<Bytes> {
        let (base, pieces) = (base(self.low), self.pieces.clone().take(count));
        let survey = Survey::of(base, pieces.clone());
        if survey.edges > MAX_EDGES_WRITTEN {
            return None;
        }
        let mut set = Vec::new();
        if survey.span > 0 {
            OpenSet::encode(&mut set, base, &pieces, survey);
        }
        let bytes = self.container(set);
        (bytes.len() <= self.limit).then_some(bytes)
    }

    /// The version, which parts there are, the parts, and the checksum.
    fn container(&self, mut set: Vec<u8>) -> Bytes {
        let open = if set.is_empty() { 0 } else { OPEN };
        let receipts = if self.receipts.is_empty() { 0 } else { RECEIPTS };
        if open | receipts == 0 {
            return Bytes::new();
        }
        let mut bytes = vec![VERSION, open | receipts];
        bytes.append(&mut set);
        if receipts > 0 {
            number::put(&mut bytes, u64::try_from(self.receipts.len()).expect("a length has at most 64 bits"));
            self.receipts.iter().for_each(|receipt| receipt.encode(&mut bytes));
        }
        bytes.extend(checksum(self.low, &bytes));
        Bytes::from(bytes)
    }
}
