//! The memory store with 8 tasks at once: ids spread over 16 locks, as it is, next to all ids under one lock.
//!
//! Consumers write, each its own checkpoint, and seldom list: so what counts is `write_8_ids`. There the shards win, and
//! they lose where all tasks want one id, and in lists, as each shard has to give a page.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;
use divan::{Bencher, counter::ItemsCount};
use tokio::runtime::Runtime;

const TASKS: usize = 8;
const CALLS: usize = 1_000;
const STORES: [&str; 2] = ["sharded", "one lock"];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

fn main() {
    divan::main();
}

#[divan::bench(args = STORES)]
fn write_8_ids(bencher: Bencher<'_, '_>, store: &str) {
    bench_tasks(bencher, store, |task, call| Call::Write(id(task), call));
}

#[divan::bench(args = STORES)]
fn write_1000_ids(bencher: Bencher<'_, '_>, store: &str) {
    bench_tasks(bencher, store, |task, call| Call::Write(id(call.wrapping_mul(task + 1) % 1_000), call));
}

#[divan::bench(args = STORES)]
fn write_1_id(bencher: Bencher<'_, '_>, store: &str) {
    bench_tasks(bencher, store, |_, call| Call::Write(id(0), call));
}

#[divan::bench(args = STORES)]
fn read_8_ids(bencher: Bencher<'_, '_>, store: &str) {
    bench_tasks(bencher, store, |task, _| Call::Read(id(task)));
}

#[divan::bench(args = STORES)]
fn list_100_of_10000(bencher: Bencher<'_, '_>, name: &str) {
    let store = open(name);
    let writes: Vec<_> = (0..10_000).map(|n| Write::advance(Checkpoint::new(id(n), 1))).collect();
    let stored = RUNTIME.block_on(store.write_many(&writes)).expect("memory does not fail");
    assert!(stored.into_iter().all(Outcome::is_stored));
    let after = id(5_000);
    bencher.bench(|| RUNTIME.block_on(store.list("consumer-", Some(&after), 100)).expect("memory does not fail"));
}

enum Call {
    Read(CheckpointId),
    Write(CheckpointId, usize),
}

/// All tasks make their calls; the ids are made before.
fn bench_tasks(bencher: Bencher<'_, '_>, name: &str, call: impl Fn(usize, usize) -> Call + Sync) {
    let calls = || (0..TASKS).map(|task| (0..CALLS).map(|n| call(task, n)).collect()).collect::<Vec<Vec<_>>>();
    bencher
        .counter(ItemsCount::new(TASKS * CALLS))
        .with_inputs(|| (open(name), calls()))
        .bench_values(|(store, calls)| RUNTIME.block_on(run(store, calls)));
}

async fn run(store: Arc<dyn CheckpointStore>, calls: Vec<Vec<Call>>) {
    let tasks: Vec<_> = calls.into_iter().map(|calls| tokio::spawn(make(Arc::clone(&store), calls))).collect();
    for task in tasks {
        task.await.expect("no task panics");
    }
}

async fn make(store: Arc<dyn CheckpointStore>, calls: Vec<Call>) {
    for call in calls {
        match call {
            Call::Read(id) => drop(divan::black_box(store.read(&id).await)),
            Call::Write(id, position) => {
                let write = Write::advance(Checkpoint::new(id, u64::try_from(position).expect("a small number")));
                let outcome = store.write(&write).await.expect("memory does not fail");
                let _ = divan::black_box(outcome);
            }
        }
    }
}

fn id(number: usize) -> CheckpointId {
    CheckpointId::new(format!("consumer-{number:05}")).expect("a good id")
}

fn open(name: &str) -> Arc<dyn CheckpointStore> {
    match name {
        "sharded" => Arc::new(MemoryStore::new()),
        _ => Arc::new(OneLock::default()),
    }
}

/// The loser: the same store with a single lock.
#[derive(Debug, Default)]
struct OneLock(Mutex<BTreeMap<CheckpointId, Record>>);

#[async_trait]
impl CheckpointStore for OneLock {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        Ok(self.0.lock().expect("no panic holds it").get(id).cloned())
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate()?;
        let mut records = self.0.lock().expect("no panic holds it");
        let current = records.get(&write.checkpoint.id);
        let outcome = write.decide(current);
        if outcome.is_stored() {
            let record = write.record(current, SystemTime::now());
            records.insert(write.checkpoint.id.clone(), record);
        }
        Ok(outcome)
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let records = self.0.lock().expect("no panic holds it");
        let start = after.map_or(Bound::Included(prefix), |after| Bound::Excluded(after.as_str()));
        let found = records.range::<str, _>((start, Bound::Unbounded));
        let found = found.take_while(|(id, _)| id.as_str().starts_with(prefix));
        Ok(found.take(limit).map(|(_, record)| record.clone()).collect())
    }
}
