//! A store whose writes wait until the test lets them through, one by one.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use tokio::sync::Semaphore;

/// Several may stand before one store: what one lets through the others do not see.
pub(crate) struct Stepped<S> {
    store: Arc<S>,
    permitted: Semaphore,
    done: Semaphore,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
}

impl<S: CheckpointStore> Stepped<S> {
    pub(crate) fn new(store: &Arc<S>) -> Arc<Self> {
        let (store, none) = (Arc::clone(store), || Semaphore::new(0));
        let (waiting, most_waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { store, permitted: none(), done: none(), waiting, most_waiting })
    }

    /// Lets one write through while `saving` goes on, and waits until it is done; or answers what `saving` does, which has ended
    /// before.
    pub(crate) async fn step<F: Future + ?Sized>(&self, saving: &mut Pin<Box<F>>) -> Option<F::Output> {
        self.permitted.add_permits(1);
        tokio::select! {
            biased;
            done = self.done.acquire() => {
                done.unwrap().forget();
                None
            }
            output = saving => Some(output),
        }
    }

    /// Lets so many through, whenever they come.
    pub(crate) fn permit(&self, writes: usize) {
        self.permitted.add_permits(writes);
    }

    /// Waits until so many writes are done.
    pub(crate) async fn done(&self, writes: u32) {
        self.done.acquire_many(writes).await.unwrap().forget();
    }

    /// How many writes have waited at the same time, at most.
    pub(crate) fn most_waiting(&self) -> usize {
        self.most_waiting.load(Ordering::Relaxed)
    }
}

/// Counts one that waits, also where it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl<S: CheckpointStore> CheckpointStore for Stepped<S> {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.store.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_waiting.fetch_max(waiting, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        self.permitted.acquire().await.unwrap().forget();
        let outcome = self.store.write(write).await;
        self.done.add_permits(1);
        outcome
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.store.claim(id, owner).await
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        self.store.delete(id).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.store.list(prefix, after, limit).await
    }
}

impl<S> fmt::Debug for Stepped<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stepped")
    }
}
