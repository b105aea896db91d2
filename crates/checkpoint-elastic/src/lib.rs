#![doc = include_str!("../README.md")]

mod adopt;
mod answer;
mod bulk;
mod document;
mod error;
mod layout;
mod list;
mod names;
mod read;
mod seen;
mod setup;
mod store;
mod url;
mod write;

pub use elasticsearch;

pub use error::ServerError;
pub use store::ElasticStore;

/// What the store calls itself.
const STORE: &str = "elastic";
