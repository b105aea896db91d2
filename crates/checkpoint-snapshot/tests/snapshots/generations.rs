//! Which snapshots are kept, gone back to and deleted.

use std::sync::Arc;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointId, CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Model, SaveError, Snapshots};
use checkpoint_testkit::{Fault, FaultyStore};

use crate::models::{by_hand, handle, id};
use crate::tools::{all_records, listed, load, plant, restored, save_at, split};

#[tokio::test]
async fn as_many_are_kept_as_was_said() {
    for keep in [0, 1, 2, 5] {
        let store = Arc::new(MemoryStore::new());
        let snapshots = by_hand(&store).generations(keep);
        save_at(&snapshots, (1..=7).map(|number| number * 10)).await;
        let kept = keep.max(1);
        let expected: Vec<_> = (0..u64::try_from(kept).unwrap()).map(|back| Some(70 - back * 10)).collect();
        assert_eq!(listed(&store).await, expected);
        let slots = store.list("~snapshot/sum/", None, 100).await.unwrap().len();
        assert_eq!(slots, kept + 1, "one more is there while it is written");
        // Breaks one after the other: each costs one more.
        for position in expected {
            let live = load(&snapshots).await;
            assert_eq!(live.resume_from(), position);
            drop(live);
            plant(&store, &chunk_at(&store, position).await, &b"broken"[..]).await;
        }
        assert_eq!(load(&snapshots).await.resume_from(), None);
    }
}

/// The record of the snapshot at a position: it has one.
async fn chunk_at(store: &MemoryStore, position: Option<u64>) -> String {
    let chunks = store.list("~snapshot/sum/", None, 100).await.unwrap();
    chunks.into_iter().find(|chunk| chunk.checkpoint.position == position).unwrap().checkpoint.id.to_string()
}

#[tokio::test]
async fn fewer_are_kept_from_the_next_save_on() {
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store).generations(4), [1, 2, 3, 4]).await;
    save_at(&by_hand(&store).generations(2), [5]).await;
    assert_eq!(listed(&store).await, [Some(5), Some(4)]);
}

#[tokio::test]
async fn a_broken_newest_one_costs_what_came_after_the_one_before() {
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store), [10, 20, 30]).await;
    plant(&store, &chunk_at(&store, Some(30)).await, &b"broken"[..]).await;
    let mut live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!((position, rejected.len(), rejected[0].0), (Some(20), 1, Some(3)));
    assert_eq!(live.status().saved.unwrap().number, 2);
    handle(&mut live, 25);
    live.save().await.unwrap();
    // What was rejected has made room, and not what is whole.
    assert_eq!(listed(&store).await, [Some(25), Some(20)]);
    let numbers: Vec<_> = by_hand(&store).list().await.unwrap().iter().map(|generation| generation.number).collect();
    assert_eq!(numbers, [4, 2]);
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(25));
}

#[tokio::test]
async fn going_back() {
    for (to, expected) in [(Some(100), Some(40)), (Some(40), Some(40)), (Some(39), Some(30)), (Some(20), Some(20))] {
        let store = Arc::new(MemoryStore::new());
        let snapshots = split(&store).generations(3);
        save_at(&snapshots, [10, 20, 30, 40]).await;
        let rewound = snapshots.rewind(to).await.unwrap();
        assert_eq!(rewound.as_ref().and_then(|generation| generation.position), expected);
        assert_eq!(listed(&store).await[0], expected, "later ones are forgotten");
        let live = load(&snapshots).await;
        assert_eq!((live.resume_from(), live.restored().rejected.len()), (expected, 0));
        assert_eq!(live.restored().generation, rewound);
        drop(live);
        save_at(&snapshots, [50, 60]).await;
        assert_eq!(load(&snapshots).await.resume_from(), Some(60));
    }
}

#[tokio::test]
async fn going_back_to_the_start() {
    for to in [Some(9), Some(0), None] {
        let store = Arc::new(MemoryStore::new());
        save_at(&by_hand(&store), [10, 20]).await;
        assert_eq!(by_hand(&store).rewind(to).await.unwrap(), None);
        assert!(listed(&store).await.is_empty());
        let live = load(&by_hand(&store)).await;
        assert_eq!((live.resume_from(), live.restored().rejected.len()), (None, 0));
        drop(live);
        save_at(&by_hand(&store), [3]).await;
        assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(3));
    }
    let store = Arc::new(MemoryStore::new());
    assert_eq!(by_hand(&store).rewind(Some(5)).await.unwrap(), None, "there was never anything");
    assert_eq!(load(&by_hand(&store)).await.resume_from(), None);
}

#[tokio::test]
async fn going_back_fences_who_saves() {
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store), [10]).await;
    let mut live = load(&by_hand(&store)).await;
    handle(&mut live, 20);
    by_hand(&store).rewind(Some(10)).await.unwrap();
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Fenced { epoch: 3 }))));
    assert!(live.apply(21, |_| panic!("it is not for this model any more")).is_err());
    assert_eq!(live.status().ended, Some(Ended::Fenced { epoch: 3 }));
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(10));
}

#[tokio::test]
async fn nothing_is_listed_or_deleted_where_there_is_nothing() {
    let store = Arc::new(MemoryStore::new());
    assert!(by_hand(&store).list().await.unwrap().is_empty());
    assert!(by_hand(&store).delete().await.unwrap().is_empty());
    assert!(all_records(&*store).await.is_empty(), "neither has claimed it");
}

/// Has its values in a table.
struct Table;

impl Model for Table {
    const NAME: &'static str = "table";

    fn save(&self, _bucket: &mut Bucket) -> Result<(), BucketError> {
        Ok(())
    }

    fn restore(&mut self, _bucket: &Bucket) -> Result<(), CannotRestore> {
        Ok(())
    }

    fn references(&self) -> Vec<String> {
        vec!["table delays".to_owned(), "bucket s3://delays".to_owned()]
    }
}

#[tokio::test]
async fn who_deletes_is_told_what_is_left_elsewhere() {
    let store = Arc::new(MemoryStore::new());
    let others = [id("sums"), id("sum/other"), id("sum/snapshots/0")];
    for other in &others {
        store.claim(other, "somebody else").await.unwrap();
    }
    let snapshots = by_hand(&store);
    let mut live = snapshots.load(|| Table).await.unwrap();
    live.apply(1, |_| ()).unwrap();
    live.save().await.unwrap();
    assert_eq!(snapshots.list().await.unwrap()[0].references, ["table delays", "bucket s3://delays"]);
    let deleted = snapshots.delete().await.unwrap();
    assert_eq!((deleted.len(), deleted[0].references.len()), (1, 2));
    let left: Vec<CheckpointId> = all_records(&*store).await.into_iter().map(|record| record.checkpoint.id).collect();
    assert_eq!(left.len(), others.len(), "{left:?}");
    live.apply(2, |_| ()).unwrap();
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Missing))));
}

#[tokio::test]
async fn deleting_again_deletes_what_is_left() {
    for failing in 0.. {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        save_at(&split(&store), [10, 20]).await;
        let faults = std::iter::repeat_n(Fault::None, failing).chain([Fault::Refuse]);
        store.script(Operation::Delete, faults);
        let deleted = split(&store).delete().await;
        store.script(Operation::Delete, []);
        if deleted.is_ok() {
            assert!(failing > 6, "{failing}");
            break;
        }
        split(&store).delete().await.unwrap();
        assert!(all_records(&*store).await.is_empty());
    }
}

#[tokio::test]
async fn an_id_that_is_too_long_says_so() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = |length| Snapshots::new(Arc::<MemoryStore>::clone(&store), id(&"x".repeat(length)));
    assert!(snapshots(480).load(crate::models::Sum::default).await.is_ok());
    let error = snapshots(481).load(crate::models::Sum::default).await.unwrap_err();
    assert!(error.to_string().contains("is too long for snapshots"), "{error}");
}
