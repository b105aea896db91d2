//! Events in order, in transactions that hold the position as well.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::time::Duration;

use checkpoint_commit::strategy::{Strategy, after, every};
use checkpoint_commit::{CommitError, Ended, ExactlyOnce, TrackError};
use checkpoint_core::{CheckpointId, CheckpointStore, CheckpointStoreExt, Outcome, Result, Write};
use checkpoint_memory::MemoryStore;

fn id() -> CheckpointId {
    CheckpointId::new("totals").unwrap()
}

async fn start(store: &MemoryStore, strategy: Strategy) -> ExactlyOnce {
    ExactlyOnce::start(store, id(), "host:1", strategy).await.unwrap()
}

/// The transaction of these tests is the write alone.
async fn commit(store: &MemoryStore, consumer: &mut ExactlyOnce) -> Result<(), CommitError<checkpoint_core::Error>> {
    consumer.commit(async |write: Write| store.write(&write).await).await
}

#[tokio::test(start_paused = true)]
async fn the_strategy_says_when() {
    let store = MemoryStore::new();
    let mut consumer = start(&store, every(3).or(after(Duration::from_secs(5)))).await;
    assert_eq!((consumer.is_due(), consumer.due_in()), (false, None));
    consumer.handled(10, 0).unwrap();
    consumer.handled(20, 0).unwrap();
    assert_eq!((consumer.is_due(), consumer.due_in()), (false, Some(Duration::from_secs(5))));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(consumer.is_due());
    commit(&store, &mut consumer).await.unwrap();
    assert_eq!((consumer.resume_from(), consumer.uncommitted()), (Some(20), 0));
    for position in [30, 40, 50] {
        consumer.handled(position, 0).unwrap();
    }
    assert!(consumer.is_due());
    assert_eq!((consumer.resume_from(), consumer.handled_up_to(), consumer.uncommitted()), (Some(20), Some(50), 3));
    assert!(consumer.last_commit().unwrap().error.is_none());
}

#[tokio::test(start_paused = true)]
async fn nothing_handled_is_nothing_to_commit() {
    let store = MemoryStore::new();
    let mut consumer = start(&store, every(1)).await;
    let none = async |_| -> Result<Outcome, ()> { panic!("no transaction is needed") };
    consumer.commit(none).await.unwrap();
    consumer.handled(7, 0).unwrap();
    assert!(matches!(consumer.handled(7, 0), Err(TrackError::NotRising(_))));
    assert!(matches!(consumer.handled(1 << 63, 0), Err(TrackError::TooLarge { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_fenced_rolls_back_and_ends() {
    let store = MemoryStore::new();
    let mut stale = start(&store, every(1)).await;
    let mut current = start(&store, every(1)).await;
    stale.handled(1, 0).unwrap();
    current.handled(1, 0).unwrap();
    commit(&store, &mut current).await.unwrap();
    let fenced = Ended::Fenced { epoch: 2 };
    assert_eq!(
        stale.commit(async |write: Write| store.write(&write).await.map_err(|_| ())).await,
        Err(CommitError::Ended(fenced))
    );
    assert_eq!(stale.handled(2, 0), Err(TrackError::Ended(fenced)));
    assert_eq!(store.load(&id()).await.unwrap().position, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_failed_is_the_end_and_a_new_start_knows_where_it_stands() {
    let store = MemoryStore::new();
    for committed in [false, true] {
        let mut consumer = start(&store, every(1)).await;
        let next = consumer.resume_from().map_or(1, |position| position + 1);
        consumer.handled(next, 0).unwrap();
        let lost = async |write: Write| {
            if committed {
                assert!(store.write(&write).await.unwrap().is_stored());
            }
            Err::<Outcome, _>("the connection was lost")
        };
        assert_eq!(consumer.commit(lost).await, Err(CommitError::Failed("the connection was lost")));
        assert!(matches!(consumer.handled(next + 1, 0), Err(TrackError::Ended(_))));
        assert_eq!(start(&store, every(1)).await.resume_from(), committed.then_some(next));
    }
}
