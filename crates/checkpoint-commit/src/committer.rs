//! What a consumer holds: gives tickets out, and closes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::MAX_POSITION;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::codec::{CannotDecode, Receipt};
use crate::flusher::Flusher;
use crate::ledger::Ledger;
use crate::status::{Report, Status};
use crate::ticket::{Nacked, Ticket};
use crate::{Ended, TrackError};

/// Stores the position of one consumer, whose events are handled in any order.
///
/// What is stored never passes an event that is not handled, and never goes back. Dropping it without
/// [`close`](Self::close) is safe, and logged: a restart repeats what was not stored.
pub struct Committer {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) resume_from: Option<u64>,
    pub(crate) state_lost: Option<CannotDecode>,
    /// Its task lives as long as this.
    pub(crate) _flusher: Flusher,
}

impl Committer {
    /// The position to read the stream after; `None`: from its beginning. Some of the events after it may have been handled: for
    /// these [`track`](Self::track) gives no ticket.
    pub fn resume_from(&self) -> Option<u64> {
        self.resume_from
    }

    /// Why the state that stood beside the position was not used, if it was not: events after the position that an
    /// earlier run had handled are handled again.
    pub fn state_lost(&self) -> Option<&CannotDecode> {
        self.state_lost.as_ref()
    }

    /// Takes the next event of the stream. `None`: it was handled before the restart.
    ///
    /// Waits while the window or the state is full: until the event that blocks it, which [`status`](Self::status) names, is handled.
    ///
    /// # Errors
    ///
    /// [`TrackError::NotRising`] where the position is not above the last one tracked, [`TrackError::TooLarge`] above 2^63 − 1, and
    /// [`TrackError::Ended`] once the committer has ended.
    ///
    /// # Cancel safety
    ///
    /// A dropped call has tracked nothing, or the event is nacked as its ticket is dropped.
    pub async fn track(&self, position: u64) -> Result<Option<Ticket>, TrackError> {
        self.track_sized(position, 0).await
    }

    /// [`track`](Self::track) for an event of so many bytes, which the strategy [`bytes`](crate::strategy::bytes) counts.
    ///
    /// # Errors
    ///
    /// As of [`track`](Self::track).
    pub async fn track_sized(&self, position: u64, bytes: u64) -> Result<Option<Ticket>, TrackError> {
        if position > MAX_POSITION {
            return Err(TrackError::TooLarge { position });
        }
        self.ledger.signal.wait_for(|| self.ledger.track(position, bytes)).await
    }

    /// Takes an event that is not for this consumer: it counts as handled.
    ///
    /// # Errors
    ///
    /// As of [`track`](Self::track).
    pub async fn pass(&self, position: u64) -> Result<(), TrackError> {
        if let Some(ticket) = self.track(position).await? {
            ticket.ack();
        }
        Ok(())
    }

    /// The next event that was nacked, with a ticket for another try. Waits for one.
    ///
    /// # Errors
    ///
    /// [`Ended`] once the committer has ended.
    pub async fn nacked(&self) -> Result<Nacked, Ended> {
        self.ledger.signal.wait_for(|| self.ledger.next_nacked()).await
    }

    /// The receipts of skipped events that are in the record, oldest first.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.ledger.receipts()
    }

    /// Removes the receipt of an event that was handled after all, and stores that soon. False: there is none for this position.
    pub fn replayed(&self, position: u64) -> bool {
        self.ledger.forget_receipt(position)
    }

    /// Stores what is handled at this moment, and waits until that is done. While the store fails it is tried again, so give this call
    /// a timeout of your own.
    ///
    /// # Errors
    ///
    /// [`Ended`] once the committer has ended.
    pub async fn flush(&self) -> Result<(), Ended> {
        let events = self.ledger.want_store();
        self.ledger.signal.wait_for(|| self.ledger.is_stored(events)).await
    }

    /// Where it stands now.
    pub fn status(&self) -> Status {
        self.ledger.status()
    }

    /// Where it stands, after each write and whenever the verdict may have changed.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.ledger.watch()
    }

    /// Waits until all that was tracked is handled, stores it, and says what is left where that takes longer than `deadline`.
    pub async fn close(self, deadline: Duration) -> Report {
        let deadline = Instant::now() + deadline;
        self.ledger.begin_closing();
        let signal = &self.ledger.signal;
        let _drained = timeout_at(deadline, signal.wait_for(|| self.ledger.is_drained().then_some(()))).await;
        let _flushed = timeout_at(deadline, self.flush()).await;
        self.ledger.close()
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.ledger.abandon();
    }
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").field("id", &self.ledger.id).finish_non_exhaustive()
    }
}
