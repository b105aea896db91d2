use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::lines::length;
use super::place::{HEAD_BYTES, Mark};
use crate::error::{CliError, Result};

/// An open regular file and its beginning.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    pub(crate) inode: u64,
    /// When it was opened, in bytes.
    pub(crate) size: u64,
    /// Its first bytes, at most [`HEAD_BYTES`].
    pub(crate) head: Vec<u8>,
}

impl Opened {
    /// Opens `path`; `None` where there is no such file.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        match Self::try_open(path) {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CliError::because(format!("cannot read {}", path.display()), &error)),
        }
    }

    pub(crate) fn try_open(path: &Path) -> io::Result<Self> {
        // asked before it is opened: opening a named pipe waits for a writer
        check_kind(&fs::metadata(path)?)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        check_kind(&metadata)?;
        let head = read_head(&file)?;
        Ok(Self { file, path: path.to_owned(), inode: metadata.ino(), size: metadata.len(), head })
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark::new(self.inode, &self.head)
    }

    /// Whether this file is the beginning of `other`: a copy of it, perhaps in the making.
    pub(crate) fn begins(&self, other: &Self) -> io::Result<bool> {
        let tail_at = self.size.saturating_sub(HEAD_SIZE);
        Ok(self.size <= other.size
            && other.head.starts_with(&self.head)
            && read_up_to(&other.file, tail_at)?.starts_with(&read_up_to(&self.file, tail_at)?))
    }

    /// Where the last complete line ends, in bytes from the beginning.
    pub(crate) fn end_of_lines(&self) -> Result<u64> {
        let cannot = |error: io::Error| CliError::because(format!("cannot read {}", self.path.display()), &error);
        let mut end = self.size;
        while end > 0 {
            let start = end.saturating_sub(BLOCK);
            let mut block = vec![0; usize::try_from(end - start).expect("a block is small")];
            self.file.read_exact_at(&mut block, start).map_err(cannot)?;
            if let Some(newline) = memchr::memrchr(b'\n', &block) {
                return Ok(start + length(newline) + 1);
            }
            end = start;
        }
        Ok(0)
    }
}

const BLOCK: u64 = 64 * 1024;
const HEAD_SIZE: u64 = 1024;

fn check_kind(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { "it is a directory" } else { "it is not a regular file" };
    Err(io::Error::new(ErrorKind::InvalidInput, format!("{what}, and follow reads a log file")))
}

/// The first bytes of `file` as they are now, at most [`HEAD_BYTES`].
pub(crate) fn read_head(file: &File) -> io::Result<Vec<u8>> {
    read_up_to(file, 0)
}

/// At most [`HEAD_BYTES`] at `offset`.
fn read_up_to(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD_BYTES];
    let mut filled = 0;
    while filled < bytes.len() {
        let at = offset + length(filled);
        match read_some(file, &mut bytes[filled..], at)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Reads at `offset` what one call gives; 0 is the end.
pub(crate) fn read_some(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(room, offset) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(content: &[u8]) -> (tempfile::TempDir, Opened) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        fs::write(&path, content).unwrap();
        let opened = Opened::open(&path).unwrap().unwrap();
        (directory, opened)
    }

    #[test]
    fn what_is_no_log_file_is_said_clearly() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Opened::open(&directory.path().join("missing")).unwrap().is_none());
        let refused = Opened::open(directory.path()).unwrap_err().to_string();
        assert!(refused.contains("directory") && refused.contains(directory.path().to_str().unwrap()), "{refused}");
        assert!(Opened::open(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn the_last_complete_line_is_found_from_the_end() {
        for (content, end) in [("", 0), ("abc", 0), ("a\nb", 2), ("a\nb\n", 4)] {
            assert_eq!(opened(content.as_bytes()).1.end_of_lines().unwrap(), end, "{content:?}");
        }
        let mut long = b"first\n".to_vec();
        long.resize(200_000, b'x');
        assert_eq!(opened(&long).1.end_of_lines().unwrap(), 6);
    }

    #[test]
    fn a_copy_in_the_making_is_a_beginning() {
        let whole: Vec<u8> = (0..5000).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let (_a, log) = opened(&whole);
        for size in [0, 10, 1500, 5000] {
            assert!(opened(&whole[..size]).1.begins(&log).unwrap(), "{size}");
        }
        let mut other = whole[..3000].to_vec();
        other[2999] ^= 1;
        assert!(!opened(&other).1.begins(&log).unwrap());
        assert!(!log.begins(&opened(&whole[..3000]).1).unwrap());
    }
}
