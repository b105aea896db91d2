//! What a committer can be told before it starts.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Record, Result};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::Committer;
use crate::codec::{State, decode};
use crate::flusher::Flusher;
use crate::ledger::{Kept, Ledger, Settings};
use crate::owner::process_owner;
use crate::receipts::{LogSink, ReceiptSink};
use crate::signal::Signal;
use crate::strategy::Strategy;
use crate::window::Window;

/// Makes a [`Committer`].
#[derive(Debug)]
#[must_use = "nothing is claimed before `start`"]
pub struct CommitterBuilder {
    store: Arc<dyn CheckpointStore>,
    flusher: Option<Flusher>,
    id: CheckpointId,
    owner: String,
    claims: bool,
    strategy: Strategy,
    window: usize,
    state_limit: usize,
    receipts: usize,
    sink: Arc<dyn ReceiptSink>,
    stuck_after: Duration,
    store_timeout: Duration,
}

impl Committer {
    /// A committer of `id` with a flusher of its own.
    pub fn builder(store: Arc<dyn CheckpointStore>, id: CheckpointId) -> CommitterBuilder {
        CommitterBuilder::new(store, None, id)
    }
}

impl CommitterBuilder {
    pub(crate) fn over(flusher: Flusher, id: CheckpointId) -> Self {
        Self::new(Arc::clone(&flusher.store), Some(flusher), id)
    }

    fn new(store: Arc<dyn CheckpointStore>, flusher: Option<Flusher>, id: CheckpointId) -> Self {
        Self {
            store,
            flusher,
            id,
            owner: process_owner(),
            claims: true,
            strategy: Strategy::default(),
            window: 10_000,
            state_limit: 64 * 1024,
            receipts: 100,
            sink: Arc::new(LogSink),
            stuck_after: Duration::from_secs(60),
            store_timeout: Flusher::TIMEOUT,
        }
    }

    /// When to store: `100 events or 5s` if nothing is said.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// The most events above the low watermark, handled or not; 10,000 if nothing is said. At least 1.
    pub fn window(self, events: usize) -> Self {
        Self { window: events.max(1), ..self }
    }

    /// The most bytes of the state that is stored with the position; 64 KiB if nothing is said. When what is handled out of order does
    /// not fit, [`Committer::track`] waits until it does.
    pub fn state_limit(self, bytes: usize) -> Self {
        Self { state_limit: bytes, ..self }
    }

    /// A label for people, of who has claimed the checkpoint: [`process_owner`](crate::process_owner) if nothing is said.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), ..self }
    }

    /// For a store that has no claims, such as one in the layout of Eventuous: [`start`](Self::start) reads the record instead of claiming
    /// it, and writes with the epoch that stands there, which is 0 where nobody ever claimed. Two things are given up for that:
    ///
    /// - **Nobody is fenced.** Two consumers of one checkpoint both handle its events. The stored position still never goes back: one that
    ///   is behind ends with [`Ended::Overtaken`](crate::Ended::Overtaken) at its next write, but two that keep pace go on, and so does one that was started
    ///   behind until it writes. See to it that there is one. In a store that does have claims, a claim by somebody else fences this one.
    /// - **Positions alone are stored**, no state, as such layouts refuse one: what is handled behind an open event comes again after a restart, and counts as
    ///   [`redelivered`](crate::Status::redelivered) until then. [`window`](Self::window) bounds it, and [`state_limit`](Self::state_limit) means
    ///   nothing. A strategy is asked as ever, and a write that finds the position unchanged is not made. Receipts of skipped events all go to the
    ///   [`receipt_sink`](Self::receipt_sink), and as long as it does not take them nothing is stored. A state that stands in the record is not gone on
    ///   with (its receipts go to the sink), and the first write removes it.
    pub fn without_claim(self) -> Self {
        Self { claims: false, ..self }
    }

    /// The most receipts of skipped events in the record; 100 if nothing is said. The oldest of more go to the sink.
    pub fn receipts(self, receipts: usize) -> Self {
        Self { receipts, ..self }
    }

    /// Where receipts go that the record does not hold. If nothing is said they are logged as warnings.
    pub fn receipt_sink(self, sink: Arc<dyn ReceiptSink>) -> Self {
        Self { sink, ..self }
    }

    /// For how long the first open event may be the first one before the verdict is [`Stuck`](crate::Verdict::Stuck); 60 s if nothing
    /// is said. Counted as [`Blocker::age`](crate::Blocker::age): since it is known to be the first, and not since it was tracked.
    pub fn stuck_after(self, age: Duration) -> Self {
        Self { stuck_after: age, ..self }
    }

    /// How long a claim (or a read instead of it) may take, and a write by the committer's own flusher; 30 s if nothing is said. A write
    /// that takes longer counts as failed, with an unknown result.
    pub fn store_timeout(self, timeout: Duration) -> Self {
        Self { store_timeout: timeout, ..self }
    }

    /// Claims the checkpoint, so that every older consumer is fenced, and goes on with what it holds, as
    /// [`resume`](Self::resume) does. [`without_claim`](Self::without_claim) only reads it.
    ///
    /// # Errors
    ///
    /// What the claim, or the reading, fails with. It is not tried again. [`ErrorKind::Unsupported`]: the store has no claims.
    ///
    /// # Cancel safety
    ///
    /// A claim that is dropped may have been made: what it fenced stays fenced, and the next one has a larger epoch.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn start(self) -> Result<Committer> {
        let record = if self.claims { self.claim().await? } else { self.read().await? };
        let (position, epoch) = (record.checkpoint.position, record.epoch);
        if self.claims {
            info!(id = %self.id, position, epoch, owner = self.owner, "claimed");
        } else {
            info!(id = %self.id, position, epoch, "started without a claim");
        }
        Ok(self.resume(&record))
    }

    /// Goes on with what a claim of this checkpoint gave that was made already; nothing may have been written since that is not in `record`.
    ///
    /// A state that cannot be decoded is not used: the committer starts from the position alone, and says so
    /// ([`Committer::state_lost`], and a warning).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn resume(self, record: &Record) -> Committer {
        let position = record.checkpoint.position;
        let (state, state_lost) = match decode(position, &record.state) {
            Ok(state) => (state, None),
            Err(error) => {
                warn!(id = %self.id, position, %error, "what was handled behind the position is not known and comes again");
                (State::default(), Some(error))
            }
        };
        let (open, kept) = match self.kept() {
            Kept::Position => (None, Kept::Position), // it would be gone with the first write
            kept @ Kept::State { .. } => (state.open, kept),
        };
        let Self { store, strategy, sink, stuck_after, .. } = self;
        let flusher = self.flusher.unwrap_or_else(|| Flusher::with(store, Duration::ZERO, self.store_timeout));
        let (member, looks) = flusher.seat();
        let signal = Arc::new(Signal::new(member, looks));
        let window = Window::new(position, open, self.window, Arc::clone(&signal));
        let settings = Settings { strategy, kept, sink, stuck_after };
        let ledger = Ledger::new(record, window, state.receipts, settings, signal);
        flusher.join(member, Arc::clone(&ledger));
        Committer { ledger, resume_from: position, state_lost, _flusher: flusher }
    }

    fn kept(&self) -> Kept {
        if self.claims { Kept::State { limit: self.state_limit, receipts: self.receipts } } else { Kept::Position }
    }

    async fn claim(&self) -> Result<Record> {
        let claim = self.in_time(Operation::Claim, self.store.claim(&self.id, &self.owner));
        claim.await.map_err(or_without_claim)
    }

    async fn read(&self) -> Result<Record> {
        let record = self.in_time(Operation::Read, self.store.read(&self.id)).await?;
        Ok(record.unwrap_or_else(|| Record::new(Checkpoint::new(self.id.clone(), None))))
    }

    async fn in_time<T>(&self, operation: Operation, call: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(self.store_timeout, call).await.unwrap_or_else(|_| {
            let message = format!("the store did not answer within {:?}: try again", self.store_timeout);
            let error = Error::new(ErrorKind::Unavailable, message);
            Err(error.with_store(self.store.name()).with_operation(operation))
        })
    }
}

/// The way out where a store has no claims.
fn or_without_claim(error: Error) -> Error {
    if error.kind() != ErrorKind::Unsupported {
        return error;
    }
    let message = "it has no claims: use another store or layout, or build the committer with `without_claim()`, which fences nobody and stores \
                   positions alone";
    let mut explained = Error::new(ErrorKind::Unsupported, message).with_operation(Operation::Claim);
    if let Some(store) = error.store() {
        explained = explained.with_store(store);
    }
    explained.with_source(error)
}
