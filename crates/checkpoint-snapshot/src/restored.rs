//! Where a model comes from, and why not from elsewhere.

use checkpoint_core::Error;

use crate::CannotRestore;
use crate::chunk::WrongChunk;
use crate::format::CannotDecode;
use crate::generation::{Generation, NoGenerations};

/// Where a model comes from.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Restored {
    /// The snapshot that it was restored from; `None`: it is made anew, from the start of the stream.
    pub generation: Option<Generation>,
    /// The newer ones that could not be used, newest first, and what else was lost.
    pub rejected: Vec<Rejected>,
}

/// A snapshot that could not be used.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rejected {
    /// Which one; `None` where the list of them could not be.
    pub generation: Option<Generation>,
    /// Why.
    pub reason: Reason,
}

/// Why a snapshot could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The checkpoint was set to a position before it.
    #[error("the checkpoint was set back to {}, before it", place(*position))]
    Beyond {
        /// That position.
        position: Option<u64>,
    },
    /// The model says so ([`Model::check`](crate::Model::check)).
    #[error("the model's check says: {0}")]
    Check(String),
    /// One of its records is not what it should be.
    #[error("record {record:?}: {wrong}")]
    Chunk {
        /// The id of the record.
        record: String,
        /// What is wrong with it.
        wrong: WrongChunk,
    },
    /// Its bytes cannot be read.
    #[error(transparent)]
    Decode(#[from] CannotDecode),
    /// It says something else of itself than the list of snapshots does.
    #[error("its records hold another snapshot: of {model:?} in version {version}, {}", place(*position))]
    Differs {
        /// The name of the model.
        model: String,
        /// Its version.
        version: u32,
        /// Its position.
        position: Option<u64>,
    },
    /// There is no list of snapshots in the checkpoint's record.
    #[error(transparent)]
    List(#[from] NoGenerations),
    /// The checkpoint has a position, and nothing was ever saved with it.
    #[error("the checkpoint stands at {}, and no snapshot was saved with it", place(*position))]
    NothingSaved {
        /// That position.
        position: Option<u64>,
    },
    /// The model does not take it.
    #[error(transparent)]
    Restore(#[from] CannotRestore),
    /// The store holds one of its records, damaged.
    #[error(transparent)]
    Store(Error),
}

fn place(position: Option<u64>) -> String {
    position.map_or_else(|| "the start of the stream".to_owned(), |position| format!("position {position}"))
}
