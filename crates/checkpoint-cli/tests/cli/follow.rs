//! `follow`: what is handed on, in both modes, and what is committed.

use std::fs;

use crate::common::{FLIGHTS, Place, until, until_file, until_gone};

const TO_OUT: [&str; 4] = ["--", "sh", "-c", "cat >> out"];

fn follow<'a>(args: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [&["follow", "a.log", "--id", "a"], args, command].concat()
}

#[test]
fn a_command_gets_every_line_once_over_runs() {
    let place = Place::new();
    place.write("a.log", FLIGHTS);
    place.ok(&follow(&["--once", "--batch", "7"], &TO_OUT));
    assert_eq!(place.read("out"), FLIGHTS);
    assert_eq!(place.position("a"), Some(FLIGHTS.len().try_into().unwrap()));
    place.append("a.log", "one more\n");
    place.ok(&follow(&["--once"], &TO_OUT));
    place.ok(&follow(&["--once"], &TO_OUT));
    assert_eq!(place.read("out"), [FLIGHTS, b"one more\n"].concat());
}

#[test]
fn standard_output_gets_every_line_once_over_runs() {
    let place = Place::new();
    place.write("a.log", FLIGHTS);
    assert_eq!(place.ok(&follow(&["--once"], &[])).0.stdout, FLIGHTS);
    place.append("a.log", "one more\n");
    let ran = place.ok(&follow(&["--once"], &[]));
    assert_eq!(ran.prints(), "one more\n");
    assert!(ran.says().contains("1 line, 9 B"), "{}", ran.says());
    let quiet = place.ok(&follow(&["--once", "--quiet"], &[]));
    assert_eq!((quiet.prints(), quiet.says()), (String::new(), String::new()));
}

/// NUL, CRLF, invalid UTF-8, an empty line, and no newline at the end.
const ODD: &[u8] = b"a\0b\r\n\n\xff\xfe\x80\n\x1b[31m\nno newline";

#[test]
fn bytes_are_passed_as_they_are() {
    for (args, command) in [(&["--once", "--batch", "2"][..], &TO_OUT[..]), (&["--once"], &[])] {
        let place = Place::new();
        place.write("a.log", ODD);
        let ran = place.ok(&follow(args, command));
        assert_eq!([ran.0.stdout.clone(), place.read("out")].concat(), ODD);
        assert_eq!(place.position("a"), Some(ODD.len().try_into().unwrap()));
    }
}

#[test]
fn a_line_may_have_any_length() {
    let mut line = vec![b'x'; 20 * 1024 * 1024];
    line.extend_from_slice(b"\nshort\n");
    for command in [&TO_OUT[..], &[]] {
        let place = Place::new();
        place.write("a.log", &line);
        let ran = place.ok(&follow(&["--once"], command));
        assert!([ran.0.stdout.clone(), place.read("out")].concat() == line);
    }
}

#[test]
fn an_unfinished_line_waits_for_its_newline() {
    for command in [&TO_OUT[..], &[]] {
        let place = Place::new();
        place.write("a.log", "one\ntw");
        let running = place.start("a", &follow(&["--every", "10ms"], command));
        let out = if command.is_empty() { "a.out" } else { "out" };
        until_file(&place.path(out), "one\n");
        until("it is committed", || (place.position("a") == Some(4)).then_some(()));
        place.append("a.log", "o\n");
        until_file(&place.path(out), "one\ntwo\n");
        running.stop();
        assert_eq!(place.position("a"), Some(8));
    }
}

#[test]
fn the_command_knows_what_it_gets() {
    let place = Place::new();
    place.write("a.log", "1234\n123\n12\n");
    let note = "echo \"$CHECKPOINT_ID $CHECKPOINT_START $CHECKPOINT_END $(wc -c)\" >> out";
    place.ok(&follow(&["--once", "--batch", "2"], &["--", "sh", "-c", note]));
    assert_eq!(place.text("out"), "a 0 9 9\na 9 12 3\n");
}

#[test]
fn from_counts_only_without_a_position() {
    let place = Place::new();
    place.write("a.log", "one\ntwo\nthr");
    assert_eq!(place.ok(&["follow", "a.log", "--once", "--from", "4"]).prints(), "two\nthr");
    let running = place.start("a", &follow(&["--from", "end"], &[]));
    until("its beginning is committed", || (place.position("a") == Some(8)).then_some(()));
    running.kill();
    place.append("a.log", "ee\n");
    assert_eq!(place.ok(&follow(&["--once", "--from", "end"], &[])).prints(), "three\n");
    place.ok(&["reset", "a"]);
    assert_eq!(place.ok(&follow(&["--once"], &[])).prints(), "one\ntwo\nthree\n");
    place.run(&["follow", "a.log", "--once", "--from", "100", "--id", "c"]).fails(1, &["100", "14", "a.log"]);
}

#[test]
fn reset_goes_back_within_the_file() {
    let place = Place::new();
    place.write("a.log", "one\n");
    place.ok(&follow(&["--once"], &[]));
    fs::rename(place.path("a.log"), place.path("a.log.1")).unwrap();
    place.write("a.log", "two\nthree\n");
    assert_eq!(place.ok(&follow(&["--once"], &[])).prints(), "two\nthree\n");
    place.run(&["reset", "a", "--to", "3"]).fails(1, &["3", "4"]);
    place.ok(&["reset", "a", "--to", "8"]);
    assert_eq!(place.ok(&follow(&["--once"], &[])).prints(), "three\n");
    place.ok(&["delete", "a"]);
    assert_eq!(place.ok(&["list"]).prints(), "");
}

#[test]
fn a_position_that_was_set_before_is_where_it_begins() {
    let place = Place::new();
    place.write("a.log", "one\ntwo\n");
    place.ok(&["set", "a", "4"]);
    assert_eq!(place.ok(&follow(&["--once"], &[])).prints(), "two\n");
}

#[test]
fn a_batch_does_not_wait_longer_than_asked() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let running = place.start("a", &follow(&["--every", "50ms"], &TO_OUT));
    until_file(&place.path("out"), "one\n");
    place.append("a.log", "two\n");
    until_file(&place.path("out"), "one\ntwo\n");
    running.stop();
}

#[test]
fn a_command_that_fails_is_tried_again() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let third = "echo x >> tries; test $(wc -l < tries) -eq 3 && cat >> out";
    place.ok(&follow(&["--once", "--retries", "2"], &["--", "sh", "-c", third]));
    assert_eq!(place.text("out"), "one\n");
}

#[test]
fn a_command_that_fails_for_good_stops_and_commits_nothing_of_it() {
    let place = Place::new();
    place.write("a.log", "good\nbad\n");
    let no_bad = "batch=$(cat); test \"$batch\" != bad || exit 7; echo $batch >> out";
    let args = follow(&["--once", "--batch", "1", "--retries", "1"], &["--", "sh", "-c", no_bad]);
    for _ in 0..2 {
        place.run(&args).fails(3, &["sh", "5", "9", "a.log", "attempt 2", "exit status: 7", "nothing of it"]);
        assert_eq!(place.position("a"), Some(5));
    }
    assert_eq!(place.text("out"), "good\n");
}

#[test]
fn skipped_batches_are_kept_with_their_reason() {
    let place = Place::new();
    let no_bad = "batch=$(cat | tr -d '\\0'); case \"$batch\" in *bad*) exit 7;; esac; echo $batch >> out";
    let skip = ["--once", "--batch", "1", "--retries", "0", "--on-failure", "skip", "--skipped", "bad"];
    let written = [b"good\n".as_slice(), b"\xff\xfe\0bad\n", b"good again\n", b"bad end"];
    place.write("a.log", written.concat());
    place.ok(&follow(&skip, &["--", "sh", "-c", no_bad]));
    assert_eq!(place.text("out"), "good\ngood again\n");
    let skipped = place.read("bad");
    let lines: Vec<&[u8]> = skipped.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!((lines[1], lines[3], lines.len()), (written[1], b"bad end\n".as_slice(), 4));
    let header = String::from_utf8(lines[0].to_vec()).unwrap();
    assert!(header.starts_with("# skipped id=\"a\" start=5 end=12 attempts=1 at=2"), "{header}");
    assert!(header.ends_with("Z reason=\"exit status: 7\"\n"), "{header}");
    assert_eq!(place.position("a"), Some(written.concat().len().try_into().unwrap()));
}

#[test]
fn a_second_follow_takes_over() {
    for command in [&TO_OUT[..], &[]] {
        let place = Place::new();
        place.write("a.log", "one\n");
        let out = if command.is_empty() { "a.out" } else { "out" };
        let mut first = place.start("a", &follow(&["--every", "10ms"], command));
        until_file(&place.path(out), "one\n");
        until("it is committed", || (place.position("a") == Some(4)).then_some(()));
        let second = place.start("b", &follow(&["--every", "10ms"], command));
        // also while nothing is written
        assert_eq!(first.ends().code(), Some(4));
        let says = place.text("a.err");
        assert!(says.contains("\"a\" was taken over by"), "{says}");
        place.append("a.log", "two\n");
        let (out, all) = if command.is_empty() { ("b.out", "two\n") } else { ("out", "one\ntwo\n") };
        until_file(&place.path(out), all);
        second.stop();
    }
}

#[test]
fn a_reset_stops_the_follower() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let mut running = place.start("a", &follow(&[], &[]));
    until_file(&place.path("a.out"), "one\n");
    place.ok(&["reset", "a"]);
    assert_eq!(running.ends().code(), Some(4));
    assert_eq!(place.ok(&follow(&["--once"], &[])).prints(), "one\n");
}

#[test]
fn a_signal_finishes_the_batch_in_hand() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        place.write("a.log", "one\ntwo\n");
        let slow = "touch begun; until test -e go; do sleep 0.01; done; cat >> out";
        let mut running = place.start("a", &follow(&["--batch", "1"], &["--", "sh", "-c", slow]));
        until("COMMAND runs", || place.path("begun").exists().then_some(()));
        running.signal(signal);
        place.write("go", "");
        assert_eq!(running.ends().code(), Some(0));
        assert_eq!(place.text("out"), "one\n");
        assert_eq!(place.position("a"), Some(4));
    }
}

#[test]
fn a_second_signal_kills_the_command_and_commits_nothing() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let slow = "echo $$ > begun.new; mv begun.new begun; sleep 1000; cat >> out";
    let mut running = place.start("a", &follow(&[], &["--", "sh", "-c", slow]));
    let pid = until("COMMAND runs", || fs::read_to_string(place.path("begun")).ok());
    assert_eq!(running.interrupt().code(), Some(1));
    assert!(place.text("a.err").contains("killed"), "{}", place.text("a.err"));
    until_gone(&pid);
    assert_eq!(place.position("a"), Some(0));
}

#[test]
fn a_signal_between_two_tries_stops_and_commits_nothing() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let mut running = place.start("a", &follow(&["--retries", "1000"], &["--", "sh", "-c", "echo x >> tries; exit 1"]));
    until("it has failed a few times", || (place.read("tries").len() >= 6).then_some(()));
    running.signal("-TERM");
    assert_eq!(running.ends().code(), Some(3));
    assert_eq!(place.position("a"), Some(0));
}

#[test]
fn a_signal_while_it_waits_for_the_file_is_no_failure() {
    let place = Place::new();
    let running = place.start("a", &follow(&[], &[]));
    until("it says so", || place.text("a.err").contains("waiting for").then_some(()));
    running.stop();
    assert_eq!(place.position("a"), None);
}
