//! The Postgres store on a real server.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod batches;
mod conformance;
mod eventuous;
mod faults;
mod place;
mod read_model;
mod refusals;
mod restarts;
mod schema;
mod snapshots;
mod steady;
mod transactions;
mod zombies;
