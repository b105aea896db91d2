//! Two processes that save the same model at the same time, and what else happens in the middle of a save.

use std::pin::Pin;
use std::sync::Arc;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointStore, Outcome, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, SaveError, Snapshots};

use crate::models::{Sum, by_hand, handle};
use crate::stepped::Stepped;
use crate::tools::{listed, load, move_to, record, save_at, split};

/// The result of a save, and the model.
type Saved = (Result<(), SaveError>, Live<Sum>);

/// How a test saves.
type Saves = fn(&Arc<Stepped<MemoryStore>>) -> Snapshots;

/// A save that can be stepped through.
struct Saving {
    stepped: Arc<Stepped<MemoryStore>>,
    save: Pin<Box<dyn Future<Output = Saved> + Send>>,
    ended: Option<Saved>,
}

impl Saving {
    /// Loads, handles the events up to `last`, and is about to save.
    async fn begin(store: &Arc<MemoryStore>, with: Saves, last: u64) -> Self {
        let stepped = Stepped::new(store);
        let mut live = load(&with(&stepped)).await;
        handle(&mut live, last);
        let save = Box::pin(async move { (live.save().await, live) });
        Self { stepped, save, ended: None }
    }

    /// One write, unless it has ended.
    async fn step(&mut self) {
        if self.ended.is_none() {
            self.ended = self.stepped.step(&mut self.save).await;
        }
    }

    async fn end(mut self) -> Saved {
        self.stepped.permit(1_000);
        if let Some(ended) = self.ended { ended } else { (&mut self.save).await }
    }
}

/// The older saves position 30, and the newer 40: it claims after `before` writes of the older, and then their writes come in this order.
async fn run(
    store: &Arc<MemoryStore>,
    with: Saves,
    before: u32,
    order: impl IntoIterator<Item = bool, IntoIter: Send> + Send,
) -> Result<(), SaveError> {
    let mut older = Saving::begin(store, with, 30).await;
    for _ in 0..before {
        older.step().await;
    }
    let mut newer = Saving::begin(store, with, 40).await;
    for is_older in order {
        if is_older { older.step().await } else { newer.step().await }
    }
    let (saved, _live) = newer.end().await;
    saved.unwrap();
    older.end().await.0
}

/// All that is listed is whole, and the newest is the newer's.
async fn all_is_whole(store: &Arc<MemoryStore>) {
    let positions = listed(store).await;
    assert_eq!(positions[0], Some(40));
    assert_eq!(record(&**store, "sum").await.checkpoint.position, Some(40));
    for position in positions {
        by_hand(store).rewind(position).await.unwrap();
        let live = load(&by_hand(store)).await;
        assert_eq!((live.resume_from(), live.restored().rejected.len()), (position, 0));
    }
}

fn is_fenced(result: &Result<(), SaveError>) -> bool {
    matches!(result, Err(SaveError::Ended(Ended::Fenced { .. })))
}

/// The orders of so many writes of the older and of the newer.
fn orders(older: u32, newer: u32) -> impl Iterator<Item = impl Iterator<Item = bool>> {
    let writes = older + newer;
    (0..1_u32 << writes)
        .filter(move |order| order.count_ones() == older)
        .map(move |order| (0..writes).map(move |write| order >> write & 1 == 1))
}

/// How many writes a save has.
async fn writes(saved: &[u64], with: Saves) -> u32 {
    let store = Arc::new(MemoryStore::new());
    save_at(&split(&store), saved.iter().copied()).await;
    let mut saving = Saving::begin(&store, with, 30).await;
    let mut writes = 0;
    loop {
        saving.step().await;
        if saving.ended.is_some() {
            return writes;
        }
        writes += 1;
    }
}

/// Every order of the writes of two saves over records that there are already, and every place where the newer claims.
#[tokio::test]
async fn the_older_is_fenced_wherever_the_newer_claims() {
    let saved = [5, 10, 20];
    let each = writes(&saved, split).await;
    assert_eq!(each, 4, "three chunks, and the list");
    for before in 0..=each {
        for order in orders(each - before, each) {
            let store = Arc::new(MemoryStore::new());
            save_at(&split(&store), saved).await;
            let older = run(&store, split, before, order).await;
            assert_eq!(is_fenced(&older), before < each, "{older:?}");
            all_is_whole(&store).await;
        }
    }
}

/// The same from the first save on, which creates the records.
#[tokio::test]
async fn the_older_is_fenced_in_the_first_save() {
    let each = writes(&[], by_hand).await;
    assert_eq!(each, 4, "a chunk that is missing, that is created, that is there; and the list");
    for before in 0..=each {
        for order in orders(each - before, each) {
            let store = Arc::new(MemoryStore::new());
            let older = run(&store, by_hand, before, order).await;
            assert_eq!(is_fenced(&older), before < each, "{older:?}");
            all_is_whole(&store).await;
        }
    }
}

/// As many chunks as a snapshot has in these tests, and new ones: too many orders to try them all.
#[tokio::test]
async fn the_older_is_fenced_in_random_orders() {
    let mut random = fastrand::Rng::with_seed(7);
    for saved in [&[][..], &[10], &[5, 10, 20]] {
        let each = writes(saved, split).await;
        for _ in 0..150 {
            let store = Arc::new(MemoryStore::new());
            save_at(&split(&store), saved.iter().copied()).await;
            let before = random.u32(..each);
            let order: Vec<bool> = (0..2 * each).map(|_| random.bool()).collect();
            let older = run(&store, split, before, order).await;
            assert!(is_fenced(&older), "{older:?}");
            all_is_whole(&store).await;
        }
    }
}

#[tokio::test]
async fn a_checkpoint_that_is_deleted_in_the_middle_of_a_save() {
    let each = writes(&[10], split).await;
    for before in 0..each {
        let store = Arc::new(MemoryStore::new());
        save_at(&split(&store), [10]).await;
        let mut saving = Saving::begin(&store, split, 30).await;
        for _ in 0..before {
            saving.step().await;
        }
        split(&store).delete().await.unwrap();
        let (result, mut live) = saving.end().await;
        assert!(matches!(result, Err(SaveError::Ended(Ended::Missing))), "{result:?}");
        assert!(live.apply(31, |_| ()).is_err());
        assert_eq!((live.status().unsaved, live.status().ended), (20, Some(Ended::Missing)));
        // Whatever it has left behind, somebody else can begin.
        save_at(&split(&store), [3]).await;
        let live = load(&split(&store)).await;
        assert_eq!((live.resume_from(), live.restored().rejected.len()), (Some(3), 0));
    }
}

#[tokio::test]
async fn a_checkpoint_that_is_moved_in_the_middle_of_a_save() {
    let each = writes(&[10, 20], split).await;
    for before in 0..each {
        for position in [Some(10), Some(50), None] {
            let store = Arc::new(MemoryStore::new());
            save_at(&split(&store), [10, 20]).await;
            let mut saving = Saving::begin(&store, split, 30).await;
            for _ in 0..before {
                saving.step().await;
            }
            move_to(&*store, position).await;
            let (result, live) = saving.end().await;
            assert!(matches!(result, Err(SaveError::Ended(Ended::Moved { position: at })) if at == position));
            assert!(result.unwrap_err().to_string().starts_with("somebody has moved the checkpoint to "));
            drop(live);
            let live = load(&split(&store)).await;
            assert_eq!(live.resume_from(), position.map(|position| position.min(20)), "after {before}");
        }
    }
}

/// An operator who resets the checkpoint takes the list away with it.
#[tokio::test]
async fn a_checkpoint_that_is_reset() {
    let store = Arc::new(MemoryStore::new());
    save_at(&split(&store), [10, 20]).await;
    let mut live = load(&split(&store)).await;
    let held = record(&*store, "sum").await;
    let reset = Write::overwrite(checkpoint_core::Checkpoint::new(held.checkpoint.id, None)).with_epoch(held.epoch);
    assert_eq!(store.write(&reset).await.unwrap(), Outcome::Stored);
    handle(&mut live, 30);
    assert!(matches!(live.save().await, Err(SaveError::Ended(Ended::Moved { position: None }))));
    let live = load(&split(&store)).await;
    assert_eq!((live.resume_from(), live.restored().rejected.len()), (None, 0));
}
