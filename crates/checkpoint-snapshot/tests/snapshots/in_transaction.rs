//! Saving in a transaction of the caller's. Here it is a copy of the store that takes the store's place.

use std::sync::Arc;

use checkpoint_commit::{CommitError, Ended};
use checkpoint_core::{CheckpointStore, Outcome, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, SaveError, Unsaved};

use crate::models::{Sum, copy_of, handle, record, split, whole};

/// What the transaction comes to: the store with it, and the outcome of the save.
async fn save_in(live: &mut Live<Sum>, store: &MemoryStore) -> (Arc<MemoryStore>, Result<(), CommitError<SaveError>>) {
    let transaction = copy_of(store).await;
    let saved = live
        .save_in(async |unsaved: Unsaved| {
            let write = async |write: Write| transaction.write(&write).await.map_err(SaveError::from);
            unsaved.write_with(write).await
        })
        .await;
    (transaction, saved)
}

#[tokio::test]
async fn what_is_committed_is_saved() {
    let store = Arc::new(MemoryStore::new());
    let mut live = split(&store).by_hand().load(Sum::default).await.unwrap();
    let mut committed = copy_of(&store).await;
    for last in [10, 20, 30] {
        handle(&mut live, last);
        let (transaction, saved) = save_in(&mut live, &committed).await;
        saved.unwrap();
        committed = transaction;
        assert_eq!((live.status().unsaved, record(&committed, "sum").await.checkpoint.position), (0, Some(last)));
    }
    let (same, saved) = save_in(&mut live, &committed).await;
    saved.unwrap();
    assert_eq!(record(&same, "sum").await.state, record(&committed, "sum").await.state, "there is nothing to save");
    assert_eq!(whole(&split(&committed).load(Sum::default).await.unwrap()), 30);
}

#[tokio::test]
async fn whoever_is_fenced_commits_nothing() {
    let store = Arc::new(MemoryStore::new());
    let mut live = split(&store).by_hand().load(Sum::default).await.unwrap();
    handle(&mut live, 10);
    let _newer = split(&store).load(Sum::default).await.unwrap();
    let (_, saved) = save_in(&mut live, &store).await;
    assert!(matches!(saved, Err(CommitError::Ended(Ended::Fenced { epoch: 2 }))), "{saved:?}");
    assert!(live.apply(11, |sum| sum.add(11)).is_err());
}

#[tokio::test]
async fn a_transaction_that_fails_is_the_end_of_the_model() {
    let store = Arc::new(MemoryStore::new());
    let mut live = split(&store).by_hand().load(Sum::default).await.unwrap();
    handle(&mut live, 10);
    let failed = live.save_in(async |_| Err::<Outcome, _>(SaveError::Stopped)).await;
    assert!(matches!(failed, Err(CommitError::Failed(SaveError::Stopped))));
    assert!(matches!(save_in(&mut live, &store).await.1, Err(CommitError::Ended(_))), "rows and model may differ now");
    assert_eq!(whole(&split(&store).load(Sum::default).await.unwrap()), 0);
}
