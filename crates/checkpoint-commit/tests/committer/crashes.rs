//! The process ends at every await point: of the consumer, and of the write that is on its way meanwhile.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use checkpoint_commit::strategy::every;
use checkpoint_commit::{Committer, Status};
use checkpoint_core::{CheckpointId, CheckpointStore, CheckpointStoreExt, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;
use tokio::task::yield_now;

use crate::common::{A_MINUTE, id};

const EVENTS: u64 = 60;
const AT_ONCE: usize = 8;

/// Takes its time before it writes, and again before it answers.
#[derive(Debug, Default)]
struct SlowStore(MemoryStore);

#[async_trait]
impl CheckpointStore for SlowStore {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.0.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        yield_now().await;
        yield_now().await;
        let outcome = self.0.write(write).await;
        yield_now().await;
        yield_now().await;
        outcome
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        yield_now().await;
        let claimed = self.0.claim(id, owner).await;
        yield_now().await;
        claimed
    }
}

/// Runs a life until the consumer has come to its end, or was polled so often. What the status said at that moment.
fn live(store: &Arc<SlowStore>, polls: usize, handled: &Mutex<Vec<u64>>) -> (bool, Option<Status>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let committer = RefCell::new(None);
    let consumer = async {
        let store: Arc<dyn CheckpointStore> = Arc::<SlowStore>::clone(store);
        let started = Committer::builder(store, id()).strategy(every(3)).start().await.unwrap();
        let started = Arc::new(started);
        committer.replace(Some(Arc::clone(&started)));
        consume(&started, handled).await;
    };
    let ended = runtime.block_on(killed_after(polls, consumer)).is_some();
    let status = committer.borrow().as_ref().map(|committer: &Arc<Committer>| committer.status());
    drop(runtime); // with all tasks, and no chance for them to do anything
    (ended, status)
}

/// Handles up to eight events at a time, and ends the last one of them first.
async fn consume(committer: &Committer, handled: &Mutex<Vec<u64>>) {
    let mut open = Vec::new();
    for position in 1..=EVENTS {
        yield_now().await;
        if let Some(ticket) = committer.track(position).await.unwrap() {
            open.push(ticket);
        }
        let end = if position == EVENTS { 0 } else { AT_ONCE };
        while open.len() > end {
            yield_now().await;
            let ticket = if position % 3 == 0 { open.remove(0) } else { open.pop().unwrap() };
            handled.lock().unwrap().push(ticket.position());
            ticket.ack();
        }
    }
    committer.flush().await.unwrap();
}

async fn killed_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        let Some(less) = left.checked_sub(1) else { return Poll::Ready(None) };
        left = less;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

fn position(store: &SlowStore) -> Option<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.0.load(&id())).unwrap().position
}

#[test]
fn killed_at_any_await_point_nothing_is_lost_and_the_status_said_what_comes_again() {
    let mut whole_lives = 0;
    let mut kills = 0;
    for polls in 1.. {
        let store = Arc::new(SlowStore::default());
        let first = Mutex::default();
        let (ended, status) = live(&store, polls, &first);
        let first = first.into_inner().unwrap();
        let stored = position(&store);
        let unfinished = (1..=EVENTS).find(|position| !first.contains(position)).unwrap_or(EVENTS + 1);
        assert!(stored.is_none_or(|stored| stored < unfinished), "{stored:?} passes {unfinished}");

        let second = Mutex::default();
        assert!(live(&store, usize::MAX, &second).0);
        let second = second.into_inner().unwrap();
        for position in 1..=EVENTS {
            assert!(first.contains(&position) || second.contains(&position), "{position} is lost after {polls} polls");
        }
        assert_eq!(position(&store), Some(EVENTS));
        let again = u64::try_from(second.iter().filter(|position| first.contains(position)).count()).unwrap();
        let (most, least) = status.map_or((0, 0), |status| (status.redelivered, status.redelivered_at_least));
        assert!(again == most || again == least, "{again} came again, the status said {most}, or {least}");
        kills += 1;
        if ended {
            whole_lives += 1;
            break;
        }
    }
    assert_eq!(whole_lives, 1);
    assert!(kills > 100, "only {kills} await points");
}

#[tokio::test(start_paused = true)]
async fn killed_while_closing() {
    for polls in 1..20 {
        let store = Arc::new(SlowStore::default());
        let dynamic: Arc<dyn CheckpointStore> = Arc::<SlowStore>::clone(&store);
        let committer = Committer::builder(Arc::clone(&dynamic), id()).start().await.unwrap();
        committer.pass(1).await.unwrap();
        let report = killed_after(polls, committer.close(A_MINUTE)).await;
        let next = Committer::builder(dynamic, id()).start().await.unwrap();
        if report.is_some() {
            assert_eq!(next.resume_from(), Some(1));
            return;
        }
        assert!(next.resume_from() <= Some(1));
    }
    panic!("it never closes");
}
