use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::command::Batch;
use crate::error::{CliError, Result};
use crate::show;

/// The file that batches go to which COMMAND does not take.
#[derive(Debug)]
pub(crate) struct SkippedFile {
    /// One entry at a time.
    file: Mutex<File>,
    path: PathBuf,
}

impl SkippedFile {
    /// Opens it at once, so that it is known to work before it is needed. It must not be the followed file.
    pub(crate) fn open(path: &Path, followed: &Path) -> Result<Self> {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let cannot = |error: io::Error| CliError::because(format!("cannot write to {}", path.display()), &error);
        let file = opened.map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        let is_followed =
            |followed: std::fs::Metadata| (followed.dev(), followed.ino()) == (metadata.dev(), metadata.ino());
        if followed.metadata().is_ok_and(is_followed) {
            return Err(CliError::usage(format!("--skipped {} is the followed file itself", path.display())));
        }
        Ok(Self { file: Mutex::new(file), path: path.to_owned() })
    }

    /// Appends `batch` and why it is here. When this returns it is on disk.
    pub(crate) fn append(&self, batch: Batch<'_>, attempts: u32, reason: &str) -> Result<()> {
        let entry = entry(batch, attempts, reason, SystemTime::now());
        let path = &self.path;
        self.write(&entry).map_err(|error| {
            let Batch { id, start, end, .. } = batch;
            let what = format!("cannot put offsets {start} to {end} of {id:?} into {}", path.display());
            CliError::because(format!("{what}, so nothing of it is committed"), &error)
        })
    }

    fn write(&self, entry: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = file.metadata()?.len();
        let written = file.write_all(entry).and_then(|()| file.sync_all());
        if written.is_err() {
            // half an entry would spoil those that come after it; if this fails too, the header still gives its length
            let _ = file.set_len(before);
        }
        written
    }
}

/// A header line, the bytes as they are, and a newline if they end without one.
fn entry(batch: Batch<'_>, attempts: u32, reason: &str, at: SystemTime) -> Vec<u8> {
    let Batch { id, start, end, bytes, .. } = batch;
    let (id, reason) = (quoted(id.as_str()), quoted(reason));
    let at = show::time(at);
    let header = format!("# skipped id={id} start={start} end={end} attempts={attempts} at={at} reason={reason}\n");
    let mut entry = header.into_bytes();
    entry.extend_from_slice(bytes);
    if bytes.last() != Some(&b'\n') {
        entry.push(b'\n');
    }
    entry
}

/// As a JSON string: always in one line.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use checkpoint::CheckpointId;

    use super::*;

    #[test]
    fn an_entry_says_what_and_why_and_holds_the_bytes_as_they_are() {
        let id = CheckpointId::new("my log").unwrap();
        let batch = Batch { id: &id, start: 10, end: 15, lines: 1, bytes: b"\0\xff\r\nx" };
        let entry = entry(batch, 4, "exit status: 1", SystemTime::UNIX_EPOCH);
        let header =
            "# skipped id=\"my log\" start=10 end=15 attempts=4 at=1970-01-01T00:00:00Z reason=\"exit status: 1\"\n";
        assert_eq!(entry, [header.as_bytes(), b"\0\xff\r\nx\n"].concat());
    }

    #[test]
    fn the_followed_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        std::fs::write(&path, "x\n").unwrap();
        let refused = SkippedFile::open(&path, &path).unwrap_err();
        assert_eq!(refused.exit(), crate::error::Exit::Usage);
        assert_eq!(std::fs::read(&path).unwrap(), b"x\n");
    }
}
