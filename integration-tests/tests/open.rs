//! What `open(url)` gives keeps the whole contract.

use std::sync::Arc;

use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, Operation, async_trait, open};
use integration_tests::file_profile;
use tempfile::TempDir;

/// `memory:`, where each opening is a store of its own.
struct Memory;

#[async_trait]
impl Harness for Memory {
    async fn fresh() -> Option<Self> {
        Some(Self)
    }

    fn profile(&self) -> Profile {
        Profile::new().supporting([Operation::Claim, Operation::Delete, Operation::List])
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        open("memory:").await.expect("memory is always there")
    }
}

conformance!(Memory, memory);

/// `file:DIR`, where the store makes the directory.
struct File(TempDir);

#[async_trait]
impl Harness for File {
    async fn fresh() -> Option<Self> {
        Some(Self(TempDir::new().expect("a temporary directory")))
    }

    fn profile(&self) -> Profile {
        file_profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        let url = format!("file:{}/store", self.0.path().display());
        open(&url).await.expect("a writable directory")
    }
}

conformance!(File, file);
