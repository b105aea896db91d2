//! The Redis store keeps the whole contract: as it is, with every kind of connection, measured, and opened by its URL.

use std::sync::Arc;

use checkpoint::RedisStore;
use checkpoint::redis::redis::{AsyncConnectionConfig, Client};
use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, MeasuredStore, async_trait};

use crate::space::{Space, profile};

/// `RedisStore::connect`.
struct Plain(Space);

#[async_trait]
impl Harness for Plain {
    async fn fresh() -> Option<Self> {
        Space::new().map(Self)
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

/// A `MultiplexedConnection` that speaks RESP3.
struct Multiplexed(Space);

#[async_trait]
impl Harness for Multiplexed {
    async fn fresh() -> Option<Self> {
        Space::new().map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        let url = crate::space::with_parameters(&self.0.server, &[("protocol", "resp3")]);
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        let client = Client::open(url).unwrap();
        let connection = client.get_multiplexed_async_connection_with_config(&patient).await.unwrap();
        Arc::new(RedisStore::new(connection).with_prefix(&self.0.prefix).unwrap())
    }
}

conformance!(Multiplexed, multiplexed);

/// `MeasuredStore` around it.
struct Measured(Space);

#[async_trait]
impl Harness for Measured {
    async fn fresh() -> Option<Self> {
        Space::new().map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(MeasuredStore::new(self.0.open().await))
    }
}

conformance!(Measured, measured);

/// `checkpoint::open`.
struct ByUrl(Space);

#[async_trait]
impl Harness for ByUrl {
    async fn fresh() -> Option<Self> {
        Space::new().map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        checkpoint::open(&self.0.url()).await.unwrap()
    }
}

conformance!(ByUrl, by_url);
