//! A process that was taken over and does not know it: whatever it still writes, it damages nothing.

use std::sync::Arc;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, SaveError};
use tokio::sync::Semaphore;

use crate::models::{Sum, handle, saved_at, split, whole};

/// A store whose writes wait until they are let through, one by one.
#[derive(Debug)]
struct Gate {
    store: Arc<MemoryStore>,
    writes: Semaphore,
}

#[async_trait]
impl CheckpointStore for Gate {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.store.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.writes.acquire().await.unwrap().forget();
        self.store.write(write).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.store.claim(id, owner).await
    }
}

impl Gate {
    fn new(store: &Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self { store: Arc::clone(store), writes: Semaphore::new(0) })
    }

    /// Lets so many writes through, and waits until they are made or there are no more.
    async fn let_through(&self, writes: usize, saver: &tokio::task::JoinHandle<Saved>) {
        self.writes.add_permits(writes);
        while self.writes.available_permits() > 0 && !saver.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}

type Saved = (Live<Sum>, Result<(), SaveError>);

/// Handles up to a position and saves, beside.
fn save_beside(mut live: Live<Sum>, last: u64) -> tokio::task::JoinHandle<Saved> {
    tokio::spawn(async move {
        handle(&mut live, last);
        let saved = live.save().await;
        (live, saved)
    })
}

/// More than a save has: three chunks that are created, and the list.
const MOST_WRITES: usize = 10;

#[tokio::test]
async fn whatever_the_older_one_still_writes_damages_nothing() {
    for (first, second) in (0..=MOST_WRITES).flat_map(|first| (0..=MOST_WRITES).map(move |second| (first, second))) {
        let memory = Arc::new(MemoryStore::new());
        let gates = [Gate::new(&memory), Gate::new(&memory)];
        gates[0].writes.add_permits(MOST_WRITES);
        let older = saved_at(&split(&gates[0]), &[10]).await;
        gates[0].writes.forget_permits(MOST_WRITES);

        let older = save_beside(older, 20);
        gates[0].let_through(first, &older).await;
        let newer = split(&gates[1]).load(Sum::default).await.unwrap();
        let begun = whole(&newer);
        let newer = save_beside(newer, 30);
        gates[1].let_through(second, &newer).await;
        gates[0].let_through(MOST_WRITES, &older).await;
        gates[1].let_through(MOST_WRITES, &newer).await;

        let (older, newer) = (older.await.unwrap(), newer.await.unwrap());
        newer.1.unwrap();
        match older.1 {
            Ok(()) => assert_eq!((first, begun), (MOST_WRITES, 20), "nobody had taken over yet"),
            Err(SaveError::Ended(Ended::Fenced { epoch: 2 })) => assert_eq!(begun, 10),
            Err(other) => panic!("{other}"),
        }
        let live = split(&memory).load(Sum::default).await.unwrap();
        assert_eq!((whole(&live), live.restored().rejected.len()), (30, 0), "{first} writes, then {second}");
    }
}

#[tokio::test]
async fn whoever_was_taken_over_handles_nothing_more() {
    let memory = Arc::new(MemoryStore::new());
    let mut older = saved_at(&split(&memory), &[10]).await;
    let _newer = split(&memory).load(Sum::default).await.unwrap();
    handle(&mut older, 11);
    let error = older.save().await.unwrap_err();
    assert_eq!(error.to_string(), Ended::Fenced { epoch: 2 }.to_string());
    assert!(older.apply(12, |sum| sum.add(12)).is_err());
    assert_eq!(older.save_when_due().await, Ended::Fenced { epoch: 2 });
    let closed = older.close(std::time::Duration::from_secs(1)).await;
    assert!(!closed.is_clean() && matches!(closed.error, Some(SaveError::Ended(_))));
    assert_eq!((closed.unsaved, closed.saved.unwrap().position), (1, Some(10)));
}
