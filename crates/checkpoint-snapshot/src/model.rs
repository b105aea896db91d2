//! What can be saved: a model, or a part of one.

use std::future::ready;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Bucket, BucketError, CannotRestore};

/// State in memory that saves itself into a bucket and restores itself from it: a whole model, or a part of one.
///
/// Types of `serde` have it by one line, see [`Plain`]. Models that consist of others save each by
/// [`Bucket::save_part`].
pub trait Model: Send + Sync + 'static {
    /// What it is called in snapshots. A snapshot of another name is not used.
    const NAME: &'static str;

    /// The version of what [`save`](Self::save) puts into the bucket; 1 if nothing is said. Raise it with every change that an older
    /// [`restore`](Self::restore) would misread: it then makes the model anew, as does a newer one that cannot
    /// [`migrate`](Self::migrate).
    const VERSION: u32 = 1;

    /// Puts all that is needed to restore it into the bucket. Called between two events, on the task that handles them, so what takes
    /// long here holds up the next one.
    ///
    /// # Errors
    ///
    /// Where a value cannot be saved. Nothing is written then, and it is tried again later.
    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError>;

    /// Takes over what a bucket of this version holds. It is called on a model that was just made, which is thrown away where it fails.
    ///
    /// # Errors
    ///
    /// [`CannotRestore`], into which every [`BucketError`] turns by `?`: the snapshot is not used.
    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore>;

    /// Makes a bucket of this version of one of an older `version`. `None`, as if nothing is said: it cannot, and the model is made anew
    /// from the events.
    ///
    /// # Errors
    ///
    /// As of [`restore`](Self::restore).
    fn migrate(version: u32, bucket: Bucket) -> Result<Option<Bucket>, CannotRestore> {
        let _ = (version, bucket);
        Ok(None)
    }

    /// Looks, after restoring, whether what the model refers to is still there.
    fn check(&self) -> impl Future<Output = Check> + Send {
        ready(Check::Valid)
    }

    /// What the model only refers to and does not hold, such as `table delays`: who deletes its snapshots or resets them
    /// is told of it.
    fn references(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What [`Model::check`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum Check {
    /// It can be used.
    Valid,
    /// It cannot, for this reason: an older snapshot is tried, and where none is left the model is made anew from the events.
    Rebuild(String),
}

/// A [`Model`] that `serde` saves whole:
///
/// ```
/// use std::collections::HashMap;
///
/// use checkpoint_snapshot::Plain;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Delays {
///     minutes_by_carrier: HashMap<String, i64>,
/// }
///
/// impl Plain for Delays { const NAME: &str = "delays"; }
/// ```
///
/// Fields and variants are saved by name, so a field that goes, or comes with `#[serde(default)]`, needs no other version.
pub trait Plain: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// As of [`Model`].
    const NAME: &'static str;

    /// As of [`Model`]; 1 if nothing is said. A snapshot of another version is not used.
    const VERSION: u32 = 1;
}

/// The only key of a plain model.
const VALUE: &str = "value";

impl<T: Plain> Model for T {
    const NAME: &'static str = T::NAME;
    const VERSION: u32 = T::VERSION;

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put_value(VALUE, self)?;
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        *self = bucket.value(VALUE)?;
        Ok(())
    }
}
