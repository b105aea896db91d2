//! When a write is due, what is in it, and what becomes of it.

use std::fmt;

use checkpoint_core::{Checkpoint, Error, Outcome, Write};
use tokio::time::Instant;
use tracing::warn;

use super::{InFlight, Inner, Kept, Ledger, Stored};
use crate::Ended;
use crate::signal::Counts;
use crate::strategy::{Due, Progress};
use crate::window::Snapshot;

/// What the flusher does with a committer that it looked at.
pub(crate) enum Next {
    /// Forgets it.
    Ended,
    /// Stores; what is urgent does not wait for others.
    Store { urgent: bool },
    /// Looks again then, or when it is woken.
    Wait(Option<Instant>),
}

impl Ledger {
    /// What is to be done now.
    pub(crate) fn next(&self, now: Instant) -> Next {
        self.signal.looked();
        loop {
            let counts = self.counts();
            let mut inner = self.inner();
            if inner.ended.is_some() {
                return Next::Ended;
            }
            if inner.in_flight.is_some() {
                return Next::Wait(None);
            }
            inner.notice(counts, now);
            let urgent = inner.wanted || ((inner.full || inner.closing) && counts != inner.stored.counts);
            let wake = match inner.pace.retry_at() {
                Some(retry_at) if now < retry_at => return self.wait(&mut inner, now, Some(retry_at)),
                Some(_) => return Next::Store { urgent },
                None if urgent => return Next::Store { urgent },
                None => match self.settings.strategy.due(&inner.progress(counts, now)) {
                    Due::Now => return Next::Store { urgent },
                    Due::When(wake) => wake,
                },
            };
            if self.signal.wake_at(inner.stored.counts, &wake, counts) {
                let after = wake.after.and_then(|after| now.checked_add(after));
                return self.wait(&mut inner, now, after);
            }
        }
    }

    fn wait(&self, inner: &mut Inner, now: Instant, until: Option<Instant>) -> Next {
        let stuck_at = inner.head.map(|(_, since)| since + self.settings.stuck_after).filter(|at| now < *at);
        self.publish(inner, now);
        Next::Wait(until.into_iter().chain(stuck_at).min())
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { events: self.signal.events(), bytes: self.signal.bytes() }
    }

    /// The write that is to be made now: from here to [`finish`](Self::finish) it is in flight. None: there is nothing new.
    pub(crate) fn begin(&self, now: Instant) -> Option<Write> {
        let counts = self.counts(); // before the window is looked at: so it has these at least
        let mut inner = self.inner();
        if inner.ended.is_some() {
            return None;
        }
        if self.owes_receipts(&inner) {
            return None;
        }
        inner.wanted = false;
        let Inner { window, receipts, .. } = &mut *inner;
        let snapshot = match self.settings.kept {
            Kept::Position => window.position_alone(),
            Kept::State { limit, .. } => window.snapshot(receipts, limit),
        };
        let passed = snapshot.position;
        inner.attempts.retain(|position, _| passed.is_none_or(|passed| *position > passed));
        let in_flight = InFlight { snapshot, counts, began: now };
        let Stored { position, state, .. } = &inner.stored;
        let unchanged = (in_flight.snapshot.position, &in_flight.snapshot.state) == (*position, state);
        if unchanged && !self.is_unsure(&inner) {
            inner.pace.mended();
            inner.settle(in_flight);
            drop(inner);
            self.signal.notify();
            return None;
        }
        let checkpoint = Checkpoint::new(self.id.clone(), in_flight.snapshot.position);
        let write = Write::advance(checkpoint).with_epoch(self.epoch).with_state(in_flight.snapshot.state.clone());
        inner.in_flight = Some(in_flight);
        Some(write)
    }

    /// Whether the store may hold something else than it did. A position alone that is what it was has had no write since, as none is made
    /// then: it was the sink that failed.
    fn is_unsure(&self, inner: &Inner) -> bool {
        inner.pace.is_failing() && matches!(self.settings.kept, Kept::State { .. })
    }

    /// Whether a receipt has to be in the sink first: a position that passes a skipped event must not be stored without it.
    fn owes_receipts(&self, inner: &Inner) -> bool {
        matches!(self.settings.kept, Kept::Position) && !inner.receipts.is_empty()
    }

    /// The sink has refused what a record that keeps the position alone cannot hold: nothing is stored before it takes it.
    pub(super) fn fail_for_sink(&self, error: &dyn fmt::Display) {
        let (now, mut inner) = (Instant::now(), self.inner());
        inner.pace.failed(now, now, &format_args!("the sink does not take receipts: {error}"));
        warn!(id = %self.id, %error, "the sink does not take receipts, and nothing is stored before it does: trying again");
        self.publish(&mut inner, now);
    }

    /// What became of the write; the next one that has this checkpoint has at most `group` in all.
    pub(crate) fn finish(&self, result: Result<Outcome, &Error>, group: usize, now: Instant) {
        let mut inner = self.inner();
        let Some(in_flight) = inner.in_flight.take() else { return };
        inner.group = group;
        let began = in_flight.began;
        match result {
            Ok(Outcome::Stored) => {
                let events = in_flight.counts.events - inner.stored.counts.events;
                inner.pace.stored(began, now, events);
                inner.settle(in_flight);
            }
            Ok(Outcome::Contended | Outcome::Mismatch(_)) => inner.pace.contended(now),
            Ok(Outcome::Fenced(epoch)) => self.end(&mut inner, Ended::Fenced { epoch }),
            Ok(Outcome::Missing) => self.end(&mut inner, Ended::Missing),
            Ok(Outcome::Ahead(position)) => self.end(&mut inner, Ended::Overtaken { position }),
            Err(error) => {
                inner.pace.failed(began, now, &error);
                warn!(id = %self.id, %error, "the checkpoint could not be stored: trying again");
            }
        }
        self.publish(&mut inner, now);
        drop(inner);
        self.signal.notify();
    }

    fn end(&self, inner: &mut Inner, ended: Ended) {
        warn!(id = %self.id, "{ended}");
        inner.ended = Some(ended);
        inner.nacked.drain(..).for_each(|nacked| nacked.ticket.forget());
    }

    /// The most checkpoints in the next write that has this one.
    pub(crate) fn group(&self) -> usize {
        self.inner().group
    }

    /// Whether somebody waits for a write.
    pub(crate) fn is_urgent(&self) -> bool {
        self.inner().wanted
    }

    /// Asks for a write; what has to be counted as stored for it to be done.
    pub(crate) fn want_store(&self) -> u64 {
        self.inner().wanted = true;
        self.signal.wake();
        self.signal.events()
    }

    /// Whether so much is stored.
    pub(crate) fn is_stored(&self, events: u64) -> Option<Result<(), Ended>> {
        let inner = self.inner();
        let stored = inner.stored.counts.events >= events && !inner.wanted && inner.in_flight.is_none();
        inner.ended.map(Err).or_else(|| stored.then_some(Ok(())))
    }
}

impl Inner {
    /// Notes since when something is not stored, and what holds the low watermark back.
    pub(super) fn notice(&mut self, counts: Counts, now: Instant) {
        self.oldest = self.oldest.filter(|_| counts != self.stored.counts);
        if counts != self.stored.counts {
            self.oldest.get_or_insert(now);
        }
        let first = self.window.first_open();
        self.head = first.map(|first| self.head.filter(|(head, _)| *head == first).unwrap_or((first, now)));
    }

    pub(super) fn progress(&self, counts: Counts, now: Instant) -> Progress {
        let stored = self.stored.counts;
        self.pace.progress(counts.events - stored.events, counts.bytes - stored.bytes, self.oldest, now)
    }

    /// This is what the store holds.
    fn settle(&mut self, stored: InFlight) {
        let InFlight { snapshot: Snapshot { position, state, completed, whole }, counts, began } = stored;
        self.full = !whole;
        self.oldest = self.oldest.map(|_| began);
        self.stored = Stored { position, state, counts, completed };
    }
}
