//! Getters, each of one kind.

use bytes::Bytes;

use super::{Bucket, BucketError, Integer, Kind, Problem};
use crate::bucket::Value;

/// Each getter fails where the key is missing or its value is of another kind; the [`BucketError`] names the key and the
/// part in which it was looked for.
impl Bucket {
    /// A bool.
    ///
    /// # Errors
    ///
    /// It is missing, or something else.
    pub fn bool(&self, key: &str) -> Result<bool, BucketError> {
        match self.kind(key)? {
            Kind::Bool(value) => Ok(*value),
            other => Err(self.is_not(key, other, "a bool")),
        }
    }

    /// An integer, as any type of integer that it fits into.
    ///
    /// # Errors
    ///
    /// It is missing, something else, or out of the type's range.
    pub fn integer<I: Integer>(&self, key: &str) -> Result<I, BucketError> {
        let integer = match self.kind(key)? {
            Kind::Natural(value) => i128::from(*value),
            Kind::Negative(value) => i128::from(*value),
            other => return Err(self.is_not(key, other, "an integer")),
        };
        I::try_from(integer).map_err(|_| BucketError::new(self, key, Problem::Range { integer: I::NAME }))
    }

    /// A float. An integer is none.
    ///
    /// # Errors
    ///
    /// It is missing, or something else.
    pub fn float(&self, key: &str) -> Result<f64, BucketError> {
        match self.kind(key)? {
            Kind::Float(bits) => Ok(f64::from_bits(*bits)),
            other => Err(self.is_not(key, other, "a float")),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// It is missing, or something else.
    pub fn text(&self, key: &str) -> Result<&str, BucketError> {
        match self.kind(key)? {
            Kind::Text(bytes) => Ok(str::from_utf8(bytes).expect("a text is checked before it is put in")),
            other => Err(self.is_not(key, other, "text")),
        }
    }

    /// Bytes. A clone of them is cheap, but keeps all that was decoded with them in memory.
    ///
    /// # Errors
    ///
    /// They are missing, or something else.
    pub fn bytes(&self, key: &str) -> Result<&Bytes, BucketError> {
        match self.kind(key)? {
            Kind::Bytes(bytes) => Ok(bytes),
            other => Err(self.is_not(key, other, "bytes")),
        }
    }

    /// A part.
    ///
    /// # Errors
    ///
    /// It is missing, or something else.
    pub fn bucket(&self, key: &str) -> Result<&Self, BucketError> {
        match self.kind(key)? {
            Kind::Part(part) => Ok(part),
            other => Err(self.is_not(key, other, "a part")),
        }
    }

    /// A part, to change it. [`part`](Self::part) makes it where there is none.
    ///
    /// # Errors
    ///
    /// It is missing, or something else.
    pub fn bucket_mut(&mut self, key: &str) -> Result<&mut Self, BucketError> {
        self.bucket(key)?;
        match self.entries.get_mut(key) {
            Some(Value(Kind::Part(part))) => Ok(part),
            _ => unreachable!("it was there"),
        }
    }

    pub(super) fn kind(&self, key: &str) -> Result<&Kind, BucketError> {
        let value = self.entries.get(key).ok_or_else(|| BucketError::new(self, key, Problem::Missing))?;
        Ok(&value.0)
    }

    #[cold]
    pub(super) fn is_not(&self, key: &str, found: &Kind, expected: &'static str) -> BucketError {
        BucketError::new(self, key, Problem::Kind { found: found.name(), expected })
    }
}
