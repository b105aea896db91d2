//! A measured store keeps the whole contract of the store within, while somebody takes its spans.

use std::sync::{Arc, LazyLock};

use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, FileStore, MeasuredStore, MemoryStore, async_trait};
use integration_tests::{file_profile, memory_profile};
use tempfile::TempDir;

/// Has every span made and ended, as a collector would.
static SUBSCRIBER: LazyLock<()> = LazyLock::new(|| {
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).expect("nobody else sets one");
});

struct Memory(MemoryStore);

#[async_trait]
impl Harness for Memory {
    async fn fresh() -> Option<Self> {
        LazyLock::force(&SUBSCRIBER);
        Some(Self(MemoryStore::new()))
    }

    fn profile(&self) -> Profile {
        memory_profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(MeasuredStore::new(self.0.clone()))
    }
}

conformance!(Memory, memory);

struct File(TempDir);

#[async_trait]
impl Harness for File {
    async fn fresh() -> Option<Self> {
        LazyLock::force(&SUBSCRIBER);
        Some(Self(TempDir::new().expect("a temporary directory")))
    }

    fn profile(&self) -> Profile {
        file_profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(MeasuredStore::new(FileStore::open(self.0.path()).await.expect("a writable directory")))
    }
}

conformance!(File, file);
