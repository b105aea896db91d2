//! Why a snapshot cannot be written or read.

use super::{MAX_DEPTH, VERSION};
use crate::read::Flaw;

/// Why bytes cannot be read as a snapshot.
///
/// Without the snapshot nothing is lost: the model is restored from an older one, or made anew from the events, which only
/// takes longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotDecode {
    /// The bytes do not have the checksum that stands at their end.
    #[error(
        "the snapshot's checksum is not that of its bytes, it was damaged, cut off or added to: restore it from a copy, or \
         delete it to have the model made from an older one or from the events"
    )]
    Checksum,
    /// The bytes end where more must follow.
    #[error(
        "the snapshot was cut off: restore it from a copy, or delete it to have the model made from an older one or from \
         the events"
    )]
    CutOff,
    /// The checksum is right, but what it covers is not what this version writes.
    #[error(
        "the snapshot contradicts itself, {what}: delete it to have the model made from an older one or from the events"
    )]
    Invalid {
        /// What is wrong.
        what: &'static str,
    },
    /// A newer version of this library has written the snapshot.
    #[error(
        "the snapshot has version {version} and was written by a newer version of this library, this one reads up to \
         version {VERSION}: update this program"
    )]
    Newer {
        /// The version of the snapshot.
        version: u8,
    },
    /// The bytes do not begin as a snapshot does, so something else was stored there.
    #[error("this is no snapshot, it does not begin as one: check the place from which it was read")]
    NoSnapshot,
}

impl From<Flaw> for CannotDecode {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::CutOff => Self::CutOff,
            Flaw::Invalid(what) => Self::Invalid { what },
        }
    }
}

/// An error for content that contradicts itself, as a result.
pub(super) fn invalid<T>(what: &'static str) -> Result<T, CannotDecode> {
    Err(CannotDecode::Invalid { what })
}

/// Why a bucket cannot be written as a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotEncode {
    /// The position is one that no store holds.
    #[error("position {position} is above 2^63 - 1, the largest that every store holds")]
    Position {
        /// The position.
        position: u64,
    },
    /// Parts are nested too deep in parts.
    #[error("parts are nested deeper than {MAX_DEPTH}: save what is nested that deep by `put_value`")]
    TooDeep,
}
