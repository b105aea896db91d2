//! When a model is saved, and what goes on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::strategy::{Strategy, after, every, manual};
use checkpoint_core::Operation;
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, Snapshots};
use checkpoint_testkit::{Fault, FaultyStore};
use tokio::time::{Instant, sleep, timeout};

use crate::models::{Sum, handle, id, record};

fn snapshots(store: &Arc<MemoryStore>, strategy: Strategy) -> Snapshots {
    let store = Arc::clone(store);
    Snapshots::new(store, id("sum")).strategy(strategy)
}

async fn live(strategy: Strategy) -> (Arc<MemoryStore>, Live<Sum>) {
    let store = Arc::new(MemoryStore::new());
    let live = snapshots(&store, strategy).load(Sum::default).await.unwrap();
    (store, live)
}

/// Lets what runs beside come to its end.
async fn wait(live: &mut Live<Sum>, time: Duration) {
    assert!(timeout(time, live.save_when_due()).await.is_err(), "it has not ended");
}

async fn stored(store: &MemoryStore) -> Option<u64> {
    record(store, "sum").await.checkpoint.position
}

#[tokio::test(start_paused = true)]
async fn after_so_many_events() {
    let (store, mut live) = live(every(10)).await;
    handle(&mut live, 9);
    sleep(Duration::from_secs(100)).await;
    assert!(!live.status().is_saving && !live.is_due());
    handle(&mut live, 10);
    assert!(live.status().is_saving, "beside");
    handle(&mut live, 12);
    wait(&mut live, Duration::from_millis(1)).await;
    assert_eq!((stored(&store).await, live.status().unsaved), (Some(10), 2));
    assert_eq!(live.status().saved.unwrap().position, Some(10));
}

#[tokio::test(start_paused = true)]
async fn after_a_time_also_while_no_event_comes() {
    let (store, mut live) = live(after(Duration::from_secs(5))).await;
    wait(&mut live, Duration::from_secs(100)).await;
    assert_eq!(stored(&store).await, None, "nothing was handled");
    handle(&mut live, 1);
    wait(&mut live, Duration::from_millis(4_900)).await;
    assert_eq!(stored(&store).await, None);
    wait(&mut live, Duration::from_millis(200)).await;
    assert_eq!(stored(&store).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn only_when_told() {
    for by_hand in [false, true] {
        let store = Arc::new(MemoryStore::new());
        let snapshots = match by_hand {
            true => snapshots(&store, every(1)).by_hand(),
            false => snapshots(&store, manual()),
        };
        let mut live = snapshots.load(Sum::default).await.unwrap();
        handle(&mut live, 1_000);
        wait(&mut live, Duration::from_secs(3600)).await;
        assert_eq!((stored(&store).await, live.is_due()), (None, by_hand));
        live.save().await.unwrap();
        assert_eq!(stored(&store).await, Some(1_000));
        let number = |live: &Live<Sum>| live.status().saved.unwrap().number;
        let before = number(&live);
        live.save().await.unwrap();
        assert_eq!(number(&live), before, "what is saved is not saved again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_save_begins_after_the_first_has_ended() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
    let faulty: Arc<FaultyStore<_>> = Arc::clone(&store);
    let mut live = Snapshots::new(faulty, id("sum")).strategy(every(1)).load(Sum::default).await.unwrap();
    store.script(Operation::Write, [Fault::HangBefore]);
    handle(&mut live, 1);
    for last in 2..100 {
        sleep(Duration::from_millis(250)).await;
        handle(&mut live, last); // handling goes on
        assert!(live.status().is_saving && live.status().unsaved == last);
    }
    assert!(memory_is_empty(&memory).await);
    let begin = Instant::now();
    wait(&mut live, Duration::from_secs(8)).await; // the first one ends after 30 s in all, and fails
    assert_eq!((stored(&memory).await, live.status().unsaved), (Some(99), 0), "with all that came meanwhile");
    assert!(begin.elapsed() >= Duration::from_secs(5));
}

async fn memory_is_empty(memory: &MemoryStore) -> bool {
    checkpoint_core::CheckpointStore::list(memory, "~", None, 1).await.unwrap().is_empty()
}

#[tokio::test(start_paused = true)]
async fn closing_tries_until_its_deadline() {
    for (faults, is_clean) in [(3, true), (usize::MAX, false)] {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
        let faulty: Arc<FaultyStore<_>> = Arc::clone(&store);
        let mut live = Snapshots::new(faulty, id("sum")).load(Sum::default).await.unwrap();
        handle(&mut live, 7);
        store.script(Operation::Write, std::iter::repeat_n(Fault::Refuse, faults));
        let begin = Instant::now();
        let closed = live.close(Duration::from_secs(60)).await;
        assert_eq!((closed.is_clean(), closed.error.is_none()), (is_clean, is_clean), "{closed:?}");
        assert!(begin.elapsed() <= Duration::from_secs(60));
        let position = if is_clean { Some(7) } else { None };
        assert_eq!((stored(&memory).await, closed.saved.and_then(|saved| saved.position)), (position, position));
        assert_eq!(closed.unsaved, if is_clean { 0 } else { 7 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_dropped_in_a_save_gives_it_up() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
    let faulty: Arc<FaultyStore<_>> = Arc::clone(&store);
    let mut live = Snapshots::new(faulty, id("sum")).strategy(every(1)).load(Sum::default).await.unwrap();
    handle(&mut live, 1);
    drop(live);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stored(&memory).await, None);
}

#[tokio::test]
async fn positions_have_to_rise() {
    let (_, mut live) = live(manual()).await;
    handle(&mut live, 5);
    for position in [5, 4, 0, u64::MAX] {
        assert!(live.apply(position, |sum| sum.add(position)).is_err());
        assert!(live.handled(position, 1).is_err());
    }
    assert_eq!((live.model(), live.resume_from()), (&Sum::up_to(5), Some(5)));
    live.handled(9, 100).unwrap();
    assert_eq!((live.resume_from(), live.status().unsaved), (Some(9), 6));
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted() {
    let (store, mut live) = live(checkpoint_commit::strategy::bytes(1_000)).await;
    live.handled(1, 999).unwrap();
    assert!(!live.status().is_saving);
    live.handled(2, 1).unwrap();
    wait(&mut live, Duration::from_millis(1)).await;
    assert_eq!(stored(&store).await, Some(2));
    live.handled(3, 999).unwrap();
    assert!(!live.status().is_saving);
}
