//! What a committer knows, under one lock: its window, what is stored, and what is on its way.

mod standing;
mod storing;

pub(crate) use storing::Next;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use checkpoint_core::{Bytes, Checkpoint, CheckpointId};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::warn;

use crate::codec::Receipt;
use crate::pace::Pace;
use crate::receipts::ReceiptSink;
use crate::signal::{Counts, Signal};
use crate::status::Status;
use crate::strategy::Strategy;
use crate::ticket::{Nacked, Ticket};
use crate::window::{Snapshot, Tracked, Window};
use crate::{Completion, Ended, TrackError};

pub(crate) struct Settings {
    pub(crate) strategy: Strategy,
    pub(crate) kept: Kept,
    pub(crate) sink: Arc<dyn ReceiptSink>,
    pub(crate) stuck_after: Duration,
}

/// What a record keeps.
#[derive(Clone, Copy)]
pub(crate) enum Kept {
    /// Nothing else.
    Position,
    /// A state beside the position of so many bytes, in it so many receipts, at most.
    State { limit: usize, receipts: usize },
}

pub(crate) struct Ledger {
    pub(crate) id: CheckpointId,
    pub(crate) signal: Arc<Signal>,
    settings: Settings,
    epoch: u64,
    status: watch::Sender<Status>,
    inner: Mutex<Inner>,
}

struct Inner {
    window: Window,
    receipts: Vec<Receipt>,
    nacked: VecDeque<Nacked>,
    /// Of the open events that were nacked: how often, and with what last.
    attempts: HashMap<u64, (u32, String)>,
    stored: Stored,
    in_flight: Option<InFlight>,
    pace: Pace,
    /// Since when something that is handled is not stored.
    oldest: Option<Instant>,
    /// The first open position, and since when it is that.
    head: Option<(u64, Instant)>,
    /// Whether somebody wants a write whatever the strategy says.
    wanted: bool,
    /// Whether not all that was handled fits into the state.
    full: bool,
    /// The most checkpoints in the write that has this one: fewer after one that may have failed by the fault of one.
    group: usize,
    closing: bool,
    ended: Option<Ended>,
}

/// What is known to be stored.
struct Stored {
    position: Option<u64>,
    state: Bytes,
    counts: Counts,
    completed: i64,
}

struct InFlight {
    snapshot: Snapshot,
    counts: Counts,
    began: Instant,
}

impl Ledger {
    pub(crate) fn new(
        record: &checkpoint_core::Record,
        window: Window,
        receipts: Vec<Receipt>,
        settings: Settings,
        signal: Arc<Signal>,
    ) -> Arc<Self> {
        let Checkpoint { id, position, .. } = record.checkpoint.clone();
        let stored = Stored { position, state: record.state.clone(), counts: Counts::default(), completed: 0 };
        let inner = Inner {
            window,
            receipts,
            nacked: VecDeque::new(),
            attempts: HashMap::new(),
            stored,
            in_flight: None,
            pace: Pace::new(),
            oldest: None,
            head: None,
            wanted: false,
            full: false,
            group: usize::MAX,
            closing: false,
            ended: None,
        };
        let status = watch::Sender::new(Status::at_start(position));
        let ledger = Arc::new(Self { id, signal, settings, epoch: record.epoch, status, inner: Mutex::new(inner) });
        ledger.signal.set_ledger(&ledger);
        ledger
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None: there is no room yet.
    pub(crate) fn track(&self, position: u64, bytes: u64) -> Option<Result<Option<Ticket>, TrackError>> {
        let mut inner = self.inner();
        if let Some(ended) = inner.ended.or(inner.closing.then_some(Ended::Closed)) {
            return Some(Err(ended.into()));
        }
        if inner.full {
            return None;
        }
        match inner.window.track(position) {
            Ok(Tracked::Full) => None,
            Ok(Tracked::HandledBefore) => Some(Ok(None)),
            Ok(Tracked::Open(completion)) => {
                if inner.head.is_none() {
                    inner.head = Some((position, Instant::now()));
                    self.signal.wake(); // to look whether it gets stuck
                }
                Some(Ok(Some(Ticket::new(position, bytes, completion))))
            }
            Err(not_rising) => Some(Err(not_rising.into())),
        }
    }

    pub(crate) fn nack(&self, position: u64, bytes: u64, completion: Completion<Arc<Signal>>, error: String) {
        let mut inner = self.inner();
        if inner.ended.is_some() {
            return;
        }
        let (attempts, last) = inner.attempts.entry(position).or_default();
        *attempts = attempts.saturating_add(1);
        last.clone_from(&error);
        let nacked = Nacked { attempts: *attempts, error, ticket: Ticket::new(position, bytes, completion) };
        inner.nacked.push_back(nacked);
        drop(inner);
        self.signal.notify();
        self.signal.wake();
    }

    pub(crate) fn next_nacked(&self) -> Option<Result<Nacked, Ended>> {
        let mut inner = self.inner();
        inner.ended.map(Err).or_else(|| inner.nacked.pop_front().map(Ok))
    }

    pub(crate) fn skip(&self, position: u64, reason: String) {
        let mut inner = self.inner();
        let attempts = inner.attempts.remove(&position).map_or(1, |(attempts, _)| attempts.saturating_add(1));
        inner.receipts.push(Receipt::new(position, reason, SystemTime::now(), attempts));
    }

    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        self.inner().receipts.clone()
    }

    /// Removes the receipt of an event that was handled after all.
    pub(crate) fn forget_receipt(&self, position: u64) -> bool {
        let mut inner = self.inner();
        let before = inner.receipts.len();
        inner.receipts.retain(|receipt| receipt.position != position);
        let found = inner.receipts.len() < before;
        inner.wanted |= found;
        drop(inner);
        self.signal.wake();
        found
    }

    /// Gives the oldest receipts to the sink, where there are more than the record should hold.
    pub(crate) async fn move_receipts(&self) {
        let most = match self.settings.kept {
            Kept::Position => 0,
            Kept::State { receipts, .. } => receipts,
        };
        let surplus = {
            let inner = self.inner();
            inner.receipts[..inner.receipts.len().saturating_sub(most)].to_vec()
        };
        if surplus.is_empty() {
            return;
        }
        match (self.settings.sink.keep(&self.id, &surplus).await, self.settings.kept) {
            (Ok(()), _) => self.inner().receipts.retain(|receipt| !surplus.contains(receipt)),
            (Err(error), Kept::Position) => self.fail_for_sink(&*error),
            (Err(error), Kept::State { .. }) => {
                warn!(id = %self.id, %error, "the sink does not take receipts: they stay in the record");
            }
        }
    }
}
