//! Why bytes are no state.

use super::VERSION;

/// Why bytes that were stored beside a position cannot be read as a state.
///
/// Without the state everything behind the position is handled again: that loses nothing, but the events that were
/// handled out of order come twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotDecode {
    /// The bytes do not have the checksum that stands at their end.
    #[error(
        "the state's checksum is not that of its bytes beside position {}: it was damaged, or belongs to another \
         position; restore the record, or reset the checkpoint to handle all events behind its position again",
        .position.map_or_else(|| "none".to_owned(), |position| position.to_string())
    )]
    Checksum {
        /// The position beside which the state stands.
        position: Option<u64>,
    },
    /// The bytes end where more must follow.
    #[error(
        "the state was cut off: restore the record, or reset the checkpoint to handle all events behind its position \
         again"
    )]
    CutOff,
    /// The checksum is right, but what it covers is not what this version writes.
    #[error(
        "the state contradicts itself, {what}: reset the checkpoint to handle all events behind its position again"
    )]
    Invalid {
        /// What is wrong.
        what: &'static str,
    },
    /// The first byte names no version, so something else was stored there.
    #[error(
        "the state was not written by this library, its first byte is 0: use another checkpoint id, or reset the \
         checkpoint"
    )]
    NoState,
    /// A newer version of this library has written the state.
    #[error(
        "the state has version {version} and was written by a newer version of this library, this one reads up to \
         version {VERSION}: update this program"
    )]
    Newer {
        /// The version of the state.
        version: u8,
    },
}

/// An error for content that contradicts itself, as a result.
pub(super) fn invalid<T>(what: &'static str) -> Result<T, CannotDecode> {
    Err(CannotDecode::Invalid { what })
}
