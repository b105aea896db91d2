//! Why a value cannot be had.

use std::fmt;

use super::{Bucket, Place};

/// Why a value of a [`Bucket`] cannot be read or put in. Names the part and the key, and never the value.
#[derive(Debug)]
pub struct BucketError {
    path: String,
    key: Box<str>,
    problem: Problem,
}

/// What is wrong with a value.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The content does not make the type that was asked for, or the type does not serialize.
    Content(Box<dyn std::error::Error + Send + Sync>),
    /// The value is of another kind.
    Kind {
        /// What it is.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// There is no value with the key.
    Missing,
    /// The integer does not fit into the type that was asked for.
    Range {
        /// That type.
        integer: &'static str,
    },
}

impl BucketError {
    #[cold]
    pub(super) fn new(bucket: &Bucket, key: &str, problem: Problem) -> Self {
        let path = bucket.place.as_deref().map(Place::path).unwrap_or_default();
        Self { path, key: key.into(), problem }
    }

    /// The keys of the parts that lead to the value, with slashes between them. Empty for a bucket that is no part.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key of the value.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for BucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{:?} ", self.key)?;
        match &self.problem {
            Problem::Content(_) => write!(f, "cannot be converted, its type and what was saved differ"),
            Problem::Kind { found, expected } => {
                write!(f, "is {found}, not {expected}{}", hint(found))
            }
            Problem::Missing => {
                f.write_str("is missing: where older snapshots lack it, ask `contains` first and take a default")
            }
            Problem::Range { integer } => {
                write!(f, "does not fit into {integer}: read it as a wider integer")
            }
        }
    }
}

/// Which getter has what was found, if its name does not say so.
fn hint(found: &str) -> &'static str {
    match found {
        "JSON" => ": read it by `json`",
        "a part" => ": read it by `bucket`",
        "a serde value" => ": read it by `value`",
        _ => "",
    }
}

impl std::error::Error for BucketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Content(error) => Some(&**error),
            Problem::Kind { .. } | Problem::Missing | Problem::Range { .. } => None,
        }
    }
}
