//! What the log needs of a file system, and nothing more: so that tests can put a disk beneath it that fails or
//! crashes at any step.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Which file bears the log's name, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogFile {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) length: u64,
}

impl LogFile {
    pub(crate) fn is_same_file(self, other: Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// How the directory is locked against other processes (and other stores in this one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Others may read too.
    Shared,
    /// Nobody else reads or writes.
    Exclusive,
}

/// One directory with a log in it.
///
/// A log is replaced in four steps: [`begin_replacement`](Self::begin_replacement), any number of
/// [`replace`](Self::replace), [`fill_in`](Self::fill_in), [`end_replacement`](Self::end_replacement). Until the last
/// one the old log stays as it is.
pub(crate) trait Disk: Send + 'static {
    /// Where the log is, for messages.
    fn log_path(&self) -> &Path;

    /// Waits until the directory is locked.
    fn lock(&mut self, access: Access) -> io::Result<()>;

    fn unlock(&mut self) -> io::Result<()>;

    /// The file that bears the log's name now; it may be another than the one that is open.
    fn log_file(&mut self) -> io::Result<LogFile>;

    /// Opens what bears the log's name now. When it returns, the name survives a crash of the machine: whoever replaced
    /// the log may have been killed before that was so.
    fn open_log(&mut self) -> io::Result<LogFile>;

    /// Reads from the open log; fewer bytes than asked for at its end only.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes to the open log at its end, which the caller knows.
    fn append(&mut self, bytes: &[u8], end: u64) -> io::Result<()>;

    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// When it returns, all of the open log survives a crash of the machine.
    fn sync(&mut self) -> io::Result<()>;

    fn begin_replacement(&mut self) -> io::Result<()>;

    /// Adds to the replacement.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Overwrites the beginning of the replacement.
    fn fill_in(&mut self, start: &[u8]) -> io::Result<()>;

    /// Makes the replacement the log, and opens it. When it returns, that survives a crash of the machine.
    fn end_replacement(&mut self) -> io::Result<LogFile>;

    /// Removes an unfinished replacement, so that it takes no room.
    fn abandon_replacement(&mut self);
}

/// A directory of the file system.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    log_path: PathBuf,
    lock: File,
    read_only: bool,
    log: Option<File>,
    replacement: Option<Replacement>,
}

#[derive(Debug)]
struct Replacement {
    file: File,
    length: u64,
}

const LOCK: &str = "lock";
const LOG: &str = "log";
const REPLACEMENT: &str = "log.new";

impl Directory {
    /// Creates the directory, durably, where it is missing, and the lock file in it.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        create_directories(&path)?;
        Self::open(path, false)
    }

    /// Creates nothing: the directory and the lock file must be there.
    pub(crate) fn open_read_only(path: PathBuf) -> io::Result<Self> {
        Self::open(path, true)
    }

    fn open(path: PathBuf, read_only: bool) -> io::Result<Self> {
        let lock = open_lock(&path, read_only)?;
        Ok(Self { log_path: path.join(LOG), path, lock, read_only, log: None, replacement: None })
    }

    /// Whether others lock the same file: whoever deleted the directory and made it again made another one.
    fn has_current_lock(&self) -> io::Result<bool> {
        let (ours, theirs) = (self.lock.metadata()?, fs::metadata(self.path.join(LOCK))?);
        Ok(LogFile::of(&ours).is_same_file(LogFile::of(&theirs)))
    }

    fn log(&self) -> io::Result<&File> {
        self.log.as_ref().ok_or_else(|| io::Error::other("the log is not open"))
    }

    fn replacement(&mut self) -> io::Result<&mut Replacement> {
        self.replacement.as_mut().ok_or_else(|| io::Error::other("no replacement was begun"))
    }
}

impl Disk for Directory {
    fn log_path(&self) -> &Path {
        &self.log_path
    }

    fn lock(&mut self, access: Access) -> io::Result<()> {
        loop {
            wait_for_lock(&self.lock, access)?;
            match self.has_current_lock() {
                Ok(true) => return Ok(()),
                Ok(false) => self.lock = open_lock(&self.path, self.read_only)?,
                Err(error) => {
                    // The caller takes it for not locked, and would leave all others waiting.
                    let _ = self.lock.unlock();
                    return Err(error);
                }
            }
        }
    }

    fn unlock(&mut self) -> io::Result<()> {
        self.lock.unlock()
    }

    fn log_file(&mut self) -> io::Result<LogFile> {
        fs::metadata(&self.log_path).map(|metadata| LogFile::of(&metadata))
    }

    fn open_log(&mut self) -> io::Result<LogFile> {
        let log = OpenOptions::new().read(true).write(!self.read_only).open(&self.log_path)?;
        let file = LogFile::of(&log.metadata()?);
        if !self.read_only {
            sync_directory(&self.path)?;
        }
        self.log = Some(log);
        Ok(file)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let log = self.log()?;
        let mut filled = 0;
        let mut offset = offset;
        while filled < buffer.len() {
            match log.read_at(&mut buffer[filled..], offset) {
                Ok(0) => break,
                Ok(read) => {
                    filled += read;
                    offset += u64::try_from(read).map_err(io::Error::other)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn append(&mut self, bytes: &[u8], end: u64) -> io::Result<()> {
        self.log()?.write_all_at(bytes, end)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.log()?.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.log()?.sync_data()
    }

    fn begin_replacement(&mut self) -> io::Result<()> {
        let path = self.path.join(REPLACEMENT);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        self.replacement = Some(Replacement { file, length: 0 });
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let replacement = self.replacement()?;
        replacement.file.write_all_at(bytes, replacement.length)?;
        replacement.length += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(())
    }

    fn fill_in(&mut self, start: &[u8]) -> io::Result<()> {
        self.replacement()?.file.write_all_at(start, 0)
    }

    fn end_replacement(&mut self) -> io::Result<LogFile> {
        let replacement = self.replacement()?;
        replacement.file.sync_all()?;
        let file = LogFile::of(&replacement.file.metadata()?);
        fs::rename(self.path.join(REPLACEMENT), &self.log_path)?;
        self.log = self.replacement.take().map(|replacement| replacement.file);
        sync_directory(&self.path)?;
        Ok(file)
    }

    fn abandon_replacement(&mut self) {
        self.replacement = None;
        // Where it stays, it only takes room: the next replacement begins by emptying it.
        let _ = fs::remove_file(self.path.join(REPLACEMENT));
    }
}

impl LogFile {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino(), length: metadata.len() }
    }
}

fn open_lock(directory: &Path, read_only: bool) -> io::Result<File> {
    let path = directory.join(LOCK);
    match read_only {
        true => File::open(path),
        false => OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path),
    }
}

/// Waits for the lock, also over the signals that a program handles meanwhile.
fn wait_for_lock(lock: &File, access: Access) -> io::Result<()> {
    loop {
        let locked = match access {
            Access::Shared => lock.lock_shared(),
            Access::Exclusive => lock.lock(),
        };
        match locked {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            locked => return locked,
        }
    }
}

/// Creates `path` and what is missing above it, each entry synced into its parent.
fn create_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_directories(parent)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => Err(error),
        _ => sync_directory(parent),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
