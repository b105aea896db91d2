//! One event in the hands of whoever handles it.

use std::fmt;
use std::sync::Arc;

use crate::Completion;
use crate::signal::Signal;

/// An event that was tracked and is not handled yet. It is owned, and used once.
///
/// A ticket that is dropped is a [`nack`](Self::nack). One that outlives its committer does nothing: the event is handled
/// again after the restart.
#[must_use = "a ticket that is dropped says that its event was not handled"]
pub struct Ticket {
    position: u64,
    bytes: u64,
    completion: Option<Completion<Arc<Signal>>>,
}

impl Ticket {
    pub(crate) fn new(position: u64, bytes: u64, completion: Completion<Arc<Signal>>) -> Self {
        Self { position, bytes, completion: Some(completion) }
    }

    /// The event's position.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The event was handled. Takes no lock, and may be called from any thread.
    pub fn ack(mut self) {
        if let Some(completion) = self.completion.take() {
            completed(&completion, self.bytes);
        }
    }

    /// The event was not handled: it stays open, and comes from [`Committer::nacked`](crate::Committer::nacked) to be tried
    /// again. Nothing passes it before it is acked or skipped.
    pub fn nack(mut self, error: impl fmt::Display) {
        self.fail(&error);
    }

    /// The event will not be handled: the low watermark may pass it, and a [`Receipt`](crate::codec::Receipt) with the reason is
    /// stored in the same write.
    pub fn skip(mut self, reason: impl fmt::Display) {
        let Some(completion) = self.completion.take() else { return };
        if let Some(ledger) = completion.shared().ledger() {
            ledger.skip(self.position, reason.to_string()); // before it can be passed
            completed(&completion, self.bytes);
        }
    }

    /// Does nothing, also when it is dropped.
    pub(crate) fn forget(mut self) {
        self.completion = None;
    }

    fn fail(&mut self, error: &dyn fmt::Display) {
        let Some(completion) = self.completion.take() else { return };
        if let Some(ledger) = completion.shared().ledger() {
            ledger.nack(self.position, self.bytes, completion, error.to_string());
        }
    }
}

fn completed(completion: &Completion<Arc<Signal>>, bytes: u64) {
    if completion.complete() {
        completion.shared().count(bytes);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.fail(&"its ticket was dropped");
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("position", &self.position).finish_non_exhaustive()
    }
}

/// An event that was not handled, to be tried again.
#[derive(Debug)]
#[non_exhaustive]
pub struct Nacked {
    /// How often it was tried.
    pub attempts: u32,
    /// What the last try failed with.
    pub error: String,
    /// The ticket for the next try.
    pub ticket: Ticket,
}
