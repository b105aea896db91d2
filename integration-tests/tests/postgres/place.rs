//! A part of the shared server that one test has for itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use checkpoint::postgres::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use checkpoint::postgres::sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use checkpoint::testkit::Profile;
use checkpoint::{Checkpoint, CheckpointId, Operation, PostgresStore, Write};
use integration_tests::servers::{self, Server};
use url::Url;

/// A schema. Dropping it drops what is in it.
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) schema: String,
}

impl Place {
    /// A schema with the table in it; none where there is no server.
    pub(crate) async fn new() -> Option<Self> {
        let place = Self::empty().await?;
        place.open().await.migrate().await.unwrap();
        Some(place)
    }

    /// A schema with nothing in it.
    pub(crate) async fn empty() -> Option<Self> {
        let place = Self::unmade()?;
        place.run(&format!("create schema {}", place.schema)).await;
        Some(place)
    }

    /// The name of a schema that is not there.
    pub(crate) fn unmade() -> Option<Self> {
        Some(Self { server: servers::url(Server::Postgres)?, schema: unique("test") })
    }

    /// The server's URL with this schema.
    pub(crate) fn url(&self) -> String {
        with_parameters(&self.server, &[("schema", &self.schema)])
    }

    /// A store with connections of its own.
    pub(crate) async fn open(&self) -> PostgresStore {
        self.store(pool(&self.server))
    }

    pub(crate) fn store(&self, pool: PgPool) -> PostgresStore {
        PostgresStore::new(pool).with_schema(&self.schema).unwrap()
    }

    pub(crate) async fn connection(&self) -> PgConnection {
        connection(&self.server).await
    }

    /// Statements of the test's own, where the schema is the first one.
    pub(crate) async fn run(&self, sql: &str) {
        let mut connection = self.connection().await;
        let sql = format!("set search_path to {}; {sql}", self.schema);
        raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("drop schema if exists {} cascade", self.schema));
        let drop = async move {
            let mut connection = connection(&server).await;
            raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || runtime.block_on(drop)).join().unwrap();
    }
}

/// Differs between calls, processes and runs.
pub(crate) fn unique(prefix: &str) -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!("{prefix}_{since:x}_{:x}_{call}", std::process::id())
}

pub(crate) async fn connection(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Connects when it is needed.
pub(crate) fn pool(url: &str) -> PgPool {
    pool_of(1, url)
}

pub(crate) fn pool_of(connections: u32, url: &str) -> PgPool {
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
    pool.acquire_timeout(Duration::from_secs(60)).connect_lazy_with(options)
}

/// The same URL with further parameters.
pub(crate) fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = Url::parse(url).unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    url.into()
}

pub(crate) fn profile() -> Profile {
    let calls = [Operation::Claim, Operation::Delete, Operation::List];
    Profile::new().durable().shared().supporting(calls).over_network()
}

pub(crate) fn id(name: &str) -> CheckpointId {
    CheckpointId::new(name).unwrap()
}

pub(crate) fn advance(name: &str, position: u64) -> Write {
    Write::advance(Checkpoint::new(id(name), position))
}
