//! Where a committer stands, for people and monitors.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::Ended;

/// Where a committer stands at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// The position that is stored: what a restart reads after.
    pub stored: Option<u64>,
    /// The low watermark: everything up to it is handled.
    pub low: Option<u64>,
    /// The high watermark: the last position tracked.
    pub high: Option<u64>,
    /// Events that are tracked and not handled.
    pub open: usize,
    /// Events that are handled and would be handled again if it crashed now. The write that is in flight is not counted
    /// as stored.
    pub redelivered: u64,
    /// Of those, the ones that are not in the write in flight either: so many come again at least.
    pub redelivered_at_least: u64,
    /// The first event that is not handled: nothing passes it.
    pub blocker: Option<Blocker>,
    /// The last write, as far as there was one.
    pub last_store: Option<LastStore>,
    /// All of it in one word.
    pub verdict: Verdict,
}

impl Status {
    pub(crate) fn at_start(stored: Option<u64>) -> Self {
        Self {
            stored,
            low: stored,
            high: stored,
            open: 0,
            redelivered: 0,
            redelivered_at_least: 0,
            blocker: None,
            last_store: None,
            verdict: Verdict::Idle,
        }
    }
}

/// The event that holds the low watermark back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocker {
    /// Its position.
    pub position: u64,
    /// For how long it is known to be the first one that is open: since it was tracked where nothing else was open, else since a write, or whoever
    /// asked for the status, found that all before it were handled. It may have been open for longer.
    pub age: Duration,
    /// How often it was nacked.
    pub attempts: u32,
    /// What it was nacked with last.
    pub error: Option<String>,
}

/// The last write that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastStore {
    /// When it ended.
    pub at: Instant,
    /// How long it took.
    pub took: Duration,
    /// What it failed with.
    pub error: Option<String>,
}

/// A committer's state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// What was handled is not stored as soon as the strategy wants it.
    Behind,
    /// Closed or dropped.
    Closed,
    /// Somebody else has taken over, or has deleted the record.
    Fenced,
    /// All is handled and stored.
    Idle,
    /// Events are being handled, or wait to be stored.
    Moving,
    /// The last write has failed; it is tried again.
    StoreFailing,
    /// The first open event was nacked, or has been the first one for long.
    Stuck,
}

impl Verdict {
    pub(crate) fn of_end(ended: Ended) -> Self {
        match ended {
            Ended::Closed => Self::Closed,
            Ended::Fenced { .. } | Ended::Missing | Ended::Moved { .. } | Ended::Overtaken { .. } => Self::Fenced,
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Closed => "closed",
            Self::Fenced => "fenced",
            Self::Idle => "idle",
            Self::Moving => "moving",
            Self::StoreFailing => "store failing",
            Self::Stuck => "stuck",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a committer leaves behind when it is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The position that is stored.
    pub stored: Option<u64>,
    /// Events that are handled, but not stored: a restart handles them again. If the last write had no answer, it
    /// may have stored them all the same.
    pub redelivered: u64,
    /// Events that are not handled. A restart begins with them.
    pub open: usize,
    /// The positions of the first of those, at most 100.
    pub open_positions: Vec<u64>,
    /// What the last write failed with, if it did.
    pub error: Option<String>,
}

impl Report {
    /// Whether a restart has nothing to repeat and nothing to finish.
    pub fn is_clean(&self) -> bool {
        self.redelivered == 0 && self.open == 0
    }
}
