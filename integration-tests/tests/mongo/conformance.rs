//! The MongoDB store keeps the whole contract: as it is, measured, and opened by its URL.

use std::sync::Arc;

use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, MeasuredStore, async_trait};

use crate::place::{Place, profile};

/// On a collection that is not there before the first write.
struct Plain(Place);

#[async_trait]
impl Harness for Plain {
    async fn fresh() -> Option<Self> {
        Place::new().map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.open().await)
    }
}

conformance!(Plain, plain);
checkpoint::testkit::snapshots!(Plain);

struct Measured(Place);

#[async_trait]
impl Harness for Measured {
    async fn fresh() -> Option<Self> {
        Place::new().map(Self)
    }

    fn profile(&self) -> Profile {
        profile().with_histories(20)
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(MeasuredStore::new(self.0.open().await))
    }
}

conformance!(Measured, measured);

/// `open(url)`, which creates the collection.
struct ByUrl(Place);

#[async_trait]
impl Harness for ByUrl {
    async fn fresh() -> Option<Self> {
        Place::new().map(Self)
    }

    fn profile(&self) -> Profile {
        profile().with_histories(20)
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        checkpoint::open(&self.0.url()).await.unwrap()
    }
}

conformance!(ByUrl, by_url);
