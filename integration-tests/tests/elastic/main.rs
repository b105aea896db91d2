//! The Elasticsearch store against a real server.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

mod conformance;
mod eventuous;
mod faults;
mod ids;
mod place;
mod refusals;
mod restarts;
mod setup;
mod steady;
mod zombies;
