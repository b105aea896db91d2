//! What stands in front of the bucket.

use checkpoint_core::MAX_POSITION;

use super::error::invalid;
use super::{CannotDecode, CannotEncode, VERSION};
use crate::number::Number;
use crate::read::Reader;

/// The first bytes of every snapshot: no text in UTF-8 begins with them.
pub(super) const MAGIC: &[u8] = b"\xABSNP";

/// The bits of the byte behind the version.
const COMPRESSED: u8 = 1;
const POSITION: u8 = 2;

/// What a snapshot says about its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The name of the model.
    pub model: String,
    /// The version of what the model puts into its bucket. Says the model.
    pub version: u32,
    /// The last event that is in the model, at most 2^63 − 1. `None`: no event is.
    pub position: Option<u64>,
}

impl Header {
    /// A header.
    pub fn new(model: impl Into<String>, version: u32, position: Option<u64>) -> Self {
        Self { model: model.into(), version, position }
    }

    pub(super) fn check(&self) -> Result<(), CannotEncode> {
        match self.position {
            Some(position) if position > MAX_POSITION => Err(CannotEncode::Position { position }),
            _ => Ok(()),
        }
    }

    /// From the first byte on.
    pub(super) fn write(&self, compressed: bool) -> Vec<u8> {
        let position = if self.position.is_some() { POSITION } else { 0 };
        let mut bytes = MAGIC.to_vec();
        let compressed = if compressed { COMPRESSED } else { 0 };
        bytes.extend([VERSION, compressed | position]);
        bytes.extend(Number::count(self.model.len()).as_ref());
        bytes.extend(self.model.as_bytes());
        bytes.extend(Number::new(self.version.into()).as_ref());
        if let Some(position) = self.position {
            bytes.extend(Number::new(position).as_ref());
        }
        bytes
    }

    /// From behind the version on; and whether the bucket is compressed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Self, bool), CannotDecode> {
        let flags = reader.byte()?;
        if flags > COMPRESSED | POSITION {
            return invalid("its flags are unknown");
        }
        let model = reader.text()?.to_owned();
        let Ok(version) = u32::try_from(reader.number()?) else {
            return invalid("the version of its model is above 2^32 - 1");
        };
        let position = if flags & POSITION > 0 { Some(reader.number()?) } else { None };
        if position.is_some_and(|position| position > MAX_POSITION) {
            return invalid("its position is above 2^63 - 1");
        }
        Ok((Self { model, version, position }, flags & COMPRESSED > 0))
    }
}
