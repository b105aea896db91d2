//! The Elasticsearch store against a real server.

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
