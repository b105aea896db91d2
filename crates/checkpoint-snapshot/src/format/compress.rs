//! Buckets that are compressed by zstd.
//!
//! Few bytes can expand to many, and those to even more memory. So a snapshot says how large its bucket is, and has so many
//! bytes itself that this is no more than [`EXPANSION`] times as much; where zstd is better than that, zeros fill it up.

use std::io::{self, BufWriter, Write};

use bytes::Bytes;

use super::body::{self, Survey};
use super::error::invalid;
use super::parse::Parser;
use super::sink::Sink;
use super::{CHECKSUM_BYTES, CannotDecode};
use crate::Bucket;
use crate::number::{Number, wide};
use crate::read::Reader;

/// The bucket's bytes, and 64 for each of its entries, are at most so many times the bytes of the snapshot.
const EXPANSION: u64 = 32;
const ENTRY_BYTES: u64 = 64;

/// Quick, and already smaller by far.
const LEVEL: i32 = 1;

const PAGE: usize = 64 * 1024;

/// The snapshot up to its checksum; `None` if that does not save an eighth at least.
pub(super) fn compress(mut head: Vec<u8>, bucket: &Bucket, survey: &Survey) -> Option<Vec<Bytes>> {
    let limit = survey.bytes - survey.bytes / 8;
    let pages = squeeze(bucket, survey.bytes, limit).ok()?;
    let compressed: usize = pages.iter().map(Bytes::len).sum();
    for number in [survey.bytes, survey.entries, wide(compressed)] {
        head.extend(Number::new(number).as_ref());
    }
    let length = wide(head.len() + compressed + CHECKSUM_BYTES);
    let padding = usize::try_from(smallest(survey).saturating_sub(length)).ok()?;
    if wide(compressed + padding) > limit {
        return None;
    }
    let padding = (padding > 0).then(|| vec![0; padding].into());
    Some([head.into()].into_iter().chain(pages).chain(padding).collect())
}

/// How many bytes a snapshot has at least.
fn smallest(survey: &Survey) -> u64 {
    survey.entries.saturating_mul(ENTRY_BYTES).saturating_add(survey.bytes).div_ceil(EXPANSION)
}

/// Fails where more than `limit` bytes are left.
fn squeeze(bucket: &Bucket, bytes: u64, limit: u64) -> io::Result<Vec<Bytes>> {
    let mut encoder = zstd::Encoder::new(Pages { full: Vec::new(), current: Vec::new(), left: limit }, LEVEL)?;
    encoder.set_pledged_src_size(Some(bytes))?;
    let mut squeezer = Squeezer { into: BufWriter::with_capacity(PAGE, encoder), result: Ok(()) };
    body::write(&mut squeezer, bucket);
    squeezer.result?;
    let encoder = squeezer.into.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(encoder.finish()?.finish())
}

/// Feeds the compressor, until it fails.
struct Squeezer<W: Write> {
    into: BufWriter<W>,
    result: io::Result<()>,
}

impl<W: Write> Sink for Squeezer<W> {
    fn put(&mut self, bytes: &[u8]) {
        if self.result.is_ok() {
            self.result = self.into.write_all(bytes);
        }
    }
}

/// Takes what is compressed.
struct Pages {
    full: Vec<Bytes>,
    current: Vec<u8>,
    left: u64,
}

impl Pages {
    fn finish(mut self) -> Vec<Bytes> {
        self.current.shrink_to_fit();
        self.full.push(self.current.into());
        self.full
    }
}

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(wide(bytes.len())).ok_or(io::ErrorKind::FileTooLarge)?;
        if self.current.len() + bytes.len() > PAGE {
            let mut page = std::mem::take(&mut self.current);
            page.shrink_to_fit();
            self.full.push(page.into());
        }
        self.current.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bucket of a snapshot that has `length` bytes in all, from behind its header on.
pub(super) fn decompress(mut reader: Reader<'_>, length: usize) -> Result<Bucket, CannotDecode> {
    let survey = Survey { bytes: reader.number()?, copied: 0, entries: reader.number()? };
    if smallest(&survey) > wide(length) {
        return invalid("its bucket would be too large for it");
    }
    let compressed = reader.bytes()?;
    if reader.rest.iter().any(|byte| *byte != 0) {
        return invalid("something follows behind its end");
    }
    let bytes = expand(compressed, &survey)?;
    let mut parser = Parser::new(&bytes, Reader { rest: &bytes }, survey.entries);
    let bucket = parser.bucket(None, 0)?;
    parser.end()?;
    if parser.entries_left() > 0 { invalid("it has fewer entries than it announces") } else { Ok(bucket) }
}

fn expand(compressed: &[u8], survey: &Survey) -> Result<Bytes, CannotDecode> {
    let Ok(length) = usize::try_from(survey.bytes) else { return invalid("it has more bytes than memory could") };
    let mut bytes = Vec::with_capacity(length);
    let expanded =
        zstd::bulk::Decompressor::new().and_then(|mut zstd| zstd.decompress_to_buffer(compressed, &mut bytes));
    match expanded {
        Ok(expanded) if expanded == length => Ok(bytes.into()),
        _ => invalid("its bucket cannot be decompressed to the size that it announces"),
    }
}
