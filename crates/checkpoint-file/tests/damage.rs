//! A log that is damaged at random: the store opens with records that were written, or says that it is damaged. It never
//! makes a record up, and never panics.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

use std::fs;

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, ErrorKind, Record, Write};
use checkpoint_file::FileStore;
use tempfile::TempDir;

fn id(number: u64) -> CheckpointId {
    CheckpointId::new(format!("id-{number}")).unwrap()
}

/// Three ids, ten writes each; the state says which write it was.
async fn write_a_log(directory: &TempDir) -> Vec<u8> {
    let store = FileStore::open(directory.path()).await.unwrap();
    for position in 0..10 {
        for number in 0..3 {
            let write = Write::advance(Checkpoint::new(id(number), position)).with_state(state_of(number, position));
            assert!(store.write(&write).await.unwrap().is_stored());
        }
    }
    fs::read(directory.path().join("log")).unwrap()
}

fn state_of(number: u64, position: u64) -> String {
    format!("state of id-{number} at {position}")
}

/// One change that hardware, editors or people make to files.
fn damage(log: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let at = random.usize(..log.len());
    let end = log.len().min(at + random.usize(1..200));
    match random.u8(0..6) {
        0 => log[at] = random.u8(..),
        1 => log[at..end].fill(0),
        2 => drop(log.drain(at..end)),
        3 => log.truncate(at),
        4 => log.splice(at..at, std::iter::repeat_with(|| random.u8(..)).take(50)).for_each(drop),
        _ => {
            let copied = log[at..end].to_vec();
            let to = random.usize(..log.len());
            log.splice(to..to, copied).for_each(drop);
        }
    }
}

fn is_as_written(record: &Record) -> bool {
    let Checkpoint { id, position: Some(position) } = &record.checkpoint else { return false };
    let number: u64 = id.as_str().trim_start_matches("id-").parse().unwrap();
    *position < 10 && number < 3 && record.state == state_of(number, *position)
}

#[tokio::test]
async fn a_damaged_log_never_makes_a_record_up() {
    let directory = TempDir::new().unwrap();
    let whole = write_a_log(&directory).await;
    let (mut opened, mut refused) = (0, 0);
    for seed in 0..1_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut log = whole.clone();
        for _ in 0..random.usize(1..4) {
            if !log.is_empty() {
                damage(&mut log, &mut random);
            }
        }
        fs::write(directory.path().join("log"), &log).unwrap();
        match FileStore::open(directory.path()).await {
            Ok(store) => {
                opened += 1;
                for record in store.list("", None, 10).await.unwrap() {
                    assert!(is_as_written(&record), "seed {seed}: {record:?}");
                }
            }
            Err(error) => {
                refused += 1;
                let kind = error.kind();
                assert!(matches!(kind, ErrorKind::Corrupt | ErrorKind::Unsupported), "seed {seed}: {error}");
                assert_eq!(fs::read(directory.path().join("log")).unwrap(), log, "seed {seed}: it is left as it is");
            }
        }
    }
    assert!(opened > 50 && refused > 300, "{opened} opened, {refused} refused");
}
