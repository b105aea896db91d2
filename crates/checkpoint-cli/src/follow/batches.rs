use std::time::{Duration, Instant};

use super::command::{Batch, Handler};
use super::ledger::{Ledger, pauses};
use super::lines::{Cut, Limit, LineBuffer};
use super::session::{LONG, Task, Waiter};
use super::skipped::SkippedFile;
use super::source::{Read, Source};
use crate::error::{CliError, Result};

/// The most bytes of a batch, a single longer line aside.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How lines go to COMMAND.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) handler: Handler,
    /// The most lines of a batch.
    pub(crate) lines: usize,
    /// How long a batch waits to become full.
    pub(crate) every: Duration,
    pub(crate) retries: u32,
    /// Where batches go that COMMAND fails on; `None` is the end.
    pub(crate) skipped: Option<SkippedFile>,
}

/// A follow that hands its lines to COMMAND, a batch at a time, and commits each before the next.
#[derive(Debug)]
struct Batches<'a> {
    task: &'a Task,
    delivery: Delivery,
    ledger: Ledger,
    waiter: Waiter,
    source: Source,
    buffer: LineBuffer,
}

/// Why there is a batch now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// It is full, or old enough.
    Due,
    /// The file has ended, and there will be another one.
    Over,
    /// With `--once`, everything has ended.
    End,
    /// We are to stop: what is collected is left.
    Stopped,
}

/// Hands on all there is until the end of it (with `--once`) or a signal.
pub(crate) fn run(task: &Task, delivery: Delivery, mut ledger: Ledger, mut waiter: Waiter) -> Result<()> {
    let Some(source) = task.start(&mut ledger, &mut waiter)? else {
        return Ok(());
    };
    let mut batches = Batches { task, delivery, ledger, waiter, source, buffer: LineBuffer::new() };
    loop {
        let (cut, reason) = batches.collect()?;
        if cut.bytes > 0 {
            batches.hand_over(cut)?;
        }
        let goes_on = match reason {
            Reason::Due => !batches.waiter.wake.stopped(),
            Reason::Over => batches.move_on()?,
            Reason::End | Reason::Stopped => false,
        };
        if !goes_on {
            return Ok(());
        }
    }
}

impl Batches<'_> {
    fn collect(&mut self) -> Result<(Cut, Reason)> {
        let limit = Limit { lines: self.delivery.lines, bytes: BATCH_BYTES };
        let mut due = None;
        loop {
            if self.waiter.wake.stopped() {
                return Ok((Cut::default(), Reason::Stopped));
            }
            let (cut, full) = self.buffer.cut(limit);
            if full {
                return Ok((cut, Reason::Due));
            }
            if cut.lines > 0 {
                let due = *due.get_or_insert_with(|| Instant::now() + self.delivery.every);
                if Instant::now() >= due {
                    return Ok((cut, Reason::Due));
                }
            }
            match self.source.read(&mut self.buffer)? {
                Read::More => self.waiter.found(),
                Read::Over => return Ok((self.buffer.rest(), Reason::Over)),
                Read::End if self.task.once => return Ok((self.buffer.rest(), Reason::End)),
                Read::End => self.wait(due)?,
            }
        }
    }

    fn wait(&mut self, due: Option<Instant>) -> Result<()> {
        let timeout = due.map_or(LONG, |due| due.saturating_duration_since(Instant::now()));
        self.waiter.wait(timeout);
        self.ledger.look()
    }

    /// Goes on to the next file as soon as there is one. False if the program is to stop before.
    fn move_on(&mut self) -> Result<bool> {
        // nothing was left to hand over where the file is lost or empty
        self.ledger.commit(self.source.position())?;
        while !self.source.move_on(&mut self.ledger)? {
            if self.task.once || !self.waiter.wait(LONG) {
                return Ok(false);
            }
            self.ledger.look()?;
        }
        Ok(true)
    }

    fn hand_over(&mut self, cut: Cut) -> Result<()> {
        let length = |bytes: usize| u64::try_from(bytes).expect("usize fits into u64");
        let start = self.source.position() - length(self.buffer.bytes().len());
        let id = self.ledger.id().clone();
        let end = start + length(cut.bytes);
        let batch = Batch { id: &id, start, end, lines: cut.lines, bytes: &self.buffer.bytes()[..cut.bytes] };
        self.delivery.deliver(self.task, batch, &self.waiter)?;
        self.ledger.saw(self.source.head());
        self.ledger.commit(end)?;
        self.task.console.handled(cut.lines, cut.bytes);
        self.buffer.take(cut.bytes);
        Ok(())
    }
}

impl Delivery {
    /// Runs COMMAND until it takes the batch, or skips it.
    fn deliver(&self, task: &Task, batch: Batch<'_>, waiter: &Waiter) -> Result<()> {
        let mut pauses = pauses();
        let mut attempt = 1;
        loop {
            let Err(reason) = self.handler.run(batch)? else {
                return Ok(());
            };
            if attempt > self.retries {
                return self.give_up(task, batch, attempt, &reason);
            }
            let pause = pauses.next().expect("the pauses never end");
            let failed = self.failed(task, batch, attempt, &reason);
            task.console.say(format_args!("{failed}; trying again in {} ms", pause.as_millis()));
            if waiter.wake.sleep(pause) {
                return Err(CliError::gave_up(format!("{failed}; stopped by a signal, nothing of it is committed")));
            }
            attempt += 1;
        }
    }

    fn give_up(&self, task: &Task, batch: Batch<'_>, attempts: u32, reason: &str) -> Result<()> {
        let failed = self.failed(task, batch, attempts, reason);
        let Some(skipped) = &self.skipped else {
            return Err(CliError::gave_up(format!("{failed}; nothing of it is committed")));
        };
        skipped.append(batch, attempts, reason)?;
        task.console.say(format_args!("{failed}; skipped {} lines", batch.lines));
        Ok(())
    }

    fn failed(&self, task: &Task, batch: Batch<'_>, attempt: u32, reason: &str) -> String {
        let Batch { id, start, end, .. } = batch;
        let (command, path) = (self.handler.name(), task.path.display());
        format!(
            "{command} failed on offsets {start} to {end} of {path} (checkpoint {id:?}), attempt {attempt}: {reason}"
        )
    }
}
