//! After a write whose result is not known it is looked up what the record holds.

use std::iter::repeat_n;
use std::sync::Arc;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::SaveError;
use checkpoint_testkit::{Fault, FaultyStore};

use crate::models::{by_hand, handle, id};
use crate::tools::{listed, load, move_to, plant, save_at};

type Store = Arc<FaultyStore<MemoryStore>>;

async fn saved(positions: &[u64]) -> Store {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    save_at(&by_hand(&store), positions.iter().copied()).await;
    store
}

/// What was rejected makes room for the next also then: a snapshot that is whole would go for one that is not.
#[tokio::test]
async fn what_was_rejected_does_not_come_back() {
    for fault in [Fault::LoseCall, Fault::LoseAnswer] {
        for writes in 0..4 {
            let store = saved(&[10, 20]).await;
            plant(&*store, "~snapshot/sum/1/0", &b"broken"[..]).await;
            let mut live = load(&by_hand(&store)).await;
            assert_eq!(live.resume_from(), Some(10));
            handle(&mut live, 15);
            store.script(Operation::Write, repeat_n(Fault::None, writes).chain([fault]));
            let _in_doubt = live.save().await;
            store.script(Operation::Write, []);
            handle(&mut live, 16);
            live.save().await.unwrap();
            let listed = listed(&*store).await;
            assert_eq!(listed[0], Some(16));
            assert!(!listed.contains(&Some(20)), "{listed:?} after {fault:?} at {writes}");
        }
    }
}

#[tokio::test]
async fn what_somebody_did_meanwhile_ends_it() {
    for (fault, position, expected) in [
        (Fault::LoseCall, Some(10), Some(10)),
        (Fault::LoseCall, Some(25), Some(20)),
        (Fault::LoseCall, None, None),
        (Fault::LoseAnswer, Some(10), None),
        (Fault::LoseAnswer, Some(25), Some(20)),
    ] {
        let store = saved(&[10, 20]).await;
        let mut live = load(&by_hand(&store)).await;
        handle(&mut live, 30);
        let writes = if fault == Fault::LoseCall { 0 } else { 3 }; // the third chunk is new; then the list
        store.script(Operation::Write, repeat_n(Fault::None, writes).chain([fault]));
        live.save().await.unwrap_err();
        move_to(&*store, position).await;
        let result = live.save().await;
        assert!(matches!(result, Err(SaveError::Ended(Ended::Moved { position: at })) if at == position), "{result:?}");
        assert_eq!(load(&by_hand(&store)).await.resume_from(), expected);
    }
}

#[tokio::test]
async fn a_claim_or_a_delete_meanwhile_ends_it() {
    let in_doubt = async || {
        let store = saved(&[10, 20]).await;
        let mut live = load(&by_hand(&store)).await;
        handle(&mut live, 30);
        store.script(Operation::Write, [Fault::LoseCall]);
        live.save().await.unwrap_err();
        (store, live)
    };
    let (store, mut live) = in_doubt().await;
    store.claim(&id("sum"), "another").await.unwrap();
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Fenced { epoch: 3 }))));
    let (store, mut live) = in_doubt().await;
    by_hand(&store).delete().await.unwrap();
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Missing))));
}

/// Something that can be read neither then nor later is no reason to write over it.
#[tokio::test]
async fn a_list_that_was_damaged_meanwhile() {
    let store = saved(&[10, 20]).await;
    let mut live = load(&by_hand(&store)).await;
    handle(&mut live, 30);
    store.script(Operation::Write, repeat_n(Fault::None, 3).chain([Fault::LoseAnswer]));
    live.save().await.unwrap_err();
    plant(&*store, "sum", &b"broken"[..]).await;
    for _ in 0..2 {
        assert!(matches!(live.save().await, Err(SaveError::InDoubt(_))));
    }
}
