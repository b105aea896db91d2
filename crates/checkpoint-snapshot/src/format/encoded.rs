//! A snapshot that was written.

use bytes::{Bytes, BytesMut};

/// The bytes of a snapshot, in pieces that follow one another. Some are shared with the bucket.
#[derive(Clone)]
pub struct Encoded {
    pieces: Vec<Bytes>,
    length: usize,
}

impl Encoded {
    /// Puts the checksum behind the pieces.
    pub(super) fn seal(mut pieces: Vec<Bytes>) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        pieces.iter().for_each(|piece| hasher.update(piece));
        pieces.push(Bytes::copy_from_slice(&hasher.finalize().to_le_bytes()));
        let length = pieces.iter().map(Bytes::len).sum();
        Self { pieces, length }
    }

    /// The pieces, in order. None is empty.
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// The pieces, in order. None is empty.
    pub fn into_pieces(self) -> Vec<Bytes> {
        self.pieces
    }

    /// How many bytes there are in all.
    #[expect(clippy::len_without_is_empty, reason = "a snapshot is never empty")]
    pub fn len(&self) -> usize {
        self.length
    }

    /// All of it in one piece, for which it is copied.
    pub fn into_bytes(self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.length);
        self.pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        bytes.freeze()
    }
}

/// Without the bytes, which may be secret.
impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoded").field("pieces", &self.pieces.len()).field("length", &self.length).finish()
    }
}
