//! One task that stores for any number of committers: all that is due goes out in one write.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use checkpoint_core::{Applied, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Result, Write};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use crate::CommitterBuilder;
use crate::ledger::{Ledger, Next};
use crate::signal::Member;

/// The most checkpoints in one write.
const BATCH: usize = 1_000;

/// A write that had no answer may have hung on one of its checkpoints, so they are tried in smaller ones.
const SMALLER: usize = 10;

/// The most writes at once: one that hangs does not keep the others from being stored.
const WRITES_AT_ONCE: usize = 8;

/// Stores for any number of committers over one store.
///
/// Whatever is due goes out in one [`write_many`](CheckpointStore::write_many), at most once in an interval. A checkpoint whose write fails, hangs or is
/// [`Contended`](Outcome::Contended) delays no other. A committer that is started without one has a flusher of its own.
///
/// It is a handle: clones share the task, which ends with the last of them and the last committer.
#[derive(Clone)]
pub struct Flusher {
    pub(crate) store: Arc<dyn CheckpointStore>,
    shared: Arc<Shared>,
}

struct Shared {
    members: Arc<Members>,
    next: AtomicU64,
    looks: UnboundedSender<Member>,
    task: AbortHandle,
}

type Members = Mutex<HashMap<Member, Arc<Ledger>>>;

impl Flusher {
    /// The interval of [`new`](Self::new).
    pub const INTERVAL: Duration = Duration::from_millis(100);
    /// The timeout of [`new`](Self::new).
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// A flusher that writes at most every [`INTERVAL`](Self::INTERVAL), and waits for the store for [`TIMEOUT`](Self::TIMEOUT).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime: it starts a task.
    #[must_use]
    pub fn new(store: Arc<dyn CheckpointStore>) -> Self {
        Self::with(store, Self::INTERVAL, Self::TIMEOUT)
    }

    /// A flusher that begins a write at most every `interval`, save where somebody waits for a flush. A write that takes longer than `timeout`
    /// counts as failed, with an unknown result.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime: it starts a task.
    #[must_use]
    pub fn with(store: Arc<dyn CheckpointStore>, interval: Duration, timeout: Duration) -> Self {
        let (looks, looked) = unbounded_channel();
        let members = Arc::<Members>::default();
        let desk = Desk::new(Arc::clone(&store), Arc::clone(&members), interval, timeout);
        let task = tokio::spawn(desk.run(looked)).abort_handle();
        Self { store, shared: Arc::new(Shared { members, next: AtomicU64::new(0), looks, task }) }
    }

    /// A committer over this flusher's store.
    pub fn committer(&self, id: CheckpointId) -> CommitterBuilder {
        CommitterBuilder::over(self.clone(), id)
    }

    /// A number for a new member, and where it asks to be looked at.
    pub(crate) fn seat(&self) -> (Member, UnboundedSender<Member>) {
        (self.shared.next.fetch_add(1, Ordering::Relaxed), self.shared.looks.clone())
    }

    pub(crate) fn join(&self, member: Member, ledger: Arc<Ledger>) {
        self.shared.members.lock().unwrap_or_else(PoisonError::into_inner).insert(member, ledger);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher").field("store", &self.store).finish_non_exhaustive()
    }
}

/// What the task has before it.
struct Desk {
    store: Arc<dyn CheckpointStore>,
    members: Arc<Members>,
    interval: Duration,
    timeout: Duration,
    last_write: Option<Instant>,
    /// Whether one of those that are due does not wait for the interval.
    urgent: bool,
    due: Vec<Member>,
    /// Those that are due or in a write: they are looked at again when it has ended.
    busy: HashSet<Member>,
    deadlines: Deadlines,
    writes: JoinSet<Vec<Member>>,
}

impl Desk {
    fn new(store: Arc<dyn CheckpointStore>, members: Arc<Members>, interval: Duration, timeout: Duration) -> Self {
        Self {
            store,
            members,
            interval,
            timeout,
            last_write: None,
            urgent: false,
            due: Vec::new(),
            busy: HashSet::new(),
            deadlines: Deadlines::default(),
            writes: JoinSet::new(),
        }
    }

    async fn run(mut self, mut looks: UnboundedReceiver<Member>) {
        loop {
            let wake = self.wake_at();
            tokio::select! {
                Some(member) = looks.recv() => {
                    self.look(member);
                    while let Ok(member) = looks.try_recv() {
                        self.look(member);
                    }
                }
                Some(ended) = self.writes.join_next() => {
                    for member in ended.unwrap_or_default() {
                        self.busy.remove(&member);
                        self.look(member);
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    while let Some(member) = self.deadlines.pop(Instant::now()) {
                        self.look(member);
                    }
                }
                // Nobody is left who could ask for anything. The task is aborted then, but may come here before that reaches it.
                else => return,
            }
            self.write();
        }
    }

    /// The next time at which there is something to do without anybody asking for it.
    fn wake_at(&self) -> Option<Instant> {
        let write = if self.due.is_empty() { None } else { self.pause_ends() };
        write.into_iter().chain(self.deadlines.first()).min()
    }

    /// Before then nothing is written, as long as nothing is urgent.
    fn pause_ends(&self) -> Option<Instant> {
        Some(self.last_write? + self.interval).filter(|end| !self.urgent && Instant::now() < *end)
    }

    fn ledger(&self, member: Member) -> Option<Arc<Ledger>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).get(&member).map(Arc::clone)
    }

    fn look(&mut self, member: Member) {
        let Some(ledger) = self.ledger(member) else { return };
        if self.busy.contains(&member) {
            self.urgent |= ledger.is_urgent();
            return;
        }
        self.deadlines.remove(member);
        match ledger.next(Instant::now()) {
            Next::Ended => {
                self.members.lock().unwrap_or_else(PoisonError::into_inner).remove(&member);
            }
            Next::Store { urgent } => {
                self.busy.insert(member);
                self.due.push(member);
                self.urgent |= urgent;
            }
            Next::Wait(deadline) => self.deadlines.set(member, deadline),
        }
    }

    /// Begins the writes that are due.
    fn write(&mut self) {
        if self.pause_ends().is_some() {
            return;
        }
        while !self.due.is_empty() && self.writes.len() < WRITES_AT_ONCE {
            let group = self.next_group();
            let write = write(Arc::clone(&self.store), self.timeout, group);
            self.writes.spawn(write);
            self.last_write = Some(Instant::now());
        }
        self.urgent &= !self.due.is_empty();
    }

    /// The first of those that are due, with as many others as may go into the same write.
    fn next_group(&mut self) -> Vec<(Member, Arc<Ledger>)> {
        let mut group = Vec::new();
        let mut most = BATCH;
        while let Some(member) = self.due.pop() {
            let Some(ledger) = self.ledger(member) else { continue };
            most = most.min(ledger.group());
            if group.len() >= most {
                self.due.push(member);
                break;
            }
            group.push((member, ledger));
        }
        group
    }
}

/// Stores what is new of a group, and answers who was in it.
async fn write(store: Arc<dyn CheckpointStore>, limit: Duration, group: Vec<(Member, Arc<Ledger>)>) -> Vec<Member> {
    for (_, ledger) in &group {
        ledger.move_receipts().await;
    }
    let now = Instant::now();
    let begun = group.iter().filter_map(|(_, ledger)| Some((ledger, ledger.begin(now)?)));
    let (ledgers, writes): (Vec<_>, Vec<_>) = begun.unzip();
    let outcomes = timeout(limit, send(&*store, &writes)).await;
    let now = Instant::now();
    match outcomes {
        Ok(Ok(outcomes)) => {
            for (ledger, outcome) in ledgers.iter().zip(outcomes) {
                ledger.finish(Ok(outcome), usize::MAX, now);
            }
        }
        failed => {
            let (error, next) = match failed {
                Ok(Err(error)) if error.is_retryable() => (error, usize::MAX),
                Ok(Err(error)) => (error, 1),
                _ => (too_slow(limit).with_store(store.name()), (writes.len() / SMALLER).max(1)),
            };
            ledgers.iter().for_each(|ledger| ledger.finish(Err(&error), next, now));
        }
    }
    group.into_iter().map(|(member, _)| member).collect()
}

async fn send(store: &dyn CheckpointStore, writes: &[Write]) -> Result<Vec<Outcome>> {
    match writes {
        [] => Ok(Vec::new()),
        [write] => Ok(vec![store.write(write).await?]),
        writes => store.write_many(writes).await,
    }
}

fn too_slow(limit: Duration) -> Error {
    let message =
        format!("the store did not answer within {limit:?}: see whether it is overloaded or cannot be reached");
    Error::new(ErrorKind::Unavailable, message).with_applied(Applied::Unknown).with_operation(Operation::WriteMany)
}

/// When to look at whom.
#[derive(Default)]
struct Deadlines {
    in_order: BTreeSet<(Instant, Member)>,
    of: HashMap<Member, Instant>,
}

impl Deadlines {
    fn first(&self) -> Option<Instant> {
        self.in_order.first().map(|(at, _)| *at)
    }

    fn set(&mut self, member: Member, deadline: Option<Instant>) {
        if let Some(at) = deadline {
            self.of.insert(member, at);
            self.in_order.insert((at, member));
        }
    }

    fn remove(&mut self, member: Member) {
        if let Some(at) = self.of.remove(&member) {
            self.in_order.remove(&(at, member));
        }
    }

    /// One whose time has come.
    fn pop(&mut self, now: Instant) -> Option<Member> {
        let (_, member) = *self.in_order.first().filter(|(at, _)| *at <= now)?;
        self.remove(member);
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use checkpoint_memory::MemoryStore;
    use tokio::sync::mpsc::unbounded_channel;

    use super::{Desk, Flusher, Members};

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_where_nobody_is_left() {
        let store = Arc::new(MemoryStore::new());
        let desk = Desk::new(store, Arc::<Members>::default(), Flusher::INTERVAL, Flusher::TIMEOUT);
        let (looks, looked) = unbounded_channel();
        drop(looks);
        desk.run(looked).await;
    }
}
