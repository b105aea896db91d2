//! How the store keeps up: how long a write takes, how fast events are handled, and when to try again after a failure.

use std::fmt;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::status::LastStore;
use crate::strategy::Progress;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// After a [`Contended`](checkpoint_core::Outcome::Contended): whoever holds the record is about to let it go.
const CONTENDED_PAUSE: Duration = Duration::from_millis(20);

/// How long writes take and how fast events come, measured over the last writes; and how long to wait after a failed one: 100 ms, then
/// longer and longer, up to 10 s, and with chance up to twice as long. For whoever asks a [`Strategy`](crate::strategy::Strategy) by itself.
#[derive(Debug)]
pub struct Pace {
    latency: Duration,
    /// Events handled a second.
    rate: f64,
    last: Option<LastStore>,
    stored_at: Option<Instant>,
    retry_at: Option<Instant>,
    pauses: Option<ExponentialBackoff>,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

impl Pace {
    /// Nothing was written yet.
    pub fn new() -> Self {
        Self { latency: Duration::ZERO, rate: 0.0, last: None, stored_at: None, retry_at: None, pauses: None }
    }

    /// Whether the last write has failed.
    pub fn is_failing(&self) -> bool {
        self.pauses.is_some()
    }

    /// The last write, as far as there was one.
    pub fn last_store(&self) -> Option<&LastStore> {
        self.last.as_ref()
    }

    /// Until when to wait with the next write, if the last one has failed.
    pub fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// What a strategy looks at: so much is handled and not stored, the oldest of it since then.
    pub fn progress(&self, events: u64, bytes: u64, oldest: Option<Instant>, now: Instant) -> Progress {
        Progress {
            events,
            bytes,
            age: oldest.map_or(Duration::ZERO, |oldest| now - oldest),
            since_store: self.stored_at.map(|at| now - at),
            latency: self.latency,
            rate: self.rate,
        }
    }

    /// A write that took place from `began` to `now` has stored `events` events.
    pub fn stored(&mut self, began: Instant, now: Instant, events: u64) {
        let took = now - began;
        self.latency = if self.latency.is_zero() { took } else { (self.latency * 3 + took) / 4 };
        if let Some(before) = self.stored_at.replace(now).filter(|before| *before < now) {
            let events = u32::try_from(events).map_or(f64::from(u32::MAX), f64::from);
            let rate = events / (now - before).as_secs_f64();
            self.rate = if self.rate > 0.0 { (self.rate * 3.0 + rate) / 4.0 } else { rate };
        }
        (self.retry_at, self.pauses) = (None, None);
        self.last = Some(LastStore { at: now, took, error: None });
    }

    /// A write that began then has failed: the next one is after a pause, which grows and is never quite the same, so that
    /// a thousand consumers do not come back at once.
    pub fn failed(&mut self, began: Instant, now: Instant, error: &dyn fmt::Display) {
        let pauses = self.pauses.get_or_insert_with(|| {
            let pauses = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
            pauses.without_max_times().with_jitter().build()
        });
        self.retry_at = Some(now + pauses.next().unwrap_or(LONGEST_PAUSE));
        self.last = Some(LastStore { at: now, took: now - began, error: Some(error.to_string()) });
    }

    /// What had failed is in order again, and there was nothing to write.
    pub(crate) fn mended(&mut self) {
        (self.retry_at, self.pauses) = (None, None);
        self.last.iter_mut().for_each(|last| last.error = None);
    }

    pub(crate) fn contended(&mut self, now: Instant) {
        self.retry_at = Some(now + CONTENDED_PAUSE);
    }
}
