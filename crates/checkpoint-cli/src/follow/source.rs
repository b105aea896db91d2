use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::console::Console;
use super::ledger::Ledger;
use super::lines::{LineBuffer, length};
use super::opened::{Opened, read_head, read_some};
use super::place::{HEAD_BYTES, Mark, Place};
use super::rotation::Directory;
use crate::args::From;
use crate::error::{CliError, Result};

/// The bytes behind a position: of one file after the other, each of them to its end.
#[derive(Debug)]
pub(crate) struct Source {
    /// The followed file, whatever it is at the moment.
    path: PathBuf,
    directory: Directory,
    once: bool,
    console: Arc<Console>,
    /// The logical offset at which the current file begins.
    base: u64,
    current: Current,
    older: Vec<Mark>,
}

/// The file that is being read.
#[derive(Debug)]
struct Current {
    opened: Opened,
    /// How far it was read, in bytes.
    offset: u64,
    state: State,
    /// The ledger knows nothing of its content, so what it held may have been copied away, more than once, since.
    unseen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It may grow.
    Growing,
    /// It was rotated away: what it holds now is all there will be.
    Over,
    /// There is nothing more to be had of it: all was read, or the rest is lost.
    Finished,
    /// Nothing was read of it, and another one comes first.
    SetAside,
}

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// There is more in the buffer.
    More,
    /// Nothing more at the moment.
    End,
    /// Nothing more in this file, ever: [`Source::move_on`] when all of it is committed.
    Over,
}

impl Source {
    /// Goes on where the ledger says, or begins; `None` while there is no file.
    pub(crate) fn start(
        path: &Path,
        from: From,
        once: bool,
        ledger: &mut Ledger,
        console: &Arc<Console>,
    ) -> Result<Option<Self>> {
        let directory = Directory::of(path);
        // opened before the directory is listed: what is rotated away from now on is open already
        let file = Opened::open(path)?;
        let started = match (ledger.committed(), ledger.place().cloned()) {
            (Some(position), Some(place)) => resume(&directory, path, file, position, place, console)?,
            (position, _) => begin(&directory, file, position, from, ledger)?,
        };
        let Some((place, current)) = started else {
            return Ok(None);
        };
        ledger.saw(&current.opened.head);
        let Place { base, older, .. } = place;
        let console = Arc::clone(console);
        Ok(Some(Self { path: path.to_owned(), directory, once, console, base, current, older }))
    }

    /// The logical offset after the last byte that was read.
    pub(crate) fn position(&self) -> u64 {
        self.base + self.current.offset
    }

    /// The logical offset at which the current file ended when it was opened.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.current.opened.size
    }

    /// What was not read of the current file up to there is lost: the next one begins there.
    pub(crate) fn lost_up_to(&mut self, position: u64) {
        self.current.offset = self.current.offset.max(position.saturating_sub(self.base));
    }

    /// The first bytes of the current file, as far as they were seen.
    pub(crate) fn head(&self) -> &[u8] {
        &self.current.opened.head
    }

    /// Reads some more of the current file into `buffer`.
    pub(crate) fn read(&mut self, buffer: &mut LineBuffer) -> Result<Read> {
        loop {
            if self.current.unseen && self.has_between()? {
                self.current.state = State::SetAside;
            }
            let read = match self.current.state {
                State::Growing | State::Over => self.current.read(buffer).map_err(|error| self.cannot_read(&error))?,
                State::Finished | State::SetAside => return Ok(Read::Over),
            };
            match read {
                Chunk::Read { size } => {
                    let unhandled = length(buffer.bytes().len());
                    self.console.lag(size.saturating_sub(self.current.offset) + unhandled);
                    return Ok(Read::More);
                }
                Chunk::Changed => self.find_rest()?,
                Chunk::End if self.current.state == State::Over => return Ok(Read::Over),
                Chunk::End => match self.look()? {
                    Look::Same => return Ok(Read::End),
                    // its writer may have written to it until now: to its end once more
                    Look::Succeeded => self.current.state = State::Over,
                },
            }
        }
    }

    /// Goes on to the next file; false while there is none. All that was read must be committed.
    pub(crate) fn move_on(&mut self, ledger: &mut Ledger) -> Result<bool> {
        let file = Opened::open(&self.path)?;
        let finished = (self.current.state != State::SetAside).then(|| self.current.opened.mark());
        let known = || self.older.iter().chain(&finished);
        let older = self.directory.marks(|inode, head| known().any(|older| older.is(inode, head)))?;
        let between = self.directory.oldest_between(&older, file.as_ref())?;
        let unseen = between.is_none() && file.as_ref().is_some_and(|file| file.head.is_empty());
        let Some(opened) = between.or(file) else {
            return Ok(false);
        };
        let base = self.position();
        ledger.enter(Place::new(base, opened.mark(), older.clone()), &opened.head)?;
        (self.base, self.older) = (base, older);
        self.current = Current { opened, offset: 0, state: State::Growing, unseen };
        Ok(true)
    }

    /// What became of the current file, which was read to its end.
    fn look(&self) -> Result<Look> {
        let now = match fs::metadata(&self.path) {
            Ok(now) => now,
            // renamed or deleted, and its writer still has it, unless there are newer ones
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(if self.has_between()? { Look::Succeeded } else { Look::Same });
            }
            Err(error) => return Err(CliError::because(format!("cannot look at {}", self.path.display()), &error)),
        };
        if now.ino() == self.current.opened.inode {
            return Ok(Look::Same);
        }
        // while the new file is empty, its writer may not have moved over to it
        let succeeded = now.len() > 0 || self.once || self.has_between()?;
        Ok(if succeeded { Look::Succeeded } else { Look::Same })
    }

    fn has_between(&self) -> Result<bool> {
        let file = Opened::open(&self.path)?;
        let mut older = self.older.clone();
        older.push(self.current.opened.mark());
        Ok(self.directory.oldest_between(&older, file.as_ref())?.is_some())
    }

    /// The current file does not hold any more what was read of it: the rest is in a copy, or nowhere.
    fn find_rest(&mut self) -> Result<()> {
        let Current { opened, offset, .. } = &self.current;
        let copy = self.directory.find_copy(&opened.mark(), *offset, &self.older)?;
        let Some(copy) = copy else {
            self.console.say(format_args!(
                "{} was cut short or written anew, and no copy of what it was is beside it: what it held after offset \
                 {} and was not read is lost; going on from its beginning",
                opened.path.display(),
                self.position()
            ));
            self.current.state = State::Finished;
            return Ok(());
        };
        let state = State::of_copy(&copy, *offset);
        self.current = Current { opened: copy, offset: *offset, state, unseen: false };
        Ok(())
    }

    fn cannot_read(&self, error: &io::Error) -> CliError {
        let path = self.current.opened.path.display();
        CliError::because(format!("cannot read {path} at offset {}", self.current.offset), error)
    }
}

enum Look {
    Same,
    /// There is a newer file.
    Succeeded,
}

enum Chunk {
    /// Some bytes; the file has this size.
    Read {
        size: u64,
    },
    /// The file is not what it was: what it holds now must not be taken for what follows.
    Changed,
    End,
}

impl State {
    /// A copy that does not reach to what was read has nothing more.
    fn of_copy(copy: &Opened, offset: u64) -> Self {
        if copy.size >= offset { Self::Over } else { Self::Finished }
    }
}

impl Current {
    fn read(&mut self, buffer: &mut LineBuffer) -> io::Result<Chunk> {
        let room = buffer.room();
        let read = read_some(&self.opened.file, room, self.offset)?;
        if read == 0 {
            return Ok(if self.is_unchanged(self.offset)? { Chunk::End } else { Chunk::Changed });
        }
        let seen = self.opened.head.len();
        self.see(&room[..read]);
        let end = self.offset + length(read);
        // looked at after the read: nothing that came into the file's place since is taken for its own
        if !self.is_unchanged(end)? {
            self.opened.head.truncate(seen);
            return Ok(Chunk::Changed);
        }
        self.offset = end;
        self.unseen = false;
        buffer.filled(read);
        Ok(Chunk::Read { size: self.opened.file.metadata()?.len() })
    }

    /// Adds to the head what `chunk`, at the offset, knows more of it.
    fn see(&mut self, chunk: &[u8]) {
        let head = &mut self.opened.head;
        let known = length(head.len());
        let skip = usize::try_from(known.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        if let Some(more) = chunk.get(skip..) {
            head.extend(more.iter().take(HEAD_BYTES - head.len()));
        }
    }

    /// Whether the file still begins as it did and reaches to `end`.
    fn is_unchanged(&self, end: u64) -> io::Result<bool> {
        let reaches = self.opened.file.metadata()?.len() >= end;
        Ok(reaches && read_head(&self.opened.file)?.starts_with(&self.opened.head))
    }
}

/// Begins at a position without a file, or at the very beginning.
fn begin(
    directory: &Directory,
    file: Option<Opened>,
    position: Option<u64>,
    from: From,
    ledger: &mut Ledger,
) -> Result<Option<(Place, Current)>> {
    let Some(opened) = file else {
        return Ok(None);
    };
    let offset = match (position, from) {
        (Some(position), _) => position,
        (None, From::Start) => 0,
        (None, From::End) => opened.end_of_lines()?,
        (None, From::Offset(offset)) => offset,
    };
    if offset > opened.size {
        let (id, path) = (ledger.id(), opened.path.display());
        return Err(CliError::failed(format!(
            "checkpoint {id:?} cannot begin at offset {offset} of {path}, which has {} bytes",
            opened.size
        )));
    }
    let place = Place::new(0, opened.mark(), directory.marks(|_, _| true)?);
    ledger.enter(place.clone(), &opened.head)?;
    // at once: where the end was must not be decided again
    ledger.commit(offset)?;
    let unseen = opened.head.is_empty();
    Ok(Some((place, Current { opened, offset, state: State::Growing, unseen })))
}

/// Goes on in the file that holds the position, under whatever name it is now.
fn resume(
    directory: &Directory,
    path: &Path,
    file: Option<Opened>,
    position: u64,
    place: Place,
    console: &Console,
) -> Result<Option<(Place, Current)>> {
    let Some(offset) = position.checked_sub(place.base) else {
        return Err(CliError::failed(format!(
            "the committed position {position} lies before offset {}, at which the file that was followed as {} begins: \
             use `checkpoint reset` without --to to begin anew",
            place.base,
            path.display()
        )));
    };
    let same = |opened: &Opened| place.file.is(opened.inode, &opened.head) && opened.size >= offset;
    let (opened, state) = if file.as_ref().is_some_and(same) {
        (file, State::Growing)
    } else if let Some(renamed) = directory.find(&place.file, offset)? {
        (Some(renamed), State::Growing)
    } else if let Some(copy) = directory.find_copy(&place.file, offset, &place.older)? {
        let state = State::of_copy(&copy, offset);
        (Some(copy), state)
    } else {
        if file.is_some() {
            console.say(format_args!(
                "the file that was followed as {} until offset {position} is not there any more, neither under another \
                 name nor as a copy: if it held anything after that, it is lost; going on with what there is",
                path.display()
            ));
        }
        (file, State::Finished)
    };
    let unseen = state == State::Growing && place.file.fingerprint.bytes == 0;
    Ok(opened.map(|opened| (place, Current { opened, offset, state, unseen })))
}
