//! What a model saves itself into, and is restored from.

mod error;
mod get;
mod integer;
mod place;
mod serde;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use error::{BucketError, Problem};
pub use integer::Integer;
pub use value::Value;

pub(crate) use place::Place;
pub(crate) use value::Kind;

/// Values by key, in the order of their keys.
///
/// A value is a bool, an integer from −2^63 to 2^64 − 1, a float, a text, bytes, JSON, any type of `serde`, or another bucket: a
/// **part**. Keys that a model does not know stay where they are, so that a snapshot loses nothing on its way through an
/// older program.
///
/// `Debug` shows keys, kinds and sizes, and no values: they may be secret.
#[derive(Clone, Default)]
pub struct Bucket {
    entries: BTreeMap<Box<str>, Value>,
    /// Where the bucket is a part, for messages. `None`: it is no part.
    place: Option<Arc<Place>>,
}

impl Bucket {
    /// An empty bucket.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value in, in place of any that has the key.
    pub fn put(&mut self, key: impl Into<Box<str>>, value: impl Into<Value>) -> &mut Self {
        let key = key.into();
        let mut value = value.into();
        if let Kind::Part(part) = &mut value.0 {
            part.settle(Place::below(self.place.as_ref(), &key));
        }
        self.entries.insert(key, value);
        self
    }

    /// The part with this key, to put values in. It is made where there is none, in place of a value of another kind.
    pub fn part(&mut self, key: &str) -> &mut Self {
        if !matches!(self.entries.get(key), Some(Value(Kind::Part(_)))) {
            self.put(key, Self::new());
        }
        self.bucket_mut(key).expect("it was made where there was none")
    }

    /// Takes a value out, for instance to put it back under another key.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.entries.remove(key)
    }

    /// Whether there is a value with this key.
    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The keys, in their order: that of their bytes in UTF-8.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.entries.keys().map(AsRef::as_ref)
    }

    /// How many values there are. A part counts as one.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An empty bucket at a place, which is filled by [`Self::insert`].
    pub(crate) fn at(place: Option<Arc<Place>>) -> Self {
        Self { entries: BTreeMap::new(), place }
    }

    /// Where a part with this key would be.
    pub(crate) fn place_of(&self, key: &str) -> Arc<Place> {
        Place::below(self.place.as_ref(), key)
    }

    /// Puts in a value that is at its place already.
    pub(crate) fn insert(&mut self, key: &str, value: Kind) {
        self.entries.insert(key.into(), Value(value));
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.entries.iter().map(|(key, value)| (&**key, &value.0))
    }

    /// Moves the bucket and its parts to another place.
    fn settle(&mut self, place: Arc<Place>) {
        for (key, value) in &mut self.entries {
            if let Kind::Part(part) = &mut value.0 {
                part.settle(Place::below(Some(&place), key));
            }
        }
        self.place = Some(place);
    }
}

/// Buckets are equal if their values are. Floats are compared by their bits.
impl PartialEq for Bucket {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Bucket {}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.entries).finish()
    }
}
