//! The Redis store against real servers.

mod cluster;
mod conformance;
mod eventuous;
mod faults;
mod keys;
mod own_server;
mod refusals;
mod restarts;
mod space;
mod steady;
mod tls;
mod verify;
mod zombies;
