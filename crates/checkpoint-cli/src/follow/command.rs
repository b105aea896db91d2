use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use checkpoint::CheckpointId;
use rustix::process::Pid;

use super::signals::Running;
use crate::error::{CliError, Result};

/// Some lines and where they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) id: &'a CheckpointId,
    /// The logical offset of the first byte.
    pub(crate) start: u64,
    /// The logical offset after the last byte.
    pub(crate) end: u64,
    pub(crate) lines: usize,
    pub(crate) bytes: &'a [u8],
}

/// The user's COMMAND.
#[derive(Debug)]
pub(crate) struct Handler {
    program: PathBuf,
    words: Vec<OsString>,
    running: Running,
}

impl Handler {
    /// Finds the program, so that a command that cannot run is known before anything is read. `words` is not empty.
    pub(crate) fn find(words: Vec<OsString>, running: Running) -> Result<Self> {
        let program = which::which(&words[0]).map_err(|_| {
            let name = words[0].display();
            CliError::usage(format!("COMMAND {name} was not found, or is not an executable file"))
        })?;
        Ok(Self { program, words, running })
    }

    /// Runs the command on `batch`. The inner error is why it failed, for people.
    ///
    /// The command gets the batch as a file, not through a pipe: it is whole, also if we are killed meanwhile, and need
    /// not be read to its end.
    pub(crate) fn run(&self, batch: Batch<'_>) -> Result<Result<(), String>> {
        let input = input(batch.bytes).map_err(|error| CliError::because("cannot hold a batch for COMMAND", &error))?;
        let started = Command::new(&self.program)
            .arg0(&self.words[0])
            .args(&self.words[1..])
            .env("CHECKPOINT_ID", batch.id.as_str())
            .env("CHECKPOINT_START", batch.start.to_string())
            .env("CHECKPOINT_END", batch.end.to_string())
            .stdin(Stdio::from(input))
            .process_group(0)
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Ok(Err(format!("it could not be started: {error}"))),
        };
        let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        self.running.began(process);
        let ended = child.wait();
        self.running.ended(process);
        Ok(match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(format!("it could not be waited for: {error}")),
        })
    }

    pub(crate) fn name(&self) -> String {
        self.words[0].display().to_string()
    }
}

/// A file without a name that holds `bytes` and is read from its beginning.
fn input(bytes: &[u8]) -> io::Result<File> {
    let mut file = unnamed_file()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(target_os = "linux")]
fn unnamed_file() -> io::Result<File> {
    let in_memory = rustix::fs::memfd_create("checkpoint-batch", rustix::fs::MemfdFlags::CLOEXEC)?;
    Ok(File::from(in_memory))
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file() -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str], bytes: &[u8]) -> Result<(), String> {
        let handler = Handler::find(words.iter().map(OsString::from).collect(), Running::default()).unwrap();
        let id = CheckpointId::new("a b").unwrap();
        let end = 10 + u64::try_from(bytes.len()).unwrap();
        handler.run(Batch { id: &id, start: 10, end, lines: 1, bytes }).unwrap()
    }

    #[test]
    fn the_command_gets_the_bytes_and_their_place() {
        let check = "test \"$(cat)\" = hello -a \"$CHECKPOINT_ID $CHECKPOINT_START $CHECKPOINT_END\" = 'a b 10 16'";
        assert_eq!(run(&["sh", "-c", check], b"hello\n"), Ok(()));
        assert_eq!(run(&["sh", "-c", check], b"hullo\n"), Err("exit status: 1".to_owned()));
    }

    #[test]
    fn not_reading_everything_is_no_failure() {
        assert_eq!(run(&["true"], &vec![b'x'; 1_000_000]), Ok(()));
    }

    #[test]
    fn a_signal_is_named() {
        assert_eq!(run(&["sh", "-c", "kill -9 $$"], b""), Err("signal: 9 (SIGKILL)".to_owned()));
    }

    #[test]
    fn a_command_that_is_not_there_is_known_before() {
        let words = vec![OsString::from("no-such-command-anywhere")];
        let refused = Handler::find(words, Running::default()).unwrap_err();
        assert_eq!(refused.exit(), crate::error::Exit::Usage);
        assert!(refused.to_string().contains("no-such-command-anywhere"), "{refused}");
    }
}
