//! The log and its index: reads what others appended, decides, appends, syncs.

use std::sync::Arc;
use std::time::SystemTime;

use checkpoint_core::{CheckpointId, ErrorKind, Outcome, Record, Write};

use crate::disk::{Access, Disk, LogFile};
use crate::failure::Failure;
use crate::index::{Entry, Index};
use crate::line::{Content, FORMAT, Header, Line, Lines};
use crate::scan::{Part, Scan, bytes, was_durable_at};

const SLACK: u64 = 1 << 20;

/// Longer than any header.
const LONGEST_HEADER: usize = 256;

/// An unfinished append at the log's end that was cut off: a crash came before it was durable, so nobody was told that
/// it was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TornTail {
    /// Where the log ends now, in bytes from its beginning.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Log<D> {
    pub(super) disk: D,
    pub(super) index: Index,
    pub(super) file: LogFile,
    /// Where the last valid line ends.
    pub(super) end: u64,
    /// Up to here the log is known to be durable. What another process appended after it may not be, until we sync.
    pub(super) synced: u64,
    /// The open log can no longer be trusted to reach the disk: a sync has failed. Only a new one will do.
    pub(super) replace_log: bool,
    /// A log that could not be replaced, for want of room, is let grow up to here before that is tried again.
    pub(super) replace_from: u64,
    /// So much garbage is never worth a new log.
    pub(super) slack: u64,
    pub(super) torn_tail: Option<TornTail>,
}

/// The changes of one append: decided and in the index, not yet in the log.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(super) lines: Lines,
    now: SystemTime,
    /// What the index held before, oldest first.
    before: Vec<(CheckpointId, Option<Entry>)>,
}

impl<D: Disk> Log<D> {
    /// Opens the log of a directory for reading only.
    pub(crate) fn open_read_only(disk: D) -> Result<Self, Failure> {
        let mut log = Self::unread(disk);
        log.locked(Access::Shared, |log| log.load(Access::Shared))?;
        Ok(log)
    }

    /// Opens the log of a directory, after creating it where there is none.
    pub(crate) fn open(disk: D) -> Result<Self, Failure> {
        let mut log = Self::unread(disk);
        log.locked(Access::Exclusive, |log| {
            match log.disk.log_file() {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => log.replace_with(None)?,
                _ => log.load(Access::Exclusive)?,
            }
            log.disk.sync().map_err(|error| log.failed("cannot sync", &error))?;
            log.synced = log.end;
            Ok(())
        })?;
        Ok(log)
    }

    fn unread(disk: D) -> Self {
        let file = LogFile { device: 0, inode: 0, length: 0 };
        Self {
            disk,
            index: Index::default(),
            file,
            end: 0,
            synced: 0,
            replace_log: false,
            replace_from: 0,
            slack: SLACK,
            torn_tail: None,
        }
    }

    pub(crate) fn torn_tail(&self) -> Option<TornTail> {
        self.torn_tail
    }

    /// The record of `id`, as durable as it is.
    pub(crate) fn read(&mut self, id: &CheckpointId) -> Result<Option<Record>, Failure> {
        self.refresh_to_read()?;
        self.index.get(id).map(|entry| self.record(entry, &[])).transpose()
    }

    pub(crate) fn list(
        &mut self,
        prefix: &str,
        after: Option<&CheckpointId>,
        limit: usize,
    ) -> Result<Vec<Record>, Failure> {
        self.refresh_to_read()?;
        let page = self.index.page(prefix, after, limit);
        page.iter().map(|entry| self.record(entry, &[])).collect()
    }

    /// Locks the directory and reads what others appended. Nobody else writes until [`finish`](Self::finish).
    pub(crate) fn begin(&mut self) -> Result<Staged, Failure> {
        self.lock(Access::Exclusive)?;
        match self.refresh(Access::Exclusive) {
            Ok(()) => {
                let now = SystemTime::now();
                Ok(Staged { lines: Lines::new(self.synced, now), now, before: Vec::new() })
            }
            Err(failure) => {
                self.unlock();
                Err(failure)
            }
        }
    }

    /// Makes what was staged durable, or takes it back, and unlocks the directory.
    pub(crate) fn finish(&mut self, staged: Staged) -> Result<(), Failure> {
        let durable = self.persist(&staged.lines);
        if durable.is_err() {
            for (id, entry) in staged.before.into_iter().rev() {
                self.index.put(id, entry);
            }
        }
        self.unlock();
        durable
    }

    /// Decides a write; where it is stored, adds its line.
    pub(crate) fn write(&mut self, write: &Write, staged: &mut Staged) -> Outcome {
        let id = &write.checkpoint.id;
        let entry = self.index.get(id);
        let outcome = write.decide(entry.map(|entry| entry.to_decide_on(id)).as_ref());
        if outcome.is_stored() {
            let owner = entry.and_then(|entry| entry.owner.clone());
            self.set(id, write.epoch, write.checkpoint.position, owner, &write.state, staged);
        }
        outcome
    }

    /// Claims a checkpoint: adds its line, with the position and the state that it has.
    pub(crate) fn claim(&mut self, id: &CheckpointId, owner: &str, staged: &mut Staged) -> Result<Record, Failure> {
        let entry = self.index.get(id);
        let current = entry.map(|entry| self.record(entry, staged.lines.bytes())).transpose()?;
        let record = Record::claimed(current.as_ref(), id, owner, staged.now)
            .map_err(|invalid| Failure::new(invalid.kind(), invalid.to_string()))?;
        let owner = self.index.shared_owner(owner);
        self.set(id, record.epoch, record.checkpoint.position, Some(owner), &record.state, staged);
        Ok(record)
    }

    /// Deletes a record; says whether there was one.
    pub(crate) fn delete(&mut self, id: &CheckpointId, staged: &mut Staged) -> bool {
        let existed = self.index.get(id).is_some();
        if existed {
            staged.lines.delete(id);
            staged.before.push((id.clone(), self.index.put(id.clone(), None)));
        }
        existed
    }

    fn set(
        &mut self,
        id: &CheckpointId,
        epoch: u64,
        position: Option<u64>,
        owner: Option<Arc<str>>,
        state: &[u8],
        staged: &mut Staged,
    ) {
        let start = staged.lines.bytes().len();
        staged.lines.set(id, epoch, position, owner.as_deref(), state);
        let entry = Entry {
            offset: self.end + bytes(start),
            length: length(staged.lines.bytes().len() - start),
            epoch,
            position,
            owner,
        };
        staged.before.push((id.clone(), self.index.put(id.clone(), Some(entry))));
    }

    /// The record of an entry, whose line is in the log or in `appended`, which comes after it.
    fn record(&self, entry: &Entry, appended: &[u8]) -> Result<Record, Failure> {
        let line = self.line(entry, appended)?;
        let record = Line::decode(&line[..line.len() - 1]).and_then(|line| line.record());
        record.map_err(|_| self.corrupt(entry.offset, "the line there was valid before"))
    }

    /// The line of an entry, with its newline.
    pub(super) fn line(&self, entry: &Entry, appended: &[u8]) -> Result<Vec<u8>, Failure> {
        let length = usize::try_from(entry.length).expect("a line fits into memory");
        if let Some(start) = entry.offset.checked_sub(self.end) {
            let start = usize::try_from(start).expect("an append fits into memory");
            return Ok(appended[start..start + length].to_vec());
        }
        let mut line = vec![0; length];
        let read = self.disk.read_at(&mut line, entry.offset);
        match read.map_err(|error| self.failed("cannot read", &error))? {
            read if read == length && line.ends_with(b"\n") => Ok(line),
            _ => Err(self.corrupt(entry.offset, "the line there was longer before")),
        }
    }

    fn refresh_to_read(&mut self) -> Result<(), Failure> {
        let now = self.log_file()?;
        if now.is_same_file(self.file) && now.length == self.end {
            return Ok(());
        }
        self.locked(Access::Shared, |log| log.refresh(Access::Shared))
    }

    /// Reads what others appended, or all of a log that replaced the one that is open. Call it with the lock held.
    fn refresh(&mut self, access: Access) -> Result<(), Failure> {
        let now = self.log_file()?;
        if !now.is_same_file(self.file) || now.length < self.end {
            return self.load(access);
        }
        if now.length > self.end {
            return self.read_on(access);
        }
        Ok(())
    }

    /// Reads the log from its beginning.
    fn load(&mut self, access: Access) -> Result<(), Failure> {
        self.file = self.disk.open_log().map_err(|error| self.failed("cannot open", &error))?;
        (self.index, self.end, self.synced) = (Index::default(), 0, 0);
        let mut start = [0; LONGEST_HEADER];
        let read = self.disk.read_at(&mut start, 0).map_err(|error| self.failed("cannot read", &error))?;
        match Header::decode(&start[..read]) {
            Ok(Header::Known { durable }) => self.synced = durable,
            Ok(Header::Newer { format }) => {
                let path = self.disk.log_path().display();
                let message = format!(
                    "{path} has format {format}, this version reads up to {FORMAT}; upgrade the program that reads it"
                );
                return Err(Failure::new(ErrorKind::Unsupported, message));
            }
            Err(_) => return Err(self.corrupt(0, "it does not begin as a checkpoint log")),
        }
        self.end = bytes(crate::line::HEADER_BYTES);
        self.read_on(access)
    }

    /// Reads the lines from `end` on; deals with a torn tail.
    fn read_on(&mut self, access: Access) -> Result<(), Failure> {
        let mut scan = Scan::new(&self.disk, self.end);
        let torn = loop {
            match scan.next() {
                Ok(Part::Line { offset, bytes: line }) => match Line::decode(line) {
                    Ok(decoded) if apply(&mut self.index, &decoded, offset, line.len() + 1) => {
                        // A line that was copied from a log before this one speaks of that.
                        if decoded.synced <= offset {
                            self.synced = self.synced.max(decoded.synced);
                        }
                        self.end = offset + bytes(line.len() + 1);
                    }
                    _ => break true,
                },
                Ok(Part::End { leftover }) => break leftover,
                Err(error) => return Err(self.failed("cannot read", &error)),
            }
        };
        if self.end < self.synced {
            return Err(self.corrupt(self.end, "there is no valid line, but one was durable"));
        }
        if torn { self.cut_off(access) } else { Ok(()) }
    }

    /// Cuts off what a crash left behind at the log's end; leaves it there where we only read.
    fn cut_off(&mut self, access: Access) -> Result<(), Failure> {
        let offset = self.end;
        let durable = was_durable_at(&self.disk, offset).map_err(|error| self.failed("cannot read", &error))?;
        if durable {
            return Err(self.corrupt(offset, "there is no valid line, but valid ones come after it"));
        }
        if access == Access::Exclusive {
            let bytes = self.log_file()?.length.saturating_sub(offset);
            self.disk.truncate(offset).map_err(|error| self.failed("cannot cut off the torn tail of", &error))?;
            self.torn_tail = Some(TornTail { offset, bytes });
            let log = self.disk.log_path().display();
            tracing::warn!(%log, offset, bytes, "cut off a torn append that a crash left at the end of the log");
        }
        Ok(())
    }

    /// Runs `work` with the directory locked.
    fn locked<T>(&mut self, access: Access, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.lock(access)?;
        let result = work(self);
        self.unlock();
        result
    }

    fn lock(&mut self, access: Access) -> Result<(), Failure> {
        self.disk.lock(access).map_err(|error| self.failed("cannot lock the directory of", &error))
    }

    fn unlock(&mut self) {
        // Nothing depends on it: the next lock is asked for through the same file, and would be granted.
        let _ = self.disk.unlock();
    }

    fn log_file(&mut self) -> Result<LogFile, Failure> {
        self.disk.log_file().map_err(|error| self.failed("cannot find", &error))
    }

    pub(super) fn failed(&self, doing: &str, error: &std::io::Error) -> Failure {
        Failure::io(doing, self.disk.log_path(), error)
    }

    pub(super) fn corrupt(&self, offset: u64, what: &str) -> Failure {
        Failure::corrupt(self.disk.log_path(), offset, what)
    }
}

/// Puts what a line says into the index; says whether it could.
fn apply(index: &mut Index, line: &Line<'_>, offset: u64, with_newline: usize) -> bool {
    let Ok(id) = CheckpointId::new(line.id) else { return false };
    let entry = match line.content {
        Content::Set { epoch, position, owner, .. } => {
            let owner = owner.map(|owner| index.shared_owner(owner));
            Some(Entry { offset, length: length(with_newline), epoch, position, owner })
        }
        Content::Delete => None,
    };
    index.put(id, entry);
    true
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a line with 8 MiB of state at most fits into 32 bits")
}
