#![doc = include_str!("../README.md")]

mod bucket;
mod codec;
pub mod format;
mod number;
mod read;

pub use bucket::{Bucket, BucketError, Integer, Problem, Value};
