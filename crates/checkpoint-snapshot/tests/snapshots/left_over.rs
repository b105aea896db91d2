//! Chunks that are left of a checkpoint that was deleted.

use std::sync::Arc;

use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_testkit::{Fault, FaultyStore};

use crate::models::id;
use crate::tools::{load, record, save_at, split};

/// Epochs begin anew, and those of the chunks do not: they must not fence who begins anew.
#[tokio::test]
async fn a_checkpoint_whose_record_alone_was_deleted_is_saved_again() {
    let store = Arc::new(MemoryStore::new());
    for position in [10, 20, 30, 40] {
        save_at(&split(&store), [position]).await;
    }
    store.delete(&id("sum")).await.unwrap();
    save_at(&split(&store), [3]).await;
    save_at(&split(&store), [4, 5, 6]).await;
    let live = load(&split(&store)).await;
    assert_eq!((live.resume_from(), live.restored().rejected.len()), (Some(6), 0));
    assert!(record(&*store, "sum").await.epoch > 4, "above those of the chunks");
}

#[tokio::test]
async fn after_a_delete_that_failed_half_way_it_begins_anew() {
    for failing in 1..7 {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        for position in [10, 20, 30, 40] {
            save_at(&split(&store), [position]).await;
        }
        let faults = std::iter::repeat_n(Fault::None, failing).chain([Fault::Refuse]);
        store.script(Operation::Delete, faults);
        split(&store).delete().await.unwrap_err();
        save_at(&split(&store), [3]).await;
        assert_eq!(load(&split(&store)).await.resume_from(), Some(3));
    }
}

/// What it is looked for with may fail at any time: the next load looks again.
#[tokio::test]
async fn what_is_left_is_looked_for_until_it_is_found() {
    for (operation, faults) in [
        (Operation::List, vec![Fault::Refuse]),
        (Operation::List, vec![Fault::None, Fault::Refuse]),
        (Operation::Write, vec![Fault::Refuse]),
        (Operation::Write, vec![Fault::LoseAnswer]),
        (Operation::Claim, vec![Fault::None, Fault::LoseAnswer]),
    ] {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        for position in [10, 20, 30, 40] {
            save_at(&split(&store), [position]).await;
        }
        store.inner().delete(&id("sum")).await.unwrap();
        store.script(operation, faults);
        assert!(split(&store).load(crate::models::Sum::default).await.is_err());
        save_at(&split(&store), [3, 4]).await;
        assert_eq!(load(&split(&store)).await.resume_from(), Some(4));
    }
}
