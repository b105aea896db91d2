use std::sync::Arc;

use checkpoint_core::{CheckpointStore, async_trait};

use crate::Profile;

/// How the cases get at a store: a value is one place where checkpoints can be kept, such as a directory, a schema or a
/// map.
///
/// Dropping it cleans the place up.
#[async_trait]
pub trait Harness: Send + Sync + 'static {
    /// A fresh, empty place that no other case uses. `None` where what it needs is not there (such as a server): the
    /// case then does nothing, so say on standard error what was missing.
    async fn fresh() -> Option<Self>
    where
        Self: Sized;

    /// What the store promises.
    fn profile(&self) -> Profile;

    /// Opens this place. Of a [durable](Profile::durable) store it is called again after the openings before were
    /// dropped, of a [shared](Profile::shared) one also while they are there: then as another process would, with
    /// clients and connections of its own. Panics where it fails.
    async fn open(&self) -> Arc<dyn CheckpointStore>;
}
