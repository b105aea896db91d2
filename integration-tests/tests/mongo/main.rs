//! The MongoDB store on a real server.

mod conformance;
mod eventuous;
mod faults;
mod place;
mod setup;
mod steady;
mod transactions;
mod zombies;
