//! What happened before what, where many tasks use one store.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the begins and ends of calls.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

/// A call that read, wrote or claimed `value` and took place somewhere between `begin` and `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    begin: u64,
    end: u64,
    value: Option<u64>,
}

impl Event {
    pub(crate) fn value(&self) -> Option<u64> {
        self.value
    }
}

impl Clock {
    /// Notes when a call begins; [`Started::ended`] notes its end.
    pub(crate) fn begin(&self) -> Started<'_> {
        Started { clock: self, begin: self.0.fetch_add(1, Ordering::SeqCst) }
    }
}

pub(crate) struct Started<'a> {
    clock: &'a Clock,
    begin: u64,
}

impl Started<'_> {
    pub(crate) fn ended(self, value: Option<u64>) -> Event {
        Event { begin: self.begin, end: self.clock.0.fetch_add(1, Ordering::SeqCst), value }
    }
}

/// Panics where an event of `later` has a smaller value than one of `earlier` that had ended before it began.
pub(crate) fn assert_never_back(promise: &str, earlier: &[Event], later: &[Event]) {
    let mut by_end = earlier.to_vec();
    by_end.sort_by_key(|event| event.end);
    let mut by_begin = later.to_vec();
    by_begin.sort_by_key(|event| event.begin);

    let mut ended = by_end.into_iter().peekable();
    let mut largest = None;
    for event in by_begin {
        while let Some(before) = ended.next_if(|before| before.end < event.begin) {
            largest = largest.max(before.value);
        }
        let seen = event.value;
        assert!(largest <= seen, "{promise}, but {largest:?} was over before {seen:?} began");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(begin: u64, end: u64, value: u64) -> Event {
        Event { begin, end, value: Some(value) }
    }

    #[test]
    fn what_overlaps_may_be_in_any_order() {
        assert_never_back("grows", &[event(0, 3, 9)], &[event(1, 2, 5), event(3, 5, 5), event(4, 6, 9)]);
    }

    #[test]
    #[should_panic(expected = "grows, but Some(9) was over before Some(8) began")]
    fn what_comes_after_must_not_be_smaller() {
        assert_never_back("grows", &[event(2, 3, 9), event(0, 1, 5)], &[event(2, 6, 7), event(4, 5, 8)]);
    }
}
