//! How large the log gets, and how much is written for one short write.

use std::fs;

use checkpoint_core::{Checkpoint, CheckpointStore, CheckpointStoreExt, Outcome, Write};
use checkpoint_file::FileStore;

use super::RUNTIME;
use super::contestants::{directory, id};

const IDS: u32 = 1_000;
const BATCHES: u32 = 2_000;

pub(crate) fn of_the_log() {
    let directory = directory();
    let log = directory.path().join("log");
    let bytes = || u32::try_from(fs::metadata(&log).expect("a log").len()).expect("it is small");
    let store = RUNTIME.block_on(FileStore::open(directory.path())).expect("a store");

    let before = bytes();
    let claimed = RUNTIME.block_on(store.claim(&id(0), "host.example:12345")).expect("the disk works");
    let after_claim = bytes();
    let write = Write::advance(Checkpoint::new(id(0), 123_456_789)).with_epoch(claimed.epoch);
    assert_eq!(RUNTIME.block_on(store.write(&write)).expect("the disk works"), Outcome::Stored);
    let after_write = bytes();
    assert_eq!(
        RUNTIME.block_on(store.store(&Checkpoint::new(id(1), 123_456_789))).expect("the disk works"),
        Outcome::Stored
    );
    println!("\nthe log's size");
    println!("{:44} {:>12}", "a claim, in bytes", after_claim - before);
    println!("{:44} {:>12}", "one short write of a claimed id", after_write - after_claim);
    println!("{:44} {:>12}", "one short write of an id never claimed", bytes() - after_write);

    let (written_before, mut largest) = (bytes_written(), 0);
    for position in 0..BATCHES {
        let writes: Vec<_> =
            (2..IDS + 2).map(|number| Write::advance(Checkpoint::new(id(number), u64::from(position)))).collect();
        let outcomes = RUNTIME.block_on(store.write_many(&writes)).expect("the disk works");
        assert!(outcomes.into_iter().all(Outcome::is_stored));
        largest = largest.max(bytes());
    }
    let written = (bytes_written() - written_before) / f64::from(BATCHES * IDS);
    let live = f64::from(IDS) * f64::from(bytes() - after_write) / f64::from(IDS);
    println!("{:44} {:>12.0}", "written for each of 2 million writes", written);
    println!("{:44} {:>12}", "largest log, 1,000 ids", largest);
    println!("{:44} {:>12.0}", "log at the end", live);
}

/// All that this process has written so far, also by replacing logs.
fn bytes_written() -> f64 {
    let io = fs::read_to_string("/proc/self/io").expect("Linux");
    io.lines().find_map(|line| line.strip_prefix("wchar: ")).expect("a count").trim().parse().expect("a number")
}
