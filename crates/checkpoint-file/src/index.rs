//! What is where in the log: the line of each id, and as much of it as deciding a write needs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use checkpoint_core::{Checkpoint, CheckpointId, Record};

/// The newest line of an id. States stay in the log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where the line begins in the log.
    pub(crate) offset: u64,
    /// How long the line is, with its newline.
    pub(crate) length: u32,
    pub(crate) epoch: u64,
    pub(crate) position: Option<u64>,
    pub(crate) owner: Option<Arc<str>>,
}

impl Entry {
    /// As much of the record as [`Write::decide`](checkpoint_core::Write::decide) looks at.
    pub(crate) fn to_decide_on(&self, id: &CheckpointId) -> Record {
        let mut record = Record::new(Checkpoint::new(id.clone(), self.position));
        record.epoch = self.epoch;
        record
    }
}

/// All ids.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: HashMap<CheckpointId, Entry>,
    /// The same ids in order, from the first listing on: most programs never list, and read and write faster for it.
    ordered: Option<BTreeSet<CheckpointId>>,
    /// Ids claimed by one owner share its label.
    owners: HashSet<Arc<str>>,
    live: u64,
}

impl Index {
    pub(crate) fn get(&self, id: &CheckpointId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Puts a new entry (or none) in the place of the old one, which is returned.
    pub(crate) fn put(&mut self, id: CheckpointId, entry: Option<Entry>) -> Option<Entry> {
        self.live += entry.as_ref().map_or(0, |entry| u64::from(entry.length));
        if let Some(ordered) = &mut self.ordered {
            match entry {
                Some(_) if !self.entries.contains_key(&id) => drop(ordered.insert(id.clone())),
                Some(_) => {}
                None => drop(ordered.remove(&id)),
            }
        }
        let old = match entry {
            Some(entry) => self.entries.insert(id, entry),
            None => self.entries.remove(&id),
        };
        self.live -= old.as_ref().map_or(0, |old| u64::from(old.length));
        old
    }

    /// The label, shared with other entries that have the same.
    pub(crate) fn shared_owner(&mut self, owner: &str) -> Arc<str> {
        if let Some(owner) = self.owners.get(owner) {
            return Arc::clone(owner);
        }
        let owner: Arc<str> = owner.into();
        self.owners.insert(Arc::clone(&owner));
        owner
    }

    pub(crate) fn forget_unused_owners(&mut self) {
        self.owners.retain(|owner| Arc::strong_count(owner) > 1);
    }

    /// How many bytes the entries' lines have.
    pub(crate) fn live(&self) -> u64 {
        self.live
    }

    /// All entries, in an order that stays the same until something is put.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&CheckpointId, &Entry)> {
        self.entries.iter()
    }

    /// The entries in the order of [`iter`](Self::iter).
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut()
    }

    /// The entries of at most `limit` ids that begin with `prefix` and come after `after`, in the order of the ids'
    /// bytes.
    pub(crate) fn page(&mut self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Vec<Entry> {
        let start = match after.map(CheckpointId::as_str) {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let ordered = self.ordered.get_or_insert_with(|| self.entries.keys().cloned().collect());
        ordered
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|id| id.as_str().starts_with(prefix))
            .filter(|id| !prefix.is_empty() || !id.is_beside())
            .take(limit)
            .filter_map(|id| self.entries.get(id).cloned())
            .collect()
    }
}
