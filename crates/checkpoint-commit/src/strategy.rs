//! When to store: values that can be combined, written down and compared.
//!
//! A [`Strategy`] has no clock and does nothing by itself. Whoever stores tells it the [`Progress`] since the last store
//! and does what the answer says: store now, or ask again at the [`Wake`].
//!
//! | text | constructor | a store is due when |
//! |---|---|---|
//! | `100 events` | [`every(100)`](every) | at least 100 handled events are not stored |
//! | `5s`, `1m 30s`, `500ms` | [`after(time)`](after) | the oldest of them was handled at least so long ago |
//! | `1000000 bytes`, `64 KiB`, `1 MB` | [`bytes(1_000_000)`](bytes()) | they have at least so many bytes |
//! | `always` | [`always()`] | anything was handled |
//! | `manual` | [`manual()`] | never: only when somebody asks for it |
//! | `100 events or 5s` | [`every(100).or(..)`](Strategy::or) | either is due; this one is the default |
//! | `100 events and 1s` | [`every(100).and(..)`](Strategy::and) | both are due |
//! | `at most 1000 redelivered, 5s old, 10 writes/s` | [`bounded(bounds)`](bounded) | waiting longer would break one of the first two, and the third permits it |
//!
//! `and` binds tighter than `or`, and parentheses group: `100 events and 1s or 30s` is `(100 events and 1s) or 30s`. Where
//! nothing was handled, nothing is due.
//!
//! Counts are whole numbers above zero. Bytes come in `B`, `byte`, `bytes`, `kB` (or `KB`), `MB`, `GB` (powers of 1000) and
//! `KiB`, `MiB`, `GiB` (powers of 1024); times in the [friendly format](jiff::fmt::friendly) with units from hours to
//! nanoseconds.
//!
//! ```
//! use std::time::Duration;
//! use checkpoint_commit::strategy::{Due, Progress, Strategy, Wake, after, every};
//!
//! let strategy: Strategy = "100 events or 5s".parse()?;
//! assert_eq!(strategy, every(100).or(after(Duration::from_secs(5))));
//!
//! let mut progress = Progress { events: 40, age: Duration::from_secs(2), ..Progress::default() };
//! let wake = Wake { events: Some(100), bytes: None, after: Some(Duration::from_secs(3)) };
//! assert_eq!(strategy.due(&progress), Due::When(wake));
//!
//! progress.age = Duration::from_secs(5);
//! assert_eq!(strategy.due(&progress), Due::Now);
//! # Ok::<(), checkpoint_commit::strategy::InvalidStrategy>(())
//! ```

mod bounds;
mod cursor;
mod error;
mod parse;
mod print;
mod progress;
mod rule;
#[cfg(feature = "serde")]
mod serialize;
mod units;

use std::fmt;
use std::time::Duration;

pub use bounds::Bounds;
pub use error::InvalidStrategy;
pub use progress::{Due, Progress, Wake};
use rule::Rule;

/// When what was handled should be stored. The [module](self) lists what there is.
///
/// It has a text form for configuration files, which `Display` prints, `FromStr` reads, and the feature `serde` uses. What
/// is printed reads back as the same value, as long as no more than 32 parentheses are within each other.
///
/// ```
/// use checkpoint_commit::strategy::Strategy;
///
/// let strategy: Strategy = "1048576 bytes or 10s".parse()?;
/// assert_eq!(strategy.to_string(), "1 MiB or 10s");
/// # Ok::<(), checkpoint_commit::strategy::InvalidStrategy>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy(Rule);

/// Due when at least `events` events were handled. With 0, it is [`always()`].
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, every};
///
/// assert_eq!(every(100).due(&Progress { events: 100, ..Progress::default() }), Due::Now);
/// assert_eq!(every(100).to_string(), "100 events");
/// ```
pub fn every(events: u64) -> Strategy {
    Strategy(if events == 0 { Rule::Always } else { Rule::Events(events) })
}

/// Due when the oldest handled event that is not stored is at least so old. With 0, it is [`always()`].
///
/// ```
/// use std::time::Duration;
/// use checkpoint_commit::strategy::{Due, Progress, after};
///
/// let progress = Progress { events: 1, age: Duration::from_secs(5), ..Progress::default() };
/// assert_eq!(after(Duration::from_secs(5)).due(&progress), Due::Now);
/// assert_eq!(after(Duration::from_millis(1500)).to_string(), "1s 500ms");
/// ```
pub fn after(age: Duration) -> Strategy {
    Strategy(if age.is_zero() { Rule::Always } else { Rule::Age(age) })
}

/// Due when the events that were handled have at least `bytes` bytes. With 0, it is [`always()`].
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, bytes};
///
/// assert_eq!(bytes(1024).due(&Progress { events: 3, bytes: 1500, ..Progress::default() }), Due::Now);
/// assert_eq!(bytes(1024).to_string(), "1 KiB");
/// ```
pub fn bytes(bytes: u64) -> Strategy {
    Strategy(if bytes == 0 { Rule::Always } else { Rule::Bytes(bytes) })
}

/// Due as soon as anything was handled. What is handled while a store takes place is the next one's.
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, always};
///
/// assert_eq!(always().due(&Progress { events: 1, ..Progress::default() }), Due::Now);
/// ```
pub fn always() -> Strategy {
    Strategy(Rule::Always)
}

/// Never due: a store is made only when somebody asks for it.
///
/// ```
/// use checkpoint_commit::strategy::{Due, Progress, Wake, manual};
///
/// assert_eq!(manual().due(&Progress { events: 1_000_000, ..Progress::default() }), Due::When(Wake::default()));
/// ```
pub fn manual() -> Strategy {
    Strategy(Rule::Manual)
}

/// Due as late as the bounds permit, at the rate and the latency of the moment.
///
/// # Panics
///
/// Where a bound is not above zero, or the writes a second are not finite: no consumer can keep to that.
///
/// ```
/// use std::time::Duration;
/// use checkpoint_commit::strategy::{Bounds, Due, Progress, bounded};
///
/// let strategy = bounded(Bounds { redelivered: 1000, age: Duration::from_secs(5), writes_per_second: 10.0 });
/// // While the store takes its 100 ms, 200 events more are handled.
/// let latency = Duration::from_millis(100);
/// assert_eq!(strategy.due(&Progress { events: 800, rate: 2000.0, latency, ..Progress::default() }), Due::Now);
/// ```
#[track_caller]
pub fn bounded(bounds: Bounds) -> Strategy {
    if let Some(expected) = bounds.flaw() {
        panic!("a bounded strategy needs {expected}, but this one says {bounds}; correct its bounds");
    }
    Strategy(Rule::Bounded(bounds))
}

impl Strategy {
    /// Due when either is. [`manual()`] adds nothing to it, and with [`always()`] it is that.
    ///
    /// ```
    /// use checkpoint_commit::strategy::{bytes, every, manual};
    ///
    /// assert_eq!(every(100).or(bytes(2048)).to_string(), "100 events or 2 KiB");
    /// assert_eq!(every(100).or(manual()), every(100));
    /// ```
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    /// Due when both are. [`always()`] adds nothing to it, and with [`manual()`] it is that.
    ///
    /// ```
    /// use checkpoint_commit::strategy::{always, bytes, every};
    ///
    /// assert_eq!(every(100).and(bytes(2048)).to_string(), "100 events and 2 KiB");
    /// assert_eq!(every(100).and(always()), every(100));
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.and(other.0))
    }

    /// Whether to store now, or when to ask again.
    ///
    /// ```
    /// use checkpoint_commit::strategy::{Due, Progress, Strategy, Wake};
    ///
    /// // Nothing was handled yet: nothing to do before the first event.
    /// let wake = Wake { events: Some(1), ..Wake::default() };
    /// assert_eq!(Strategy::default().due(&Progress::default()), Due::When(wake));
    /// ```
    pub fn due(&self, progress: &Progress) -> Due {
        self.0.pending(progress).map_or(Due::Now, Due::When)
    }

    /// Whether stores are far behind what the strategy aims at.
    ///
    /// A threshold is exceeded by more than twice its value; bounds, by more than they permit. [`always()`] and
    /// [`manual()`] have no figure to exceed. With `or`, one side is enough; with `and`, it takes both.
    ///
    /// ```
    /// use checkpoint_commit::strategy::{Progress, every};
    ///
    /// assert!(!every(100).exceeded_by(&Progress { events: 200, ..Progress::default() }));
    /// assert!(every(100).exceeded_by(&Progress { events: 201, ..Progress::default() }));
    /// ```
    pub fn exceeded_by(&self, progress: &Progress) -> bool {
        progress.events > 0 && self.0.exceeded_by(progress)
    }
}

/// `100 events or 5s`.
///
/// ```
/// use checkpoint_commit::strategy::Strategy;
///
/// assert_eq!(Strategy::default().to_string(), "100 events or 5s");
/// ```
impl Default for Strategy {
    fn default() -> Self {
        every(100).or(after(Duration::from_secs(5)))
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
