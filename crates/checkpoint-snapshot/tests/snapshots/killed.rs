//! Processes that are killed after any number of writes.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_testkit::{Fault, FaultyStore};
use tokio::time::timeout;

use crate::models::handle;
use crate::tools::{load, record, save_at, split};

type Store = Arc<FaultyStore<MemoryStore>>;

/// Saves up to `last`, and is killed after so many writes; whether it has saved before.
async fn killed_after(store: &Store, writes: usize, last: u64, fault: Fault) -> bool {
    let mut live = load(&split(store)).await;
    handle(&mut live, last);
    store.script(Operation::Write, std::iter::repeat_n(Fault::None, writes).chain(std::iter::repeat(fault)));
    let result = timeout(Duration::from_secs(1), live.save()).await;
    drop(live);
    store.script(Operation::Write, []);
    result.is_ok_and(|saved| saved.is_ok())
}

/// What is restored is the last that was saved; it and the record agree.
async fn restored(store: &Store) -> Option<u64> {
    let live = load(&split(store)).await;
    assert!(live.restored().rejected.is_empty(), "nothing that was whole is broken");
    assert_eq!(record(&**store, "sum").await.checkpoint.position, live.resume_from());
    live.resume_from()
}

/// The write after the last one is not begun, or done without an answer.
#[tokio::test(start_paused = true)]
async fn at_each_write_of_a_save() {
    for saved in [&[][..], &[10], &[10, 20], &[10, 20, 30]] {
        for fault in [Fault::HangBefore, Fault::HangAfter] {
            let before = saved.last().copied();
            let mut arrived = 0;
            for writes in 0.. {
                let store = Arc::new(FaultyStore::new(MemoryStore::new()));
                save_at(&split(&store), saved.iter().copied()).await;
                let is_saved = killed_after(&store, writes, 40, fault).await;
                let now = restored(&store).await;
                assert!(now == before || now == Some(40), "{now:?}");
                assert!(!is_saved || now == Some(40));
                arrived += u32::from(now == Some(40));
                if is_saved {
                    assert!(writes > 3, "{writes}");
                    break;
                }
            }
            let expected = if fault == Fault::HangAfter { 2 } else { 1 };
            assert_eq!(arrived, expected, "only with its last write it is there");
        }
    }
}

/// Two, one after the other, in every combination; and after each one that goes on from there.
#[tokio::test(start_paused = true)]
async fn several_in_a_row() {
    for first in 0..13 {
        for second in 0..13 {
            let store = Arc::new(FaultyStore::new(MemoryStore::new()));
            save_at(&split(&store), [10, 20]).await;
            for (writes, last) in [(first, 30), (second, 40), (first, 50)] {
                let before = restored(&store).await;
                let is_saved = killed_after(&store, writes, last, Fault::HangBefore).await;
                assert_eq!(restored(&store).await, if is_saved { Some(last) } else { before });
            }
            save_at(&split(&store), [60, 70]).await;
            assert_eq!(restored(&store).await, Some(70));
            let records = store.list("~snapshot/sum/", None, 1000).await.unwrap();
            assert!(records.iter().all(|chunk| chunk.checkpoint.id.as_str() < "~snapshot/sum/3"), "no slot is lost");
        }
    }
}
