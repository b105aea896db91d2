//! The Postgres store on a real server.

mod batches;
mod conformance;
mod eventuous;
mod faults;
mod place;
mod read_model;
mod refusals;
mod restarts;
mod schema;
mod steady;
mod transactions;
mod zombies;
