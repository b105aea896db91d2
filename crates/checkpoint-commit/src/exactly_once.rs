//! Events in order, in transactions of the caller's that hold the position as well.

use std::time::Duration;

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Outcome, Record, Result, Write};
use tokio::time::Instant;

use crate::pace::Pace;
use crate::strategy::{Due, Strategy};
use crate::{Ended, LastStore, TrackError};

/// Handles events one after the other, many in one transaction, and the position goes into that transaction too: so each event has
/// its effect once, however the process ends. The read model has to be in the store's database, and the store has to have a
/// `write_in`, as those of Postgres and MongoDB do.
///
/// ```
/// # use checkpoint_commit::{ExactlyOnce, strategy::every};
/// # use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Result, Write};
/// # struct Transaction<'a>(&'a dyn CheckpointStore);
/// # impl Transaction<'_> { async fn add(&mut self, _: u64) {} async fn commit(self) -> Result<()> { Ok(()) } }
/// # struct Store<'a>(&'a dyn CheckpointStore);
/// # impl Store<'_> {
/// #     async fn write_in(&self, transaction: &mut Transaction<'_>, write: &Write) -> Result<Outcome> { transaction.0.write(write).await }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let memory = checkpoint_memory::MemoryStore::new();
/// # let store = Store(&memory);
/// # let begin = || Transaction(&memory);
/// let mut consumer = ExactlyOnce::start(&memory, CheckpointId::new("totals")?, "host:1", every(100)).await?;
/// let mut transaction = begin();
/// for position in consumer.resume_from().map_or(0, |last| last + 1)..1_000 {
///     transaction.add(position).await; // the read model
///     consumer.handled(position, 0)?;
///     if consumer.is_due() {
///         let mut whole = std::mem::replace(&mut transaction, begin());
///         let commit = async |write: Write| {
///             let outcome = store.write_in(&mut whole, &write).await?;
///             if outcome.is_stored() {
///                 whole.commit().await?; // else it is dropped, and so rolled back
///             }
///             Ok::<_, checkpoint_core::Error>(outcome)
///         };
///         consumer.commit(commit).await?;
///     }
/// }
/// assert_eq!(consumer.resume_from(), Some(999));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ExactlyOnce {
    id: CheckpointId,
    epoch: u64,
    strategy: Strategy,
    committed: Option<u64>,
    handled: Option<u64>,
    events: u64,
    bytes: u64,
    oldest: Option<Instant>,
    pace: Pace,
    ended: Option<Ended>,
}

/// Why a transaction did not commit. Handle what was in it again, from where a new start says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError<E> {
    /// It is not this consumer's turn any more, for good.
    #[error(transparent)]
    Ended(Ended),
    /// The transaction failed. Whether it has committed all the same is not known here: [`ExactlyOnce::start`] again, which
    /// reads it.
    #[error(
        "the transaction failed, and whether it has committed is not known: start again to go on from where it stands"
    )]
    Failed(#[source] E),
}

impl ExactlyOnce {
    /// Claims the checkpoint, so that every older consumer is fenced, and goes on after its position. A state that stands beside it
    /// is not looked at, and removed by the first commit.
    ///
    /// # Errors
    ///
    /// What the claim fails with.
    pub async fn start(store: &dyn CheckpointStore, id: CheckpointId, owner: &str, strategy: Strategy) -> Result<Self> {
        let Record { checkpoint, epoch, .. } = store.claim(&id, owner).await?;
        Ok(Self {
            id,
            epoch,
            strategy,
            committed: checkpoint.position,
            handled: checkpoint.position,
            events: 0,
            bytes: 0,
            oldest: None,
            pace: Pace::new(),
            ended: None,
        })
    }

    /// The position to read the stream after: the last one committed.
    pub fn resume_from(&self) -> Option<u64> {
        self.committed
    }

    /// The last position handled, also where that is not committed.
    pub fn handled_up_to(&self) -> Option<u64> {
        self.handled
    }

    /// How many events are handled and not committed: so many are handled again after a crash, and had no effect yet.
    pub fn uncommitted(&self) -> u64 {
        self.events
    }

    /// The last commit, as far as there was one.
    pub fn last_commit(&self) -> Option<&LastStore> {
        self.pace.last_store()
    }

    /// An event of so many bytes was handled, in the transaction that is open now. For an event that is not for this consumer as well.
    ///
    /// # Errors
    ///
    /// As of [`Committer::track`](crate::Committer::track).
    pub fn handled(&mut self, position: u64, bytes: u64) -> Result<(), TrackError> {
        if let Some(ended) = self.ended {
            return Err(ended.into());
        }
        TrackError::check(position, self.handled)?;
        self.handled = Some(position);
        self.events += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.oldest.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Whether the strategy wants what is handled to be committed.
    pub fn is_due(&self) -> bool {
        self.due_in() == Some(Duration::ZERO)
    }

    /// After which time a commit is due even if nothing more is handled; zero: now, `None`: never.
    pub fn due_in(&self) -> Option<Duration> {
        let now = Instant::now();
        match self.strategy.due(&self.pace.progress(self.events, self.bytes, self.oldest, now)) {
            Due::Now => Some(Duration::ZERO),
            Due::When(wake) => wake.after,
        }
    }

    /// Commits what is handled: `transaction` is given the write to put into the caller's transaction, commits that if the
    /// outcome is [`Outcome::Stored`], and answers the outcome. Does nothing where nothing was handled.
    ///
    /// # Errors
    ///
    /// [`CommitError::Ended`] where the outcome says that somebody else has taken over or the record is gone, and
    /// [`CommitError::Failed`] where the transaction failed. Either is the end of this consumer.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped leaves the transaction to the caller, and this consumer ended: start again.
    pub async fn commit<E>(
        &mut self,
        transaction: impl AsyncFnOnce(Write) -> std::result::Result<Outcome, E>,
    ) -> std::result::Result<(), CommitError<E>> {
        if let Some(ended) = self.ended {
            return Err(CommitError::Ended(ended));
        }
        if self.events == 0 {
            return Ok(());
        }
        let began = Instant::now();
        let write = Write::advance(Checkpoint::new(self.id.clone(), self.handled)).with_epoch(self.epoch);
        // Until the answer is here it is not known where the consumer stands.
        self.ended = Some(Ended::Closed);
        let outcome = transaction(write).await.map_err(CommitError::Failed)?;
        self.ended = Ended::by(outcome);
        if let Some(ended) = self.ended {
            return Err(CommitError::Ended(ended));
        }
        self.pace.stored(began, Instant::now(), self.events);
        (self.committed, self.events, self.bytes, self.oldest) = (self.handled, 0, 0, None);
        Ok(())
    }
}
