#![doc = include_str!("../README.md")]

mod bucket;
mod chunk;
mod codec;
mod error;
pub mod format;
mod generation;
mod leftovers;
mod live;
mod load;
mod model;
mod number;
mod read;
mod restore;
mod restored;
mod save;
mod saver;
mod snapshots;
mod unsaved;

pub use bucket::{Bucket, BucketError, Integer, Problem, Value};
pub use chunk::WrongChunk;
pub use error::SaveError;
pub use generation::{Generation, NoGenerations, generations};
pub use live::{Closed, Live, Status};
pub use model::{Check, Model, Plain};
pub use restore::CannotRestore;
pub use restored::{Reason, Rejected, Restored};
pub use snapshots::Snapshots;
pub use unsaved::Unsaved;
