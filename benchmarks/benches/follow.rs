//! `checkpoint follow` next to `cat`, through the same pipe, next to GNU `split --filter`, with the same command, and with `--jobs`
//! next to GNU `xargs -P`, with a command that waits.
//!
//! `cargo bench --bench follow`; it builds the command, and needs 1.1 GB of disk.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use benchmarks::{Contestant, compare};
use tempfile::TempDir;

const SAMPLE: &[u8] = include_bytes!("../../examples/flights.jsonl");
const LARGE: usize = 1 << 30;
const SMALL: usize = 50 << 20;
/// Batches for commands that wait.
const WAITS: u32 = 200;

fn main() {
    let program = build();
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let (large, small) = (directory.path().join("large.jsonl"), directory.path().join("small.jsonl"));
    let megabytes = u32::try_from(repeat(&large, LARGE) >> 20).expect("it fits");
    let batches = u32::try_from(repeat(&small, SMALL).div_ceil(SAMPLE.len()).div_ceil(2)).expect("it fits");

    let to_stdout = || follow(&program, directory.path(), &large, &[]);
    let contestants = vec![
        Contestant::new("cat", megabytes, || drain(Command::new("cat").arg(&large))),
        Contestant::new("checkpoint follow", megabytes, || drain(&mut to_stdout())),
    ];
    compare("1 GiB to standard output, through a pipe; an item is 1 MiB", 5, contestants);
    println!("{:44} {:>12}", "peak memory of follow, in KiB", peak_kibibytes(&mut to_stdout()));

    let discard = ["sh", "-c", "cat > /dev/null"];
    let to_command = || follow(&program, directory.path(), &small, &discard);
    let split = || {
        let mut split = Command::new("split");
        split.args(["-l", "1000", "--filter", discard[2]]).arg(&small);
        split
    };
    let contestants = vec![
        Contestant::new("split -l 1000 --filter", batches, || drain(&mut split())),
        Contestant::new("checkpoint follow -- sh -c …", batches, || drain(&mut to_command())),
    ];
    compare("50 MiB to a command, 1,000 lines a time; an item is a batch", 7, contestants);
    println!("{:44} {:>12}", "peak memory of follow, in KiB", peak_kibibytes(&mut to_command()));
    compare_jobs(&program, directory.path());
}

/// Nothing is computed, so what is measured is how well the waiting overlaps. Each command of `xargs` has the lines of a batch as its arguments,
/// each of `follow` on its standard input; neither looks at them.
fn compare_jobs(program: &Path, directory: &Path) {
    let file = directory.join("waits.jsonl");
    let _length = repeat(&file, SAMPLE.len() * usize::try_from(WAITS).expect("it fits"));
    let wait = ["sh", "-c", "sleep 0.02"];
    for jobs in ["1", "4", "8"] {
        let with_jobs = || {
            let mut follow = follow(program, directory, &file, &[]);
            follow.args(["--batch", "500", "--jobs", jobs, "--"]).args(wait);
            follow
        };
        let xargs = || {
            let mut xargs = Command::new("xargs");
            xargs.args(["-d", "\\n", "-n", "500", "-P", jobs, "-a"]).arg(&file).args(wait);
            xargs
        };
        let contestants = vec![
            Contestant::new(format!("xargs -n 500 -P {jobs}"), WAITS, || drain(&mut xargs())),
            Contestant::new(format!("checkpoint follow --batch 500 --jobs {jobs}"), WAITS, || drain(&mut with_jobs())),
        ];
        compare("200 batches of 500 lines to `sleep 0.02`; an item is a batch", 7, contestants);
        println!("{:44} {:>12}", "peak memory of follow, in KiB", peak_kibibytes(&mut with_jobs()));
    }
}

/// Builds the command as a user would install it.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--quiet", "--package", "checkpoint-cli", "--target-dir"]).arg(target);
    assert!(cargo.status().expect("cargo runs").success());
    target.join("release/checkpoint")
}

/// Fills a file with flights; returns its length.
fn repeat(path: &Path, length: usize) -> usize {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let times = length / SAMPLE.len();
    for _ in 0..times {
        file.write_all(SAMPLE).expect("the disk has room");
    }
    file.into_inner().expect("the disk has room").sync_all().expect("the disk works");
    times * SAMPLE.len()
}

/// From the start, with a store of its own.
fn follow(program: &Path, directory: &Path, file: &Path, command: &[&str]) -> Command {
    let store = directory.join("store");
    if store.exists() {
        fs::remove_dir_all(&store).expect("it can be removed");
    }
    let mut follow = Command::new(program);
    follow.arg("follow").arg(file).arg("--store").arg(format!("file:{}", store.display()));
    follow.args(["--once", "--quiet"]);
    if !command.is_empty() {
        follow.arg("--").args(command);
    }
    follow
}

/// Runs a command to its end and reads what it writes.
fn drain(command: &mut Command) {
    let child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    assert!(drain_child(child), "{command:?} failed");
}

fn drain_child(mut child: Child) -> bool {
    let mut output = child.stdout.take().expect("it is piped");
    let mut buffer = vec![0; 128 << 10];
    while output.read(&mut buffer).expect("the pipe works") > 0 {}
    child.wait().expect("it ends").success()
}

/// What the operating system says of the process just before it ends.
fn peak_kibibytes(command: &mut Command) -> String {
    let child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let drained = thread::spawn(move || drain_child(child));
    let mut peak = String::from("unknown");
    while !drained.is_finished() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        if let Some(now) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
            peak = now.trim().trim_end_matches(" kB").to_owned();
        }
        thread::yield_now();
    }
    assert!(drained.join().expect("no panic"), "{command:?} failed");
    peak
}
