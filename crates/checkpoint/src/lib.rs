#![doc = include_str!("../README.md")]

mod open;
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
#[cfg(feature = "testkit")]
pub use checkpoint_testkit as testkit;

pub use open::{open, open_read_only};
