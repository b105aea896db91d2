//! The file store keeps the whole contract. Each opening has a thread, an index and a lock of its own, as another process
//! would.

use std::sync::Arc;

use checkpoint_core::{CheckpointStore, Operation, async_trait};
use checkpoint_file::FileStore;
use checkpoint_testkit::{Harness, Profile};
use tempfile::TempDir;

struct FileHarness(TempDir);

#[async_trait]
impl Harness for FileHarness {
    async fn fresh() -> Option<Self> {
        Some(Self(TempDir::new().expect("a temporary directory")))
    }

    fn profile(&self) -> Profile {
        let calls = [Operation::Claim, Operation::Delete, Operation::List];
        // Every call that writes waits for the disk.
        Profile::new().durable().shared().supporting(calls).with_histories(300)
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(FileStore::open(self.0.path()).await.expect("a writable directory"))
    }
}

checkpoint_testkit::conformance!(FileHarness);
checkpoint_testkit::snapshots!(FileHarness);
