//! What tickets and the flusher share without a lock: how much was handled, and when somebody wants to hear of it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::ledger::Ledger;
use crate::strategy::Wake;

/// The number of a committer within its flusher.
pub(crate) type Member = u64;

/// All counts are since the committer was started.
///
/// Every access that another one relies on is sequentially consistent: whoever counts looks for a threshold afterwards, and
/// whoever sets a threshold looks at the count afterwards, so at least one of the two sees the other.
pub(crate) struct Signal {
    events: AtomicU64,
    bytes: AtomicU64,
    wake_at_events: AtomicU64,
    wake_at_bytes: AtomicU64,
    /// Whether the flusher was woken and has not looked yet.
    woken: AtomicBool,
    /// How many tasks wait for a completion.
    waiting: AtomicUsize,
    completed: Notify,
    member: Member,
    flusher: UnboundedSender<Member>,
    /// For what needs the lock: set when the ledger is there. Weak, as the ledger's tracker holds this.
    ledger: OnceLock<Weak<Ledger>>,
}

impl Signal {
    pub(crate) fn new(member: Member, flusher: UnboundedSender<Member>) -> Self {
        Self {
            events: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            wake_at_events: AtomicU64::new(1),
            wake_at_bytes: AtomicU64::new(u64::MAX),
            woken: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            completed: Notify::new(),
            member,
            flusher,
            ledger: OnceLock::new(),
        }
    }

    pub(crate) fn set_ledger(&self, ledger: &Arc<Ledger>) {
        let _first = self.ledger.set(Arc::downgrade(ledger));
    }

    /// None once the committer is gone.
    pub(crate) fn ledger(&self) -> Option<Arc<Ledger>> {
        self.ledger.get()?.upgrade()
    }

    /// Counts an event of `bytes` bytes, after it was completed in the tracker.
    pub(crate) fn count(&self, bytes: u64) {
        let wanted_bytes = bytes > 0 && {
            let all = self.bytes.fetch_add(bytes, Ordering::SeqCst) + bytes;
            all >= self.wake_at_bytes.load(Ordering::SeqCst)
        };
        let events = self.events.fetch_add(1, Ordering::SeqCst) + 1;
        if wanted_bytes || events >= self.wake_at_events.load(Ordering::SeqCst) {
            self.wake();
        }
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.completed.notify_waiters();
        }
    }

    /// How many events were counted. What was completed before that is seen in the tracker afterwards.
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    /// Makes the flusher look at this committer, soon.
    pub(crate) fn wake(&self) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            // A flusher that has ended has nothing to look at.
            let _ended = self.flusher.send(self.member);
        }
    }

    /// The flusher looks: what is counted from here on wakes it again.
    pub(crate) fn looked(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }

    /// Wakes the flusher at these counts above what is stored; false where one of them was reached meanwhile.
    pub(crate) fn wake_at(&self, stored: Counts, wake: &Wake, now: Counts) -> bool {
        let events = wake.events.map_or(u64::MAX, |events| stored.events.saturating_add(events));
        let bytes = wake.bytes.map_or(u64::MAX, |bytes| stored.bytes.saturating_add(bytes));
        // The first event above what is stored begins its age.
        let events = if now.events == stored.events { events.min(stored.events.saturating_add(1)) } else { events };
        self.wake_at_events.store(events, Ordering::SeqCst);
        self.wake_at_bytes.store(bytes, Ordering::SeqCst);
        self.events() < events && self.bytes() < bytes
    }

    /// Calls `ready` now, and again after each completion and each [`notify`](Self::notify), until it answers something.
    pub(crate) async fn wait_for<T>(&self, mut ready: impl FnMut() -> Option<T>) -> T {
        if let Some(answer) = ready() {
            return answer;
        }
        let _waiting = Waiting::among(&self.waiting);
        loop {
            let completed = self.completed.notified();
            tokio::pin!(completed);
            completed.as_mut().enable();
            self.events(); // whoever counts after this sees that somebody waits
            if let Some(answer) = ready() {
                return answer;
            }
            completed.await;
        }
    }

    /// Lets all who wait look again.
    pub(crate) fn notify(&self) {
        self.completed.notify_waiters();
    }
}

/// What was handled, or stored, since the committer was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
}

/// One of those who wait, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
