#![doc = include_str!("../README.md")]

mod batch;
mod claim;
mod error;
mod list;
mod names;
mod row;
mod schema;
mod statements;
mod store;
mod url;
mod write;

pub use sqlx;
pub use store::PostgresStore;

/// What the store calls itself.
const STORE: &str = "postgres";
