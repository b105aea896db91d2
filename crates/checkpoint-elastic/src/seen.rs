use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use checkpoint_core::{Checkpoint, CheckpointId, Record};
use serde::Deserialize;
use siphasher::sip128::{Hasher128, SipHasher13};

/// How many checkpoints are remembered: what a table of 16,384 places takes, 912 KiB.
const MAX_CHECKPOINTS: usize = 14_336;

/// Of so many one is forgotten when all places are taken.
const FORGOTTEN: usize = 8;

/// How many owner labels are remembered, 64 KiB at the most.
const MAX_OWNERS: usize = 128;

/// The version of a document: a write may ask that it is still this one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Revision {
    #[serde(rename = "_seq_no")]
    pub(crate) seq_no: i64,
    #[serde(rename = "_primary_term")]
    pub(crate) primary_term: i64,
}

/// What the documents held when this store last wrote or read them, without their states: so that a steady consumer's write
/// needs no read before it.
///
/// What is remembered may be outdated at any time. It says what to try; the server does it only if the document still has
/// the revision. Bounded: it has 57 bytes for each place, whatever the length of the ids, and forgets where it is full.
#[derive(Default)]
pub(crate) struct Seen {
    checkpoints: HashMap<Key, Head>,
    owners: Vec<String>,
    seed: RandomState,
}

/// 128 bits of hash under a random key stand for the id: two ids of one store never have the same.
type Key = [u64; 2];

struct Head {
    revision: Revision,
    /// 0 for none, else one more than the position.
    position: u64,
    epoch: u64,
    /// 0 for none, else one more than the place in `owners`.
    owner: u8,
}

impl Seen {
    /// The record without its state, and its revision.
    pub(crate) fn recall(&self, id: &CheckpointId) -> Option<(Record, Revision)> {
        let head = self.checkpoints.get(&self.key(id))?;
        let mut record = Record::new(Checkpoint::new(id.clone(), head.position.checked_sub(1)));
        record.epoch = head.epoch;
        record.owner = usize::from(head.owner).checked_sub(1).map(|place| self.owners[place].clone());
        Some((record, head.revision))
    }

    pub(crate) fn remember(&mut self, record: &Record, revision: Revision) {
        let owner = record.owner.as_deref().map_or(0, |owner| self.place(owner));
        let position = record.checkpoint.position.map_or(0, |position| position + 1);
        let key = self.key(&record.checkpoint.id);
        if self.checkpoints.len() >= MAX_CHECKPOINTS && !self.checkpoints.contains_key(&key) {
            self.make_room();
        }
        self.checkpoints.insert(key, Head { revision, position, epoch: record.epoch, owner });
        if self.checkpoints.capacity() > MAX_CHECKPOINTS {
            self.checkpoints.shrink_to(MAX_CHECKPOINTS); // removals leave marks, for which it may have grown
        }
    }

    pub(crate) fn forget(&mut self, id: &CheckpointId) {
        let key = self.key(id);
        self.checkpoints.remove(&key);
    }

    pub(crate) fn forget_all(&mut self) {
        self.checkpoints.clear();
        self.owners.clear();
    }

    fn key(&self, id: &CheckpointId) -> Key {
        let mut hasher = SipHasher13::new_with_keys(self.seed.hash_one(0), self.seed.hash_one(1));
        id.as_str().hash(&mut hasher);
        let hash = hasher.finish128();
        [hash.h1, hash.h2]
    }

    /// Some of them, as the table has them in no order.
    fn make_room(&mut self) {
        let mut number = 0;
        self.checkpoints.retain(|_, _| {
            number += 1;
            number % FORGOTTEN != 0
        });
    }

    /// A process has few owner labels. With too many of them all is forgotten, which costs a read each.
    fn place(&mut self, owner: &str) -> u8 {
        let place = self.owners.iter().position(|known| known == owner).unwrap_or_else(|| {
            if self.owners.len() >= MAX_OWNERS {
                self.forget_all();
            }
            self.owners.push(owner.to_owned());
            self.owners.len() - 1
        });
        u8::try_from(place + 1).expect("there are at most 128")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISION: Revision = Revision { seq_no: 7, primary_term: 1 };

    fn record(name: String, position: Option<u64>) -> Record {
        Record::new(Checkpoint::new(CheckpointId::new(name).unwrap(), position))
    }

    #[test]
    fn what_was_seen_comes_back_without_its_state() {
        let mut seen = Seen::default();
        for position in [None, Some(0), Some(checkpoint_core::MAX_POSITION)] {
            let mut record = record("orders".to_owned(), position);
            (record.epoch, record.owner) = (3, Some("me".to_owned()));
            seen.remember(&record, REVISION);
            assert_eq!(seen.recall(&record.checkpoint.id), Some((record, REVISION)));
        }
        let id = CheckpointId::new("orders").unwrap();
        seen.forget(&id);
        assert_eq!(seen.recall(&id), None);
    }

    #[test]
    fn with_too_many_owners_all_is_forgotten() {
        let mut seen = Seen::default();
        for number in 0..=MAX_OWNERS {
            let mut record = record(format!("consumer-{number}"), None);
            record.owner = Some(format!("host:{number}"));
            seen.remember(&record, REVISION);
            assert_eq!(seen.recall(&record.checkpoint.id).unwrap().0.owner, record.owner);
        }
        assert_eq!((seen.checkpoints.len(), seen.owners.len()), (1, 1));
    }

    /// The table has a byte for each place beside what is in it, and seven of eight places are used.
    fn bytes(seen: &Seen) -> usize {
        let places = seen.checkpoints.capacity() / 7 * 8;
        let owners = seen.owners.iter().map(|owner| owner.capacity() + size_of::<String>()).sum::<usize>();
        places * (size_of::<(Key, Head)>() + 1) + owners
    }

    #[test]
    fn it_holds_ten_thousand_checkpoints_and_never_takes_more_than_a_mebibyte() {
        let mut seen = Seen::default();
        let long = "x".repeat(500);
        for number in 0..30_000 {
            let mut record = record(format!("{long}-{number}"), Some(number));
            record.owner = Some(format!("{long}{}", number % 100));
            seen.remember(&record, REVISION);
            if number % 3 == 0 {
                seen.forget(&record.checkpoint.id);
            }
            if number % 1_000 == 0 {
                assert!(bytes(&seen) <= 1 << 20, "{} bytes after {number}", bytes(&seen));
            }
        }
        seen.forget_all();
        let records: Vec<_> = (0..10_000).map(|number| record(format!("consumer-{number}"), Some(number))).collect();
        for record in &records {
            seen.remember(record, REVISION);
        }
        assert!(records.iter().all(|record| seen.recall(&record.checkpoint.id).is_some()));
        assert!(bytes(&seen) <= 1 << 20, "{} bytes", bytes(&seen));
    }
}
