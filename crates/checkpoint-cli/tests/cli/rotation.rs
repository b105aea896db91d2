//! Rotation, while `follow` runs and while it does not.

use std::fs::{self, OpenOptions};

use crate::common::{Place, until, until_file};

const TO_OUT: [&str; 4] = ["--", "sh", "-c", "cat >> out"];

fn follow<'a>(args: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [&["follow", "a.log", "--id", "a"], args, command].concat()
}

fn rename(place: &Place, from: &str, to: &str) {
    fs::rename(place.path(from), place.path(to)).unwrap();
}

fn truncate(place: &Place, name: &str) {
    OpenOptions::new().write(true).open(place.path(name)).unwrap().set_len(0).unwrap();
}

/// Both modes: the command, and the file in which everything arrives.
const MODES: [(&[&str], &str); 2] = [(&TO_OUT, "out"), (&[], "a.out")];

#[test]
fn a_renamed_file_is_finished_first() {
    for (command, out) in MODES {
        let place = Place::new();
        place.write("a.log", "one\n");
        let running = place.start("a", &follow(&["--every", "10ms"], command));
        until_file(&place.path(out), "one\n");
        // its writer still has it
        let mut old = OpenOptions::new().append(true).open(place.path("a.log")).unwrap();
        rename(&place, "a.log", "a.log.1");
        std::io::Write::write_all(&mut old, b"two\n").unwrap();
        until_file(&place.path(out), "one\ntwo\n");
        std::io::Write::write_all(&mut old, b"three\nfour").unwrap();
        place.write("a.log", "five\n");
        until_file(&place.path(out), "one\ntwo\nthree\nfourfive\n");
        running.stop();
        assert_eq!(place.position("a"), Some(23));
        assert!(!place.text("a.err").contains("lost"), "{}", place.text("a.err"));
    }
}

#[test]
fn a_deleted_file_is_read_to_its_end() {
    let place = Place::new();
    place.write("a.log", "one\n");
    let running = place.start("a", &follow(&["--every", "10ms"], &[]));
    until_file(&place.path("a.out"), "one\n");
    let mut old = OpenOptions::new().append(true).open(place.path("a.log")).unwrap();
    fs::remove_file(place.path("a.log")).unwrap();
    std::io::Write::write_all(&mut old, b"two\n").unwrap();
    place.write("a.log", "three\n");
    until_file(&place.path("a.out"), "one\ntwo\nthree\n");
    running.stop();
}

#[test]
fn copy_and_truncate_is_followed() {
    for (command, out) in MODES {
        let place = Place::new();
        place.write("a.log", "one\n");
        let running = place.start("a", &follow(&["--every", "10ms"], command));
        until_file(&place.path(out), "one\n");
        place.append("a.log", "two\nthree\n");
        fs::copy(place.path("a.log"), place.path("a.log.1")).unwrap();
        truncate(&place, "a.log");
        place.append("a.log", "four\n");
        until_file(&place.path(out), "one\ntwo\nthree\nfour\n");
        running.stop();
        assert_eq!(place.position("a"), Some(19));
    }
}

#[test]
fn rotations_while_nothing_runs_are_read_in_order() {
    for (command, out) in MODES {
        let place = Place::new();
        place.write("a.log.1", "before\n");
        place.write("a.log", "1\n");
        place.start("a", &follow(&["--once"], command)).ends();
        place.append("a.log", "2\n");
        rename(&place, "a.log.1", "a.log.2");
        rename(&place, "a.log", "a.log.1");
        place.write("a.log", "3\n");
        rename(&place, "a.log.2", "a.log.3");
        rename(&place, "a.log.1", "a.log.2");
        fs::copy(place.path("a.log"), place.path("a.log.1")).unwrap();
        truncate(&place, "a.log");
        place.append("a.log", "4\n");
        for number in (1..=3).rev() {
            rename(&place, &format!("a.log.{number}"), &format!("a.log.{}", number + 1));
        }
        rename(&place, "a.log", "a.log.1");
        place.write("a.log", "5\n");
        place.start("a", &follow(&["--once"], command)).ends();
        assert_eq!(place.text(out), "1\n2\n3\n4\n5\n", "{}", place.text("a.err"));
        assert_eq!(place.position("a"), Some(10));
    }
}

#[test]
fn a_file_that_was_cut_short_is_read_from_its_beginning_and_said() {
    let place = Place::new();
    place.write("a.log", "one\ntwo\n");
    place.ok(&follow(&["--once"], &[]));
    place.write("a.log", "new\n");
    let ran = place.ok(&follow(&["--once"], &[]));
    assert_eq!(ran.prints(), "new\n");
    assert!(ran.says().contains("a.log") && ran.says().contains("offset 8"), "{}", ran.says());
    assert_eq!(place.position("a"), Some(12));
}

#[test]
fn a_file_that_was_replaced_is_told_from_one_that_grew() {
    let place = Place::new();
    place.write("a.log", "one\n");
    place.ok(&follow(&["--once"], &[]));
    place.write("other", "another file, and longer\n");
    rename(&place, "other", "a.log");
    let ran = place.ok(&follow(&["--once"], &[]));
    assert_eq!(ran.prints(), "another file, and longer\n");
    assert!(ran.says().contains("offset 4"), "{}", ran.says());
}

#[test]
fn a_file_that_comes_late_is_waited_for() {
    let place = Place::new();
    let running = place.start("a", &follow(&[], &[]));
    until("it waits", || place.text("a.err").contains("waiting for").then_some(()));
    place.write("a.log", "one\n");
    until_file(&place.path("a.out"), "one\n");
    running.stop();
}

/// Its end is where it was when we began: nowhere.
#[test]
fn a_file_that_comes_late_is_read_whole_also_from_its_end() {
    let place = Place::new();
    let running = place.start("a", &follow(&["--from", "end"], &[]));
    until("it waits", || place.text("a.err").contains("waiting for").then_some(()));
    place.write("new", "one\n");
    rename(&place, "new", "a.log");
    until_file(&place.path("a.out"), "one\n");
    running.stop();
}

#[test]
fn a_link_to_a_file_elsewhere_is_followed() {
    let place = Place::new();
    fs::create_dir(place.path("elsewhere")).unwrap();
    place.write("elsewhere/b.log", "one\n");
    std::os::unix::fs::symlink(place.path("elsewhere/b.log"), place.path("a.log")).unwrap();
    let running = place.start("a", &follow(&[], &[]));
    until_file(&place.path("a.out"), "one\n");
    place.append("elsewhere/b.log", "two\n");
    until_file(&place.path("a.out"), "one\ntwo\n");
    running.stop();
}
