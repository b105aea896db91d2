//! What saving models costs: the disk, the events that are handled meanwhile, and each event when nothing is saved.
//!
//! `cargo bench --bench snapshot`, or with a word after `--`: only the measurements whose name has it.

#![expect(clippy::print_stdout, reason = "it is a report")]

mod beside;
mod event;
mod models;
mod save;

use std::sync::{Arc, LazyLock};

use checkpoint_commit::strategy::Strategy;
use checkpoint_core::CheckpointId;
use checkpoint_file::FileStore;
use checkpoint_snapshot::{Live, Model, Snapshots};
use tempfile::TempDir;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let measurements: [(&str, fn()); 3] =
        [("event", event::without_a_save), ("save", save::of_1_mib), ("beside", beside::of_100_mib)];
    for (_, measure) in measurements.into_iter().filter(|(name, _)| name.contains(&only)) {
        measure();
    }
}

/// A model in a file store of its own.
struct Saved<M: Model> {
    _directory: TempDir,
    live: Live<M>,
    position: u64,
}

impl<M: Model> Saved<M> {
    fn new(strategy: Strategy, model: impl Fn() -> M) -> Self {
        let directory = directory();
        let live = RUNTIME.block_on(async {
            let store = Arc::new(FileStore::open(directory.path()).await.expect("a store"));
            let snapshots = Snapshots::new(store, id("model")).strategy(strategy);
            snapshots.load(model).await.expect("the disk works")
        });
        Self { _directory: directory, live, position: 0 }
    }

    fn next_position(&mut self) -> u64 {
        self.position += 1;
        self.position
    }

    fn save(&mut self) {
        let position = self.next_position();
        self.live.handled(position, 0).expect("positions rise");
        RUNTIME.block_on(self.live.save()).expect("the disk works");
    }

    /// How many bytes the last snapshot has.
    fn bytes(&self) -> usize {
        let saved = self.live.status().saved.expect("it was saved");
        usize::try_from(saved.bytes).expect("it fits")
    }
}

/// Where the disk is: not the system's directory for temporary files, which may be in memory.
fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory")
}

fn id(name: &str) -> CheckpointId {
    CheckpointId::new(name).expect("an id")
}
