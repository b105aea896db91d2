//! Calls of a store and their answers as lines of JSON, between [`remote`](crate::remote) and the program
//! `store-process`.

#![expect(clippy::exhaustive_enums, clippy::exhaustive_structs, reason = "both sides are in this package")]

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use checkpoint::{Applied, Bytes, Checkpoint, CheckpointId, Error, ErrorKind, Mode, Outcome, Record, Write};
use serde::{Deserialize, Serialize};

/// A call or an answer, with the number that joins them.
#[derive(Debug, Deserialize, Serialize)]
pub struct Numbered<T> {
    /// Counted by the caller.
    pub number: u64,
    /// The call or the answer.
    pub content: T,
}

/// What is asked of a store.
#[expect(missing_docs, reason = "the calls of the trait")]
#[derive(Debug, Deserialize, Serialize)]
pub enum Call {
    Claim { id: String, owner: String },
    Delete { id: String },
    List { prefix: String, after: Option<String>, limit: usize },
    Read { id: String },
    Write { write: WireWrite },
    WriteMany { writes: Vec<WireWrite> },
}

/// What the store answers.
#[expect(missing_docs, reason = "what the calls return")]
#[derive(Debug, Deserialize, Serialize)]
pub enum Answer {
    Deleted(bool),
    Failed { kind: String, applied: bool, message: String },
    Outcomes(Vec<WireOutcome>),
    Records(Vec<WireRecord>),
}

/// A [`Write`].
#[derive(Debug, Deserialize, Serialize)]
pub struct WireWrite {
    id: String,
    position: Option<u64>,
    mode: WireMode,
    epoch: u64,
    state: String,
}

#[derive(Debug, Deserialize, Serialize)]
enum WireMode {
    Advance,
    Expect(Option<u64>),
    Overwrite,
}

/// An [`Outcome`].
#[expect(missing_docs, reason = "the outcomes of the contract")]
#[derive(Debug, Deserialize, Serialize)]
pub enum WireOutcome {
    Ahead(u64),
    Contended,
    Fenced(u64),
    Mismatch(Option<u64>),
    Missing,
    Stored,
}

/// A [`Record`].
#[derive(Debug, Deserialize, Serialize)]
pub struct WireRecord {
    id: String,
    position: Option<u64>,
    epoch: u64,
    owner: Option<String>,
    state: String,
    updated_at: Option<Duration>,
}

/// An id that was one on the other side.
pub fn id(id: &str) -> CheckpointId {
    CheckpointId::new(id).expect("the other side has checked it")
}

fn bytes(text: &str) -> Bytes {
    STANDARD.decode(text).expect("the other side has encoded it").into()
}

impl From<&Write> for WireWrite {
    fn from(write: &Write) -> Self {
        let mode = match write.mode {
            Mode::Advance => WireMode::Advance,
            Mode::Expect(position) => WireMode::Expect(position),
            Mode::Overwrite => WireMode::Overwrite,
            mode => unimplemented!("a mode that is not in the contract: {mode:?}"),
        };
        let Checkpoint { id, position } = &write.checkpoint;
        let (id, position, state) = (id.to_string(), *position, STANDARD.encode(&write.state));
        Self { id, position, mode, epoch: write.epoch, state }
    }
}

impl From<WireWrite> for Write {
    fn from(wire: WireWrite) -> Self {
        let mode = match wire.mode {
            WireMode::Advance => Mode::Advance,
            WireMode::Expect(position) => Mode::Expect(position),
            WireMode::Overwrite => Mode::Overwrite,
        };
        Self::new(Checkpoint::new(id(&wire.id), wire.position), mode)
            .with_epoch(wire.epoch)
            .with_state(bytes(&wire.state))
    }
}

/// The two enums have the same variants.
macro_rules! same_outcomes {
    ($from:ident, $to:ident) => {
        impl From<$from> for $to {
            fn from(outcome: $from) -> Self {
                match outcome {
                    $from::Ahead(position) => Self::Ahead(position),
                    $from::Contended => Self::Contended,
                    $from::Fenced(epoch) => Self::Fenced(epoch),
                    $from::Mismatch(position) => Self::Mismatch(position),
                    $from::Missing => Self::Missing,
                    $from::Stored => Self::Stored,
                }
            }
        }
    };
}

same_outcomes!(Outcome, WireOutcome);
same_outcomes!(WireOutcome, Outcome);

impl From<Record> for WireRecord {
    fn from(record: Record) -> Self {
        let since_1970 = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).expect("the clock is right");
        Self {
            id: record.checkpoint.id.to_string(),
            position: record.checkpoint.position,
            epoch: record.epoch,
            owner: record.owner,
            state: STANDARD.encode(&record.state),
            updated_at: record.updated_at.map(since_1970),
        }
    }
}

impl From<WireRecord> for Record {
    fn from(wire: WireRecord) -> Self {
        let mut record = Self::new(Checkpoint::new(id(&wire.id), wire.position));
        record.epoch = wire.epoch;
        record.owner = wire.owner;
        record.state = bytes(&wire.state);
        record.updated_at = wire.updated_at.map(|time| SystemTime::UNIX_EPOCH + time);
        record
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let applied = error.applied() == Applied::Unknown;
        Self::Failed { kind: error.kind().as_str().to_owned(), applied, message: error.to_string() }
    }
}

/// The error that the other side had.
pub fn error(kind: &str, applied: bool, message: String) -> Error {
    let kinds = [
        ErrorKind::Corrupt,
        ErrorKind::Denied,
        ErrorKind::Invalid,
        ErrorKind::NotReady,
        ErrorKind::Unavailable,
        ErrorKind::Unsupported,
    ];
    let kind = kinds.into_iter().find(|known| known.as_str() == kind).unwrap_or(ErrorKind::Other);
    Error::new(kind, message).with_applied(if applied { Applied::Unknown } else { Applied::No })
}
