//! Stores that refuse, hang and lose answers.

use std::iter::repeat_n;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use checkpoint_commit::strategy::after;
use checkpoint_core::Operation;
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Closed, SaveError, Snapshots};
use checkpoint_testkit::{Fault, FaultyStore};
use tokio::time::{Instant, sleep_until, timeout};

use crate::models::{by_hand, handle};
use crate::tools::{listed, load, save_at, split};

const FAULTS: [Fault; 5] = [Fault::LoseAnswer, Fault::LoseCall, Fault::Refuse, Fault::HangBefore, Fault::HangAfter];

type Store = Arc<FaultyStore<MemoryStore>>;

fn snapshots(store: &Store) -> Snapshots {
    split(store).store_timeout(Duration::from_secs(1))
}

async fn saved(positions: &[u64]) -> Store {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    save_at(&split(&store), positions.iter().copied()).await;
    store
}

/// Each write of a save, and each fault: the next save goes through, and what is loaded was saved.
#[tokio::test(start_paused = true)]
async fn one_fault_at_any_write() {
    for saved_before in [&[][..], &[10], &[5, 10, 20]] {
        for fault in FAULTS {
            for writes in 0.. {
                let store = saved(saved_before).await;
                let mut live = load(&snapshots(&store)).await;
                handle(&mut live, 30);
                store.script(Operation::Write, repeat_n(Fault::None, writes).chain([fault]));
                let result = live.save().await;
                if result.is_ok() {
                    assert!(writes > 3, "{writes}");
                    break;
                }
                assert_eq!((live.status().unsaved > 0, live.status().ended), (true, None));
                handle(&mut live, 35);
                live.save().await.unwrap();
                handle(&mut live, 40);
                live.save().await.unwrap();
                assert_eq!(listed(&*store).await, [Some(40), Some(35)]);
                let live = load(&snapshots(&store)).await;
                assert_eq!((live.resume_from(), live.restored().rejected.len()), (Some(40), 0));
            }
        }
    }
}

/// The same, but nothing is saved after it.
#[tokio::test(start_paused = true)]
async fn what_is_loaded_after_a_fault_was_saved() {
    for fault in FAULTS {
        let mut arrived = 0;
        for writes in 0.. {
            let store = saved(&[5, 10, 20]).await;
            let mut live = load(&snapshots(&store)).await;
            handle(&mut live, 30);
            store.script(Operation::Write, repeat_n(Fault::None, writes).chain([fault]));
            let result = live.save().await;
            drop(live);
            let live = load(&snapshots(&store)).await;
            assert!(live.restored().rejected.is_empty());
            if result.is_ok() {
                assert_eq!(live.resume_from(), Some(30));
                break;
            }
            arrived += u32::from(live.resume_from() == Some(30));
            assert!(matches!(live.resume_from(), Some(20 | 30)));
        }
        let is_done = matches!(fault, Fault::LoseAnswer | Fault::HangAfter);
        assert_eq!(arrived, u32::from(is_done), "{fault:?}: the last write was done");
    }
}

#[tokio::test(start_paused = true)]
async fn random_faults_of_all_operations() {
    let mut random = fastrand::Rng::with_seed(11);
    let store = saved(&[]).await;
    let (mut last, mut acknowledged) = (0, None);
    for _ in 0..300 {
        for operation in [Operation::Write, Operation::Read, Operation::Claim, Operation::List] {
            let mut random = random.fork();
            let fault = move |_| if random.u8(..12) == 0 { FAULTS[random.usize(..5)] } else { Fault::None };
            store.script(operation, (0..1000).map(fault));
        }
        if let Ok(mut live) = snapshots(&store).load(crate::models::Sum::default).await {
            assert_eq!(live.model(), &crate::models::Sum::up_to(live.resume_from().unwrap_or(0)));
            assert!(live.resume_from() >= acknowledged, "what was saved is there");
            for _ in 0..random.u8(..6) {
                last = last.max(live.resume_from().unwrap_or(0)) + random.u64(1..4);
                handle(&mut live, last);
                if live.save().await.is_ok() {
                    acknowledged = Some(last);
                }
                assert_eq!(live.status().ended, None);
            }
        }
    }
    assert!(acknowledged.unwrap() > 500, "{acknowledged:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_counts_as_failed_in_time() {
    let store = saved(&[10]).await;
    let mut live = load(&snapshots(&store)).await;
    handle(&mut live, 20);
    store.script(Operation::Write, std::iter::repeat(Fault::HangBefore));
    let began = Instant::now();
    let error = live.save().await.unwrap_err();
    assert!(matches!(error, SaveError::Timeout(time) if time == Duration::from_secs(1)), "{error}");
    assert!(began.elapsed() < Duration::from_millis(1_100));
    assert!(error.to_string().contains("store_timeout"), "{error}");
    let last = live.status().last_save.unwrap();
    assert_eq!(last.error, Some(error.to_string()));
    store.script(Operation::Write, []);
    live.save().await.unwrap();
    assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(20));
}

#[tokio::test(start_paused = true)]
async fn loading_fails_where_the_store_does() {
    let store = saved(&[10]).await;
    for (operation, fault) in [
        (Operation::Claim, Fault::Refuse),
        (Operation::Claim, Fault::HangAfter),
        (Operation::Read, Fault::Refuse),
        (Operation::Read, Fault::HangBefore),
    ] {
        store.script(operation, [fault]);
        let error = snapshots(&store).load(crate::models::Sum::default).await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert_eq!(error.operation(), Some(operation));
        assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(10), "nothing is made anew");
    }
}

#[tokio::test]
async fn a_model_that_is_too_large_says_so() {
    let store = saved(&[10]).await;
    let mut live = load(&by_hand(&store).limit(50)).await;
    handle(&mut live, 20);
    let error = live.save().await.unwrap_err();
    assert!(matches!(error, SaveError::TooLarge { bytes: 51.., limit: 50 }), "{error}");
    assert!(error.to_string().contains("raise the limit by `Snapshots::limit`"));
    assert_eq!(live.status().ended, None);
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(10));
}

/// An event each second, for an hour in which the store refuses: events are handled, and it is tried again with pauses. Then the
/// newest state is saved.
#[tokio::test(start_paused = true)]
async fn an_hour_of_failure() {
    for fault in [Fault::Refuse, Fault::LoseCall] {
        let store = saved(&[10]).await;
        let tries = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&tries);
        store.script(
            Operation::Write,
            std::iter::repeat_with(move || {
                counted.fetch_add(1, Ordering::Relaxed);
                fault
            }),
        );
        let mut live = load(&snapshots(&store).strategy(after(Duration::from_secs(5)))).await;
        let began = Instant::now();
        for second in 1..=3_600 {
            let next = sleep_until(began + Duration::from_secs(second));
            tokio::select! {
                () = next => handle(&mut live, 10 + second),
                ended = live.save_when_due() => panic!("{ended}"),
            }
        }
        assert_eq!(live.status().unsaved, 3_600);
        // At most 10 s and jitter of as much lie between two.
        let tries = tries.load(Ordering::Relaxed);
        assert!((180..=900).contains(&tries), "{tries}");
        store.script(Operation::Write, []);
        assert!(timeout(Duration::from_secs(21), live.save_when_due()).await.is_err());
        assert_eq!(live.status().unsaved, 0);
        drop(live);
        assert_eq!(load(&snapshots(&store)).await.resume_from(), Some(3_610));
    }
}

#[tokio::test(start_paused = true)]
async fn closing_tries_again_until_the_deadline() {
    let store = saved(&[10]).await;
    let mut live = load(&snapshots(&store)).await;
    handle(&mut live, 20);
    store.script(Operation::Write, repeat_n(Fault::Refuse, 4));
    let closed = live.close(Duration::from_secs(60)).await;
    assert!(closed.is_clean() && closed.error.is_none(), "{closed:?}");
    assert_eq!(closed.saved.unwrap().position, Some(20));

    let mut live = load(&snapshots(&store)).await;
    handle(&mut live, 30);
    store.script(Operation::Write, std::iter::repeat(Fault::Refuse));
    let began = Instant::now();
    let Closed { saved, unsaved, error, .. } = live.close(Duration::from_secs(60)).await;
    assert_eq!((saved.unwrap().position, unsaved), (Some(20), 10));
    assert!(matches!(error, Some(SaveError::Store(_))), "{error:?}");
    assert!((59..=61).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
