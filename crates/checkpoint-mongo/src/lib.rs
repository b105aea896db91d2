#![doc = include_str!("../README.md")]

mod batch;
mod change;
mod claim;
mod document;
mod error;
mod list;
mod permission;
mod setup;
mod statement;
mod store;
mod transaction;
mod url;

pub use mongodb;
pub use store::MongoStore;

/// What the store calls itself.
const STORE: &str = "mongo";
