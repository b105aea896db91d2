//! The first byte of a value.

/// Tags up to this one are small numbers themselves.
pub(super) const SMALL: u8 = 0x7F;
/// A number in 1 to 8 bytes; one less than their count is added to the tag.
pub(super) const NATURAL: u8 = 0x80;
/// The same for `n`, where the number is −1 − n.
pub(super) const NEGATIVE: u8 = 0x88;
pub(super) const NATURAL_128: u8 = 0x90;
pub(super) const NEGATIVE_128: u8 = 0x91;
/// No value, and the unit.
pub(super) const NOTHING: u8 = 0x92;
/// In front of nothing, to tell `Some(None)` from `None`.
pub(super) const SOME: u8 = 0x93;
pub(super) const FALSE: u8 = 0x94;
pub(super) const TRUE: u8 = 0x95;
pub(super) const FLOAT_32: u8 = 0x96;
pub(super) const FLOAT_64: u8 = 0x97;
pub(super) const TEXT: u8 = 0x98;
pub(super) const BYTES: u8 = 0x99;
pub(super) const LIST: u8 = 0x9A;
pub(super) const MAP: u8 = 0x9B;
/// A list whose length was not known when it began.
pub(super) const OPEN_LIST: u8 = 0x9C;
pub(super) const OPEN_MAP: u8 = 0x9D;
/// Stands behind what is open.
pub(super) const END: u8 = 0x9E;
pub(super) const STRUCT: u8 = 0x9F;
/// A text of up to 31 bytes; their count is added to the tag.
pub(super) const SHORT_TEXT: u8 = 0xA0;
/// One of the first 32 shapes of structs; its number is added to the tag.
pub(super) const SHORT_STRUCT: u8 = 0xC0;
pub(super) const VARIANT: u8 = 0xE0;
/// A variant that has something in it.
pub(super) const FULL_VARIANT: u8 = 0xE1;

/// How many texts and shapes have a tag of their own.
pub(super) const SHORTS: usize = 32;
