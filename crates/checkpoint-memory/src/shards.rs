use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use checkpoint_core::{CheckpointId, Outcome, Record, Write};

/// Few enough to be cheap to list, more than the cores that small machines have. At most 256, what a byte chooses from.
const SHARDS: usize = 16;

type Records = BTreeMap<CheckpointId, Record>;

/// The records, each in the shard that the hash of its id says, each shard under a lock of its own.
#[derive(Default)]
pub(crate) struct Shards {
    hasher: RandomState,
    shards: [Mutex<Records>; SHARDS],
}

impl Shards {
    /// The shard of `id`.
    pub(crate) fn lock(&self, id: &CheckpointId) -> MutexGuard<'_, Records> {
        let [byte, ..] = self.hasher.hash_one(id).to_ne_bytes();
        lock(&self.shards[usize::from(byte) % SHARDS])
    }

    /// Decides and writes in one atomic step.
    pub(crate) fn write(&self, write: &Write) -> Outcome {
        let id = &write.checkpoint.id;
        let mut records = self.lock(id);
        let current = records.get(id);
        let outcome = write.decide(current);
        if outcome.is_stored() {
            let record = write.record(current, SystemTime::now());
            records.insert(id.clone(), record);
        }
        outcome
    }

    /// One page in the order of the ids. The shards are looked at one after the other: a record that is there all the
    /// time is seen just once, as no record ever changes its shard.
    pub(crate) fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Vec<Record> {
        let mut page = Vec::new();
        for shard in &self.shards {
            let records = lock(shard);
            let found = begin(&records, prefix, after).take_while(|(id, _)| id.as_str().starts_with(prefix));
            page.extend(found.take(limit).map(|(_, record)| record.clone()));
        }
        page.sort_unstable_by(|a, b| a.checkpoint.id.cmp(&b.checkpoint.id));
        page.truncate(limit);
        page
    }
}

/// The records from `prefix` on, or after `after` where that comes later.
fn begin<'a>(records: &'a Records, prefix: &str, after: Option<&CheckpointId>) -> Range<'a, CheckpointId, Record> {
    let start = match after {
        Some(after) if after.as_str() >= prefix => Bound::Excluded(after.as_str()),
        _ => Bound::Included(prefix),
    };
    records.range::<str, _>((start, Bound::Unbounded))
}

/// A panic cannot leave a map half changed, since what is inserted is made before; so a poisoned lock is a good one.
fn lock(shard: &Mutex<Records>) -> MutexGuard<'_, Records> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
