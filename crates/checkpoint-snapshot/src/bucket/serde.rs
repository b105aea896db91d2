//! Types of `serde` as values.

use serde::{Deserialize, Serialize};

use super::{Bucket, BucketError, Kind, Problem};
use crate::bucket::Value;
use crate::codec;

impl Bucket {
    /// Puts in any type that serializes, in a compact form that is about as quick as any and describes itself: fields may
    /// be added, removed and reordered later, see [`value`](Self::value). `FORMAT.md` describes the bytes.
    ///
    /// Equal buckets need equal bytes? Then no `HashMap` may be in the type: its order is another one each time.
    ///
    /// # Errors
    ///
    /// The type does not serialize, or is nested deeper than 128 values. Then the bucket is as it was.
    pub fn put_value<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<Box<str>>,
        value: &T,
    ) -> Result<&mut Self, BucketError> {
        let key = key.into();
        let bytes = codec::encode(value).map_err(|error| self.content(&key, error))?;
        Ok(self.put(key, Value(Kind::Serde(bytes))))
    }

    /// What [`put_value`](Self::put_value) put in, as the same type or one that has changed since: fields that it does not
    /// know are passed over, for those that are missing `#[serde(default)]` decides, an integer only has to fit, and what was
    /// not optional may be so now. Texts and bytes may be borrowed.
    ///
    /// # Errors
    ///
    /// It is missing, something else, or not such a type. The error's source names the field.
    pub fn value<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<T, BucketError> {
        match self.kind(key)? {
            Kind::Serde(bytes) => codec::decode(bytes).map_err(|error| self.content(key, error)),
            other => Err(self.is_not(key, other, "a serde value")),
        }
    }

    /// Puts in any type that serializes, as JSON: for what other programs are to read.
    ///
    /// # Errors
    ///
    /// The type does not serialize, or is no JSON: say, a map by something else than texts. Then the bucket is as it was.
    pub fn put_json<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<Box<str>>,
        value: &T,
    ) -> Result<&mut Self, BucketError> {
        let key = key.into();
        let bytes = codec::json(value).map_err(|error| self.content(&key, error))?;
        Ok(self.put(key, Value(Kind::Json(bytes))))
    }

    /// What [`put_json`](Self::put_json) put in.
    ///
    /// # Errors
    ///
    /// It is missing, something else, or not such a type. The error's source says where in the JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<T, BucketError> {
        match self.kind(key)? {
            Kind::Json(bytes) => serde_json::from_slice(bytes).map_err(|error| self.content(key, error)),
            other => Err(self.is_not(key, other, "JSON")),
        }
    }

    #[cold]
    fn content(&self, key: &str, error: impl std::error::Error + Send + Sync + 'static) -> BucketError {
        BucketError::new(self, key, Problem::Content(Box::new(error)))
    }
}
