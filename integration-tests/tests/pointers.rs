//! A pointer to a store keeps the whole contract, and so does a measured one while nobody takes its spans.

use std::sync::Arc;

use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, MeasuredStore, MemoryStore, async_trait};
use integration_tests::memory_profile;

/// `Arc<dyn CheckpointStore>` as the store itself.
struct Shared(MemoryStore);

#[async_trait]
impl Harness for Shared {
    async fn fresh() -> Option<Self> {
        Some(Self(MemoryStore::new()))
    }

    fn profile(&self) -> Profile {
        memory_profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        let store: Arc<dyn CheckpointStore> = Arc::new(self.0.clone());
        Arc::new(store)
    }
}

conformance!(Shared, shared);

/// `MeasuredStore` around a `Box<dyn CheckpointStore>`.
struct Measured(MemoryStore);

#[async_trait]
impl Harness for Measured {
    async fn fresh() -> Option<Self> {
        Some(Self(MemoryStore::new()))
    }

    fn profile(&self) -> Profile {
        memory_profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        let store: Box<dyn CheckpointStore> = Box::new(self.0.clone());
        Arc::new(MeasuredStore::new(store))
    }
}

conformance!(Measured, measured);
