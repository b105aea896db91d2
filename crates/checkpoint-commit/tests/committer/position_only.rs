//! Stores that hold a position and nothing else.

use std::sync::Arc;

use checkpoint_commit::{Committer, CommitterBuilder, Ended, Ticket};
use checkpoint_core::{
    Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, Error, ErrorKind, Outcome, Record, Result, Write,
    async_trait,
};
use checkpoint_memory::MemoryStore;

use crate::common::{A_MINUTE, id, ticket, tickets, until_stored};

/// No claims, no epochs, no states, as in the layouts of Eventuous.
#[derive(Debug, Default)]
struct Bare(MemoryStore);

#[async_trait]
impl CheckpointStore for Bare {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.0.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        if write.epoch > 0 || !write.state.is_empty() {
            return Err(Error::new(ErrorKind::Unsupported, "there is a position and nothing else"));
        }
        self.0.write(write).await
    }
}

fn builder(store: &Arc<Bare>) -> CommitterBuilder {
    let store: Arc<dyn CheckpointStore> = Arc::<Bare>::clone(store);
    Committer::builder(store, id())
}

async fn start(store: &Arc<Bare>) -> Committer {
    builder(store).position_only().start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_store_without_claims_is_refused_unless_it_is_asked_for() {
    let error = builder(&Arc::default()).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("position_only"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_handled_behind_an_open_event_comes_again_and_is_counted() {
    let store = Arc::default();
    let committer = start(&store).await;
    let mut open = tickets(&committer, 1..=10).await;
    let blocker = open.remove(2);
    open.into_iter().for_each(Ticket::ack);
    committer.flush().await.unwrap();
    let status = committer.status();
    assert_eq!((status.stored, status.redelivered, status.open), (Some(2), 7, 1));
    for position in 11..=50 {
        ticket(&committer, position).await.ack(); // behind a gap that is not stored, it goes on
    }
    assert_eq!(committer.status().redelivered, 47);
    drop(blocker);

    let report = committer.close(std::time::Duration::ZERO).await;
    assert_eq!((report.stored, report.redelivered, report.open), (Some(2), 47, 1));
    let committer = start(&store).await;
    assert_eq!(committer.resume_from(), Some(2));
    tickets(&committer, 3..=50).await.into_iter().for_each(Ticket::ack);
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!(store.load(&id()).await.unwrap().position, Some(50));
}

#[tokio::test(start_paused = true)]
async fn of_two_neither_goes_back_and_the_slower_one_ends() {
    let store = Arc::default();
    let [slower, faster] = [start(&store).await, start(&store).await];
    tickets(&faster, 1..=200).await.into_iter().for_each(Ticket::ack);
    until_stored(&faster, 200).await;
    ticket(&slower, 1).await.ack();
    assert_eq!(slower.flush().await, Err(Ended::Overtaken { position: 200 }));
    assert_eq!(store.load(&id()).await.unwrap().position, Some(200));
}

#[tokio::test(start_paused = true)]
async fn a_state_that_was_stored_before_is_used_once() {
    let memory = MemoryStore::new();
    let with_state: Arc<dyn CheckpointStore> = Arc::new(memory);
    let committer = Committer::builder(Arc::clone(&with_state), id()).start().await.unwrap();
    let mut open = tickets(&committer, 1..=3).await;
    let _blocker = open.remove(0);
    open.into_iter().for_each(Ticket::ack);
    committer.flush().await.unwrap();
    drop(committer);

    let committer = Committer::builder(Arc::clone(&with_state), id()).position_only().start().await.unwrap();
    ticket(&committer, 1).await.ack();
    for position in [2, 3] {
        assert!(committer.track(position).await.unwrap().is_none(), "it was handled before");
    }
    ticket(&committer, 4).await.ack();
    assert!(committer.close(A_MINUTE).await.is_clean());
    let record = with_state.read(&id()).await.unwrap().unwrap();
    assert_eq!((record.checkpoint, record.epoch, record.state.len()), (Checkpoint::new(id(), 4), 1, 0));
}
