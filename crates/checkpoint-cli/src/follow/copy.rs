use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use rustix::fs::OFlags;

use super::console::Console;
use super::ledger::{LOOK, Ledger};
use super::lines::{Cut, LineBuffer, length};
use super::session::{LONG, Task, Waiter};
use super::source::{Read, Source};
use super::wake::Wake;
use crate::error::{CliError, Result};

/// What the copying and the committing beside it share.
#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger>,
    /// The logical offset up to which everything is written.
    handled: AtomicU64,
    /// The beginning of the file that is being read, at least as much of it as is handled.
    head: Mutex<Vec<u8>>,
    /// Tells the committing that the copying has ended.
    ended: Wake,
}

/// A follow that writes its lines to standard output.
struct Copy<'a> {
    task: &'a Task,
    shared: &'a Shared,
    waiter: Waiter,
    source: Source,
    buffer: LineBuffer,
    output: File,
}

/// Copies all there is until the end of it (with `--once`) or a signal, and commits beside it every `every`.
pub(crate) fn run(task: &Task, every: Duration, mut ledger: Ledger, mut waiter: Waiter) -> Result<()> {
    let output = standard_output(&task.path)?;
    let Some(source) = task.start(&mut ledger, &mut waiter)? else {
        return Ok(());
    };
    let shared = Shared {
        ledger: Mutex::new(ledger),
        handled: AtomicU64::new(source.position()),
        head: Mutex::new(source.head().to_vec()),
        ended: Wake::default(),
    };
    let wake = std::sync::Arc::clone(&waiter.wake);
    let copy = Copy { task, shared: &shared, waiter, source, buffer: LineBuffer::new(), output };
    let copied = thread::scope(|scope| {
        scope.spawn(|| shared.keep_committing(every, &wake, &task.console));
        let copied = copy.copy();
        shared.ended.stop();
        copied
    });
    // also after a failure: what was written whole is handled
    let committed = shared.commit();
    copied.and(committed)
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self) -> Result<()> {
        let mut ledger = self.ledger();
        let handled = self.handled.load(Ordering::Acquire);
        ledger.saw(&self.head());
        ledger.commit(handled)
    }

    /// Apart from the ledger, which may wait for its store for long.
    fn head(&self) -> MutexGuard<'_, Vec<u8>> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits every `every` until the copying has ended.
    ///
    /// Whoever reads standard output may hold the copying up for ever. So where there is nothing more to commit for, the
    /// program ends here: to stop anywhere is safe.
    fn keep_committing(&self, every: Duration, wake: &Wake, console: &Console) {
        let stopped = match self.commit_until_ended(every, wake) {
            Ok(Ended::Copied) => return,
            Ok(Ended::HeldUp) => Ok(()),
            Err(error) => Err(error),
        };
        console.finish(&stopped);
        let code = stopped.map_or_else(
            |error| {
                error.report();
                error.code()
            },
            |()| 0,
        );
        process::exit(code.into());
    }

    fn commit_until_ended(&self, every: Duration, wake: &Wake) -> Result<Ended> {
        let mut due = Instant::now() + every;
        loop {
            let pause = due.saturating_duration_since(Instant::now()).min(LOOK);
            if self.ended.sleep(pause) {
                return Ok(Ended::Copied);
            }
            if wake.stopped() {
                let copied = self.ended.sleep(HELD_UP);
                return if copied { Ok(Ended::Copied) } else { self.commit().map(|()| Ended::HeldUp) };
            }
            if Instant::now() >= due {
                self.commit()?;
                due = Instant::now() + every;
            }
            self.ledger().look()?;
        }
    }
}

/// Why the committing ended.
enum Ended {
    /// The copying has ended.
    Copied,
    /// The program is to stop, but nobody reads standard output.
    HeldUp,
}

/// How long the copying may take to end.
const HELD_UP: Duration = Duration::from_secs(1);

impl Copy<'_> {
    fn copy(mut self) -> Result<()> {
        while !self.waiter.wake.stopped() {
            match self.source.read(&mut self.buffer)? {
                Read::More => {
                    self.waiter.found();
                    let complete = self.buffer.complete();
                    self.pass_on(complete)?;
                }
                Read::Over => {
                    self.pass_on(self.buffer.rest())?;
                    if !self.move_on()? {
                        return Ok(());
                    }
                }
                Read::End if self.task.once => return self.pass_on(self.buffer.rest()),
                Read::End => {
                    self.waiter.wait(LONG);
                }
            }
        }
        Ok(())
    }

    /// Goes on to the next file as soon as there is one. False if the program is to stop before.
    fn move_on(&mut self) -> Result<bool> {
        self.shared.handled.store(self.source.position(), Ordering::Release);
        self.shared.commit()?;
        while !self.source.move_on(&mut self.shared.ledger())? {
            if self.task.once || !self.waiter.wait(LONG) {
                return Ok(false);
            }
        }
        self.show_head();
        Ok(true)
    }

    fn pass_on(&mut self, cut: Cut) -> Result<()> {
        if cut.bytes == 0 {
            return Ok(());
        }
        let start = self.source.position() - length(self.buffer.bytes().len());
        let (written, result) = write_lines(&self.output, &self.buffer.bytes()[..cut.bytes]);
        self.show_head();
        self.shared.handled.store(start + length(written), Ordering::Release);
        result.map_err(|error| {
            let offset = start + length(written);
            CliError::because(format!("cannot write to standard output what follows offset {offset}"), &error)
        })?;
        self.task.console.handled(cut.lines, cut.bytes);
        self.buffer.take(cut.bytes);
        Ok(())
    }

    /// The beginning of the file is committed with the first positions in it, so it must be known before them.
    fn show_head(&self) {
        let mut head = self.shared.head();
        if *head != self.source.head() {
            self.source.head().clone_into(&mut head);
        }
    }
}

/// Writes `lines`. Says how many bytes of them are written in whole lines, also when it fails.
fn write_lines(mut output: &File, lines: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < lines.len() {
        let result = match output.write(&lines[written..]) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(more) => {
                written += more;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            // somebody else has made the pipe non-blocking, and it is full
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(5));
                Ok(())
            }
            Err(error) => Err(error),
        };
        if result.is_err() {
            let whole = memchr::memrchr(b'\n', &lines[..written]).map_or(0, |newline| newline + 1);
            return (whole, result);
        }
    }
    (written, Ok(()))
}

/// Standard output without a buffer between.
fn standard_output(followed: &Path) -> Result<File> {
    let cannot = |error: io::Error| CliError::because("cannot write to standard output", &error);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(cannot)?);
    let metadata = output.metadata().map_err(cannot)?;
    let is_followed =
        |followed: std::fs::Metadata| (followed.dev(), followed.ino()) == (metadata.dev(), metadata.ino());
    if followed.metadata().is_ok_and(is_followed) {
        let path = followed.display();
        return Err(CliError::usage(format!(
            "standard output is {path} itself: it would be copied to itself for ever"
        )));
    }
    // what is closed when a Rust program starts is opened as /dev/null for reading and writing
    let flags = rustix::fs::fcntl_getfl(&output).map_err(|error| cannot(error.into()))?;
    let null = std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev());
    if metadata.file_type().is_char_device() && null && flags.contains(OFlags::RDWR) {
        return Err(CliError::failed("standard output is closed: send it somewhere, or give a COMMAND"));
    }
    Ok(output)
}
