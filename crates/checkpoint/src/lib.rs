#![doc = include_str!("../README.md")]

mod open;
#[cfg(any(feature = "elastic", feature = "mongo", feature = "postgres", feature = "redis"))]
mod read_only;
mod url;

#[cfg(feature = "commit")]
pub use checkpoint_commit as commit;
pub use checkpoint_core::*;
#[cfg(feature = "elastic")]
pub use checkpoint_elastic::{self as elastic, ElasticStore};
#[cfg(feature = "file")]
pub use checkpoint_file::FileStore;
#[cfg(feature = "measured")]
pub use checkpoint_measured::MeasuredStore;
#[cfg(feature = "memory")]
pub use checkpoint_memory::MemoryStore;
#[cfg(feature = "mongo")]
pub use checkpoint_mongo::{self as mongo, MongoStore};
#[cfg(feature = "noop")]
pub use checkpoint_noop::NoopStore;
#[cfg(feature = "postgres")]
pub use checkpoint_postgres::{self as postgres, PostgresStore};
#[cfg(feature = "redis")]
pub use checkpoint_redis::{self as redis, RedisStore};
#[cfg(feature = "snapshot")]
pub use checkpoint_snapshot as snapshot;
#[cfg(feature = "testkit")]
pub use checkpoint_testkit as testkit;

pub use open::{open, open_read_only};
