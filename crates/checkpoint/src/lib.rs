#![doc = include_str!("../README.md")]

mod open;
#[cfg(feature = "redis")]
mod read_only;
mod url;

pub use checkpoint_core::*;
#[cfg(feature = "file")]
pub use checkpoint_file::FileStore;
#[cfg(feature = "measured")]
pub use checkpoint_measured::MeasuredStore;
#[cfg(feature = "memory")]
pub use checkpoint_memory::MemoryStore;
#[cfg(feature = "noop")]
pub use checkpoint_noop::NoopStore;
#[cfg(feature = "postgres")]
pub use checkpoint_postgres::{self as postgres, PostgresStore};
#[cfg(feature = "redis")]
pub use checkpoint_redis::{self as redis, RedisStore};
#[cfg(feature = "testkit")]
pub use checkpoint_testkit as testkit;

pub use open::{open, open_read_only};
