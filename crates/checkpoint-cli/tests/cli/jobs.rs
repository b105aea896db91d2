//! `follow --jobs`: several COMMANDs at once, and what is committed of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use checkpoint::commit::codec::{OpenSet, decode};
use checkpoint::{CheckpointId, CheckpointStore, Record};

use crate::common::{FLIGHTS, Place, Running, numbered_flights, until, until_file, until_gone};
use crate::kills::{kills, moments};

fn follow<'a>(jobs: &'a str, args: &[&'a str], command: &'a str) -> Vec<&'a str> {
    [&["follow", "a.log", "--id", "a", "--jobs", jobs], args, &["--", "sh", "-c", command]].concat()
}

/// Takes over a batch as a whole, into a file that says where it is and which `follow` it is from.
const TAKE: &str = "cat > new.$$ && mv new.$$ taken.$CHECKPOINT_START.$CHECKPOINT_END.$PPID";

/// The same, but the first batch waits for the file `go`, for as long as its `follow` lives.
const FIRST_WAITS: &str = "while [ $CHECKPOINT_START = 0 ] && [ ! -e go ]; do kill -0 $PPID || { touch gone; exit 1; }; sleep 0.01; done; \
    cat > new.$$ && mv new.$$ taken.$CHECKPOINT_START.$CHECKPOINT_END.$PPID";

/// A batch that a COMMAND took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    start: u64,
    end: u64,
    /// The `follow` it is from.
    process: u32,
    path: PathBuf,
}

fn taken(place: &Place) -> BTreeSet<Taken> {
    let names = fs::read_dir(place.directory.path()).unwrap().map(|entry| entry.unwrap().path());
    let batch = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_prefix("taken.")?.to_owned();
        let numbers: Vec<u64> = name.split('.').map(|number| number.parse().unwrap()).collect();
        Some(Taken { start: numbers[0], end: numbers[1], process: numbers[2].try_into().unwrap(), path })
    };
    names.filter_map(batch).collect()
}

fn offsets(place: &Place) -> Vec<(u64, u64)> {
    taken(place).iter().map(|batch| (batch.start, batch.end)).collect()
}

/// Runs `work` on the place's store.
fn with_store<T>(place: &Place, work: &impl AsyncFn(&dyn CheckpointStore, &CheckpointId) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = checkpoint::open(&format!("file:{}", place.path("store").display())).await.unwrap();
        work(&store, &CheckpointId::new("a").unwrap()).await
    })
}

fn record(place: &Place) -> Option<Record> {
    with_store(place, &async |store, id| store.read(id).await.unwrap())
}

/// What is recorded beyond the position.
fn open_set(place: &Place) -> Option<OpenSet> {
    let record = record(place)?;
    decode(record.checkpoint.position, &record.state).unwrap().open
}

/// The first of four batches is stuck, the others are committed; then `follow` is killed.
fn three_of_four(place: &Place) {
    place.write("a.log", "1\n2\n3\n4\n");
    let running = place.start("a", &follow("2", &["--batch", "1"], FIRST_WAITS));
    until("the others are committed", || {
        open_set(place).filter(|open| open.is_open(1) && (3..=8).all(|position| open.is_handled(position)))
    });
    assert_eq!(offsets(place), [(2, 4), (4, 6), (6, 8)]);
    running.kill();
    until("its COMMAND has gone too", || place.path("gone").exists().then_some(()));
    assert_eq!(place.position("a"), Some(0));
}

#[test]
fn so_many_commands_run_at_once() {
    let place = Place::new();
    place.write("a.log", "1\n2\n3\n4\n5\n6\n");
    let together = "mkdir runs.$$; ls -d runs.* | wc -l >> counts; touch begun.$CHECKPOINT_START; \
        until [ $(ls begun.* | wc -l) -ge 3 ]; do sleep 0.01; done; rmdir runs.$$";
    place.ok(&follow("3", &["--once", "--batch", "1"], together));
    let counts: Vec<usize> = place.text("counts").lines().map(|count| count.trim().parse().unwrap()).collect();
    assert_eq!(counts.len(), 6);
    assert!(counts.iter().all(|count| *count <= 3), "{counts:?}");
    assert_eq!(place.position("a"), Some(12));
}

#[test]
fn every_line_is_handed_on_once_in_whatever_order() {
    let place = Place::new();
    place.write("a.log", FLIGHTS);
    let ran = place.ok(&follow("4", &["--once", "--batch", "7"], TAKE));
    assert!(ran.says().contains("500 lines"), "{}", ran.says());
    let all: Vec<u8> = taken(&place).iter().flat_map(|batch| fs::read(&batch.path).unwrap()).collect();
    assert!(all == FLIGHTS);
    let end = u64::try_from(FLIGHTS.len()).unwrap();
    let record = record(&place).unwrap();
    assert_eq!((record.checkpoint.position, record.state.len()), (Some(end), 0));
}

#[test]
fn after_a_kill_only_the_open_batch_comes_again() {
    // also where it goes on with one COMMAND at a time
    for jobs in ["2", "1"] {
        let place = Place::new();
        three_of_four(&place);
        place.write("go", "");
        place.append("a.log", "5\n");
        place.ok(&follow(jobs, &["--once"], FIRST_WAITS));
        assert_eq!(offsets(&place), [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]);
        assert_eq!(place.position("a"), Some(10));
    }
}

#[test]
fn without_a_command_all_after_the_position_comes_again() {
    let place = Place::new();
    three_of_four(&place);
    assert_eq!(place.ok(&["follow", "a.log", "--id", "a", "--once"]).prints(), "1\n2\n3\n4\n");
    assert_eq!(place.position("a"), Some(8));
}

#[test]
fn a_batch_that_is_given_up_stops_and_the_others_are_committed() {
    let place = Place::new();
    place.write("a.log", "1\nbad\n3\n");
    let no_bad = format!("if [ $CHECKPOINT_START = 2 ] && [ ! -e go ]; then exit 7; fi; {TAKE}");
    let args = follow("3", &["--once", "--batch", "1", "--retries", "1"], &no_bad);
    place.run(&args).fails(3, &["sh", "2", "6", "a.log", "attempt 2", "exit status: 7", "nothing of it"]);
    assert_eq!(place.position("a"), Some(2));
    // the third may have been handed over before the second was given up
    let before = offsets(&place);
    assert!(before == [(0, 2)] || before == [(0, 2), (6, 8)], "{before:?}");
    place.write("go", "");
    place.ok(&args);
    assert_eq!(offsets(&place), [(0, 2), (2, 6), (6, 8)]);
    assert_eq!(place.position("a"), Some(8));
}

#[test]
fn skipped_batches_of_several_commands_are_kept_whole() {
    let place = Place::new();
    place.write("a.log", FLIGHTS);
    let skip = ["--once", "--batch", "1", "--retries", "0", "--on-failure", "skip", "--skipped", "bad"];
    place.ok(&follow("8", &skip, "exit 7"));
    let skipped = place.text("bad");
    let (headers, lines): (Vec<&str>, Vec<&str>) = skipped.lines().partition(|line| line.starts_with("# skipped"));
    assert_eq!((headers.len(), lines.len()), (500, 500));
    let expected: BTreeSet<&str> = std::str::from_utf8(FLIGHTS).unwrap().lines().collect();
    assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(place.position("a"), Some(FLIGHTS.len().try_into().unwrap()));
}

/// Both COMMANDs wait for the file `go`, with the first two of three batches.
fn two_busy(place: &Place) -> Running {
    place.write("a.log", "1\n2\n3\n");
    let slow = format!("touch begun.$CHECKPOINT_START; until test -e go; do sleep 0.01; done; {TAKE}");
    let running = place.start("a", &follow("2", &["--batch", "1"], &slow));
    until("both run", || (place.path("begun.0").exists() && place.path("begun.2").exists()).then_some(()));
    running
}

#[test]
fn a_signal_finishes_the_batches_in_hand() {
    let place = Place::new();
    let mut running = two_busy(&place);
    running.signal("-TERM");
    // until the signal is seen, the third batch may be taken too
    place.write("go", "");
    assert_eq!(running.ends().code(), Some(0));
    let taken = offsets(&place);
    assert!(taken.starts_with(&[(0, 2), (2, 4)]), "{taken:?}");
    assert_eq!(place.position("a"), taken.last().map(|(_, end)| *end));
}

#[test]
fn a_second_signal_kills_every_command() {
    let place = Place::new();
    place.write("a.log", "1\n2\n");
    let slow = "echo $$ > new.$$; mv new.$$ begun.$CHECKPOINT_START; sleep 1000";
    let mut running = place.start("a", &follow("2", &["--batch", "1"], slow));
    let pids = ["begun.0", "begun.2"].map(|begun| until("both run", || fs::read_to_string(place.path(begun)).ok()));
    assert_eq!(running.interrupt().code(), Some(1));
    pids.iter().for_each(|pid| until_gone(pid));
    assert_eq!(place.position("a"), Some(0));
}

#[test]
fn a_reset_stops_it_while_every_command_is_busy() {
    let place = Place::new();
    let mut running = two_busy(&place);
    place.ok(&["reset", "a"]);
    place.write("go", "");
    assert_eq!(running.ends().code(), Some(4), "{}", place.text("a.err"));
    assert!(place.text("a.err").contains("\"a\" was taken over by"), "{}", place.text("a.err"));
    assert_eq!(place.position("a"), None);
}

#[test]
fn a_checkpoint_that_is_deleted_meanwhile_is_said() {
    let place = Place::new();
    let mut running = two_busy(&place);
    place.ok(&["delete", "a"]);
    place.write("go", "");
    assert_eq!(running.ends().code(), Some(1), "{}", place.text("a.err"));
    assert!(place.text("a.err").contains("was deleted"), "{}", place.text("a.err"));
}

/// What was handled ahead says nothing of what the file holds now.
#[test]
fn a_file_that_was_replaced_is_read_whole() {
    let place = Place::new();
    three_of_four(&place);
    place.write("a.log", "new 1\nnew 2\nnew 3\n");
    place.ok(&["follow", "a.log", "--id", "a", "--once", "--jobs", "2", "--", "sh", "-c", "cat >> out"]);
    assert_eq!(place.text("out"), "new 1\nnew 2\nnew 3\n");
}

#[test]
fn a_file_that_ends_before_what_was_handled_is_handed_on_again() {
    let place = Place::new();
    three_of_four(&place);
    fs::OpenOptions::new().write(true).open(place.path("a.log")).unwrap().set_len(6).unwrap();
    place.append("a.log", "");
    let ran = place.ok(&["follow", "a.log", "--id", "a", "--once", "--jobs", "2", "--", "sh", "-c", "cat >> out"]);
    assert!(ran.says().contains("handed on again: the file ends at offset 6, before 8"), "{}", ran.says());
    place.append("a.log", "5\n6\n");
    place.ok(&["follow", "a.log", "--id", "a", "--once", "--jobs", "2", "--", "sh", "-c", "cat >> out"]);
    assert_eq!(place.text("out"), "1\n2\n3\n5\n6\n");
}

#[test]
fn a_state_that_cannot_be_read_is_said_and_its_batches_come_again() {
    let place = Place::new();
    three_of_four(&place);
    with_store(&place, &async |store, id| {
        let claimed = store.claim(id, "test").await.unwrap();
        let junk = checkpoint::Write::advance(claimed.checkpoint).with_epoch(claimed.epoch).with_state(&b"junk"[..]);
        assert_eq!(store.write(&junk).await.unwrap(), checkpoint::Outcome::Stored);
    });
    let ran = place.ok(&["follow", "a.log", "--id", "a", "--once", "--jobs", "2", "--", "sh", "-c", "cat >> out"]);
    assert!(ran.says().contains("checkpoint \"a\": what was handled beyond its position"), "{}", ran.says());
    assert_eq!(place.text("out"), "1\n2\n3\n4\n");
}

#[test]
fn rotations_are_read_in_order() {
    let place = Place::new();
    let flights = numbered_flights(4);
    let lines: Vec<&[u8]> = flights.split_inclusive(|byte| *byte == b'\n').collect();
    place.write("a.log", "");
    let running = place.start("a", &follow("4", &["--batch", "20", "--every", "5ms"], TAKE));
    until("it has begun", || place.position("a"));
    crate::kills::write_and_rotate(&place, &lines, &false.into());
    let end = u64::try_from(flights.len()).unwrap();
    until("all is committed", || (place.position("a") == Some(end)).then_some(()));
    running.stop();
    check(&place, &flights);
}

/// Nothing is lost, and each batch is what was written there.
fn check(place: &Place, written: &[u8]) {
    let mut delivered = 0;
    for batch in taken(place) {
        let [start, end] = [batch.start, batch.end].map(|offset| usize::try_from(offset).unwrap());
        assert!(start <= delivered, "lost: {delivered} to {start}; {}", place.text("a.err"));
        assert!(fs::read(&batch.path).unwrap() == written[start..end], "what is handed on at {start} is not it");
        delivered = delivered.max(end);
    }
    assert_eq!(delivered, written.len(), "{}", place.text("a.err"));
}

/// What was recorded as handled when a `follow` had been killed does not come from a later one.
fn check_recorded(place: &Place, recorded: &BTreeMap<u32, Vec<(u64, u64)>>) {
    for batch in taken(place) {
        let before = recorded.get(&batch.process).into_iter().flatten();
        for (start, end) in before {
            assert!(
                batch.end <= *start || batch.start >= *end,
                "{batch:?} was recorded as handled before: {start} to {end}"
            );
        }
    }
}

/// The ranges of bytes that are recorded as handled.
fn handled(place: &Place) -> Vec<(u64, u64)> {
    let Some(position) = place.position("a") else { return Vec::new() };
    let mut handled = vec![(0, position)];
    let mut from = position;
    for open in open_set(place).iter().flat_map(|open| open.open_ranges().collect::<Vec<_>>()) {
        handled.push((from, open.start() - 1));
        from = *open.end();
    }
    handled.extend(open_set(place).map(|open| (from, open.high())));
    handled.retain(|(start, end)| start < end);
    handled
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_repeats_nothing_recorded() {
    let place = Place::new();
    let flights = numbered_flights(54);
    place.write("a.log", &flights);
    let batches = ["--batch", "100", "--once"];
    let start = || -> Running { place.start("a", &follow("4", &batches, TAKE)) };
    let mut recorded = BTreeMap::new();
    for moment in moments().take(kills()) {
        let before = handled(&place);
        let running = start();
        recorded.insert(running.child.id(), before);
        thread::sleep(moment);
        running.kill();
    }
    let before = handled(&place);
    let mut last = start();
    recorded.insert(last.child.id(), before);
    assert_eq!(last.ends().code(), Some(0), "{}", place.text("a.err"));
    check(&place, &flights);
    check_recorded(&place, &recorded);
    assert!(!place.text("a.err").contains("lost"), "{}", place.text("a.err"));
}

/// With a limit on the size of files instead of a full disk, as for one COMMAND.
#[test]
fn a_store_that_fails_for_a_while_stops_nothing() {
    let place = Place::new();
    place.write("a.log", "");
    let program = env!("CARGO_BIN_EXE_checkpoint");
    let script = format!(
        "trap '' XFSZ; exec {program} follow a.log --id a --every 1ms --batch 1 --jobs 2 -- \
         sh -c 'cat >> out' 2>a.err"
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(place.directory.path());
    shell.env("CHECKPOINT_STORE", format!("file:{}", place.path("store").display()));
    let running = Running { child: shell.stdin(std::process::Stdio::null()).spawn().unwrap() };
    until("it has begun", || place.position("a"));
    let pid = running.child.id().to_string();
    limit_files(&pid, "2048:unlimited");
    until("it says that it cannot commit", || {
        place.append("a.log", "a\n");
        thread::sleep(Duration::from_millis(3));
        place.text("a.err").contains("trying again until").then_some(())
    });
    assert!(place.text("a.err").contains("\"a\""), "{}", place.text("a.err"));
    limit_files(&pid, "unlimited");
    until("it says so", || place.text("a.err").contains("works again").then_some(()));
    let all = place.read("a.log");
    until_file(&place.path("out"), &all);
    let end = u64::try_from(all.len()).unwrap();
    until("all is committed", || (place.position("a") == Some(end)).then_some(()));
    running.stop();
}

/// The process and those that it starts cannot make files longer than that.
fn limit_files(pid: &str, bytes: &str) {
    let limit = format!("--fsize={bytes}");
    assert!(std::process::Command::new("prlimit").args(["--pid", pid, &limit]).status().unwrap().success());
}
