//! When things are bad: one clear message that names the thing, and nothing is lost.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::common::{FLIGHTS, Place, Ran, numbered_flights, until, until_file};

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs the program as somebody who is not root, where we are; the place is open to everybody. `None` where that
/// cannot be done.
fn as_nobody(place: &Place, args: &[&str]) -> Option<Ran> {
    if !is_root() {
        return Some(place.run(args));
    }
    fs::set_permissions(place.directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    // the program itself may lie where others cannot go
    let program = place.path("checkpoint");
    if !program.exists() {
        // By a program of its own: what this one has open for writing, the children of other tests would hold open too, and a
        // program that is open for writing cannot be run.
        assert!(
            Command::new("cp")
                .args([env!("CARGO_BIN_EXE_checkpoint").as_ref(), program.as_path()])
                .status()
                .unwrap()
                .success()
        );
    }
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(args)
        .current_dir(place.directory.path())
        .env("CHECKPOINT_STORE", format!("file:{}", place.path("store").display()))
        .output();
    match output {
        Ok(output) => Some(Ran(output)),
        Err(error) => {
            eprintln!("skipped: we are root, whom no permission stops, and setpriv does not run: {error}");
            None
        }
    }
}

#[test]
fn a_missing_file_fails_with_once() {
    let place = Place::new();
    place.run(&["follow", "a.log", "--once"]).fails(1, &["a.log", "does not exist"]);
}

#[test]
fn a_directory_is_no_file() {
    let place = Place::new();
    fs::create_dir(place.path("a.log")).unwrap();
    let ran = place.run(&["follow", "a.log"]);
    ran.fails(1, &["a.log", "directory"]);
    assert_eq!(ran.says().lines().count(), 1, "one message: {}", ran.says());
}

#[test]
fn an_unreadable_file_is_said() {
    let place = Place::new();
    place.write("a.log", "one\n");
    fs::set_permissions(place.path("a.log"), fs::Permissions::from_mode(0o000)).unwrap();
    if let Some(ran) = as_nobody(&place, &["follow", "a.log", "--once"]) {
        ran.fails(1, &["a.log", "ermission denied"]);
    }
}

#[test]
fn a_read_only_store_is_said_before_anything_is_handed_on() {
    let place = Place::new();
    place.write("a.log", "one\n");
    place.ok(&["set", "b", "1"]);
    fs::set_permissions(place.path("store"), fs::Permissions::from_mode(0o555)).unwrap();
    for file in fs::read_dir(place.path("store")).unwrap() {
        fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    if let Some(ran) = as_nobody(&place, &["follow", "a.log", "--once"]) {
        ran.fails(1, &["store"]);
        assert_eq!(ran.prints(), "");
    }
    if let Some(ran) = as_nobody(&place, &["get", "b"]) {
        ran.exits_with(0);
    }
}

/// With a limit on the size of files instead of a full disk: the store's log cannot grow, and later it can again.
#[test]
fn a_full_disk_stops_nothing_for_good() {
    let place = Place::new();
    place.write("a.log", "");
    let program = env!("CARGO_BIN_EXE_checkpoint");
    let script = format!(
        "trap '' XFSZ; {{ ulimit -S -f 1; exec {program} follow a.log --id a --every 1ms 2>a.err; }} | while read line; do \
         echo $line; done >> a.out & wait"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(place.directory.path());
    shell.env("CHECKPOINT_STORE", format!("file:{}", place.path("store").display()));
    let mut shell = shell.stdin(Stdio::null()).spawn().unwrap();
    // a line at a time, each of them committed, until the log is full
    until("it says that it cannot commit", || {
        place.append("a.log", "a\n");
        std::thread::sleep(std::time::Duration::from_millis(3));
        place.text("a.err").contains("trying again").then_some(())
    });
    assert!(place.text("a.err").contains("\"a\""), "{}", place.text("a.err"));
    // it is handed on all the same
    place.append("a.log", "last\n");
    let all = place.read("a.log");
    until_file(&place.path("a.out"), &all);
    let owner = place.ok(&["get", "a", "--json"]).prints();
    let owner: serde_json::Value = serde_json::from_str(&owner).unwrap();
    let pid = owner["owner"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    assert!(Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap().success());
    until("it says so", || place.text("a.err").contains("works again").then_some(()));
    let end = u64::try_from(all.len()).unwrap();
    until("all is committed", || (place.position("a") == Some(end)).then_some(()));
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    shell.wait().unwrap();
}

#[test]
fn a_log_damaged_in_the_middle_is_said_with_its_place() {
    let place = Place::new();
    place.write("a.log", "one\n");
    for position in ["1", "2", "3"] {
        place.ok(&["set", "b", position]);
    }
    let mut log = place.read("store/log");
    let middle = log.len() / 2;
    log[middle] ^= 0x11;
    place.write("store/log", log);
    place.run(&["get", "b"]).fails(1, &["store/log is damaged at byte"]);
    let ran = place.run(&["follow", "a.log", "--once"]);
    ran.fails(1, &["store/log is damaged at byte"]);
    assert_eq!(ran.prints(), "");
}

#[test]
fn a_store_of_a_newer_format_is_left_alone() {
    let place = Place::new();
    place.write("a.log", "one\n");
    place.ok(&["set", "b", "1"]);
    let log = place.text("store/log");
    let (first, rest) = log.split_once('\n').unwrap();
    let newer = first.replacen('1', "9", 1);
    assert_ne!(newer, first, "the first line names the format");
    place.write("store/log", format!("{newer}\n{rest}"));
    let before = place.read("store/log");
    place.run(&["follow", "a.log", "--once"]).fails(1, &["store/log has format 9"]);
    assert_eq!(place.read("store/log"), before);
}

#[test]
fn what_follow_does_not_understand_beside_its_checkpoint_is_said() {
    let place = Place::new();
    place.write("a.log", "one\n");
    place.run(&["follow", "a.log", "--id", "a#file"]).fails(2, &["a#file"]);
    place.run(&["follow", "a.log", "--id", &"x".repeat(508)]).fails(2, &["507", "508"]);
    place.run(&["follow", "a.log", "--id", ""]).fails(2, &["empty"]);
    place.run(&["follow", "a.log", "--from", "9223372036854775808"]).exits_with(2);
}

#[test]
fn a_command_that_is_not_there_is_wrong_usage() {
    let place = Place::new();
    place.write("a.log", "one\n");
    place.run(&["follow", "a.log", "--", "no-such-command"]).fails(2, &["no-such-command", "not found"]);
    assert!(!place.path("store").exists());
    place.run(&["follow", "a.log", "--on-failure", "skip", "--", "cat"]).fails(2, &["--skipped"]);
    place.run(&["follow", "a.log", "--on-failure", "skip", "--skipped", "a.log", "--", "cat"]).fails(2, &["a.log"]);
    place.run(&["follow", "a.log", "--on-failure", "skip", "--skipped", "no/such", "--", "cat"]).fails(1, &["no/such"]);
    place.run(&["follow", "a.log", "--batch", "0", "--", "cat"]).exits_with(2);
    place.run(&["follow", "a.log", "--every", "5", "--", "cat"]).exits_with(2);
    assert_eq!(place.text("a.log"), "one\n");
}

#[test]
fn a_standard_output_that_closes_loses_nothing() {
    let place = Place::new();
    let all = FLIGHTS.repeat(100);
    place.write("a.log", &all);
    let mut running = place.checkpoint(&["follow", "a.log", "--id", "a"]);
    let mut running = running.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ran = Ran(running.wait_with_output().unwrap());
    ran.fails(1, &["standard output", "offset"]);
    // what was written whole is committed, and the rest comes next time
    let position = usize::try_from(place.position("a").unwrap()).unwrap();
    assert!(position < all.len() && (position == 0 || all[position - 1] == b'\n'), "{position}");
    assert!(place.ok(&["follow", "a.log", "--id", "a", "--once"]).0.stdout == all[position..]);
}

#[test]
fn without_a_standard_output_nothing_is_committed() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let script = format!("exec {} follow a.log --id a --once >&-", env!("CARGO_BIN_EXE_checkpoint"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(place.directory.path());
    shell.env("CHECKPOINT_STORE", format!("file:{}", place.path("store").display()));
    Ran(shell.output().unwrap()).fails(1, &["standard output is closed"]);
    assert_eq!(place.ok(&["follow", "a.log", "--id", "a", "--once"]).prints(), "one\n");
}

#[test]
fn a_file_is_not_copied_into_itself() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let log = fs::OpenOptions::new().append(true).open(place.path("a.log")).unwrap();
    let output = place.checkpoint(&["follow", "a.log", "--once"]).stdout(log).stderr(Stdio::piped()).output();
    Ran(output.unwrap()).fails(2, &["a.log", "itself"]);
    assert_eq!(place.text("a.log"), "one\n");
}

#[test]
fn a_checkpoint_that_is_deleted_meanwhile_is_said() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let mut running = place.start("a", &["follow", "a.log", "--id", "a", "--every", "10ms"]);
    until("it is committed", || (place.position("a") == Some(4)).then_some(()));
    place.ok(&["delete", "a"]);
    place.append("a.log", "two\n");
    assert_eq!(running.ends().code(), Some(1));
    assert!(place.text("a.err").contains("\"a\" was deleted"), "{}", place.text("a.err"));
}

/// Two ids in one store, from two processes at once.
#[test]
fn two_processes_share_a_store() {
    let place = Place::new();
    place.write("a.log", FLIGHTS);
    let start = |id| place.start(id, &["follow", "a.log", "--id", id, "--every", "1ms"]);
    let (first, second) = (start("a"), start("b"));
    for (n, line) in ["one\n", "two\n", "three\n"].iter().enumerate() {
        place.append("a.log", line);
        let all = place.read("a.log");
        until_file(&place.path("a.out"), &all);
        until_file(&place.path("b.out"), &all);
        assert!(n < 3);
    }
    first.stop();
    second.stop();
    let end = u64::try_from(place.read("a.log").len()).unwrap();
    assert_eq!((place.position("a"), place.position("b")), (Some(end), Some(end)));
}

/// No clock decides anything: files that are dated wrongly are told by what they are.
#[test]
fn clocks_decide_nothing() {
    let place = Place::new();
    let dated = |name: &str, date: &str| {
        assert!(Command::new("touch").args(["-d", date]).arg(place.path(name)).status().unwrap().success());
    };
    place.write("a.log.1", "before\n");
    place.write("a.log", "one\n");
    dated("a.log.1", "2040-01-01");
    dated("a.log", "1990-01-01");
    assert_eq!(place.ok(&["follow", "a.log", "--once"]).prints(), "one\n");
    place.append("a.log", "two\n");
    fs::rename(place.path("a.log.1"), place.path("a.log.2")).unwrap();
    fs::rename(place.path("a.log"), place.path("a.log.1")).unwrap();
    place.write("a.log", "three\n");
    dated("a.log.1", "1970-01-02");
    dated("a.log", "1980-01-01");
    assert_eq!(place.ok(&["follow", "a.log", "--once"]).prints(), "two\nthree\n");
}

/// A follow whose standard output nobody reads, and which has more to write than a pipe holds.
fn held_up(place: &Place) -> std::process::Child {
    place.write("big", numbered_flights(50));
    let mut follow = place.checkpoint(&["follow", "big", "--id", "x", "--every", "10ms"]);
    let child = follow.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the first commit", || place.position("x"));
    child
}

#[test]
fn taken_over_while_nobody_reads_its_output_it_stops() {
    let place = Place::new();
    let first = held_up(&place);
    place.ok(&["reset", "x", "--to", "0"]);
    let ended = first.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("was taken over by"));
}

#[test]
fn asked_to_stop_while_nobody_reads_its_output_it_stops() {
    let place = Place::new();
    let first = held_up(&place);
    assert!(Command::new("kill").args(["-TERM", &first.id().to_string()]).status().unwrap().success());
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_torn_tail_of_the_store_is_said() {
    let place = Place::new();
    place.ok(&["set", "a", "1"]);
    place.append("store/log", "torn");
    let ran = place.run(&["set", "a", "2"]);
    ran.exits_with(0);
    assert!(ran.says().contains("cut off a torn append"), "{}", ran.says());
}
