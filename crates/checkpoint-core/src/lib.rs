#![doc = include_str!("../README.md")]

mod checkpoint;
mod error;
mod ext;
mod id;
mod record;
mod store;
mod write;

pub use async_trait::async_trait;
pub use bytes::Bytes;

pub use checkpoint::Checkpoint;
pub use error::{Applied, Error, ErrorKind, Operation, Result};
pub use ext::CheckpointStoreExt;
pub use id::{CheckpointId, InvalidId};
pub use record::{MAX_EPOCH, MAX_OWNER_BYTES, Record};
pub use store::CheckpointStore;
pub use write::{MAX_POSITION, MAX_STATE_BYTES, Mode, Outcome, Write};
