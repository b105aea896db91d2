//! How much memory a save takes, to a file store. A program of its own, because counting makes every allocation slower.

#![expect(clippy::print_stdout, reason = "it is a report")]

#[path = "snapshot/models.rs"]
mod models;

use std::sync::Arc;

use checkpoint_commit::strategy::manual;
use checkpoint_core::CheckpointId;
use checkpoint_file::FileStore;
use checkpoint_snapshot::{Model, Snapshots};
use peak_alloc::PeakAlloc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::models::{Delays, Parts};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const BYTES: usize = 100 * 1024 * 1024;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    println!("memory of a model of 100 MiB, and at most while it is saved, itself included; MiB");
    println!("{:44} {:>8} {:>8} {:>8}", "", "alone", "at most", "ratio");
    runtime.block_on(save("parts that are cheap to clone", Parts::new));
    runtime.block_on(save("a map by serde", Delays::new));
}

async fn save<M: Model>(name: &str, model: fn(usize) -> M) {
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let store = Arc::new(FileStore::open(directory.path()).await.expect("a store"));
    let snapshots = Snapshots::new(store, CheckpointId::new("model").expect("an id")).strategy(manual());
    let before = ALLOCATED.current_usage_as_mb();
    let mut live = snapshots.load(|| model(BYTES)).await.expect("the disk works");
    let held = ALLOCATED.current_usage_as_mb() - before;
    ALLOCATED.reset_peak_usage();
    live.handled(1, 0).expect("positions rise");
    live.save().await.expect("the disk works");
    let most = ALLOCATED.peak_usage_as_mb() - before;
    println!("{name:44} {held:>8.1} {most:>8.1} {:>8.2}", most / held);
}
