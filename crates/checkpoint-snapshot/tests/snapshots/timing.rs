//! When a model is saved.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::strategy::{Strategy, after, bytes, every};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, SaveError};
use tokio::time::{Instant, timeout};

use crate::models::{Sum, by_hand, handle};
use crate::stepped::Stepped;
use crate::tools::{listed, load};

/// As many writes as no test makes.
const ALL: usize = 10_000;

/// A model over a store that waits.
async fn waiting(strategy: Strategy) -> (Arc<MemoryStore>, Arc<Stepped<MemoryStore>>, Live<Sum>) {
    let store = Arc::new(MemoryStore::new());
    let stepped = Stepped::new(&store);
    let live = load(&by_hand(&stepped).strategy(strategy)).await;
    (store, stepped, live)
}

/// Lets the save that was begun come to its end.
async fn settle(live: &mut Live<Sum>) {
    let waits = Duration::from_millis(1);
    while live.status().is_saving {
        let _is_not_due = timeout(waits, live.save_when_due()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_so_many_events() {
    let (store, stepped, mut live) = waiting(every(3)).await;
    stepped.permit(ALL);
    handle(&mut live, 2);
    assert!(!live.status().is_saving && !live.is_due());
    handle(&mut live, 3);
    assert!(live.status().is_saving && !live.is_due());
    settle(&mut live).await;
    assert_eq!(listed(&*store).await, [Some(3)]);
    handle(&mut live, 5);
    assert!(!live.status().is_saving);
    handle(&mut live, 6);
    settle(&mut live).await;
    assert_eq!(listed(&*store).await, [Some(6), Some(3)]);
    assert_eq!(live.status().unsaved, 0);
}

#[tokio::test(start_paused = true)]
async fn after_so_many_bytes() {
    let (store, stepped, mut live) = waiting(bytes(100)).await;
    stepped.permit(ALL);
    for (position, bytes, is_saving) in [(1, 99, false), (2, 1, true)] {
        live.model_mut().add(position);
        live.handled(position, bytes).unwrap();
        assert_eq!(live.status().is_saving, is_saving);
    }
    settle(&mut live).await;
    assert_eq!(listed(&*store).await, [Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn after_some_time_while_no_event_comes() {
    let (store, stepped, mut live) = waiting(after(Duration::from_secs(5))).await;
    stepped.permit(ALL);
    let began = Instant::now();
    assert!(timeout(Duration::from_secs(60), live.save_when_due()).await.is_err(), "there is nothing to save");
    handle(&mut live, 1);
    assert!(timeout(Duration::from_millis(4_900), live.save_when_due()).await.is_err());
    assert!(!live.is_due() && live.status().unsaved == 1);
    assert!(timeout(Duration::from_millis(200), live.save_when_due()).await.is_err());
    assert_eq!(live.status().unsaved, 0);
    assert_eq!(listed(&*store).await, [Some(1)]);
    let saved_at = live.status().last_save.unwrap().at - began;
    assert!((65_000..65_100).contains(&saved_at.as_millis()), "{saved_at:?}");
}

#[tokio::test(start_paused = true)]
async fn events_go_on_while_it_is_saved() {
    let (store, stepped, mut live) = waiting(every(3)).await;
    handle(&mut live, 3);
    assert!(live.status().is_saving);
    stepped.permit(1);
    stepped.done(1).await;
    handle(&mut live, 100);
    let status = live.status();
    assert_eq!((status.handled, status.unsaved, status.is_saving), (Some(100), 100, true));
    assert_eq!((live.model(), stepped.most_waiting()), (&Sum::up_to(100), 1));
    assert!(!live.is_due(), "one at a time");

    stepped.permit(3);
    stepped.done(3).await;
    // The event that finds the first save ended begins the second.
    while live.status().saved.is_none() {
        assert!(live.resume_from() < Some(10_000), "it does not end");
        tokio::task::yield_now().await;
        let next = live.resume_from().unwrap() + 1;
        handle(&mut live, next);
    }
    let status = live.status();
    assert_eq!(status.saved.unwrap().position, Some(3));
    assert_eq!((status.unsaved, status.is_saving), (status.handled.unwrap() - 3, true));
    stepped.permit(ALL);
    live.save().await.unwrap();
    assert_eq!(stepped.most_waiting(), 1, "a second save never begins before the first has ended");
    assert_eq!(load(&by_hand(&store)).await.resume_from(), live.resume_from());
}

#[tokio::test(start_paused = true)]
async fn a_save_that_is_asked_for_waits_for_the_one_that_runs() {
    let (store, stepped, mut live) = waiting(every(3)).await;
    handle(&mut live, 3);
    handle(&mut live, 5);
    assert!(timeout(Duration::from_secs(5), live.save()).await.is_err());
    assert_eq!((live.status().is_saving, stepped.most_waiting()), (true, 1), "the call was dropped, the save was not");
    stepped.permit(ALL);
    live.save().await.unwrap();
    assert_eq!((live.status().unsaved, stepped.most_waiting()), (0, 1));
    assert_eq!(listed(&*store).await, [Some(5), Some(3)]);
    live.save().await.unwrap();
    assert_eq!(listed(&*store).await, [Some(5), Some(3)], "there was nothing to save");
}

#[tokio::test(start_paused = true)]
async fn by_hand_nothing_is_saved_by_itself() {
    let store = Arc::new(MemoryStore::new());
    let mut live = load(&by_hand(&store).strategy(every(2)).by_hand()).await;
    handle(&mut live, 1);
    assert!(!live.is_due());
    handle(&mut live, 10);
    assert!(live.is_due() && !live.status().is_saving);
    assert!(timeout(Duration::from_secs(60), live.save_when_due()).await.is_err());
    assert_eq!(live.status().unsaved, 10);
    live.save().await.unwrap();
    assert!(!live.is_due());
    assert_eq!(listed(&*store).await, [Some(10)]);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_until_the_deadline_and_no_longer() {
    let (store, _stepped, mut live) = waiting(every(3)).await;
    handle(&mut live, 7);
    let began = Instant::now();
    let closed = live.close(Duration::from_secs(3)).await;
    assert!((3_000..3_100).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!((closed.is_clean(), closed.unsaved, closed.saved), (false, 7, None));
    assert!(matches!(closed.error, Some(SaveError::Timeout(time)) if time.as_secs() == 3), "{:?}", closed.error);
    assert_eq!(load(&by_hand(&store)).await.resume_from(), None);
}

#[tokio::test(start_paused = true)]
async fn dropping_saves_nothing_and_breaks_nothing() {
    let (store, stepped, mut live) = waiting(every(3)).await;
    stepped.permit(ALL);
    handle(&mut live, 3);
    live.save().await.unwrap();
    handle(&mut live, 5);
    drop(live);
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(3));
}

/// Whoever drops it may load the model again at once, and handle the same events.
#[tokio::test(start_paused = true)]
async fn dropping_gives_up_the_save_that_runs() {
    let (store, stepped, mut live) = waiting(every(3)).await;
    handle(&mut live, 3);
    stepped.permit(1);
    stepped.done(1).await;
    drop(live);
    stepped.permit(ALL);
    assert!(timeout(Duration::from_secs(1), stepped.done(1)).await.is_err(), "no write comes after that");
    assert_eq!(load(&by_hand(&store)).await.resume_from(), None);
}

#[tokio::test(start_paused = true)]
async fn positions_rise() {
    let store = Arc::new(MemoryStore::new());
    let mut live = load(&by_hand(&store)).await;
    handle(&mut live, 5);
    for position in [0, 4, 5, u64::MAX] {
        assert!(live.apply(position, |_| panic!("it is refused")).is_err());
    }
    assert_eq!((live.resume_from(), live.status().unsaved), (Some(5), 5));
    live.save().await.unwrap();
    let mut live = load(&by_hand(&store)).await;
    assert!(live.apply(5, |_| panic!("it is in the model")).is_err());
    live.apply(1 << 62, |_| ()).unwrap();
}
