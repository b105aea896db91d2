//! The Postgres store keeps the whole contract: as it is, measured, and opened by its URL; on a table of its own, and on one
//! that Eventuous has made, in the order of another language.

use std::sync::Arc;

use checkpoint::postgres::sqlx::PgPool;
use checkpoint::testkit::{Harness, Profile, conformance};
use checkpoint::{CheckpointStore, MeasuredStore, async_trait};

use crate::place::{Place, pool_of, profile};

/// Each opening has connections of its own, several of them: calls run at the same time.
fn pool(place: &Place) -> PgPool {
    pool_of(4, &place.server)
}

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
        Arc::new(self.0.store(pool(&self.0)))
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
        Arc::new(MeasuredStore::new(self.0.store(pool(&self.0))))
    }
}

conformance!(Measured, measured);

/// `open(url)`, which makes the schema and the table.
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

/// A table that Eventuous has made, in a database that orders text as in English.
struct Adopted(Place);

#[async_trait]
impl Harness for Adopted {
    async fn fresh() -> Option<Self> {
        let place = Place::empty().await?;
        place
            .run(r#"create table checkpoints (id varchar collate "en-x-icu" not null primary key, position bigint null)"#)
            .await;
        place.open().await.migrate().await.unwrap();
        Some(Self(place))
    }

    fn profile(&self) -> Profile {
        profile()
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.store(pool(&self.0)))
    }
}

conformance!(Adopted, adopted);
