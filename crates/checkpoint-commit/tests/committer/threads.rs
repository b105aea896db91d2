//! Many threads complete at once, by the real clock.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::Committer;
use checkpoint_commit::strategy::{Strategy, always, every, manual};
use checkpoint_core::{CheckpointStore, CheckpointStoreExt};
use checkpoint_memory::MemoryStore;

use crate::common::id;

const EVENTS: u64 = 20_000;

/// A wake-up that got lost would leave `track` waiting for room, or the last events unstored, for ever.
async fn handled_by_tasks(strategy: Strategy) {
    let store: Arc<dyn CheckpointStore> = Arc::new(MemoryStore::new());
    let committer = Committer::builder(Arc::clone(&store), id()).strategy(strategy).window(100).start().await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
    let handlers: Vec<_> = (0..8)
        .map(|_| {
            let receiver = Arc::clone(&receiver);
            tokio::spawn(async move {
                loop {
                    let Some(ticket) = receiver.lock().await.recv().await else { return };
                    tokio::task::yield_now().await;
                    checkpoint_commit::Ticket::ack(ticket);
                }
            })
        })
        .collect();
    for position in 1..=EVENTS {
        let ticket = committer.track(position).await.unwrap().unwrap();
        sender.send(ticket).await.unwrap();
    }
    drop(sender);
    let report = committer.close(Duration::from_secs(60)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(store.load(&id()).await.unwrap().position, Some(EVENTS));
    for handler in handlers {
        handler.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost() {
    for strategy in [always(), every(7), Strategy::default(), manual()] {
        handled_by_tasks(strategy).await;
    }
}
