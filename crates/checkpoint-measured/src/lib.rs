#![doc = include_str!("../README.md")]

mod answer;
mod call;
#[cfg(feature = "metrics")]
mod metric;
mod store;

pub use store::MeasuredStore;
