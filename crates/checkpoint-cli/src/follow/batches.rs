use std::time::{Duration, Instant};

use super::ahead::{Ahead, Coming};
use super::command::Batch;
use super::delivery::Delivery;
use super::jobs::Jobs;
use super::ledger::Ledger;
use super::lines::{Cut, Limit, LineBuffer, length};
use super::session::{LONG, Task, Waiter};
use super::source::{Read, Source};
use crate::error::Result;

/// The most bytes of a batch, a single longer line aside.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What becomes a batch, and how many of them are with a COMMAND at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batching {
    /// The most lines of a batch.
    pub(crate) lines: usize,
    /// How long a batch waits to become full.
    pub(crate) every: Duration,
    /// The most batches at once.
    pub(crate) jobs: usize,
}

/// A follow that hands its lines to COMMAND, a batch at a time.
#[derive(Debug)]
struct Batches<'a> {
    task: &'a Task,
    batching: Batching,
    hands: Hands,
    ledger: Ledger,
    waiter: Waiter,
    source: Source,
    buffer: LineBuffer,
    ahead: Ahead,
}

/// How batches are handed over and committed.
#[derive(Debug)]
enum Hands {
    /// Each is committed before the next.
    InTurn(Delivery),
    /// Several at once, committed in whatever order they end.
    AtOnce(Box<Jobs>),
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
pub(crate) fn run(
    task: &Task,
    batching: Batching,
    delivery: Delivery,
    mut ledger: Ledger,
    mut waiter: Waiter,
) -> Result<()> {
    let Some(source) = task.start(&mut ledger, &mut waiter)? else {
        return Ok(());
    };
    let ahead = ledger.ahead(source.end())?;
    // what was handled ahead is kept until it is passed
    let hands = if batching.jobs > 1 || ahead.end().is_some() {
        Hands::AtOnce(Box::new(Jobs::new(delivery, batching.jobs, &ledger, &waiter.wake)))
    } else {
        Hands::InTurn(delivery)
    };
    let mut batches = Batches { task, batching, hands, ledger, waiter, source, buffer: LineBuffer::new(), ahead };
    let handed_on = batches.hand_on();
    match batches.hands {
        Hands::InTurn(_) => handed_on,
        Hands::AtOnce(jobs) => jobs.finish(&batches.ledger, handed_on),
    }
}

impl Batches<'_> {
    fn hand_on(&mut self) -> Result<()> {
        loop {
            let (cut, reason) = self.collect()?;
            if cut.bytes > 0 && !self.hand_over(cut)? {
                return Ok(());
            }
            let goes_on = match reason {
                Reason::Due => !self.waiter.wake.stopped(),
                Reason::Over => self.move_on()?,
                Reason::End | Reason::Stopped => false,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn collect(&mut self) -> Result<(Cut, Reason)> {
        let mut due = None;
        loop {
            if self.waiter.wake.stopped() {
                return Ok((Cut::default(), Reason::Stopped));
            }
            let limit = self.pass_over()?;
            let (cut, full) = self.buffer.cut(limit);
            if full {
                return Ok((cut, Reason::Due));
            }
            if cut.lines > 0 {
                let due = *due.get_or_insert_with(|| Instant::now() + self.batching.every);
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

    /// Drops from the buffer what an earlier run has handled, and says how much the next batch may be: not beyond what
    /// follows of that.
    fn pass_over(&mut self) -> Result<Limit> {
        let limit = |bytes| Limit { lines: self.batching.lines, bytes };
        loop {
            let buffered = self.buffer.bytes().len();
            let offset = self.source.position() - length(buffered);
            match self.ahead.at(offset) {
                Coming::New => return Ok(limit(BATCH_BYTES)),
                Coming::Open(bytes) => return Ok(limit(BATCH_BYTES.min(size(bytes)))),
                Coming::Handled(_) if buffered == 0 => return Ok(limit(BATCH_BYTES)),
                Coming::Handled(bytes) => {
                    self.buffer.take(buffered.min(size(bytes)));
                    if let (Hands::AtOnce(jobs), true) = (&mut self.hands, size(bytes) <= buffered) {
                        jobs.pass(&self.ledger, offset + bytes)?;
                    }
                }
            }
        }
    }

    fn wait(&mut self, due: Option<Instant>) -> Result<()> {
        let timeout = due.map_or(LONG, |due| due.saturating_duration_since(Instant::now()));
        self.waiter.wait(timeout);
        self.look()
    }

    /// Looks whether there is a reason to stop.
    fn look(&mut self) -> Result<()> {
        if let Hands::AtOnce(jobs) = &self.hands {
            jobs.check(&self.ledger)?;
        }
        self.ledger.look()
    }

    /// Goes on to the next file as soon as there is one. False if the program is to stop before.
    fn move_on(&mut self) -> Result<bool> {
        // where the rest of the file is lost, what was handled of it stays handled: the next file begins behind that
        if let Some(end) = self.ahead.end() {
            self.source.lost_up_to(end);
        }
        // nothing was left to hand over where the file is lost or empty
        let position = self.source.position();
        match &mut self.hands {
            Hands::InTurn(_) => self.ledger.commit(position)?,
            Hands::AtOnce(jobs) => jobs.settle(&mut self.ledger, position)?,
        }
        while !self.source.move_on(&mut self.ledger)? {
            if self.task.once || !self.waiter.wait(LONG) {
                return Ok(false);
            }
            self.ledger.look()?;
        }
        Ok(true)
    }

    /// False if the program is to stop, and the batch was not handed over.
    fn hand_over(&mut self, cut: Cut) -> Result<bool> {
        let start = self.source.position() - length(self.buffer.bytes().len());
        let id = self.ledger.id().clone();
        let end = start + length(cut.bytes);
        let batch = Batch { id: &id, start, end, lines: cut.lines, bytes: &self.buffer.bytes()[..cut.bytes] };
        self.ledger.saw(self.source.head());
        match &mut self.hands {
            Hands::InTurn(delivery) => {
                delivery.deliver(batch, &self.waiter.wake)?;
                self.ledger.commit(end)?;
                self.task.console.handled(cut.lines, cut.bytes);
            }
            Hands::AtOnce(jobs) => {
                if !jobs.hand_over(&mut self.ledger, batch)? {
                    return Ok(false);
                }
            }
        }
        self.buffer.take(cut.bytes);
        Ok(true)
    }
}

/// No buffer is larger than memory.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
