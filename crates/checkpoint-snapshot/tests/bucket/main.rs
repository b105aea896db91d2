//! Buckets and snapshots as their users see them.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

mod changes;
mod damage;
mod getters;
mod lists;
mod memory;
mod mutations;
mod random;
mod round_trip;
mod serde_types;
mod stored;
mod tampered;
mod vectors;
