use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The name of a checkpoint: 1 to 512 bytes of UTF-8 without control characters, checked when it is made.
///
/// Every store can hold every id as it is, byte for byte. Ids are ordered by their bytes. A clone is cheap: it shares
/// the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointId(Arc<str>);

impl CheckpointId {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// Checks `id` and makes a `CheckpointId` of it.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] says what is wrong: empty, too long, or with a control character (Unicode category Cc).
    pub fn new(id: impl Into<Arc<str>>) -> Result<Self, InvalidId> {
        let id = id.into();
        if id.is_empty() {
            return Err(InvalidId::Empty);
        }
        if id.len() > Self::MAX_BYTES {
            return Err(InvalidId::TooLong { bytes: id.len() });
        }
        if let Some((offset, character)) = id.char_indices().find(|(_, c)| c.is_control()) {
            return Err(InvalidId::ControlCharacter { offset, character });
        }
        Ok(Self(id))
    }

    /// What the ids of records begin with that belong to another checkpoint, such as the parts of its snapshots: `~`.
    pub const BESIDE: &str = "~";

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the record belongs to another checkpoint, and is left out where all checkpoints are listed: its id begins with
    /// [`BESIDE`](Self::BESIDE).
    pub fn is_beside(&self) -> bool {
        self.0.starts_with(Self::BESIDE)
    }
}

/// Why a text cannot be a [`CheckpointId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// A control character, such as a newline or NUL.
    #[error("a checkpoint id must not contain control characters, but byte {offset} begins {character:?}")]
    ControlCharacter {
        /// Where it begins, in bytes.
        offset: usize,
        /// The character.
        character: char,
    },
    /// No characters at all.
    #[error("a checkpoint id must not be empty")]
    Empty,
    /// More than [`CheckpointId::MAX_BYTES`] bytes.
    #[error("a checkpoint id has at most {max} bytes, this one has {bytes}", max = CheckpointId::MAX_BYTES)]
    TooLong {
        /// How many bytes the text has.
        bytes: usize,
    },
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for CheckpointId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Text and id compare and hash alike, so a map keyed by ids can be asked with a `&str`.
impl Borrow<str> for CheckpointId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for CheckpointId {
    type Err = InvalidId;

    fn from_str(id: &str) -> Result<Self, InvalidId> {
        Self::new(id)
    }
}

impl TryFrom<&str> for CheckpointId {
    type Error = InvalidId;

    fn try_from(id: &str) -> Result<Self, InvalidId> {
        Self::new(id)
    }
}

impl TryFrom<String> for CheckpointId {
    type Error = InvalidId;

    fn try_from(id: String) -> Result<Self, InvalidId> {
        Self::new(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_bytes() {
        assert_eq!(CheckpointId::new(""), Err(InvalidId::Empty));
        assert!(CheckpointId::new("a").is_ok());
        assert!(CheckpointId::new("é".repeat(256)).is_ok());
        assert_eq!(CheckpointId::new("é".repeat(256) + "a"), Err(InvalidId::TooLong { bytes: 513 }));
    }

    #[test]
    fn control_characters_are_refused_with_their_place() {
        for character in ['\0', '\n', '\t', '\u{7f}', '\u{85}'] {
            let refused = CheckpointId::new(format!("ab{character}c"));
            assert_eq!(refused, Err(InvalidId::ControlCharacter { offset: 2, character }));
        }
    }

    #[test]
    fn everything_else_is_kept_as_it_is() {
        for id in [" ", "a/b", "100%", "\"quoted\"", "it's", "ünïcödé", "\u{10ffff}", "a\\b", "#"] {
            assert_eq!(CheckpointId::new(id).unwrap().as_str(), id);
        }
    }
}
