//! Stores that fail, lose answers or hang, at each write of a split snapshot; and processes that are killed there.

use std::iter::repeat_n;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{SaveError, Snapshots};
use checkpoint_testkit::{Fault, FaultyStore};
use tokio::time::{Instant, timeout};

use crate::models::{Sum, copy_of, handle, id, plant, saved_at, split, whole};

type Faulty = Arc<FaultyStore<Arc<MemoryStore>>>;

fn faulty() -> (Arc<MemoryStore>, Faulty, Snapshots) {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
    let snapshots = split(&store);
    (memory, store, snapshots)
}

/// What a process finds that starts now.
async fn found(memory: &MemoryStore) -> u64 {
    whole(&split(&copy_of(memory).await).load(Sum::default).await.unwrap())
}

const FAULTS: [Fault; 5] = [Fault::Refuse, Fault::LoseCall, Fault::LoseAnswer, Fault::HangBefore, Fault::HangAfter];

/// With so many saved before, slots are new or have been used.
const BEFORE: [&[u64]; 3] = [&[], &[10], &[4, 6, 8, 10]];

#[tokio::test(start_paused = true)]
async fn a_fault_at_any_write_loses_nothing() {
    for (before, fault) in BEFORE.into_iter().flat_map(|before| FAULTS.map(|fault| (before, fault))) {
        for at in 0.. {
            let (memory, store, snapshots) = faulty();
            let mut live = saved_at(&snapshots, before).await;
            handle(&mut live, 20);
            store.script(Operation::Write, repeat_n(Fault::None, at).chain([fault]));
            let saved = live.save().await;
            let old = before.last().copied().unwrap_or(0);
            if saved.is_ok() {
                assert!(at > 3, "a save has at least four writes");
                break; // it has fewer writes
            }
            let found_then = found(&memory).await;
            assert!([old, 20].contains(&found_then), "{found_then}, with {fault:?} at {at}");

            handle(&mut live, 30);
            live.save().await.unwrap();
            assert_eq!(found(&memory).await, 30, "with {fault:?} at {at}");
            handle(&mut live, 40);
            live.save().await.unwrap();
            assert_eq!(found(&memory).await, 40, "with {fault:?} at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_at_any_write_leaves_what_was_saved() {
    for (before, last) in
        BEFORE.into_iter().flat_map(|before| [(before, Fault::HangBefore), (before, Fault::HangAfter)])
    {
        for at in 0.. {
            let (memory, store, snapshots) = faulty();
            let mut live = saved_at(&snapshots, before).await;
            handle(&mut live, 20);
            store.script(Operation::Write, repeat_n(Fault::None, at).chain([last]));
            let killed = timeout(Duration::from_secs(1), live.save()).await.is_err();
            drop(live);
            let mut live = split(&memory).load(Sum::default).await.unwrap();
            let old = before.last().copied().unwrap_or(0);
            assert!([old, 20].contains(&whole(&live)), "killed at {at}");
            handle(&mut live, 30);
            live.save().await.unwrap();
            assert_eq!(found(&memory).await, 30, "killed at {at}");
            if !killed {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_an_hour_is_tried_again_with_the_newest_model() {
    let (memory, store, snapshots) = faulty();
    let mut live = snapshots.strategy(checkpoint_commit::strategy::every(1)).load(Sum::default).await.unwrap();
    store.script(Operation::Write, std::iter::repeat(Fault::Refuse));
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(3600) {
        let next = live.resume_from().unwrap_or(0) + 1;
        handle(&mut live, next);
        assert!(timeout(Duration::from_secs(7), live.save_when_due()).await.is_err(), "it goes on");
    }
    assert!(live.status().last_save.is_some_and(|save| save.error.is_some()));
    assert_eq!(live.status().unsaved, live.resume_from().unwrap());

    store.script(Operation::Write, []);
    assert!(timeout(Duration::from_secs(21), live.save_when_due()).await.is_err());
    assert_eq!((live.status().unsaved, Some(found(&memory).await)), (0, live.resume_from()));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_not_waited_for_for_ever() {
    let (_, store, snapshots) = faulty();
    let mut live = saved_at(&snapshots.store_timeout(Duration::from_secs(3)), &[10]).await;
    handle(&mut live, 11);
    store.script(Operation::Write, std::iter::repeat(Fault::HangBefore));
    let begin = Instant::now();
    let error = live.save().await.unwrap_err();
    assert!(matches!(error, SaveError::Timeout(_)) && error.to_string().contains("3s"), "{error}");
    assert_eq!(begin.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_an_error_and_no_lost_snapshot() {
    let (_, store, snapshots) = faulty();
    drop(saved_at(&snapshots, &[10]).await);
    for at in 0..3 {
        store.script(Operation::Read, repeat_n(Fault::None, at).chain([Fault::Refuse]));
        assert!(snapshots.load(Sum::default).await.is_err());
    }
    store.script(Operation::Read, []);
    assert_eq!(whole(&snapshots.load(Sum::default).await.unwrap()), 10);
}

#[tokio::test]
async fn a_checkpoint_that_is_deleted_meanwhile_ends_the_model() {
    let (memory, _, snapshots) = faulty();
    let mut live = saved_at(&snapshots, &[10]).await;
    snapshots.delete().await.unwrap();
    handle(&mut live, 11);
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Missing))));
    assert!(live.apply(12, |sum| sum.add(12)).is_err());
    assert_eq!(live.model(), &Sum::up_to(11), "what is refused changes nothing");
    assert!(memory.read(&id("sum")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_model_that_is_too_large_is_not_saved_and_says_so() {
    let (_, _, snapshots) = faulty();
    let mut live = snapshots.limit(100).load(Sum::default).await.unwrap();
    handle(&mut live, 1);
    live.save().await.unwrap();
    live.model_mut().ballast = "x".repeat(200);
    handle(&mut live, 2);
    let error = live.save().await.unwrap_err();
    assert!(matches!(error, SaveError::TooLarge { bytes: 200.., limit: 100 }), "{error}");
    live.model_mut().ballast.clear();
    live.save().await.unwrap();
    assert_eq!(live.status().unsaved, 0);
}

#[tokio::test]
async fn a_list_that_was_damaged_is_replaced_also_after_a_save_in_doubt() {
    let (memory, store, snapshots) = faulty();
    drop(saved_at(&snapshots, &[10]).await);
    plant(&memory, "sum", b"damaged".to_vec()).await;
    let mut live = snapshots.load(Sum::default).await.unwrap();
    handle(&mut live, 5);
    store.script(Operation::Write, [Fault::LoseCall]);
    assert!(live.save().await.is_err());
    live.save().await.unwrap();
    assert_eq!(found(&memory).await, 5);
}
