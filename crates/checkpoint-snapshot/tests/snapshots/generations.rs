//! Several snapshots of a model: which are kept, and going back to one.

use std::sync::Arc;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointStore, ErrorKind, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{SaveError, Snapshots};
use checkpoint_testkit::{Fault, FaultyStore};

use crate::models::{Sum, by_hand, handle, id, plant, record, saved_at, whole};

async fn positions(snapshots: &Snapshots) -> Vec<Option<u64>> {
    snapshots.list().await.unwrap().iter().map(|generation| generation.position).collect()
}

#[tokio::test]
async fn as_many_are_kept_as_was_said() {
    for (keep, kept) in [(0, &[40][..]), (1, &[40]), (2, &[40, 30]), (3, &[40, 30, 20]), (9, &[40, 30, 20, 10])] {
        let store = Arc::new(MemoryStore::new());
        let snapshots = by_hand(&store).generations(keep);
        assert_eq!(positions(&snapshots).await, []);
        drop(saved_at(&snapshots, &[10, 20, 30, 40]).await);
        assert_eq!(positions(&snapshots).await, kept.iter().copied().map(Some).collect::<Vec<_>>());
        let slots = store.list("~", None, 100).await.unwrap().len();
        assert_eq!(slots, 4.min(keep.max(1) + 1), "one more, to write the next one to");
    }
}

#[tokio::test]
async fn the_list_says_what_there_is() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = by_hand(&store);
    let before = std::time::SystemTime::now();
    drop(saved_at(&snapshots, &[10, 20]).await);
    let newest = snapshots.list().await.unwrap().swap_remove(0);
    assert_eq!((newest.number, newest.position, &*newest.model, newest.version), (2, Some(20), "sum", 1));
    let chunk = record(&store, "~snapshot/sum/1/0").await.state;
    assert_eq!(newest.bytes + 8, u64::try_from(chunk.len()).unwrap(), "but for the header of the chunk");
    let age = newest.saved_at.duration_since(before).unwrap_or_else(|error| error.duration());
    assert!(age.as_secs() < 600, "{age:?}");
}

#[tokio::test]
async fn what_cannot_be_used_makes_room_for_the_next() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = by_hand(&store);
    drop(saved_at(&snapshots, &[10, 20]).await);
    plant(&store, "~snapshot/sum/1/0", b"broken".to_vec()).await;
    let mut live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!(whole(&live), 10);
    assert_eq!(live.restored().rejected[0].generation.as_ref().unwrap().position, Some(20));
    handle(&mut live, 30);
    live.save().await.unwrap();
    assert_eq!(positions(&snapshots).await, [Some(30), Some(10)]);
    assert_eq!(snapshots.list().await.unwrap()[0].number, 3, "no number is used again");
}

#[tokio::test]
async fn rewinding_forgets_what_came_later() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = by_hand(&store).generations(4);
    let mut live = saved_at(&snapshots, &[10, 20, 30, 40]).await;

    let went_to = snapshots.rewind(Some(35)).await.unwrap().unwrap();
    assert_eq!(went_to.position, Some(30));
    assert_eq!(record(&store, "sum").await.checkpoint.position, Some(30));
    handle(&mut live, 50);
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Fenced { .. }))), "it was running");

    let mut live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!((whole(&live), live.restored().rejected.len()), (30, 0));
    handle(&mut live, 45);
    live.save().await.unwrap();
    assert_eq!(positions(&snapshots).await, [Some(45), Some(30), Some(20), Some(10)]);

    assert_eq!(snapshots.rewind(Some(10)).await.unwrap().unwrap().position, Some(10));
    assert_eq!(whole(&snapshots.load(Sum::default).await.unwrap()), 10);
    assert_eq!(snapshots.rewind(Some(9)).await.unwrap(), None);
    let mut live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!((whole(&live), record(&store, "sum").await.checkpoint.position), (0, None));
    handle(&mut live, 5);
    live.save().await.unwrap();
    assert_eq!(positions(&snapshots).await, [Some(5)]);
}

#[tokio::test]
async fn what_is_no_list_is_not_rewound() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = by_hand(&store);
    drop(saved_at(&snapshots, &[10]).await);
    plant(&store, "sum", b"gap".to_vec()).await;
    for error in [snapshots.rewind(None).await.unwrap_err(), snapshots.list().await.unwrap_err()] {
        assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains("\"sum\""), "{error}");
    }
    assert_eq!(&record(&store, "sum").await.state[..], b"gap");
}

#[tokio::test]
async fn a_delete_that_failed_is_finished_by_the_next() {
    let memory = Arc::new(MemoryStore::new());
    for at in 0..3 {
        let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
        let snapshots = by_hand(&store);
        drop(saved_at(&snapshots, &[10, 20]).await);
        store.script(Operation::Delete, std::iter::repeat_n(Fault::None, at).chain([Fault::Refuse]));
        assert!(snapshots.delete().await.is_err());
        snapshots.delete().await.unwrap();
        let left = [memory.list("", None, 100).await.unwrap(), memory.list("~", None, 100).await.unwrap()];
        assert_eq!(left, [[], []]);
    }
}

#[tokio::test]
async fn ids_have_to_leave_room_for_those_of_the_records() {
    let store = Arc::new(MemoryStore::new());
    let of = |length: usize| Snapshots::new(Arc::<MemoryStore>::clone(&store), id(&"x".repeat(length))).by_hand();
    drop(saved_at(&of(480), &[1]).await);
    assert_eq!(whole(&of(480).load(Sum::default).await.unwrap()), 1);
    let error = of(481).load(Sum::default).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("too long"), "{error}");
    assert!(store.read(&id(&"x".repeat(481))).await.unwrap().is_none());
}
