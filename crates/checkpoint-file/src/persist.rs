//! Makes staged lines durable: appended to the log, or within a new log that replaces it.

use checkpoint_core::ErrorKind;

use crate::disk::Disk;
use crate::failure::Failure;
use crate::line::{HEADER_BYTES, Header, Line, Lines};
use crate::log::Log;
use crate::scan::bytes;

/// The log has at most this many times the bytes of its live lines, and [`Log::slack`].
const MOST_PER_LIVE: u64 = 4;

/// Written at once while a log is replaced.
const CHUNK: usize = 1 << 20;

impl<D: Disk> Log<D> {
    /// Where it fails, the caller takes the lines' changes out of the index again.
    pub(super) fn persist(&mut self, lines: &Lines) -> Result<(), Failure> {
        if lines.bytes().is_empty() {
            return self.sync_what_others_appended();
        }
        if self.replace_log {
            return self.replace_with(Some(lines));
        }
        let length = self.end + bytes(lines.bytes().len());
        if length <= (MOST_PER_LIVE * self.index.live() + self.slack).max(self.replace_from) {
            return self.append(lines.bytes());
        }
        match self.replace_with(Some(lines)) {
            // The old log is as it was, and has perhaps room for these lines.
            Err(failure) if !self.replace_log && failure.kind != ErrorKind::Corrupt => {
                self.replace_from = length + self.slack;
                self.append(lines.bytes())
            }
            replaced => replaced,
        }
    }

    /// An answer that changes nothing may rest on lines whose writer was killed before it synced them.
    fn sync_what_others_appended(&mut self) -> Result<(), Failure> {
        if self.synced < self.end {
            self.disk.sync().map_err(|error| {
                self.replace_log = true;
                self.failed("cannot sync", &error)
            })?;
            self.synced = self.end;
        }
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), Failure> {
        if let Err(error) = self.disk.append(lines, self.end) {
            let failure = self.failed("cannot write to", &error);
            return match self.disk.truncate(self.end) {
                Ok(()) => Err(failure),
                Err(_) => Err(failure.maybe_applied()),
            };
        }
        if let Err(error) = self.disk.sync() {
            // What of the file is on the disk is not known from here on, and another sync would not tell.
            self.replace_log = true;
            let _ = self.disk.truncate(self.end);
            return Err(self.failed("cannot sync", &error).maybe_applied());
        }
        self.end += bytes(lines.len());
        self.synced = self.end;
        Ok(())
    }

    /// Writes all live lines, also those that are only staged, into a new log beside the old one, and puts it in its
    /// place.
    pub(super) fn replace_with(&mut self, staged: Option<&Lines>) -> Result<(), Failure> {
        let staged = staged.map_or(&[][..], Lines::bytes);
        let offsets = self.write_replacement(staged).inspect_err(|_| self.disk.abandon_replacement())?;
        match self.disk.end_replacement() {
            Ok(file) => {
                self.file = file;
                (self.end, self.synced) = (file.length, file.length);
                (self.replace_log, self.replace_from) = (false, 0);
                for (entry, offset) in self.index.iter_mut().zip(offsets) {
                    entry.offset = offset;
                }
                self.index.forget_unused_owners();
                Ok(())
            }
            Err(error) => {
                // The name may belong to the new log already, and may go back to the old one in a crash.
                self.replace_log = true;
                self.file.inode = 0;
                self.disk.abandon_replacement();
                Err(self.failed("cannot replace", &error).maybe_applied())
            }
        }
    }

    /// Returns where the lines are in the new log, in the order of the index.
    fn write_replacement(&mut self, staged: &[u8]) -> Result<Vec<u64>, Failure> {
        self.disk.begin_replacement().map_err(|error| self.failed("cannot write a new log beside", &error))?;
        let mut offsets = Vec::new();
        let mut length = bytes(HEADER_BYTES);
        let mut chunk = vec![0; HEADER_BYTES];
        for (id, entry) in self.index.iter() {
            let line = self.line(entry, staged)?;
            if !Line::decode(&line[..line.len() - 1]).is_ok_and(|line| line.id == id.as_str()) {
                return Err(self.corrupt(entry.offset, "the line there was valid before"));
            }
            offsets.push(length);
            length += u64::from(entry.length);
            chunk.extend_from_slice(&line);
            if chunk.len() >= CHUNK {
                self.disk.replace(&chunk).map_err(|error| self.failed("cannot write a new log beside", &error))?;
                chunk.clear();
            }
        }
        self.disk
            .replace(&chunk)
            .and_then(|()| self.disk.fill_in(Header::encode(length).as_bytes()))
            .map_err(|error| self.failed("cannot write a new log beside", &error))?;
        Ok(offsets)
    }
}
