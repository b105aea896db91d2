//! The tracker, and others that know up to where all events are complete.

use std::collections::BTreeSet;

use checkpoint_commit::{Completion, Sequence, Tracker};
use spate_core::checkpoint::{AckStatus, PartitionTracker, ResolveOutcome};

/// What all of them can do. A position is the number of an event: with sets that is all they need.
pub(crate) trait Track {
    /// What is needed to complete an event.
    type Ticket;

    fn track(&mut self, position: u64) -> Self::Ticket;
    fn complete(&mut self, ticket: Self::Ticket);
    /// The low watermark.
    fn advance(&mut self) -> Option<u64>;
}

pub(crate) struct ByNumber(pub(crate) Tracker);

impl Track for ByNumber {
    type Ticket = Sequence;

    fn track(&mut self, position: u64) -> Sequence {
        self.0.track(position).expect("it rises")
    }

    fn complete(&mut self, ticket: Sequence) {
        self.0.complete(ticket);
    }

    fn advance(&mut self) -> Option<u64> {
        self.0.advance()
    }
}

pub(crate) struct ByHandle(pub(crate) Tracker);

impl Track for ByHandle {
    type Ticket = Completion;

    fn track(&mut self, position: u64) -> Completion {
        let sequence = self.0.track(position).expect("it rises");
        self.0.completion(sequence).expect("it is open")
    }

    fn complete(&mut self, ticket: Completion) {
        ticket.complete();
    }

    fn advance(&mut self) -> Option<u64> {
        self.0.advance()
    }
}

/// The events that are open, sorted: the low watermark is right before the first one.
#[derive(Default)]
pub(crate) struct OpenSet {
    open: BTreeSet<u64>,
    next: u64,
}

impl Track for OpenSet {
    type Ticket = u64;

    fn track(&mut self, position: u64) -> u64 {
        self.open.insert(position);
        self.next = position + 1;
        position
    }

    fn complete(&mut self, ticket: u64) {
        self.open.remove(&ticket);
    }

    fn advance(&mut self) -> Option<u64> {
        self.open.first().unwrap_or(&self.next).checked_sub(1)
    }
}

/// The events that are complete above the low watermark, sorted, as Eventuous keeps them.
#[derive(Default)]
pub(crate) struct CompleteSet {
    complete: BTreeSet<u64>,
    next: u64,
}

impl Track for CompleteSet {
    type Ticket = u64;

    fn track(&mut self, position: u64) -> u64 {
        position
    }

    fn complete(&mut self, ticket: u64) {
        self.complete.insert(ticket);
    }

    fn advance(&mut self) -> Option<u64> {
        while self.complete.first() == Some(&self.next) {
            self.complete.pop_first();
            self.next += 1;
        }
        self.next.checked_sub(1)
    }
}

/// The core of spate's checkpointer: what completes comes by a channel in use, here by a call.
#[derive(Default)]
pub(crate) struct Spate {
    tracker: PartitionTracker,
    low: Option<u64>,
}

impl Track for Spate {
    type Ticket = u64;

    fn track(&mut self, position: u64) -> u64 {
        self.tracker.register(position, i64::try_from(position).expect("it is in range"));
        position
    }

    fn complete(&mut self, ticket: u64) {
        assert_eq!(self.tracker.resolve(ticket, AckStatus::Delivered), ResolveOutcome::Applied);
    }

    fn advance(&mut self) -> Option<u64> {
        if let Some(next) = self.tracker.advance() {
            self.low = u64::try_from(next - 1).ok();
        }
        self.low
    }
}
