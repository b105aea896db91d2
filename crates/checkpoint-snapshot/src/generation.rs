//! The list of the snapshots that there are: the state of the checkpoint's own record.

use std::time::{Duration, SystemTime};

use checkpoint_core::{Bytes, Record};

use crate::format::{CannotDecode, CannotEncode, Header, Options, decode, encode};
use crate::{Bucket, BucketError};

/// The name of the list, where snapshots have the name of their model.
const LIST: &str = "checkpoint-snapshot/generations";
const LIST_VERSION: u32 = 1;

/// One snapshot that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// Counts up with each snapshot.
    pub number: u64,
    /// The last event that is in the model.
    pub position: Option<u64>,
    /// When it was taken, by the clock of whoever took it, to the microsecond.
    pub saved_at: SystemTime,
    /// The model's [`NAME`](crate::Model::NAME).
    pub model: String,
    /// The model's [`VERSION`](crate::Model::VERSION).
    pub version: u32,
    /// How many bytes it has, in all its records.
    pub bytes: u64,
    /// What the model [refers to](crate::Model::references).
    pub references: Vec<String>,
    /// Its records are those of this slot.
    pub(crate) slot: u32,
    /// How many records it has.
    pub(crate) chunks: u32,
}

/// Why the state of a record is not a list of snapshots.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoGenerations {
    /// A value in the list is missing or wrong.
    #[error("the list of snapshots contradicts itself: {0}")]
    Bucket(#[from] BucketError),
    /// The bytes are no bucket.
    #[error("the list of snapshots cannot be read: {0}")]
    Decode(#[from] CannotDecode),
    /// A newer version has written it.
    #[error(
        "the list of snapshots has version {version} and is of a newer version of this library: update this program"
    )]
    Newer {
        /// Its version.
        version: u32,
    },
    /// Something else stands there.
    #[error("the state of the checkpoint is not a list of snapshots, but a snapshot of {model:?}")]
    Other {
        /// What.
        model: String,
    },
}

/// The snapshots of a record that [`Snapshots`](crate::Snapshots) has written, the newest first. A record without a state has none.
///
/// # Errors
///
/// [`NoGenerations`]: the state is something else, such as that of a committer, or is damaged.
pub fn generations(record: &Record) -> Result<Vec<Generation>, NoGenerations> {
    if record.state.is_empty() {
        return Ok(Vec::new());
    }
    let (Header { model, version, .. }, list) = decode(&record.state)?;
    if model != LIST {
        return Err(NoGenerations::Other { model });
    }
    if version > LIST_VERSION {
        return Err(NoGenerations::Newer { version });
    }
    let mut generations = list.keys().map(|key| Generation::read(list.bucket(key)?)).collect::<Result<Vec<_>, _>>()?;
    generations.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    Ok(generations)
}

/// The state of a record whose position is `position`.
pub(crate) fn state(position: Option<u64>, generations: &[Generation]) -> Result<Bytes, CannotEncode> {
    let mut list = Bucket::new();
    for generation in generations {
        generation.write(list.part(&generation.number.to_string()));
    }
    Ok(encode(&Header::new(LIST, LIST_VERSION, position), &list, &Options::default())?.into_bytes())
}

impl Generation {
    fn write(&self, bucket: &mut Bucket) {
        bucket.put("number", self.number).put("saved at", micros(self.saved_at));
        bucket.put("model", self.model.as_str()).put("version", self.version);
        bucket.put("bytes", self.bytes).put("slot", self.slot).put("chunks", self.chunks);
        if let Some(position) = self.position {
            bucket.put("position", position);
        }
        let references = bucket.part("references");
        for (number, reference) in self.references.iter().enumerate() {
            references.put(format!("{number:09}"), reference.as_str());
        }
    }

    fn read(bucket: &Bucket) -> Result<Self, BucketError> {
        let references = bucket.bucket("references")?;
        let position = bucket.contains("position").then(|| bucket.integer("position")).transpose()?;
        Ok(Self {
            number: bucket.integer("number")?,
            position,
            saved_at: SystemTime::UNIX_EPOCH + Duration::from_micros(bucket.integer("saved at")?),
            model: bucket.text("model")?.to_owned(),
            version: bucket.integer("version")?,
            bytes: bucket.integer("bytes")?,
            references: references
                .keys()
                .map(|key| references.text(key).map(str::to_owned))
                .collect::<Result<_, _>>()?,
            slot: bucket.integer("slot")?,
            chunks: bucket.integer("chunks")?,
        })
    }
}

/// Since 1970; a clock that stands before it counts as there.
fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Now, as precisely as it is stored.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros(SystemTime::now()))
}
