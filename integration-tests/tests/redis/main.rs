//! The Redis store on real servers.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod cluster;
mod committer;
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
