//! Reads the lines of a log one after the other, and tells a torn tail from damage.

use std::io;

use crate::disk::Disk;
use crate::line::Line;

/// Read at once: little at first, as mostly a few lines are new.
const FIRST_CHUNK: usize = 4 << 10;
const LARGEST_CHUNK: usize = 1 << 20;

/// Goes over the newline-terminated parts of the open log, from an offset to its end.
pub(crate) struct Scan<'d, D> {
    disk: &'d D,
    chunk: usize,
    buffer: Vec<u8>,
    /// How much of the buffer was given out.
    used: usize,
    /// Where the first byte that was not given out stands in the log.
    offset: u64,
}

/// What comes next in the log.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// Bytes up to a newline, without it.
    Line { offset: u64, bytes: &'a [u8] },
    /// The log ends here; `leftover` says that bytes without a newline are left.
    End { leftover: bool },
}

impl<'d, D: Disk> Scan<'d, D> {
    pub(crate) fn new(disk: &'d D, offset: u64) -> Self {
        Self { disk, chunk: FIRST_CHUNK, buffer: Vec::new(), used: 0, offset }
    }

    pub(crate) fn next(&mut self) -> io::Result<Part<'_>> {
        let mut searched = self.used;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                let end = searched + found;
                let (start, offset) = (self.used, self.offset);
                self.used = end + 1;
                self.offset += bytes(self.used - start);
                return Ok(Part::Line { offset, bytes: &self.buffer[start..end] });
            }
            let waiting = self.buffer.len() - self.used;
            if self.fill()? == 0 {
                return Ok(Part::End { leftover: waiting > 0 });
            }
            searched = waiting;
        }
    }

    /// Moves what is waiting to the buffer's beginning and reads more behind it.
    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let waiting = self.buffer.len();
        self.buffer.resize(waiting + self.chunk.max(waiting), 0);
        self.chunk = (self.chunk * 4).min(LARGEST_CHUNK);
        let read = self.disk.read_at(&mut self.buffer[waiting..], self.offset + bytes(waiting))?;
        self.buffer.truncate(waiting + read);
        Ok(read)
    }
}

/// Whether the log must have been whole at `offset`: a valid line further on says that everything before it was
/// synced. (It may follow on the same line, where the damage is to a newline.) Else what is there comes from an append that a crash has cut off before it was synced.
pub(crate) fn was_durable_at<D: Disk>(disk: &D, offset: u64) -> io::Result<bool> {
    let mut scan = Scan::new(disk, offset);
    loop {
        match scan.next()? {
            Part::Line { bytes, .. } => {
                if Line::decode_last(bytes).is_some_and(|line| line.synced > offset) {
                    return Ok(true);
                }
            }
            Part::End { .. } => return Ok(false),
        }
    }
}

/// A count of bytes in memory as one in a file.
pub(crate) fn bytes(count: usize) -> u64 {
    u64::try_from(count).expect("a count of bytes in memory fits into 64 bits")
}
