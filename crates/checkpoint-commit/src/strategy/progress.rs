use std::time::Duration;

/// What a strategy looks at: what was handled since the last store that succeeded.
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, Strategy};
///
/// let progress = Progress { events: 100, ..Progress::default() };
/// assert_eq!(Strategy::default().due(&progress), Due::Now);
/// ```
#[expect(clippy::exhaustive_structs, reason = "whoever asks a strategy fills it in")]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// How many events were handled and are not stored. With 0, nothing is ever due.
    pub events: u64,
    /// How many bytes these events have.
    pub bytes: u64,
    /// How long ago the oldest of them was handled.
    pub age: Duration,
    /// How long ago the last store ended; `None` where there was none yet.
    pub since_store: Option<Duration>,
    /// How long a store takes at present; 0 where that is not known.
    pub latency: Duration,
    /// How many events are handled a second at present. What is not a number, or below 0, counts as 0.
    pub rate: f64,
}

/// When a store is due.
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, Wake, every};
///
/// let progress = Progress { events: 60, ..Progress::default() };
/// assert_eq!(every(50).due(&progress), Due::Now);
/// let wake = Wake { events: Some(100), ..Wake::default() };
/// assert_eq!(every(100).due(&progress), Due::When(wake));
/// ```
#[expect(clippy::exhaustive_enums, reason = "there is no third answer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a store that is due is for the caller to make"]
pub enum Due {
    /// At once.
    Now,
    /// Not yet: ask again as soon as the first part of the [`Wake`] is reached.
    When(Wake),
}

/// When to ask a strategy again: at the first of these. All `None`: nothing that happens makes it due.
///
/// A wake lies ahead: its counts are above the present ones, and its time is not zero. It may come too early, and the
/// answer is another wake then; it never comes too late, unless the latency or the rate has risen meanwhile.
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, Wake, manual};
///
/// assert_eq!(manual().due(&Progress { events: 9, ..Progress::default() }), Due::When(Wake::default()));
/// ```
#[expect(clippy::exhaustive_structs, reason = "a caller must wait for each of them")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// When [`Progress::events`] has reached this.
    pub events: Option<u64>,
    /// When [`Progress::bytes`] has reached this.
    pub bytes: Option<u64>,
    /// When this time has passed.
    pub after: Option<Duration>,
}

impl Wake {
    pub(super) fn at_events(events: u64) -> Self {
        Self { events: Some(events), ..Self::default() }
    }

    pub(super) fn at_bytes(bytes: u64) -> Self {
        Self { bytes: Some(bytes), ..Self::default() }
    }

    pub(super) fn after(time: Duration) -> Self {
        Self { after: Some(time), ..Self::default() }
    }

    /// Wakes as soon as either would.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            events: earlier(self.events, other.events),
            bytes: earlier(self.bytes, other.bytes),
            after: earlier(self.after, other.after),
        }
    }
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}
