//! What `MeasuredStore` adds to a call while nobody listens: the memory store bare, next to the same behind it.
//!
//! A run makes 1,000 calls, so a microsecond more is a nanosecond a call.

use std::sync::{Arc, LazyLock};

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Write};
use checkpoint_measured::MeasuredStore;
use checkpoint_memory::MemoryStore;
use divan::{Bencher, counter::ItemsCount};
use tokio::runtime::{Builder, Runtime};

const CALLS: u64 = 1_000;
const STORES: [&str; 2] = ["bare", "measured"];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

fn main() {
    divan::main();
}

#[divan::bench(args = STORES, sample_count = 1_000)]
fn read(bencher: Bencher<'_, '_>, name: &str) {
    let store = open(name);
    let id = id();
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        RUNTIME.block_on(async {
            for _ in 0..CALLS {
                divan::black_box(store.read(&id).await).expect("memory does not fail");
            }
        });
    });
}

#[divan::bench(args = STORES, sample_count = 1_000)]
fn write(bencher: Bencher<'_, '_>, name: &str) {
    let store = open(name);
    let write = Write::advance(Checkpoint::new(id(), 7));
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        RUNTIME.block_on(async {
            for _ in 0..CALLS {
                let outcome = divan::black_box(store.write(&write).await).expect("memory does not fail");
                assert!(outcome.is_stored());
            }
        });
    });
}

fn id() -> CheckpointId {
    CheckpointId::new("orders").expect("a good id")
}

fn open(name: &str) -> Arc<dyn CheckpointStore> {
    match name {
        "bare" => Arc::new(MemoryStore::new()),
        _ => Arc::new(MeasuredStore::new(MemoryStore::new())),
    }
}
