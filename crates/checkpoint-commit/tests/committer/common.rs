use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::{Committer, CommitterBuilder, Ticket};
use checkpoint_core::{CheckpointId, CheckpointStore, CheckpointStoreExt};
use checkpoint_memory::MemoryStore;
use checkpoint_testkit::FaultyStore;

pub(crate) type Store = Arc<FaultyStore<MemoryStore>>;

pub(crate) const A_MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn store() -> Store {
    Arc::new(FaultyStore::new(MemoryStore::new()))
}

pub(crate) fn id() -> CheckpointId {
    CheckpointId::new("orders").unwrap()
}

pub(crate) fn builder(store: &Store) -> CommitterBuilder {
    let store: Arc<dyn CheckpointStore> = Arc::<FaultyStore<MemoryStore>>::clone(store);
    Committer::builder(store, id())
}

pub(crate) async fn start(store: &Store) -> Committer {
    builder(store).start().await.unwrap()
}

/// The stored position, past all faults.
pub(crate) async fn stored(store: &Store) -> Option<u64> {
    store.inner().load(&id()).await.unwrap().position
}

pub(crate) async fn ticket(committer: &Committer, position: u64) -> Ticket {
    committer.track(position).await.unwrap().expect("it was not handled before")
}

pub(crate) async fn tickets(committer: &Committer, positions: impl IntoIterator<Item = u64>) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for position in positions {
        tickets.push(ticket(committer, position).await);
    }
    tickets
}

/// Waits until the position is stored; by the clock of the test, at most a minute.
pub(crate) async fn until_stored(committer: &Committer, position: u64) {
    let mut status = committer.watch();
    let reached = status.wait_for(|status| status.stored == Some(position));
    tokio::time::timeout(A_MINUTE, reached).await.expect("it is stored by now").expect("the committer is there");
}

/// Of these positions, the ones that are handed out after a restart.
pub(crate) async fn come_again(store: &Store, positions: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let committer = start(store).await;
    let mut again = Vec::new();
    for position in positions {
        if let Some(ticket) = committer.track(position).await.unwrap() {
            again.push(ticket.position());
        }
    }
    again
}
