//! Strategies: when they are due, when they want to be asked again, and how they are written.

mod bounded;
mod decision;
#[cfg(feature = "serde")]
mod serialize;
mod shape;
mod text;
