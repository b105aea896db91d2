//! The memory store, which has all ids under one lock, next to one that spreads them over 16 locks; 8 tasks at once.
//!
//! On two cores the 16 locks took 0.86 to 1.04 of the time for writes of different ids, but 1.2 for writes of one id, 1.3
//! for reads and 43 for lists.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use benchmarks::{Contestant, compare};
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;
use tokio::runtime::Runtime;

const TASKS: u32 = 8;
const CALLS: u32 = 1_000;
const ROUNDS: usize = 20;

/// What a task does, call by call.
type Calls = Arc<Vec<Call>>;

enum Call {
    Read(CheckpointId),
    Write(Write),
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let id = |number: u32| CheckpointId::new(format!("consumer-{number:05}")).expect("a good id");
    let write = |number| Call::Write(Write::overwrite(Checkpoint::new(id(number), 42)));
    compare_tasks(&runtime, "8 tasks, each writing its own id", |task, _| write(task));
    compare_tasks(&runtime, "8 tasks writing 1,000 ids", |task, call| write(call * (2 * task + 1) % 1_000));
    compare_tasks(&runtime, "8 tasks writing one id", |_, _| write(0));
    compare_tasks(&runtime, "8 tasks, each reading its own id", |task, _| Call::Read(id(task)));

    let writes: Vec<_> = (0..10_000).map(|number| Write::overwrite(Checkpoint::new(id(number), 42))).collect();
    let contestants = stores().map(|(name, store)| {
        let stored = runtime.block_on(store.write_many(&writes)).expect("memory does not fail");
        assert!(stored.into_iter().all(Outcome::is_stored));
        let (runtime, after) = (&runtime, id(5_000));
        Contestant::new(name, 1, move || {
            let page = runtime.block_on(store.list("consumer-", Some(&after), 100)).expect("memory does not fail");
            assert_eq!(page.len(), 100);
        })
    });
    compare("a page of 100 out of 10,000", ROUNDS, contestants.into());
}

fn stores() -> [(&'static str, Arc<dyn CheckpointStore>); 2] {
    [("one lock", Arc::new(MemoryStore::new())), ("16 locks", Arc::new(Sharded::default()))]
}

/// An item is a call of a task; the calls are made before.
fn compare_tasks(runtime: &Runtime, title: &str, call: impl Fn(u32, u32) -> Call) {
    let tasks: Vec<Calls> =
        (0..TASKS).map(|task| Arc::new((0..CALLS).map(|number| call(task, number)).collect())).collect();
    let contestants = stores().map(|(name, store)| {
        let tasks = &tasks;
        Contestant::new(name, TASKS * CALLS, move || runtime.block_on(run_all(&store, tasks)))
    });
    compare(title, ROUNDS, contestants.into());
}

async fn run_all(store: &Arc<dyn CheckpointStore>, tasks: &[Calls]) {
    let tasks: Vec<_> = tasks.iter().map(|calls| tokio::spawn(run(Arc::clone(store), Arc::clone(calls)))).collect();
    for task in tasks {
        task.await.expect("memory does not fail");
    }
}

async fn run(store: Arc<dyn CheckpointStore>, calls: Calls) {
    for call in calls.iter() {
        match call {
            Call::Read(id) => drop(store.read(id).await.expect("memory does not fail")),
            Call::Write(write) => {
                let outcome = store.write(write).await.expect("memory does not fail");
                assert_eq!(outcome, Outcome::Stored);
            }
        }
    }
}

/// The same store, its ids spread over several locks by their hash.
#[derive(Debug, Default)]
struct Sharded {
    hasher: RandomState,
    shards: [Mutex<Records>; 16],
}

type Records = BTreeMap<CheckpointId, Record>;

impl Sharded {
    fn lock(&self, id: &CheckpointId) -> MutexGuard<'_, Records> {
        let [byte, ..] = self.hasher.hash_one(id).to_ne_bytes();
        self.shards[usize::from(byte) % self.shards.len()].lock().expect("no panic holds it")
    }
}

#[async_trait]
impl CheckpointStore for Sharded {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        Ok(self.lock(id).get(id).cloned())
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate()?;
        let mut records = self.lock(&write.checkpoint.id);
        let current = records.get(&write.checkpoint.id);
        let outcome = write.decide(current);
        if outcome.is_stored() {
            let record = write.record(current, SystemTime::now());
            records.insert(write.checkpoint.id.clone(), record);
        }
        Ok(outcome)
    }

    /// Each shard gives a page, of which the first ones are taken.
    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let start = after.map_or(Bound::Included(prefix), |after| Bound::Excluded(after.as_str()));
        let mut page = Vec::new();
        for shard in &self.shards {
            let records = shard.lock().expect("no panic holds it");
            let found = records.range::<str, _>((start, Bound::Unbounded));
            let found = found.take_while(|(id, _)| id.as_str().starts_with(prefix));
            page.extend(found.take(limit).map(|(_, record)| record.clone()));
        }
        page.sort_unstable_by(|a, b| a.checkpoint.id.cmp(&b.checkpoint.id));
        page.truncate(limit);
        Ok(page)
    }
}
