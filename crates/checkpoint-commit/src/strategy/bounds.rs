use std::time::Duration;

use super::{Progress, Wake};

/// What [`bounded`](super::bounded) aims at. Each must be above zero.
///
/// A store begins so early that, at the present rate and latency, both limits still hold when it has ended; and not
/// earlier, so where little is handled little is stored. Where not all three can hold, `writes_per_second` does.
///
/// ```
/// use std::time::Duration;
/// use checkpoint_commit::strategy::{Bounds, bounded};
///
/// let bounds = Bounds { redelivered: 1000, age: Duration::from_secs(5), writes_per_second: 10.0 };
/// assert_eq!(bounded(bounds).to_string(), "at most 1000 redelivered, 5s old, 10 writes/s");
/// ```
#[expect(clippy::exhaustive_structs, reason = "a bound that nobody sets would be none")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// After a crash, at most so many handled events come again.
    pub redelivered: u64,
    /// No handled event stays unstored for longer.
    pub age: Duration,
    /// At most so many writes a second: from the end of one to the beginning of the next it takes at least
    /// 1 / `writes_per_second` seconds. May be below 1.
    pub writes_per_second: f64,
}

impl Bounds {
    /// What is wrong with them, if anything.
    pub(super) fn flaw(&self) -> Option<&'static str> {
        let writes = self.writes_per_second;
        if self.redelivered == 0 {
            Some("at least 1 redelivered")
        } else if self.age.is_zero() {
            Some("an age above zero")
        } else if !(writes.is_finite() && writes > 0.0) {
            Some("writes a second above zero and finite")
        } else {
            None
        }
    }

    /// What there is to wait for, once an event was handled; `None`: nothing, it is due.
    pub(super) fn pending(&self, progress: &Progress) -> Option<Wake> {
        let pause = self.pause_left(progress);
        if !pause.is_zero() {
            return Some(Wake::after(pause));
        }
        let events = self.redelivered.saturating_sub(events_during_store(progress));
        let age = self.age.saturating_sub(progress.latency);
        if progress.events >= events || progress.age >= age {
            return None;
        }
        // Only half of the way: a rate that rises meanwhile makes it due at fewer events.
        let half = (events - progress.events).div_ceil(2);
        Some(Wake { events: Some(progress.events + half), bytes: None, after: Some(age - progress.age) })
    }

    pub(super) fn exceeded_by(&self, progress: &Progress) -> bool {
        progress.events > self.redelivered || progress.age > self.age
    }

    /// How long no store may begin yet.
    fn pause_left(&self, progress: &Progress) -> Duration {
        let Some(since_store) = progress.since_store else { return Duration::ZERO };
        let pause = Duration::try_from_secs_f64(self.writes_per_second.recip()).unwrap_or(Duration::MAX);
        pause.saturating_sub(since_store)
    }
}

/// How many events are handled while a store takes place, rounded up. A `Duration` does the arithmetic: it counts in
/// billionths, so that what floats add in the last digit does not make one event more.
fn events_during_store(progress: &Progress) -> u64 {
    let events = (progress.latency.as_secs_f64() * progress.rate).max(0.0);
    Duration::try_from_secs_f64(events)
        .map_or(u64::MAX, |events| events.as_secs().saturating_add(u64::from(events.subsec_nanos() > 0)))
}
