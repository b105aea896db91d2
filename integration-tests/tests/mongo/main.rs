//! The MongoDB store on a real server.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod conformance;
mod eventuous;
mod faults;
mod place;
mod setup;
mod snapshots;
mod steady;
mod transactions;
mod zombies;
