//! What the calls of a committer fail with.

use checkpoint_core::{MAX_POSITION, Outcome};

use crate::NotRising;

/// Why a committer has ended. It stores nothing any more, and all who wait are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// The committer was closed or dropped.
    #[error("this consumer has ended: start another one")]
    Closed,
    /// Somebody claimed the checkpoint with a larger epoch.
    #[error("somebody else has claimed the checkpoint, with epoch {epoch}: stop, the events are theirs now")]
    Fenced {
        /// Theirs.
        epoch: u64,
    },
    /// The record is gone.
    #[error("the checkpoint was deleted: start again to begin from the start of the stream")]
    Missing,
    /// Somebody else has stored another position with the same epoch, though it was to stay as it is. Only of snapshots.
    #[error(
        "somebody has moved the checkpoint to {}: start again to go on from there",
        position.map_or_else(|| "the start of the stream".to_owned(), |position| format!("position {position}"))
    )]
    Moved {
        /// Theirs; `None`: before the first event.
        position: Option<u64>,
    },
    /// Somebody else has stored a larger position with the same epoch.
    #[error(
        "somebody has stored position {position}, which is ahead of this consumer: start another one to go on from there"
    )]
    Overtaken {
        /// Theirs.
        position: u64,
    },
}

impl Ended {
    /// What the answer to a single write ends; `None`: nothing, it is stored.
    pub fn by(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Stored => None,
            Outcome::Fenced(epoch) => Some(Self::Fenced { epoch }),
            Outcome::Missing => Some(Self::Missing),
            Outcome::Ahead(position) => Some(Self::Overtaken { position }),
            Outcome::Mismatch(position) => Some(Self::Moved { position }),
            Outcome::Contended => Some(Self::Closed), // no answer to a single write: who knows what has happened
        }
    }
}

/// Why a position was not tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackError {
    /// The committer has ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The position is not above the one tracked before.
    #[error(transparent)]
    NotRising(#[from] NotRising),
    /// The position is one that no store holds.
    #[error("position {position} is above 2^63 - 1, the largest that every store holds")]
    TooLarge {
        /// The position that was refused.
        position: u64,
    },
}

impl TrackError {
    /// Whether `position` can follow `high`, the last one.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](Self::TooLarge) and [`NotRising`](Self::NotRising).
    pub fn check(position: u64, high: Option<u64>) -> Result<(), Self> {
        if position > MAX_POSITION {
            return Err(Self::TooLarge { position });
        }
        match high {
            Some(high) if position <= high => Err(NotRising { position, high }.into()),
            _ => Ok(()),
        }
    }
}
