//! Writes a bucket.

use super::sink::{Count, Sink};
use super::{CannotEncode, MAX_DEPTH};
use crate::Bucket;
use crate::bucket::Kind;
use crate::number::{Number, wide};

pub(super) const FALSE: u8 = 0;
pub(super) const TRUE: u8 = 1;
pub(super) const NATURAL: u8 = 2;
pub(super) const NEGATIVE: u8 = 3;
pub(super) const FLOAT: u8 = 4;
pub(super) const TEXT: u8 = 5;
pub(super) const BYTES: u8 = 6;
pub(super) const JSON: u8 = 7;
pub(super) const SERDE: u8 = 8;
pub(super) const PART: u8 = 9;

/// As how many entries a part counts: it takes more memory than any other.
pub(super) const PART_ENTRIES: u64 = 6;

/// How large a bucket will be.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) bytes: u64,
    /// How many of them are not shared.
    pub(super) copied: u64,
    /// How many entries there are at all depths, where a part counts as [`PART_ENTRIES`].
    pub(super) entries: u64,
}

impl Survey {
    pub(super) fn of(bucket: &Bucket) -> Result<Self, CannotEncode> {
        let mut entries = 0;
        count(bucket, 0, &mut entries)?;
        let mut counted = Count::default();
        write(&mut counted, bucket);
        Ok(Self { bytes: counted.bytes, copied: counted.copied, entries })
    }
}

fn count(bucket: &Bucket, depth: usize, entries: &mut u64) -> Result<(), CannotEncode> {
    if depth > MAX_DEPTH {
        return Err(CannotEncode::TooDeep);
    }
    for (_, kind) in bucket.entries() {
        if let Kind::Part(part) = kind {
            *entries += PART_ENTRIES;
            count(part, depth + 1, entries)?;
        } else {
            *entries += 1;
        }
    }
    Ok(())
}

/// The bucket is nested as deep as [`Survey::of`] allows.
pub(super) fn write(sink: &mut impl Sink, bucket: &Bucket) {
    sink.put(&wide(bucket.len()).to_le_bytes());
    for (key, kind) in bucket.entries() {
        sink.put(Number::count(key.len()).as_ref());
        sink.put(key.as_bytes());
        write_value(sink, kind);
    }
}

fn write_value(sink: &mut impl Sink, kind: &Kind) {
    let (tag, content) = match kind {
        Kind::Bool(value) => return sink.put(&[if *value { TRUE } else { FALSE }]),
        Kind::Natural(value) => return write_number(sink, NATURAL, *value),
        Kind::Negative(value) => return write_number(sink, NEGATIVE, (!value).unsigned_abs()),
        Kind::Float(bits) => {
            sink.put(&[FLOAT]);
            return sink.put(&bits.to_le_bytes());
        }
        Kind::Part(part) => {
            sink.put(&[PART]);
            return write(sink, part);
        }
        Kind::Text(text) => (TEXT, text),
        Kind::Bytes(bytes) => (BYTES, bytes),
        Kind::Json(json) => (JSON, json),
        Kind::Serde(bytes) => (SERDE, bytes),
    };
    write_number(sink, tag, wide(content.len()));
    sink.share(content);
}

fn write_number(sink: &mut impl Sink, tag: u8, number: u64) {
    sink.put(&[tag]);
    sink.put(Number::new(number).as_ref());
}
