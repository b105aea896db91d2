use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::names::{Age, Names};
use super::opened::Opened;
use super::place::Mark;
use crate::error::{CliError, Result};

/// The directory of the followed file: where its rotated files are.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// The name of the followed file.
    name: OsString,
}

/// A regular file beside the followed one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sibling {
    name: OsString,
    inode: u64,
    is_empty: bool,
}

/// How often a directory is listed until it has held still.
const LISTINGS: usize = 20;

impl Directory {
    pub(crate) fn of(file: &Path) -> Self {
        let path = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self { path: path.to_owned(), name: file.file_name().unwrap_or_default().to_owned() }
    }

    /// The file with this mark under any other name, if it still reaches to `offset`.
    pub(crate) fn find(&self, mark: &Mark, offset: u64) -> Result<Option<Opened>> {
        for sibling in self.siblings()?.into_iter().filter(|sibling| sibling.inode == mark.inode) {
            let opened = Opened::open(&self.path.join(&sibling.name))?;
            let same = opened.filter(|opened| mark.is(opened.inode, &opened.head) && opened.size >= offset);
            if same.is_some() {
                return Ok(same);
            }
        }
        Ok(None)
    }

    /// A copy of the file with this mark that was made since it was begun. One that does not reach to `offset` holds
    /// nothing new, but it is the copy all the same.
    pub(crate) fn find_copy(&self, mark: &Mark, offset: u64, older: &[Mark]) -> Result<Option<Opened>> {
        if mark.fingerprint.bytes == 0 {
            return Ok(None); // anything would match
        }
        let names = Names::of(&self.name);
        let mut copies = Vec::new();
        for sibling in self.siblings()?.into_iter().filter(|sibling| names.is_alike(&sibling.name)) {
            // a file that cannot be read is no copy that we could read on in
            if let Ok(opened) = Opened::try_open(&self.path.join(&sibling.name))
                && mark.fingerprint.matches(&opened.head)
                && !is_among(older, &opened)
            {
                copies.push(opened);
            }
        }
        // a rotation's own name says more than one that is only alike
        copies.sort_by_cached_key(|copy| (copy.size < offset, !names.is_rotated(copy.name()), self.age(copy)));
        Ok(copies.into_iter().next())
    }

    /// The oldest rotated file that is neither in `older` nor `file`: what was rotated away in between.
    ///
    /// `file` is the followed file, opened before: what is rotated away from now on is open already.
    pub(crate) fn oldest_between(&self, older: &[Mark], file: Option<&Opened>) -> Result<Option<Opened>> {
        let mut oldest: Option<Opened> = None;
        for rotated in self.open_rotated(older)? {
            let is_file = file.is_some_and(|file| file.inode == rotated.inode);
            if is_file || is_among(older, &rotated) || is_copy_in_the_making(&rotated, file)? {
                continue;
            }
            if oldest.as_ref().is_none_or(|oldest| self.age(&rotated) < self.age(oldest)) {
                oldest = Some(rotated);
            }
        }
        Ok(oldest)
    }

    /// The rotated files, each of them opened as what it was listed: a rotation meanwhile moves them to other names.
    /// One of the `older` that we may not read is left out.
    fn open_rotated(&self, older: &[Mark]) -> Result<Vec<Opened>> {
        let unreadable = |sibling: &Sibling| older.iter().any(|mark| mark.is(sibling.inode, b""));
        'list: loop {
            let mut opened = Vec::new();
            for sibling in self.rotated()?.into_iter().filter(|sibling| !unreadable(sibling)) {
                match Opened::open(&self.path.join(&sibling.name))? {
                    Some(rotated) if rotated.inode == sibling.inode => opened.push(rotated),
                    Some(_) | None => continue 'list,
                }
            }
            return Ok(opened);
        }
    }

    /// Empty ones are not looked at: they hold nothing, and without a beginning they could not be told from others that
    /// get their inode later.
    fn rotated(&self) -> Result<Vec<Sibling>> {
        let names = Names::of(&self.name);
        let siblings = self.siblings()?.into_iter();
        Ok(siblings.filter(|sibling| !sibling.is_empty && names.is_rotated(&sibling.name)).collect())
    }

    fn age(&self, rotated: &Opened) -> (SystemTime, Age) {
        (modified(rotated), Names::of(&self.name).age(rotated.name()))
    }

    /// The marks of the rotated files that are there now, of those that `keep` says. One that we may not read is known
    /// by its inode alone.
    pub(crate) fn marks(&self, keep: impl Fn(u64, &[u8]) -> bool) -> Result<Vec<Mark>> {
        'list: loop {
            let mut marks = Vec::new();
            for Sibling { name, inode, .. } in self.rotated()? {
                let head = match Opened::try_open(&self.path.join(name)) {
                    Ok(opened) if opened.inode == inode => opened.head,
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Vec::new(),
                    // a rotation meanwhile: what was listed is under another name
                    Ok(_) | Err(_) => continue 'list,
                };
                if keep(inode, &head) {
                    marks.push(Mark::new(inode, &head));
                }
            }
            return Ok(marks);
        }
    }

    /// The regular files beside the followed one. A listing taken while files are renamed may miss one of them, so it
    /// is taken until two are equal.
    fn siblings(&self) -> Result<Vec<Sibling>> {
        let cannot = |error: io::Error| CliError::because(format!("cannot list {}", self.path.display()), &error);
        let mut before = self.list().map_err(cannot)?;
        for _ in 0..LISTINGS {
            let now = self.list().map_err(cannot)?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
        Ok(before)
    }

    fn list(&self) -> io::Result<Vec<Sibling>> {
        let mut siblings = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(siblings),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            // one that is gone by now was renamed or deleted: the next listing tells
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() && entry.file_name() != self.name {
                let (inode, is_empty) = (metadata.ino(), metadata.len() == 0);
                siblings.push(Sibling { name: entry.file_name(), inode, is_empty });
            }
        }
        siblings.sort();
        Ok(siblings)
    }
}

impl Opened {
    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

fn is_among(marks: &[Mark], opened: &Opened) -> bool {
    marks.iter().any(|mark| mark.is(opened.inode, &opened.head))
}

fn is_copy_in_the_making(rotated: &Opened, file: Option<&Opened>) -> Result<bool> {
    let Some(file) = file.filter(|file| file.size > 0) else {
        return Ok(false);
    };
    rotated.begins(file).map_err(|error| CliError::because(format!("cannot read {}", rotated.path.display()), &error))
}

fn modified(opened: &Opened) -> SystemTime {
    opened.file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}
