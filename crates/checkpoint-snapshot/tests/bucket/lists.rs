//! Lists of snapshots with other bytes in them: nothing panics, and nothing takes more memory than it may.

use bytes::Bytes;
use checkpoint_core::{Checkpoint, CheckpointId, Record};
use checkpoint_snapshot::format::{Header, Options, encode};
use checkpoint_snapshot::{Bucket, generations};
use fastrand::Rng;

use crate::memory::{MOST, allocated};
use crate::mutations::mutate;
use crate::tampered::snapshot;

const NAME: &str = "checkpoint-snapshot/generations";

fn list(random: &mut Rng) -> Bytes {
    let mut list = Bucket::new();
    for number in 1..random.u64(2..5) {
        let generation = list.part(&number.to_string());
        generation.put("number", number).put("saved at", random.u64(..)).put("model", "sum").put("version", 1);
        generation.put("bytes", random.u32(..)).put("slot", random.u8(..)).put("chunks", random.u8(..));
        if random.bool() {
            generation.put("position", random.u32(..));
        }
        let references = generation.part("references");
        for reference in 0..random.u32(..3) {
            references.put(format!("{reference:09}"), "table delays");
        }
    }
    encode(&Header::new(NAME, 1, Some(1)), &list, &Options::default()).unwrap().into_bytes()
}

/// How many snapshots are listed.
fn check(state: Bytes) -> Option<usize> {
    let length = state.len();
    let mut record = Record::new(Checkpoint::new(CheckpointId::new("sum").unwrap(), 1));
    record.state = state;
    let (listed, most) = allocated(|| generations(&record));
    assert!(most <= 2 * MOST * length, "{most} for {length}");
    listed.ok().map(|listed| listed.len())
}

#[test]
fn changed_lists() {
    let mut random = Rng::with_seed(5);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let whole = list(&mut random);
        assert!(check(whole.clone()).is_some());
        let mut bytes = whole[5..whole.len() - 4].to_vec();
        mutate(&mut bytes, &mut random);
        accepted += u32::from(check(snapshot(&bytes)).is_some());
    }
    assert!(accepted > 500, "{accepted}");
}

#[test]
fn lists_that_are_cut_off() {
    let whole = list(&mut Rng::with_seed(6));
    for length in 1..whole.len() {
        assert_eq!(check(whole.slice(..length)), None, "{length}");
    }
    assert_eq!(check(Bytes::new()), Some(0));
}
