//! A snapshot over several records: each has a chunk of its bytes as its state.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use checkpoint_core::{CheckpointId, InvalidId, MAX_STATE_BYTES};

use crate::format::Encoded;
use crate::number::Number;
use crate::read::{Flaw, Reader};

/// The first bytes of every chunk: no text in UTF-8 begins with them.
const MAGIC: &[u8] = b"\xABSNC";
const VERSION: u8 = 1;

/// The longest header: magic, version and three numbers.
const MAX_HEADER: usize = 4 + 1 + 3 * 10;

/// The smallest and the largest state that chunks can be told to have.
pub(crate) const SIZES: std::ops::RangeInclusive<usize> = 64..=MAX_STATE_BYTES;

/// The record of a chunk. A slot holds one snapshot at a time.
pub(crate) fn id(checkpoint: &CheckpointId, slot: u32, chunk: u32) -> Result<CheckpointId, InvalidId> {
    CheckpointId::new(format!("{}{slot}/{chunk}", prefix(checkpoint)))
}

/// What the ids of all chunks of a checkpoint begin with; also those of another whose id begins with this one's and a slash.
pub(crate) fn prefix(checkpoint: &CheckpointId) -> String {
    format!("{}snapshot/{checkpoint}/", CheckpointId::BESIDE)
}

/// Whether a record is that of a chunk of this very checkpoint.
pub(crate) fn is_of(checkpoint: &CheckpointId, record: &CheckpointId) -> bool {
    let numbers = record.as_str().strip_prefix(&prefix(checkpoint)).and_then(|numbers| numbers.split_once('/'));
    let is_number = |text: &str| text.parse::<u32>().is_ok_and(|number| number.to_string() == text);
    numbers.is_some_and(|(slot, chunk)| is_number(slot) && is_number(chunk))
}

/// The states of a snapshot's records, in order. What was taken is let go of, so that no more is copied at a time than one state.
pub(crate) struct Chunks {
    pieces: VecDeque<Bytes>,
    /// How many bytes the pieces have.
    left: usize,
    generation: u64,
    next: u32,
    count: u32,
    size: usize,
}

impl Chunks {
    /// States of at most `size` bytes.
    pub(crate) fn new(encoded: Encoded, generation: u64, size: usize) -> Self {
        let count = encoded.len().div_ceil(size - MAX_HEADER);
        let count = u32::try_from(count).expect("a snapshot in memory has less than 2^32 chunks");
        let left = encoded.len();
        Self { pieces: encoded.into_pieces().into(), left, generation, next: 0, count, size }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The number of the next chunk, and its state.
    pub(crate) fn next(&mut self) -> Option<(u32, Bytes)> {
        let number = self.next;
        if number == self.count {
            return None;
        }
        self.next += 1;
        let mut room = (self.size - MAX_HEADER).min(self.left);
        self.left -= room;
        let mut state = BytesMut::with_capacity(MAX_HEADER + room);
        state.extend_from_slice(MAGIC);
        state.extend_from_slice(&[VERSION]);
        for field in [self.generation, number.into(), self.count.into()] {
            state.extend_from_slice(Number::new(field).as_ref());
        }
        while room > 0 {
            let piece = self.pieces.front_mut().expect("there is more");
            let taken = room.min(piece.len());
            state.extend_from_slice(&piece[..taken]);
            piece.advance(taken);
            self.pieces.pop_front_if(|piece| piece.is_empty());
            room -= taken;
        }
        Some((number, state.freeze()))
    }
}

/// Why a record is not the chunk that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongChunk {
    /// It is cut off or no chunk at all.
    #[error("it is damaged")]
    Damaged,
    /// It is missing.
    #[error("it is missing")]
    Missing,
    /// A newer version of this library has written it.
    #[error("it has version {version} and is of a newer version of this library: update this program")]
    Newer {
        /// Its version.
        version: u8,
    },
    /// It is of another snapshot, which was begun later.
    #[error("it is of snapshot {generation}")]
    OtherGeneration {
        /// Of which.
        generation: u64,
    },
}

/// What the chunk `number` of `count` adds to the snapshot.
pub(crate) fn content(state: &Bytes, generation: u64, number: u32, count: u32) -> Result<Bytes, WrongChunk> {
    let mut reader = Reader { rest: state.strip_prefix(MAGIC).ok_or(WrongChunk::Damaged)? };
    let version = reader.byte()?;
    if version > VERSION {
        return Err(WrongChunk::Newer { version });
    }
    let found = reader.number()?;
    if found != generation {
        return Err(WrongChunk::OtherGeneration { generation: found });
    }
    let placed = reader.number()? == u64::from(number) && reader.number()? == u64::from(count);
    if version == VERSION && placed { Ok(state.slice_ref(reader.rest)) } else { Err(WrongChunk::Damaged) }
}

impl From<Flaw> for WrongChunk {
    fn from(_: Flaw) -> Self {
        Self::Damaged
    }
}
