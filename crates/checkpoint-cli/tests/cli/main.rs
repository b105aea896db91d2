//! The real program, from outside.

mod bad;
mod common;
mod follow;
mod kills;
mod records;
mod rotation;
