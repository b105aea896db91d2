//! What is stored beside a position: which events above it are still open, and receipts of those that were skipped.
//!
//! A consumer stores the low watermark as its position. What it has handled above that would be lost with a crash, so
//! the state that is stored in the same write says which events up to the high watermark are open: after a restart only
//! those are handled again. `FORMAT.md` describes the bytes.
//!
//! ```
//! use checkpoint_commit::Word;
//! use checkpoint_commit::codec::{decode, encode};
//!
//! // Everything up to 41 was handled. Then 42 and 44 are open, and 43 was handled.
//! let word = Word::new(&[42, 43, 44], 0b010);
//! let state = encode(Some(41), [word.into()], &[]);
//!
//! let open = decode(Some(41), &state)?.open.expect("there is a gap");
//! assert!(open.is_open(42) && open.is_handled(43) && open.is_open(44));
//! assert_eq!(open.high(), 44);
//! # Ok::<(), checkpoint_commit::codec::CannotDecode>(())
//! ```

mod bits;
mod blocks;
mod edges;
mod error;
mod form;
#[cfg(test)]
mod form_tests;
mod number;
mod open_set;
mod piece;
mod receipt;
mod repeats;
mod rice;
mod runs;
mod survey;
mod within;

use checkpoint_core::{Bytes, MAX_STATE_BYTES};

pub use error::CannotDecode;
pub use open_set::OpenSet;
pub use piece::{Piece, Run};
pub use receipt::{MAX_REASON_BYTES, Receipt};
pub use within::{Encoded, encode_within};

use error::invalid;
use number::Reader;

/// The version of the format that this crate writes, and the newest that it reads.
pub const VERSION: u8 = 1;

const CHECKSUM_BYTES: usize = 4;
/// The bits of the second byte: what is in the state.
const OPEN: u8 = 1;
const RECEIPTS: u8 = 2;

/// What stands beside a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// Which events above the position are open. `None`: nothing above it was handled.
    pub open: Option<OpenSet>,
    /// The events that were skipped, in the order in which they were given.
    pub receipts: Vec<Receipt>,
}

/// The state for a record whose position is `low`: the pieces are what is known of the events above it.
///
/// No bytes stand for no pieces and no receipts. Of a set that would not fit into a record the lower part is kept, see
/// [`encode_within`]. It also ends before the first piece that does not lie above the one before it, or goes beyond
/// [`MAX_POSITION`](checkpoint_core::MAX_POSITION). The pieces are gone through several times; other threads may
/// complete events meanwhile.
pub fn encode<'a, P>(low: Option<u64>, pieces: P, receipts: &[Receipt]) -> Bytes
where
    P: IntoIterator<Item = Piece<'a>, IntoIter: Clone>,
{
    encode_within(low, pieces, receipts, MAX_STATE_BYTES).bytes
}

/// Reads the state that stands beside the position `low`.
///
/// A set takes at most 64 MiB of memory, whatever the bytes claim; receipts take about as much as their bytes.
///
/// # Errors
///
/// [`CannotDecode`] says what is wrong: the bytes are damaged, belong to another position, or come from a newer
/// version. That bytes are gone altogether cannot be told from a state that is empty.
pub fn decode(low: Option<u64>, state: &[u8]) -> Result<State, CannotDecode> {
    let mut reader = Reader { rest: checked(low, state)? };
    if reader.rest.is_empty() {
        return Ok(State::default());
    }
    let sections = reader.byte()?;
    if sections == 0 || sections > OPEN | RECEIPTS {
        return invalid("its parts are unknown");
    }
    let open = if sections & OPEN > 0 { Some(OpenSet::decode(low, &mut reader)?) } else { None };
    let mut receipts = Vec::new();
    if sections & RECEIPTS > 0 {
        for _ in 0..reader.number()? {
            receipts.push(Receipt::decode(&mut reader)?);
        }
    }
    if reader.rest.is_empty() { Ok(State { open, receipts }) } else { invalid("something follows behind its end") }
}

/// What is between the version and the checksum, both of which are right.
fn checked(low: Option<u64>, state: &[u8]) -> Result<&[u8], CannotDecode> {
    match state.first() {
        None => return Ok(&[]),
        Some(0) => return Err(CannotDecode::NoState),
        Some(&version) if version > VERSION => return Err(CannotDecode::Newer { version }),
        Some(_) => {}
    }
    let (content, found) = state.split_last_chunk::<CHECKSUM_BYTES>().ok_or(CannotDecode::CutOff)?;
    if *found != checksum(low, content) {
        return Err(CannotDecode::Checksum { position: low });
    }
    // Behind the version there is one more byte at least.
    content.get(1..).filter(|content| !content.is_empty()).ok_or(CannotDecode::CutOff)
}

/// Covers the position too, so that a state is not taken for that of another one.
fn checksum(low: Option<u64>, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(content);
    hasher.update(&[u8::from(low.is_some())]);
    hasher.update(&low.unwrap_or(0).to_le_bytes());
    hasher.finalize().to_le_bytes()
}
