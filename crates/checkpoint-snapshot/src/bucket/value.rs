//! The kinds of values.

use std::fmt;

use bytes::Bytes;

use super::Bucket;
use crate::number::wide;

/// A value for a [`Bucket`]: made from what it is by `into`, and read by the bucket's getters.
///
/// `Debug` shows its kind and size, but not what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(pub(crate) Kind);

/// Each integer and each float has one form, so that equal buckets have equal bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool(bool),
    Bytes(Bytes),
    /// Its bits.
    Float(u64),
    Json(Bytes),
    Natural(u64),
    /// Below 0.
    Negative(i64),
    Part(Bucket),
    /// A type of serde, by our codec.
    Serde(Bytes),
    /// In UTF-8.
    Text(Bytes),
}

impl Kind {
    /// As messages call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a bool",
            Self::Bytes(_) => "bytes",
            Self::Float(_) => "a float",
            Self::Json(_) => "JSON",
            Self::Natural(_) | Self::Negative(_) => "an integer",
            Self::Part(_) => "a part",
            Self::Serde(_) => "a serde value",
            Self::Text(_) => "text",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Part(part) => part.fmt(f),
            Kind::Bytes(bytes) | Kind::Json(bytes) | Kind::Serde(bytes) | Kind::Text(bytes) => {
                write!(f, "{} ({} bytes)", self.0.name(), bytes.len())
            }
            Kind::Bool(_) | Kind::Float(_) | Kind::Natural(_) | Kind::Negative(_) => f.write_str(self.0.name()),
        }
    }
}

macro_rules! from_integers {
    ($($integer:ident)*) => {$(
        impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                i64::from(value).into()
            }
        }
    )*};
}

from_integers!(i8 i16 i32 u8 u16 u32);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self(Kind::Bool(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self(u64::try_from(value).map_or(Kind::Negative(value), Kind::Natural))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self(Kind::Natural(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        wide(value).into()
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        f64::from(value).into()
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self(Kind::Float(value.to_bits()))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self(Kind::Text(value.into_bytes().into()))
    }
}

impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Self(Kind::Bytes(value))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Bytes::from(value).into()
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Bytes::copy_from_slice(value).into()
    }
}

impl From<Bucket> for Value {
    fn from(value: Bucket) -> Self {
        Self(Kind::Part(value))
    }
}
