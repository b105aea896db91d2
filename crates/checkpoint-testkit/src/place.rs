use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use checkpoint_core::{CheckpointId, CheckpointStore, Operation};

use crate::{Harness, Profile};

/// What a case works on: a fresh place, and ids that nobody else uses.
pub struct Place {
    harness: Box<dyn Harness>,
    profile: Profile,
    prefix: String,
}

impl Place {
    /// The place of `harness`, which is fresh.
    pub fn new(harness: impl Harness) -> Self {
        Self { profile: harness.profile(), harness: Box::new(harness), prefix: unique_prefix() }
    }

    /// What the store promises.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Opens the store.
    pub async fn open(&self) -> Arc<dyn CheckpointStore> {
        self.harness.open().await
    }

    /// The store opened twice where two openings see one another, otherwise one opening twice.
    pub async fn open_twice(&self) -> [Arc<dyn CheckpointStore>; 2] {
        let first = self.open().await;
        let second = if self.profile.shared { self.open().await } else { Arc::clone(&first) };
        [first, second]
    }

    /// An id that no other case and no other run uses; equal names give equal ids.
    pub fn id(&self, name: &str) -> CheckpointId {
        CheckpointId::new(self.prefix(name)).expect("names are short and without control characters")
    }

    /// What the ids begin with whose names begin with `name`.
    pub(crate) fn prefix(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whether the store has no `operation`, so that there is nothing to try; says so.
    pub(crate) fn lacks(&self, operation: Operation) -> bool {
        let lacks = !self.profile.supports(operation);
        if lacks {
            eprintln!("nothing to try: the profile says that the store has no {operation}");
        }
        lacks
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("profile", &self.profile).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Differs between places of a process, between processes, and between runs.
fn unique_prefix() -> String {
    static PLACES: AtomicU64 = AtomicU64::new(0);
    let place = PLACES.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_micros());
    format!("{since:x}-{:x}-{place}/", std::process::id())
}
