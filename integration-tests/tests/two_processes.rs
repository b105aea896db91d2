//! The file store keeps the whole contract between processes: every second opening is in another one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, FileStore, async_trait};
use integration_tests::file_profile;
use integration_tests::remote::RemoteFileStore;
use tempfile::TempDir;

struct TwoProcesses {
    directory: TempDir,
    openings: AtomicUsize,
}

#[async_trait]
impl Harness for TwoProcesses {
    async fn fresh() -> Option<Self> {
        let directory = TempDir::new().expect("a temporary directory");
        Some(Self { directory, openings: AtomicUsize::new(0) })
    }

    fn profile(&self) -> Profile {
        file_profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        if self.openings.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            let program = Path::new(env!("CARGO_BIN_EXE_store-process"));
            Arc::new(RemoteFileStore::start(program, self.directory.path()))
        } else {
            Arc::new(FileStore::open(self.directory.path()).await.expect("a writable directory"))
        }
    }
}

conformance!(TwoProcesses);
