//! What goes well.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::CheckpointStore;
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::Snapshots;

use crate::models::{Sum, by_hand, handle, id};
use crate::tools::all_records;

#[tokio::test]
async fn a_model_goes_on_where_it_was_closed() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = by_hand(&store);
    let mut live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!((live.resume_from(), live.restored().generation.is_none()), (None, true));
    handle(&mut live, 10);
    let closed = live.close(Duration::from_secs(1)).await;
    assert!(closed.is_clean());

    let mut live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!((live.resume_from(), live.model()), (Some(10), &Sum::up_to(10)));
    assert_eq!(live.restored().generation, closed.saved);
    assert!(live.restored().rejected.is_empty());
    handle(&mut live, 20);
    live.save().await.unwrap();
    assert_eq!(live.model(), &Sum::up_to(20));
    assert_eq!(store.read(&id("sum")).await.unwrap().unwrap().checkpoint.position, Some(20));
}

#[tokio::test]
async fn a_large_model_is_split_over_records() {
    let store = Arc::new(MemoryStore::new());
    let snapshots = by_hand(&store).record_bytes(1000).compress_above(u64::MAX);
    let ballast = "ballast ".repeat(1250);
    let mut live = snapshots.load(Sum::default).await.unwrap();
    live.model_mut().ballast.clone_from(&ballast);
    for last in 1..=5 {
        handle(&mut live, last);
        live.save().await.unwrap();
    }

    let records = store.list("~snapshot/sum/", None, 100).await.unwrap();
    assert_eq!(records.len(), 3 * 11, "two are kept, and one more is being written");
    assert!(records.iter().all(|record| record.state.len() <= 1000));
    let live = snapshots.load(Sum::default).await.unwrap();
    assert_eq!(live.model(), &Sum { ballast, ..Sum::up_to(5) });
    let numbers: Vec<u64> = snapshots.list().await.unwrap().iter().map(|generation| generation.number).collect();
    assert_eq!(numbers, [5, 4]);

    assert_eq!(snapshots.delete().await.unwrap().len(), 2);
    assert!(all_records(&*store).await.is_empty());
}

#[tokio::test]
async fn deleting_one_leaves_those_of_similar_ids_alone() {
    let store = Arc::new(MemoryStore::new());
    let names = ["sum", "sum/0", "sum/0/1", "su"];
    for name in names {
        let mut live =
            Snapshots::new(Arc::<MemoryStore>::clone(&store), id(name)).by_hand().load(Sum::default).await.unwrap();
        handle(&mut live, 3);
        live.save().await.unwrap();
    }
    by_hand(&store).delete().await.unwrap();
    let left = store.list("~", None, 100).await.unwrap();
    let left: Vec<&str> = left.iter().map(|record| record.checkpoint.id.as_str()).collect();
    assert_eq!(left, ["~snapshot/su/0/0", "~snapshot/sum/0/0/0", "~snapshot/sum/0/1/0/0"]);
}
