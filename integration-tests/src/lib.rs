//! Every store behind every decorator, and crates that only exist together.

/// The project's front page: its examples must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

pub mod proxy;
pub mod remote;
pub mod servers;
pub mod wire;

use checkpoint::Operation;
use checkpoint::testkit::Profile;

/// What a decorator around the memory store promises, where its openings share the records.
pub fn memory_profile() -> Profile {
    Profile::new().shared().supporting([Operation::Claim, Operation::Delete, Operation::List])
}

/// What a decorator around the file store promises. The store's own tests run the many histories.
pub fn file_profile() -> Profile {
    memory_profile().durable().with_histories(200)
}
