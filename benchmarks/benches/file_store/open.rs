//! How long a store of a million ids takes to open, and how much memory it then has.

use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use benchmarks::{in_unit, median};
use checkpoint_core::{Checkpoint, CheckpointStore, Outcome, Write};
use checkpoint_file::FileStore;

use super::RUNTIME;
use super::contestants::{directory, id};

const IDS: u32 = 1_000_000;
/// A number without a common divisor with the count: ids come in an order that is far from sorted.
const STRIDE: u32 = 618_033;

pub(crate) fn a_million_ids() {
    let directory = directory();
    let store = RUNTIME.block_on(FileStore::open(directory.path())).expect("a store");
    for batch in 0..IDS / 1_000 {
        let numbers = (batch * 1_000..).take(1_000);
        let number = |n: u32| u64::from(n) * u64::from(STRIDE) % u64::from(IDS);
        let ids = numbers.map(|n| id(u32::try_from(number(n)).expect("it is below a million")));
        let writes: Vec<_> = ids.map(|id| Write::advance(Checkpoint::new(id, 1_000_000))).collect();
        let outcomes = RUNTIME.block_on(store.write_many(&writes)).expect("the disk works");
        assert!(outcomes.into_iter().all(Outcome::is_stored));
    }
    drop(store);
    let bytes = fs::metadata(directory.path().join("log")).expect("a log").len();
    println!("\nopening a store of {IDS} ids in no order, {} MB, five times", bytes / 1_000_000);
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let store = RUNTIME.block_on(FileStore::open(directory.path())).expect("a store");
        times.push(start.elapsed().as_secs_f64());
        drop(store);
    }
    println!("{:44} {:>12}", "median time", in_unit(median(times)));
    println!("{:44} {:>12.0}", "memory for an id, in bytes", memory_for_an_id(directory.path()));
}

/// Measured in a process of its own, whose memory was not used for anything before.
fn memory_for_an_id(directory: &Path) -> f64 {
    let program = env::current_exe().expect("a program");
    let output = Command::new(program).env(ONLY_OPEN, directory).output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

/// Where this variable names a directory, the program only opens the store in it and prints the memory for an id.
const ONLY_OPEN: &str = "CHECKPOINT_BENCH_ONLY_OPEN";

pub(crate) fn is_only_open() -> bool {
    let Some(directory) = env::var_os(ONLY_OPEN) else { return false };
    let before = resident_bytes();
    let store = RUNTIME.block_on(FileStore::open(directory)).expect("a store");
    println!("{}", (resident_bytes() - before) / f64::from(IDS));
    drop(store);
    true
}

fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kibibytes * 1024.0
}
