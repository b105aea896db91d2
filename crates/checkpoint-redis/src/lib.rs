#![doc = include_str!("../README.md")]

mod answer;
mod connection;
mod error;
mod list;
mod script;
mod setup;
mod store;
mod url;
mod write;

pub use connection::Connection;
pub use redis;
pub use setup::Advice;
pub use store::RedisStore;

/// What the store calls itself.
const STORE: &str = "redis";
