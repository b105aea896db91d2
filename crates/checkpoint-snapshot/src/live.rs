//! A model in use.

use std::fmt;
use std::time::Duration;

use checkpoint_commit::{CommitError, Ended, LastStore, TrackError};
use checkpoint_core::Outcome;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

use crate::Model;
use crate::error::SaveError;
use crate::generation::Generation;
use crate::restored::Restored;
use crate::saver::Saver;
use crate::unsaved::Unsaved;

/// A model that handles events in their order, and is saved with the position of the last one.
///
/// Saving goes on beside: between two events the model is put into a bucket, and encoding and writing that takes place while the
/// next ones are handled. A second save never begins before the first has ended. One that fails is tried again, with the model as it is
/// then, after a pause that grows from 0.1 s to some 10 s, and at most 20 s.
///
/// Dropping it without [`close`](Self::close) is safe, and logged where something is not saved: that is handled again.
pub struct Live<M> {
    model: M,
    saver: Saver,
    restored: Restored,
    by_hand: bool,
}

/// Where a model stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// The last event in the model.
    pub handled: Option<u64>,
    /// The newest snapshot of those that this process has restored or saved.
    pub saved: Option<Generation>,
    /// How many events came after it: these are handled again if the process crashes now, unless a save that is running arrives.
    pub unsaved: u64,
    /// Whether a save is running.
    pub is_saving: bool,
    /// The last save that has ended.
    pub last_save: Option<LastStore>,
    /// Why nothing is saved any more.
    pub ended: Option<Ended>,
}

/// How a model was closed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Closed {
    /// The newest snapshot.
    pub saved: Option<Generation>,
    /// How many events came after it: these are handled again.
    pub unsaved: u64,
    /// Why they are not saved.
    pub error: Option<SaveError>,
}

impl Closed {
    /// Whether all is saved.
    pub fn is_clean(&self) -> bool {
        self.unsaved == 0
    }
}

impl<M: Model> Live<M> {
    pub(crate) fn new(model: M, saver: Saver, restored: Restored, by_hand: bool) -> Self {
        Self { model, saver, restored, by_hand }
    }

    /// Where the model comes from.
    pub fn restored(&self) -> &Restored {
        &self.restored
    }

    /// The position to read the stream after, that of the last event in the model; `None`: from its beginning.
    pub fn resume_from(&self) -> Option<u64> {
        self.saver.handled
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model, to change it by an event; [`handled`](Self::handled) comes right after that.
    pub fn model_mut(&mut self) -> &mut M {
        &mut self.model
    }

    /// Changes the model by the event at `position`, and saves it where the strategy wants that.
    ///
    /// # Errors
    ///
    /// Where the position is not above the last one, or nothing can be saved any more, as somebody else has claimed the checkpoint; the
    /// model is not changed then.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, where a save begins.
    pub fn apply<R>(&mut self, position: u64, change: impl FnOnce(&mut M) -> R) -> Result<R, TrackError> {
        self.saver.handle(position, 0)?;
        let result = change(&mut self.model);
        self.begin_if_due();
        Ok(result)
    }

    /// The event at `position` is in the model, of so many `bytes`, which the strategy [`bytes`](checkpoint_commit::strategy::bytes)
    /// counts. For an event that is not for the model as well.
    ///
    /// # Errors
    ///
    /// As of [`apply`](Self::apply). A model that was changed by an event that is refused is worthless: load it again.
    ///
    /// # Panics
    ///
    /// As of [`apply`](Self::apply).
    pub fn handled(&mut self, position: u64, bytes: u64) -> Result<(), TrackError> {
        self.saver.handle(position, bytes)?;
        self.begin_if_due();
        Ok(())
    }

    /// Saves whenever the strategy wants it, until nothing can be saved any more. For the time in which no event comes:
    ///
    /// ```
    /// # use checkpoint_snapshot::{Live, Model};
    /// # async fn next() -> Option<u64> { None }
    /// # async fn run<M: Model>(mut live: Live<M>) -> Result<(), Box<dyn std::error::Error>> {
    /// loop {
    ///     tokio::select! {
    ///         event = next() => match event {
    ///             Some(position) => live.apply(position, |model| { /* .. */ })?,
    ///             None => break,
    ///         },
    ///         ended = live.save_when_due() => return Err(ended.into()),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped loses nothing: what it has begun goes on.
    pub async fn save_when_due(&mut self) -> Ended {
        loop {
            let _logged = self.saver.settle().await;
            if let Some(ended) = self.saver.ended {
                return ended;
            }
            let at = if self.by_hand { None } else { self.saver.due_at(Instant::now()) };
            match at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
            self.begin_if_due();
        }
    }

    /// Whether the strategy wants a save now.
    pub fn is_due(&self) -> bool {
        self.saver.is_due()
    }

    /// Saves the model now, unless it is saved as it is, and waits until it is. A save that is running ends first.
    ///
    /// # Errors
    ///
    /// [`SaveError`]: what was saved before is still there.
    ///
    /// # Cancel safety
    ///
    /// A save that was begun goes on.
    pub async fn save(&mut self) -> Result<(), SaveError> {
        let _before = self.saver.settle().await;
        if self.saver.unsaved() > 0 && self.saver.ended.is_none() {
            self.saver.begin(&self.model)?;
            self.saver.settle().await?;
        }
        self.saver.ended.map_or(Ok(()), |ended| Err(ended.into()))
    }

    /// Saves the model in a transaction of the caller's, together with what it has written there. `transaction` puts the writes into it
    /// by [`Unsaved::write_with`], commits it if the outcome is [`Outcome::Stored`], and answers the outcome. Does nothing where all is saved.
    ///
    /// For stores that have a `write_in`, as those of Postgres and MongoDB do; with [`Snapshots::by_hand`](crate::Snapshots::by_hand), so
    /// that nothing is saved without the rest of its transaction.
    ///
    /// # Errors
    ///
    /// [`CommitError::Ended`] where somebody else has taken over or the record is gone, and [`CommitError::Failed`] where the
    /// transaction, or the save, failed. Either is the end of this model: load it again.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped leaves the transaction to the caller, and this model ended.
    pub async fn save_in<E: From<SaveError>>(
        &mut self,
        transaction: impl AsyncFnOnce(Unsaved) -> Result<Outcome, E>,
    ) -> Result<(), CommitError<E>> {
        let _before = self.saver.settle().await;
        if let Some(ended) = self.saver.ended {
            return Err(CommitError::Ended(ended));
        }
        if self.saver.unsaved() == 0 {
            return Ok(());
        }
        // Until the answer is here it is not known where the model stands.
        self.saver.ended = Some(Ended::Closed);
        let began = Instant::now();
        let unsaved = self.saver.encode(&self.model).await.map_err(|error| CommitError::Failed(error.into()))?;
        let after = unsaved.after().clone();
        let outcome = transaction(unsaved).await.map_err(CommitError::Failed)?;
        self.saver.ended = Ended::by(outcome);
        if let Some(ended) = self.saver.ended {
            return Err(CommitError::Ended(ended));
        }
        self.saver.stored_all(after, began);
        Ok(())
    }

    /// Where it stands now.
    pub fn status(&self) -> Status {
        self.saver.status()
    }

    /// Saves what is not saved, again and again until it is or `deadline` has passed, and says what is left.
    pub async fn close(mut self, deadline: Duration) -> Closed {
        let (time, deadline) = (deadline, Instant::now() + deadline);
        let mut error = None;
        loop {
            let Ok(result) = timeout_at(deadline, self.save()).await else {
                error = error.or(Some(SaveError::Timeout(time)));
                break;
            };
            error = result.err();
            if error.is_none() || self.saver.ended.is_some() || Instant::now() >= deadline {
                break;
            }
            sleep_until(self.saver.retry_at().map_or(deadline, |retry| retry.min(deadline))).await;
        }
        let Status { saved, unsaved, .. } = self.saver.status();
        self.saver.ended.get_or_insert(Ended::Closed);
        Closed { saved, unsaved, error }
    }

    fn begin_if_due(&mut self) {
        if !self.by_hand && self.saver.is_due() {
            let _logged = self.saver.begin(&self.model);
        }
    }
}

impl<M> Drop for Live<M> {
    fn drop(&mut self) {
        let unsaved = self.saver.unsaved();
        if unsaved > 0 && self.saver.ended.is_none() {
            warn!(unsaved, "a model was dropped that is not saved: these events are handled again");
        }
    }
}

/// Without the model, which may be secret.
impl<M> fmt::Debug for Live<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("status", &self.saver.status()).finish_non_exhaustive()
    }
}
