//! Where a committer stands: its status, and what it leaves behind.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Inner, Ledger, Settings};
use crate::Ended;
use crate::signal::Counts;
use crate::status::{Blocker, Report, Status, Verdict};

/// The most positions of open events in a report.
const REPORTED: usize = 100;

impl Ledger {
    /// From here on nothing is tracked any more, and what is handled is stored at once.
    pub(crate) fn begin_closing(&self) {
        self.inner().closing = true;
        self.signal.notify();
        self.signal.wake();
    }

    /// Whether all that was tracked is handled, or cannot be.
    pub(crate) fn is_drained(&self) -> bool {
        let inner = self.inner();
        inner.ended.is_some() || inner.window.open() == 0
    }

    pub(crate) fn close(&self) -> Report {
        let mut inner = self.inner();
        if inner.ended.is_none() {
            inner.ended = Some(Ended::Closed);
            inner.nacked.drain(..).for_each(|nacked| nacked.ticket.forget());
        }
        self.publish(&mut inner, Instant::now());
        let report = inner.report();
        drop(inner);
        self.signal.notify();
        self.signal.wake();
        report
    }

    /// Closes what was dropped; says so where a restart will repeat something.
    pub(crate) fn abandon(&self) {
        if self.inner().ended.is_some() {
            return;
        }
        let Report { redelivered, open, stored, .. } = self.close();
        if redelivered > 0 || open > 0 {
            warn!(id = %self.id, stored, redelivered, open, "a committer was dropped and not closed: a restart repeats these");
        } else {
            info!(id = %self.id, stored, "a committer was dropped and not closed");
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.inner().status(&self.settings, self.counts(), Instant::now())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    pub(super) fn publish(&self, inner: &mut Inner, now: Instant) {
        if self.status.receiver_count() > 0 {
            self.status.send_replace(inner.status(&self.settings, self.counts(), now));
        }
    }
}

impl Inner {
    pub(super) fn status(&mut self, settings: &Settings, counts: Counts, now: Instant) -> Status {
        self.notice(counts, now);
        let completed = self.window.completed();
        let in_flight = self.in_flight.as_ref().map_or(self.stored.completed, |write| write.snapshot.completed);
        let mut status = Status {
            stored: self.stored.position,
            low: self.window.low(),
            high: self.window.high(),
            open: self.window.open(),
            redelivered: above(completed, self.stored.completed),
            redelivered_at_least: above(completed, in_flight),
            blocker: self.head.map(|(position, since)| self.blocker(position, now - since)),
            last_store: self.pace.last_store().cloned(),
            verdict: Verdict::Idle,
        };
        status.verdict = self.verdict(&status, settings, counts, now);
        status
    }

    fn blocker(&self, position: u64, age: Duration) -> Blocker {
        let (attempts, error) = self.attempts.get(&position).cloned().unzip();
        Blocker { position, age, attempts: attempts.unwrap_or(0), error }
    }

    fn verdict(&self, status: &Status, settings: &Settings, counts: Counts, now: Instant) -> Verdict {
        let stuck = |blocker: &Blocker| blocker.attempts > 0 || blocker.age >= settings.stuck_after;
        let mut progress = self.progress(counts, now);
        progress.events = progress.events.max(status.redelivered); // also what a write had no place for
        if let Some(ended) = self.ended {
            Verdict::of_end(ended)
        } else if self.pace.is_failing() {
            Verdict::StoreFailing
        } else if status.blocker.as_ref().is_some_and(stuck) {
            Verdict::Stuck
        } else if settings.strategy.exceeded_by(&progress) {
            Verdict::Behind
        } else if status.open > 0 || status.redelivered > 0 {
            Verdict::Moving
        } else {
            Verdict::Idle
        }
    }

    fn report(&mut self) -> Report {
        Report {
            stored: self.stored.position,
            redelivered: above(self.window.completed(), self.stored.completed),
            open: self.window.open(),
            open_positions: self.window.open_positions(REPORTED),
            error: self.pace.last_store().and_then(|last| last.error.clone()),
        }
    }
}

/// How many more events are handled than stored.
fn above(completed: i64, stored: i64) -> u64 {
    completed.saturating_sub(stored).try_into().unwrap_or(0)
}
