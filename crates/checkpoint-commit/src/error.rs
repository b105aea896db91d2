//! What the calls of a committer fail with.

use crate::NotRising;

/// Why a committer has ended. It stores nothing any more, and all who wait are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// The committer was closed or dropped.
    #[error("the committer was closed: start another one")]
    Closed,
    /// Somebody claimed the checkpoint with a larger epoch.
    #[error("somebody else has claimed the checkpoint, with epoch {epoch}: stop, the events are theirs now")]
    Fenced {
        /// Theirs.
        epoch: u64,
    },
    /// The record is gone.
    #[error("the checkpoint was deleted: start another committer to begin from the start of the stream")]
    Missing,
    /// Somebody else has stored a larger position with the same epoch.
    #[error(
        "somebody has stored position {position}, which is ahead of this committer: start another one to go on from there"
    )]
    Overtaken {
        /// Theirs.
        position: u64,
    },
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
