//! The real program, from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its helpers too")]

mod bad;
mod common;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod databases;
mod follow;
mod jobs;
mod kills;
mod records;
mod rotation;
mod snapshots;
mod transfer;
