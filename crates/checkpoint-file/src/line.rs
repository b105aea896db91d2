//! One line of the log: what it says, and how it is written and read.
//!
//! The format is documented in the crate's README; the vectors below hold it still.

use std::str::{self, FromStr};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use checkpoint_core::{Bytes, Checkpoint, CheckpointId, Record};
use jiff::Timestamp;

/// The version of the format that this crate writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;

const MAGIC: &str = "checkpoint-log";
const CHECKSUM_DIGITS: usize = 8;
/// The header's byte count has a fixed width, so that it can be filled in when the log is complete.
const DURABLE_DIGITS: usize = 20;
pub(crate) const HEADER_BYTES: usize = MAGIC.len() + 1 + 1 + 1 + DURABLE_DIGITS + 1 + CHECKSUM_DIGITS + 1;

/// Why bytes are no line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

/// The first line of a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// A log of [`FORMAT`]; its first `durable` bytes were synced before it became the log.
    Known { durable: u64 },
    /// A log of a newer format.
    Newer { format: u32 },
}

impl Header {
    /// The header of a log whose first `durable` bytes, itself included, are synced before it becomes the log.
    pub(crate) fn encode(durable: u64) -> String {
        let content = format!("{MAGIC}\t{FORMAT}\t{durable:0DURABLE_DIGITS$}");
        format!("{content}\t{:08x}\n", crc32fast::hash(content.as_bytes()))
    }

    /// Reads a header from the first bytes of a file.
    pub(crate) fn decode(start: &[u8]) -> Result<Self, Damaged> {
        let end = memchr::memchr(b'\n', start).ok_or(Damaged)?;
        let line = text(&start[..end])?;
        let mut fields = line.split('\t');
        if fields.next() != Some(MAGIC) {
            return Err(Damaged);
        }
        let format: u32 = number(fields.next())?;
        if format > FORMAT {
            return Ok(Self::Newer { format });
        }
        let durable = number(fields.next())?;
        match Self::encode(durable).as_bytes() == &start[..=end] {
            true => Ok(Self::Known { durable }),
            false => Err(Damaged),
        }
    }
}

/// A line as far as the index needs it: all but the time and the state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The log was durable up to this byte when the line was written.
    pub(crate) synced: u64,
    pub(crate) id: &'a str,
    pub(crate) content: Content<'a>,
    time: &'a str,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// The record of the id from here on.
    Set { epoch: u64, position: Option<u64>, owner: Option<&'a str>, state: &'a str },
    /// The id has no record from here on.
    Delete,
}

impl<'a> Line<'a> {
    /// Reads a line, given without its newline.
    pub(crate) fn decode(line: &'a [u8]) -> Result<Self, Damaged> {
        let (checksum, content) = line.split_at_checked(CHECKSUM_DIGITS).ok_or(Damaged)?;
        let content = content.strip_prefix(b"\t").ok_or(Damaged)?;
        if checksum != checksum_digits(content) {
            return Err(Damaged);
        }
        let mut fields = text(content)?.split('\t');
        let kind = fields.next().ok_or(Damaged)?;
        let synced = number(fields.next())?;
        let time = fields.next().ok_or(Damaged)?;
        let id = fields.next().ok_or(Damaged)?;
        let content = match kind {
            "set" => Content::Set {
                epoch: number(fields.next())?,
                position: match fields.next() {
                    Some("-") => None,
                    position => Some(number(position)?),
                },
                owner: match fields.next() {
                    Some("") => None,
                    owner => Some(owner.and_then(|owner| owner.strip_prefix('@')).ok_or(Damaged)?),
                },
                state: fields.next().ok_or(Damaged)?,
            },
            "delete" => Content::Delete,
            _ => return Err(Damaged),
        };
        match fields.next() {
            None => Ok(Self { synced, id, content, time }),
            Some(_) => Err(Damaged),
        }
    }

    /// The line that ends where `damaged` ends, wherever it begins.
    pub(crate) fn decode_last(damaged: &'a [u8]) -> Option<Self> {
        memchr::memchr_iter(b'\t', damaged)
            .filter_map(|tab| tab.checked_sub(CHECKSUM_DIGITS))
            .find_map(|start| Line::decode(&damaged[start..]).ok())
    }

    /// The whole record of a line that sets one.
    pub(crate) fn record(&self) -> Result<Record, Damaged> {
        let Content::Set { epoch, position, owner, state } = self.content else { return Err(Damaged) };
        let id = CheckpointId::new(self.id).map_err(|_| Damaged)?;
        let mut record = Record::new(Checkpoint::new(id, position));
        record.epoch = epoch;
        record.owner = owner.map(str::to_owned);
        record.state = Bytes::from(STANDARD_NO_PAD.decode(state).map_err(|_| Damaged)?);
        record.updated_at = Some(Timestamp::from_str(self.time).map_err(|_| Damaged)?.into());
        Ok(record)
    }
}

/// Writes the lines of one append. They all have the same time, and the same `synced`.
#[derive(Debug)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// `\tset\t<synced>\t<time>\t`, made once.
    set: String,
    delete: String,
}

impl Lines {
    pub(crate) fn new(synced: u64, time: SystemTime) -> Self {
        let time = rfc3339(time);
        Self {
            bytes: Vec::new(),
            set: format!("\tset\t{synced}\t{time}\t"),
            delete: format!("\tdelete\t{synced}\t{time}\t"),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a line that sets a record; its time is the append's.
    pub(crate) fn set(
        &mut self,
        id: &CheckpointId,
        epoch: u64,
        position: Option<u64>,
        owner: Option<&str>,
        state: &[u8],
    ) {
        let start = self.begin();
        self.bytes.extend_from_slice(self.set.as_bytes());
        self.bytes.extend_from_slice(id.as_str().as_bytes());
        self.bytes.push(b'\t');
        self.push_number(epoch);
        self.bytes.push(b'\t');
        match position {
            Some(position) => self.push_number(position),
            None => self.bytes.push(b'-'),
        }
        self.bytes.push(b'\t');
        if let Some(owner) = owner {
            self.bytes.push(b'@');
            self.bytes.extend_from_slice(owner.as_bytes());
        }
        self.bytes.push(b'\t');
        self.push_base64(state);
        self.end(start);
    }

    /// Adds a line that deletes a record.
    pub(crate) fn delete(&mut self, id: &CheckpointId) {
        let start = self.begin();
        self.bytes.extend_from_slice(self.delete.as_bytes());
        self.bytes.extend_from_slice(id.as_str().as_bytes());
        self.end(start);
    }

    /// Leaves room for the checksum.
    fn begin(&mut self) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[b'0'; CHECKSUM_DIGITS]);
        start
    }

    /// Fills in the checksum of all that came after its room and the tab.
    fn end(&mut self, start: usize) {
        let (head, content) = self.bytes.split_at_mut(start + CHECKSUM_DIGITS + 1);
        head[start..start + CHECKSUM_DIGITS].copy_from_slice(&checksum_digits(content));
        self.bytes.push(b'\n');
    }

    fn push_number(&mut self, number: u64) {
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn push_base64(&mut self, state: &[u8]) {
        if state.is_empty() {
            return;
        }
        let length = base64::encoded_len(state.len(), false).expect("a state of 8 MiB at most has a short encoding");
        let start = self.bytes.len();
        self.bytes.resize(start + length, 0);
        STANDARD_NO_PAD.encode_slice(state, &mut self.bytes[start..]).expect("there is room for the encoding");
    }
}

/// CRC-32 (IEEE 802.3) as eight lower-case hexadecimal digits.
fn checksum_digits(content: &[u8]) -> [u8; CHECKSUM_DIGITS] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; CHECKSUM_DIGITS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(crc32fast::hash(content).to_be_bytes()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    digits
}

/// UTC with microseconds. A clock that is out of a calendar's range shows as its end.
fn rfc3339(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    format!("{time:.6}")
}

fn text(bytes: &[u8]) -> Result<&str, Damaged> {
    str::from_utf8(bytes).map_err(|_| Damaged)
}

fn number<N: FromStr>(field: Option<&str>) -> Result<N, Damaged> {
    field.and_then(|field| field.parse().ok()).ok_or(Damaged)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(id: &str) -> CheckpointId {
        CheckpointId::new(id).unwrap()
    }

    /// The vectors of the README: format 1 must read and write them for ever.
    #[test]
    fn vectors() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_790_000_000_123_456);
        let mut lines = Lines::new(55, time);
        lines.set(&id("orders"), 0, Some(42), None, b"");
        lines.set(&id("eu/größe 1"), 3, None, Some("host:1"), b"\x00\xff");
        lines.delete(&id("orders"));
        let expected = "\
            9035de42\tset\t55\t2026-09-21T14:13:20.123456Z\torders\t0\t42\t\t\n\
            3a26b34f\tset\t55\t2026-09-21T14:13:20.123456Z\teu/größe 1\t3\t-\t@host:1\tAP8\n\
            8229ef99\tdelete\t55\t2026-09-21T14:13:20.123456Z\torders\n";
        assert_eq!(str::from_utf8(lines.bytes()).unwrap(), expected);
        assert_eq!(Header::encode(55), "checkpoint-log\t1\t00000000000000000055\t04f51302\n");
        assert_eq!(Header::encode(55).len(), HEADER_BYTES);
    }

    #[test]
    fn a_line_comes_back_as_it_was_written() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(17);
        let state: Vec<u8> = (0..=255).collect();
        let mut lines = Lines::new(7, time);
        lines.set(&id("a b"), 1, Some(0), Some(""), &state);
        let line = Line::decode(lines.bytes().strip_suffix(b"\n").unwrap()).unwrap();
        let record = line.record().unwrap();
        assert_eq!((line.synced, line.id), (7, "a b"));
        assert_eq!((record.epoch, record.checkpoint.position, record.owner.as_deref()), (1, Some(0), Some("")));
        assert_eq!((&record.state[..], record.updated_at), (&state[..], Some(time)));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut lines = Lines::new(7, SystemTime::UNIX_EPOCH);
        lines.set(&id("orders"), 1, Some(99), Some("host:1"), b"state");
        let whole = lines.bytes().strip_suffix(b"\n").unwrap();
        assert!(Line::decode(whole).is_ok());
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Line::decode(&flipped), Err(Damaged), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(Line::decode(&whole[..length]), Err(Damaged), "cut to {length}");
        }
    }

    #[test]
    fn headers_of_newer_formats_are_told_from_damage() {
        assert_eq!(Header::decode(Header::encode(300).as_bytes()), Ok(Header::Known { durable: 300 }));
        assert_eq!(Header::decode(b"checkpoint-log\t2\tanything\n"), Ok(Header::Newer { format: 2 }));
        for damaged in
            ["", "checkpoint-log\t1", "something else\n", "checkpoint-log\t1\t00000000000000000055\t00000000\n"]
        {
            assert_eq!(Header::decode(damaged.as_bytes()), Err(Damaged), "{damaged:?}");
        }
    }

    #[test]
    fn a_clock_before_1970_is_written_and_read() {
        let time = SystemTime::UNIX_EPOCH - Duration::from_secs(86_400);
        let mut lines = Lines::new(0, time);
        lines.set(&id("orders"), 0, None, None, b"");
        let line = Line::decode(lines.bytes().strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!(line.record().unwrap().updated_at, Some(time));
    }
}
