//! From a bucket of some version to a model of this one.

use std::borrow::Cow;
use std::error::Error;

use crate::{Bucket, BucketError, Model};

/// Why a model cannot be restored from a bucket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CannotRestore {
    /// A value is missing, or another than the model takes.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The model says so.
    #[error("what was saved is not accepted: {0}")]
    Model(#[source] Box<dyn Error + Send + Sync>),
    /// A newer version of the model has saved it.
    #[error("version {found} of {model:?} has saved it, and this program knows versions up to {known}: update it")]
    Newer {
        /// The model or part.
        model: String,
        /// The version that has saved it.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// An older version of the model has saved it, and the model does not migrate from that.
    #[error("version {found} of {model:?} has saved it, and version {known} does not migrate from that")]
    NotMigrated {
        /// The model or part.
        model: String,
        /// The version that has saved it.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// It is of another model.
    #[error("it is of {found:?}, not of {expected:?}: give each model an id of its own")]
    OtherModel {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: &'static str,
    },
}

impl CannotRestore {
    /// For a model that does not accept what it finds in the bucket.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Model(reason.into())
    }
}

const MODEL: &str = "model";
const VERSION: &str = "version";
const CONTENT: &str = "content";

/// Models as parts of models. Each has its own version, and migrates by itself.
impl Bucket {
    /// Saves a part under a key: a bucket with its name (`model`), its version (`version`) and what it saves itself
    /// (`content`).
    ///
    /// # Errors
    ///
    /// As of [`Model::save`].
    pub fn save_part<M: Model>(&mut self, key: &str, part: &M) -> Result<(), BucketError> {
        self.remove(key);
        let bucket = self.part(key);
        bucket.put(MODEL, M::NAME).put(VERSION, M::VERSION);
        part.save(bucket.part(CONTENT))
    }

    /// Restores a part that [`save_part`](Self::save_part) has saved. Its [`check`](Model::check) is for the whole model's to call.
    ///
    /// # Errors
    ///
    /// As of [`Model::restore`]; also where the part is missing, of another model, or of a version that it does not know.
    pub fn restore_part<M: Model>(&self, key: &str, part: &mut M) -> Result<(), CannotRestore> {
        let bucket = self.bucket(key)?;
        let (name, version) = (bucket.text(MODEL)?, bucket.integer(VERSION)?);
        restore(part, name, version, Cow::Borrowed(bucket.bucket(CONTENT)?))
    }
}

/// Restores `model` from what `version` of the model `name` has saved.
pub(crate) fn restore<M: Model>(
    model: &mut M,
    name: &str,
    version: u32,
    bucket: Cow<'_, Bucket>,
) -> Result<(), CannotRestore> {
    if name != M::NAME {
        return Err(CannotRestore::OtherModel { found: name.to_owned(), expected: M::NAME });
    }
    let (found, known) = (version, M::VERSION);
    if found > known {
        return Err(CannotRestore::Newer { model: name.to_owned(), found, known });
    }
    if found == known {
        return model.restore(&bucket);
    }
    match M::migrate(found, bucket.into_owned())? {
        Some(migrated) => model.restore(&migrated),
        None => Err(CannotRestore::NotMigrated { model: name.to_owned(), found, known }),
    }
}
