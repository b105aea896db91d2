//! A snapshot as bytes: a bucket, the model that it belongs to and the position at which it was taken. `FORMAT.md` describes
//! them byte by byte.
//!
//! ```
//! use checkpoint_snapshot::Bucket;
//! use checkpoint_snapshot::format::{Header, Options, decode, encode};
//!
//! let mut bucket = Bucket::new();
//! bucket.put("flights", 1_234).part("AA").put("delayed", 7);
//! let encoded = encode(&Header::new("delays", 1, Some(99)), &bucket, &Options::default())?;
//!
//! let (header, restored) = decode(&encoded.into_bytes())?;
//! assert_eq!(header.position, Some(99));
//! assert_eq!(restored.bucket("AA")?.integer::<u32>("delayed")?, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod compress;
mod encoded;
mod error;
mod header;
mod parse;
mod sink;

use bytes::Bytes;

pub use encoded::Encoded;
pub use error::{CannotDecode, CannotEncode};
pub use header::Header;

use crate::Bucket;
use crate::read::Reader;
use body::Survey;
use error::invalid;
use sink::Rope;

/// The version of the format that this crate writes, and the newest that it reads.
pub const VERSION: u8 = 1;

/// How deep parts may be nested in parts.
pub const MAX_DEPTH: usize = 64;

const CHECKSUM_BYTES: usize = 4;

/// How a snapshot is encoded.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    compress_above: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { compress_above: 64 * 1024 }
    }
}

impl Options {
    /// Compresses buckets that have more than so many bytes, where it saves an eighth at least. 64 KiB if nothing is said;
    /// `u64::MAX` for never.
    pub fn compress_above(mut self, bytes: u64) -> Self {
        self.compress_above = bytes;
        self
    }
}

/// A snapshot as bytes, in pieces.
///
/// Equal buckets have equal bytes, if they are compressed by the same version of zstd. What is longer than 4 KiB is shared with the
/// bucket and not copied: so bucket and pieces together have no more than twice the bytes of the snapshot, and what the
/// bucket's own structure takes.
///
/// # Errors
///
/// [`CannotEncode`]: the position is out of range, or the bucket is nested too deep.
pub fn encode(header: &Header, bucket: &Bucket, options: &Options) -> Result<Encoded, CannotEncode> {
    header.check()?;
    let survey = Survey::of(bucket)?;
    if survey.bytes > options.compress_above
        && let Some(pieces) = compress::compress(header.write(true), bucket, &survey)
    {
        return Ok(Encoded::seal(pieces));
    }
    let mut rope = Rope::new(survey.copied);
    body::write(&mut rope, bucket);
    let pieces = std::iter::once(header.write(false).into()).chain(rope.finish()).collect();
    Ok(Encoded::seal(pieces))
}

/// Reads a snapshot.
///
/// Values are slices of `snapshot`, or of what it is decompressed to, and keep that in memory. Whatever the bytes are, this
/// does not panic, and takes no more than 80 times their memory, plus some 256 KiB for the decompressor.
///
/// # Errors
///
/// [`CannotDecode`] says what is wrong: the bytes are no snapshot, are damaged or cut off, or come from a newer version.
pub fn decode(snapshot: &Bytes) -> Result<(Header, Bucket), CannotDecode> {
    let content = checked(snapshot)?;
    let mut reader = Reader { rest: content };
    let (header, compressed) = Header::read(&mut reader)?;
    let bucket = if compressed {
        compress::decompress(reader, snapshot.len())?
    } else {
        let mut parser = parse::Parser::new(snapshot, reader, u64::MAX);
        let bucket = parser.bucket(None, 0)?;
        parser.end()?;
        bucket
    };
    Ok((header, bucket))
}

/// What is between the version and the checksum, both of which are right.
fn checked(snapshot: &[u8]) -> Result<&[u8], CannotDecode> {
    let Some(version) = snapshot.strip_prefix(header::MAGIC) else {
        let begun = header::MAGIC.starts_with(snapshot);
        return Err(if begun { CannotDecode::CutOff } else { CannotDecode::NoSnapshot });
    };
    match version.first() {
        None => return Err(CannotDecode::CutOff),
        Some(0) => return invalid("its version is 0"),
        Some(&version) if version > VERSION => return Err(CannotDecode::Newer { version }),
        Some(_) => {}
    }
    let (content, found) = snapshot.split_last_chunk::<CHECKSUM_BYTES>().ok_or(CannotDecode::CutOff)?;
    if crc32fast::hash(content).to_le_bytes() != *found {
        return Err(CannotDecode::Checksum);
    }
    content.get(header::MAGIC.len() + 1..).ok_or(CannotDecode::CutOff)
}
