//! Saving in a transaction of the caller's, for which a list of writes stands here: all of them are made, or none.

use std::error::Error;
use std::sync::Arc;

use checkpoint_commit::{CommitError, Ended};
use checkpoint_core::{CheckpointStore, Outcome, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, SaveError, Snapshots, Unsaved};

use crate::models::{Sum, handle, id};
use crate::tools::{listed, load, save_at, split};

type Failure = Box<dyn Error + Send + Sync>;

fn snapshots(store: &Arc<MemoryStore>) -> Snapshots {
    split(store).by_hand()
}

/// Commits by making the writes. A transaction sees what it has written itself, so what is missing is known by the second time.
async fn commit(store: &MemoryStore, unsaved: Unsaved) -> Result<Outcome, Failure> {
    unsaved.write_with(async |write: Write| Ok(store.write(&write).await?)).await
}

async fn begun(last: u64) -> (Arc<MemoryStore>, Live<Sum>) {
    let store = Arc::new(MemoryStore::new());
    save_at(&snapshots(&store), [10, 20]).await;
    let mut live = load(&snapshots(&store)).await;
    handle(&mut live, last);
    (store, live)
}

#[tokio::test]
async fn what_is_committed_is_saved() {
    let (store, mut live) = begun(30).await;
    for last in [30, 40, 50] {
        handle(&mut live, last);
        live.save_in(async |unsaved| commit(&store, unsaved).await).await.unwrap();
        assert_eq!((live.status().unsaved, live.status().saved.unwrap().position), (0, Some(last)));
        assert_eq!(listed(&*store).await[0], Some(last));
    }
    live.save_in(async |_| -> Result<Outcome, Failure> { panic!("there is nothing to save") }).await.unwrap();
    // It goes on with saves of its own.
    handle(&mut live, 60);
    live.save().await.unwrap();
    assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(60));
}

#[tokio::test]
async fn who_is_fenced_commits_nothing() {
    let (store, mut live) = begun(30).await;
    let newer = load(&snapshots(&store)).await;
    let outcome = live.save_in(async |unsaved| commit(&store, unsaved).await).await;
    assert!(matches!(outcome, Err(CommitError::Ended(Ended::Fenced { epoch: 3 }))), "{outcome:?}");
    let again = live.save_in(async |_| -> Result<Outcome, Failure> { panic!("it has ended") }).await;
    assert!(matches!(again, Err(CommitError::Ended(Ended::Fenced { epoch: 3 }))));
    drop(newer);
    assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(20));
}

#[tokio::test]
async fn a_checkpoint_that_is_gone() {
    let (store, mut live) = begun(30).await;
    store.delete(&id("sum")).await.unwrap();
    let outcome = live.save_in(async |unsaved| commit(&store, unsaved).await).await;
    assert!(matches!(outcome, Err(CommitError::Ended(Ended::Missing))), "{outcome:?}");
}

/// Whether it was committed is not known then, so the model has ended: what the store holds is loaded again.
#[tokio::test]
async fn a_transaction_that_fails_ends_the_model() {
    for is_committed in [false, true] {
        let (store, mut live) = begun(30).await;
        let failed = live
            .save_in(async |unsaved| {
                if is_committed {
                    assert_eq!(commit(&store, unsaved).await?, Outcome::Stored);
                }
                Err(Failure::from("the connection was lost"))
            })
            .await;
        assert!(matches!(&failed, Err(CommitError::Failed(error)) if error.to_string() == "the connection was lost"));
        assert!(live.apply(31, |_| panic!("it has ended")).is_err());
        assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Closed))));
        let expected = if is_committed { 30 } else { 20 };
        assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(expected));
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_ends_the_model() {
    let (store, mut live) = begun(30).await;
    let mut call = Box::pin(live.save_in(async |_| -> Result<Outcome, Failure> { std::future::pending().await }));
    tokio::select! {
        biased;
        _ = &mut call => panic!("it waits"),
        () = tokio::task::yield_now() => {}
    }
    drop(call);
    assert!(live.apply(31, |_| ()).is_err());
    assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(20));
}

#[tokio::test]
async fn a_model_that_is_too_large_begins_no_transaction() {
    let (store, live) = begun(30).await;
    drop(live);
    let mut live = load(&snapshots(&store).limit(10)).await;
    handle(&mut live, 30);
    let failed = live.save_in(async |_| -> Result<Outcome, Failure> { panic!("there is nothing to write") }).await;
    let Err(CommitError::Failed(error)) = failed else { panic!("{failed:?}") };
    assert!(matches!(error.downcast_ref(), Some(SaveError::TooLarge { limit: 10, .. })), "{error}");
}
