//! Writes that nobody waits for any more, and that arrive all the same.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{SaveError, Snapshots};

use crate::models::handle;
use crate::tools::{listed, load, save_at, split};

/// One write is late: it arrives before another one.
#[derive(Debug)]
struct Late {
    store: Arc<MemoryStore>,
    late: usize,
    arrives_before: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    begun: usize,
    on_its_way: Option<Write>,
}

impl Late {
    fn new(store: &Arc<MemoryStore>, late: usize, arrives_before: usize) -> Arc<Self> {
        Arc::new(Self { store: Arc::clone(store), late, arrives_before, state: Mutex::default() })
    }

    /// The number of a write, and the late one if it arrives before that.
    fn begin(&self) -> (usize, Option<Write>) {
        let mut state = self.state.lock().unwrap();
        let number = state.begun;
        state.begun += 1;
        (number, if number == self.arrives_before { state.on_its_way.take() } else { None })
    }

    /// It arrives now at last.
    async fn arrive(&self) {
        let late = self.state.lock().unwrap().on_its_way.take();
        if let Some(late) = late {
            let _nobody_waits = self.store.write(&late).await.unwrap();
        }
    }
}

#[async_trait]
impl CheckpointStore for Late {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.store.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let (number, late) = self.begin();
        if let Some(late) = late {
            let _nobody_waits = self.store.write(&late).await?;
        }
        if number == self.late {
            self.state.lock().unwrap().on_its_way = Some(write.clone());
            return std::future::pending().await;
        }
        self.store.write(write).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.store.claim(id, owner).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.store.list(prefix, after, limit).await
    }
}

/// How many writes a save has, at most.
const WRITES: usize = 11;

fn snapshots(store: &Arc<impl CheckpointStore>, keep: usize) -> Snapshots {
    split(store).generations(keep).store_timeout(Duration::from_secs(1))
}

/// What is saved after a write that came too late goes elsewhere, so that neither breaks the other.
#[tokio::test(start_paused = true)]
async fn a_late_write_breaks_nothing() {
    let mut moved = 0;
    for keep in [1, 2] {
        for late in 0..WRITES {
            for arrives_before in late + 1..=late + 1 + WRITES {
                let store = Arc::new(MemoryStore::new());
                save_at(&snapshots(&store, keep), [10, 20]).await;
                let slow = Late::new(&store, late, arrives_before);
                let mut live = load(&snapshots(&slow, keep)).await;
                handle(&mut live, 30);
                if live.save().await.is_ok() {
                    assert!(late > 3, "{late}");
                    break;
                }
                handle(&mut live, 35);
                let second = live.save().await;
                slow.arrive().await;
                let expected = match second {
                    Ok(()) => Some(35),
                    Err(SaveError::Ended(Ended::Moved { position: Some(30) })) => Some(30),
                    Err(error) => panic!("{error}"),
                };
                moved += u32::from(expected == Some(30));
                assert_eq!(listed(&*store).await.len(), keep);
                let live = load(&snapshots(&store, keep)).await;
                let rejected = &live.restored().rejected;
                assert!(rejected.is_empty(), "{rejected:?}: {late} before {arrives_before}");
                assert_eq!(live.resume_from(), expected);
            }
        }
    }
    assert!(moved > 0, "a list that was late has arrived");
}
