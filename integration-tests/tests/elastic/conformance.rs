//! The Elasticsearch store keeps the whole contract: as it is, measured, and opened by its URL; in an index of its own, and
//! in one that Eventuous has made.

use std::sync::Arc;

use checkpoint::elastic::elasticsearch::http::Method;
use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, MeasuredStore, async_trait};

use crate::place::{Place, profile};

struct Plain(Place);

#[async_trait]
impl Harness for Plain {
    async fn fresh() -> Option<Self> {
        Place::new().await.map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.open())
    }
}

conformance!(Plain, plain);
checkpoint::testkit::snapshots!(Plain);

struct Measured(Place);

#[async_trait]
impl Harness for Measured {
    async fn fresh() -> Option<Self> {
        Place::new().await.map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(MeasuredStore::new(self.0.open()))
    }
}

conformance!(Measured, measured);

/// `open(url)`, which makes the index.
struct ByUrl(Place);

#[async_trait]
impl Harness for ByUrl {
    async fn fresh() -> Option<Self> {
        Place::unmade().map(Self)
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        checkpoint::open(&self.0.url()).await.unwrap()
    }
}

conformance!(ByUrl, by_url);

/// An index as Elasticsearch guesses it when Eventuous writes to it, with two shards.
struct Adopted(Place);

#[async_trait]
impl Harness for Adopted {
    async fn fresh() -> Option<Self> {
        let place = Place::unmade()?;
        let made = serde_json::json!({
            "settings": { "number_of_shards": 2 },
            "mappings": { "properties": {
                "id": { "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 256 } } },
                "position": { "type": "double" },
            } },
        });
        place.ask(Method::Put, &place.index, Some(made)).await;
        place.open().migrate().await.unwrap();
        Some(Self(place))
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.open())
    }
}

conformance!(Adopted, adopted);
