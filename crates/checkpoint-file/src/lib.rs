#![doc = include_str!("../README.md")]

#[cfg(not(unix))]
compile_error!("checkpoint-file needs the file locks, renames and syncs of a Unix system");

#[cfg(test)]
mod crash_tests;
mod disk;
mod failure;
mod index;
mod line;
mod log;
mod persist;
mod scan;
#[cfg(test)]
mod simulated_disk;
mod store;
mod worker;

pub use log::TornTail;
pub use store::FileStore;

/// What the store calls itself.
const STORE: &str = "file";
