//! The memory store keeps the whole contract. Its openings are clones, which share the records.

use std::sync::Arc;

use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_testkit::{Harness, Profile, async_trait};

struct MemoryHarness(MemoryStore);

#[async_trait]
impl Harness for MemoryHarness {
    async fn fresh() -> Option<Self> {
        Some(Self(MemoryStore::new()))
    }

    fn profile(&self) -> Profile {
        Profile::new().shared().supporting([Operation::Claim, Operation::Delete, Operation::List])
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.clone())
    }
}

checkpoint_testkit::conformance!(MemoryHarness);
checkpoint_testkit::snapshots!(MemoryHarness);
