//! Many committers that share a flusher.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use checkpoint_commit::strategy::{always, every};
use checkpoint_commit::{Committer, Flusher, Verdict};
use checkpoint_core::{CheckpointId, CheckpointStore, Error, ErrorKind, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;

use crate::common::A_MINUTE;

/// Refuses a write of the id `bad`, or answers that it is contended, and hangs on `hangs`.
#[derive(Debug, Default)]
struct PickyStore {
    store: MemoryStore,
    single: AtomicUsize,
    many: AtomicUsize,
    contended: AtomicUsize,
}

#[async_trait]
impl CheckpointStore for PickyStore {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.store.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.single.fetch_add(1, Ordering::Relaxed);
        self.answer(write).await
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        self.many.fetch_add(1, Ordering::Relaxed);
        let mut outcomes = Vec::new();
        for write in writes {
            outcomes.push(self.answer(write).await?);
        }
        Ok(outcomes)
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.store.claim(id, owner).await
    }
}

impl PickyStore {
    async fn answer(&self, write: &Write) -> Result<Outcome> {
        match write.checkpoint.id.as_str() {
            "bad" => Err(Error::new(ErrorKind::Corrupt, "the record of \"bad\" is damaged")),
            "hangs" => std::future::pending().await,
            "held" if self.contended.fetch_add(1, Ordering::Relaxed) < 5 => Ok(Outcome::Contended),
            _ => self.store.write(write).await,
        }
    }
}

async fn start(flusher: &Flusher, id: &str) -> Committer {
    flusher.committer(CheckpointId::new(id).unwrap()).strategy(always()).start().await.unwrap()
}

async fn handle(committer: &Committer, position: u64) {
    committer.track(position).await.unwrap().unwrap().ack();
}

#[tokio::test(start_paused = true)]
async fn what_is_due_goes_out_in_one_write() {
    let store = Arc::new(PickyStore::default());
    let flusher = Flusher::new(Arc::<PickyStore>::clone(&store));
    let mut committers = Vec::new();
    for number in 0..500 {
        let id = CheckpointId::new(format!("orders-{number}")).unwrap();
        committers.push(flusher.committer(id).strategy(every(10)).start().await.unwrap());
    }
    for committer in &committers {
        for position in 1..=10 {
            handle(committer, position).await;
        }
    }
    for committer in &committers {
        let mut status = committer.watch();
        while committer.status().stored != Some(10) {
            let _changed = tokio::time::timeout(Duration::from_millis(50), status.changed()).await;
        }
    }
    let (single, many) = (store.single.load(Ordering::Relaxed), store.many.load(Ordering::Relaxed));
    assert!(single + many <= 3, "{single} and {many} writes for 500 checkpoints");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_hangs_or_is_held_delays_no_other() {
    let store = Arc::new(PickyStore::default());
    let flusher = Flusher::new(Arc::<PickyStore>::clone(&store));
    let mut committers = Vec::new();
    for id in ["bad", "hangs", "held", "a", "b", "c"] {
        committers.push(start(&flusher, id).await);
    }
    for committer in &committers {
        handle(committer, 1).await;
    }
    for committer in &committers[2..] {
        tokio::time::timeout(2 * A_MINUTE, committer.flush()).await.expect("it is stored").unwrap();
    }
    assert_eq!(committers[0].status().verdict, Verdict::StoreFailing);
    // From now on they are apart: the others do not even wait for a batch that fails.
    for committer in &committers[3..] {
        handle(committer, 2).await;
        tokio::time::timeout(Duration::from_secs(1), committer.flush()).await.expect("it is stored at once").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn its_task_ends_with_the_last_handle() {
    let store = Arc::new(PickyStore::default());
    let flusher = Flusher::new(Arc::<PickyStore>::clone(&store));
    let committer = start(&flusher, "a").await;
    drop(flusher);
    handle(&committer, 1).await;
    committer.flush().await.unwrap();
    let ticket = committer.track(2).await.unwrap().unwrap();
    drop(committer);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&store), 1);
    ticket.ack();
}
