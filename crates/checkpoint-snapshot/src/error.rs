//! Why a model was not saved.

use std::time::Duration;

use checkpoint_commit::Ended;
use checkpoint_core::{Applied, Error};

use crate::BucketError;
use crate::format::CannotEncode;
use crate::generation::NoGenerations;

/// Why a model was not saved. What was saved before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The model cannot be put into a bucket.
    #[error("the model cannot be saved: {0}")]
    Bucket(#[from] BucketError),
    /// The bucket cannot be encoded.
    #[error("the model cannot be saved: {0}")]
    Encode(#[from] CannotEncode),
    /// The model is not this process's to save any more, for good.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// After a write whose result is not known, the record of the checkpoint cannot be read.
    #[error("what the last save has done is not known: {0}")]
    InDoubt(#[from] NoGenerations),
    /// The store has failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The store has not answered in time; whether it has written is not known.
    #[error(
        "the store did not answer within {0:?}: try again, or give it more time by `store_timeout` or the deadline of `close`"
    )]
    Timeout(Duration),
    /// The snapshot is larger than it may be.
    #[error(
        "the snapshot has {bytes} bytes, and may have {limit}: raise the limit by `Snapshots::limit`, or keep less in the model"
    )]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What it may have.
        limit: u64,
    },
    /// The task that was saving has panicked or was stopped with its runtime.
    #[error("the task that was saving the model did not come to its end")]
    Stopped,
}

impl SaveError {
    /// Whether a write may have happened all the same.
    pub(crate) fn is_in_doubt(&self) -> bool {
        match self {
            Self::Store(error) => error.applied() == Applied::Unknown,
            Self::Timeout(_) | Self::Stopped | Self::InDoubt(_) => true,
            Self::Bucket(_) | Self::Encode(_) | Self::Ended(_) | Self::TooLarge { .. } => false,
        }
    }
}
