//! The part of a segment that threads share: which of its events are complete.

use std::array;
use std::fmt;

use crate::sync::{Arc, AtomicU64, Ordering};

/// Events a segment has room for. Tests have short ones, so that few events are many segments.
pub(crate) const LENGTH: usize = if cfg!(any(test, loom)) { 2 } else { 1024 };

/// Atomic words of a segment.
pub(crate) const WORDS: usize = LENGTH.div_ceil(64);

/// One bit for each event of a segment, and what the tracker's owner shares with all who complete.
///
/// A thread that sees a bit set also sees all that the thread that set it had done before: setting releases, seeing
/// acquires. That holds for each bit of a word, as every change to a word is a read-modify-write, and these carry on what
/// earlier ones have released.
pub(crate) struct Bits<S> {
    words: [AtomicU64; WORDS],
    pub(crate) shared: S,
}

impl<S> Bits<S> {
    pub(crate) fn new(shared: S) -> Self {
        Self { words: array::from_fn(|_| AtomicU64::new(0)), shared }
    }

    /// Sets the bit of an event; false where it was set before.
    pub(crate) fn set(&self, index: usize) -> bool {
        let bit = 1 << (index % 64);
        self.words[index / 64].fetch_or(bit, Ordering::AcqRel) & bit == 0
    }

    /// The bits of 64 events.
    pub(crate) fn word(&self, number: usize) -> u64 {
        self.words[number].load(Ordering::Acquire)
    }

    /// Nobody else can look, and whoever gets a handle later is told after this: no order is needed.
    pub(crate) fn clear(&mut self) {
        for word in &self.words {
            word.store(0, Ordering::Relaxed);
        }
    }
}

/// Completes one event, from any thread, without a lock and without the tracker.
///
/// It may outlive the tracker. As long as it lives, its segment is not used for other events, so it never completes
/// another event than its own, however late or often it is asked to.
#[must_use = "an event whose completion is dropped can only be completed by its number"]
pub struct Completion<S = ()> {
    bits: Arc<Bits<S>>,
    index: u16,
}

impl<S> Completion<S> {
    pub(crate) fn new(bits: &Arc<Bits<S>>, index: usize) -> Self {
        let index = u16::try_from(index).expect("a segment has less than 65,536 events");
        Self { bits: Arc::clone(bits), index }
    }

    /// Marks the event as complete; false where it was complete before, and then nothing changes.
    pub fn complete(&self) -> bool {
        self.bits.set(usize::from(self.index))
    }

    /// What the tracker was made with ([`Tracker::with_shared`](crate::Tracker::with_shared)).
    pub fn shared(&self) -> &S {
        &self.bits.shared
    }
}

impl<S> fmt::Debug for Completion<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion").field("index", &self.index).finish_non_exhaustive()
    }
}
