use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use checkpoint::CheckpointId;
use checkpoint::commit::{Committer, Report, Ticket, TrackError, Verdict};

use super::command::Batch;
use super::console::Console;
use super::delivery::Delivery;
use super::ledger::{LOOK, Ledger};
use super::wake::Wake;
use crate::error::{CliError, Result};

/// How long a failing store is waited for where we end with an error anyway, or are to stop.
const LAST_STORE: Duration = Duration::from_secs(5);

/// Several COMMANDs at once, each with a batch of its own; what they have handled is committed in whatever order they end.
///
/// Of a batch from offset `start` to `end` two positions are tracked, `start + 1` and `end`: its first byte and its last.
/// So what is stored beside the position are the ranges of bytes that are open ([`Ahead`](super::ahead::Ahead)).
#[derive(Debug)]
pub(crate) struct Jobs {
    committer: Committer,
    most: usize,
    shared: Arc<Shared>,
}

/// What the COMMANDs' threads share.
#[derive(Debug)]
struct Shared {
    delivery: Delivery,
    wake: Arc<Wake>,
    state: Mutex<State>,
    /// A COMMAND has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Why the first batch was given up for which there is no way on.
    failed: Option<CliError>,
}

/// A batch on its way to a COMMAND.
struct Job {
    id: CheckpointId,
    start: u64,
    end: u64,
    lines: usize,
    bytes: Vec<u8>,
    /// None for positions that an earlier run had handled.
    tickets: [Option<Ticket>; 2],
}

impl Jobs {
    /// At most `most` batches are at a COMMAND at once.
    pub(crate) fn new(delivery: Delivery, most: usize, ledger: &Ledger, wake: &Arc<Wake>) -> Self {
        let committer = ledger.committer();
        let shared = Shared { delivery, wake: Arc::clone(wake), state: Mutex::default(), ended: Condvar::new() };
        Self { committer, most, shared: Arc::new(shared) }
    }

    /// Starts a COMMAND on `batch` as soon as there is one less than the most. False if the program is to stop, and it
    /// was not started.
    pub(crate) fn hand_over(&mut self, ledger: &mut Ledger, batch: Batch<'_>) -> Result<bool> {
        self.wait_until(ledger, |running| running < self.most)?;
        if self.shared.wake.stopped() {
            return Ok(false);
        }
        // the position of any batch may become the committed one as soon as it is handled
        ledger.cover(batch.end)?;
        let Batch { id, start, end, lines, bytes } = batch;
        let first = self.track(ledger, start + 1)?;
        let last = if end > start + 1 { self.track(ledger, end)? } else { None };
        let job = Job { id: id.clone(), start, end, lines, bytes: bytes.to_vec(), tickets: [first, last] };
        self.shared.begin(bytes.len());
        let shared = Arc::clone(&self.shared);
        let begun = thread::Builder::new().name("job".to_owned()).spawn(move || shared.run(job));
        begun.map(|_| true).map_err(|error| {
            self.shared.end(Ok(()));
            CliError::because("cannot start a thread for COMMAND", &error)
        })
    }

    /// Fails if a batch was given up, or nothing can be committed any more.
    pub(crate) fn check(&self, ledger: &Ledger) -> Result<()> {
        self.check_failed()?;
        if self.committer.status().verdict == Verdict::Fenced { self.store(ledger, true) } else { Ok(()) }
    }

    fn check_failed(&self) -> Result<()> {
        self.shared.state().failed.take().map_or(Ok(()), Err)
    }

    /// Everything up to `position` was handed over, or an earlier run has handled it.
    pub(crate) fn pass(&mut self, ledger: &Ledger, position: u64) -> Result<()> {
        if self.committer.status().high < Some(position)
            && let Some(ticket) = self.track(ledger, position)?
        {
            ticket.ack();
        }
        Ok(())
    }

    /// Waits for all that was handed over, and commits that everything before `position` is handled.
    pub(crate) fn settle(&mut self, ledger: &mut Ledger, position: u64) -> Result<()> {
        self.wait_until(ledger, |running| running == 0)?;
        self.pass(ledger, position)?;
        self.store(ledger, false)
    }

    /// Waits for all that was handed over and commits it, also where following has failed.
    pub(crate) fn finish(self, ledger: &Ledger, followed: Result<()>) -> Result<()> {
        drop(self.wait(|state| state.running == 0, None));
        let followed = followed.and(self.check_failed());
        let stored = self.store(ledger, followed.is_err());
        let report = ledger.store().wait_for(self.committer.close(Duration::ZERO));
        if let Some(position) = report.stored {
            self.shared.console().committed(position);
        }
        followed.and(stored).and(check_report(ledger.id(), &report))
    }

    /// Stores what is handled, however long the store fails, until a signal comes; or tries `once`.
    fn store(&self, ledger: &Ledger, once: bool) -> Result<()> {
        loop {
            match ledger.store().wait_at_most(LAST_STORE, self.committer.flush()) {
                Some(stored) => return stored.map_err(|ended| ledger.ended(ended)),
                // what is not stored is in the report
                None if once || self.shared.wake.stopped() => return Ok(()),
                None => {}
            }
        }
    }

    fn track(&self, ledger: &Ledger, position: u64) -> Result<Option<Ticket>> {
        match ledger.store().wait_for(self.committer.track(position)) {
            Ok(ticket) => Ok(ticket),
            Err(TrackError::Ended(ended)) => Err(ledger.ended(ended)),
            Err(error) => Err(CliError::because(format!("checkpoint {:?}", ledger.id()), &error)),
        }
    }

    /// Waits until so many are running; fails if a batch was given up, or somebody took over.
    fn wait_until(&self, ledger: &mut Ledger, enough: impl Fn(usize) -> bool) -> Result<()> {
        loop {
            let state = self.wait(|state| state.failed.is_some() || enough(state.running), Some(LOOK));
            let is_enough = enough(state.running);
            drop(state);
            self.check_failed()?;
            if is_enough {
                return Ok(());
            }
            ledger.look()?;
        }
    }

    fn wait(&self, until: impl Fn(&State) -> bool, timeout: Option<Duration>) -> MutexGuard<'_, State> {
        let Shared { ended, .. } = &*self.shared;
        let (state, waits) = (self.shared.state(), |state: &mut State| !until(state));
        match timeout {
            Some(timeout) => ended.wait_timeout_while(state, timeout, waits).unwrap_or_else(PoisonError::into_inner).0,
            None => ended.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn console(&self) -> &Console {
        &self.delivery.console
    }

    fn begin(&self, bytes: usize) {
        let mut state = self.state();
        state.running += 1;
        self.console().handed_over(bytes);
        self.console().running(state.running);
    }

    /// The thread of a COMMAND.
    fn run(&self, job: Job) {
        let Job { id, start, end, lines, bytes, tickets } = job;
        let batch = Batch { id: &id, start, end, lines, bytes: &bytes };
        let delivered = self.delivery.deliver(batch, &self.wake);
        match &delivered {
            Ok(()) => {
                tickets.into_iter().flatten().for_each(Ticket::ack);
                self.console().taken(lines, bytes.len());
            }
            Err(error) => tickets.into_iter().flatten().for_each(|ticket| ticket.nack(error)),
        }
        self.end(delivered);
    }

    fn end(&self, delivered: Result<()>) {
        let mut state = self.state();
        state.running -= 1;
        self.console().running(state.running);
        if let Err(error) = delivered {
            match &state.failed {
                // the program ends with the first one
                Some(_) => self.console().say(error),
                None => state.failed = Some(error),
            }
            self.wake.poke();
        }
        drop(state);
        self.ended.notify_all();
    }
}

fn check_report(id: &CheckpointId, report: &Report) -> Result<()> {
    if report.redelivered == 0 {
        return Ok(());
    }
    let error = report.error.as_deref().unwrap_or("the store did not answer in time");
    Err(CliError::failed(format!(
        "checkpoint {id:?}: {error}; batches that COMMAND has handled could not be committed, and will be handed on again"
    )))
}
