//! `kill -9` at random moments: every line arrives at least once and in order, and what arrives twice is no more than
//! the batch in hand. With rotation meanwhile, too.
//!
//! `CHECKPOINT_KILLS` asks for more kills than the few of an everyday run.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::{Place, Running, numbered_flights, until};

const BATCH: usize = 100;

/// Takes over a batch as a whole, with a line that says where it is: what a kill cuts off must not be mixed up.
const TAKE: &str =
    "{ echo \"= $CHECKPOINT_START $CHECKPOINT_END\"; cat; } > batch.$$ && cat batch.$$ >> out; rm batch.$$";

pub(crate) fn kills() -> usize {
    std::env::var("CHECKPOINT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(30)
}

/// Moments between two kills: from at once to well into the work.
pub(crate) fn moments() -> impl Iterator<Item = Duration> {
    let mut random = 0x2013_0101_u64;
    std::iter::repeat_with(move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros((random >> 33) % 60_000)
    })
}

fn start(place: &Place, once: bool) -> Running {
    let batch = BATCH.to_string();
    let mut args = vec!["follow", "a.log", "--id", "a", "--batch", &batch, "--every", "20ms"];
    if once {
        args.push("--once");
    }
    place.start("a", &[&args[..], &["--", "sh", "-c", TAKE]].concat())
}

/// The batches as they arrived: where each begins, and its bytes.
fn batches(out: &[u8]) -> Vec<(usize, &[u8])> {
    let mut batches = Vec::new();
    let mut rest = out;
    while !rest.is_empty() {
        let header = rest.split(|byte| *byte == b'\n').next().unwrap();
        let header_text = std::str::from_utf8(header).unwrap();
        let mut words = header_text.split(' ');
        assert_eq!(words.next(), Some("="), "{header_text}");
        let [start, end] = [(); 2].map(|()| words.next().unwrap().parse::<usize>().unwrap());
        let bytes = &rest[header.len() + 1..][..end - start];
        batches.push((start, bytes));
        rest = &rest[header.len() + 1 + bytes.len()..];
    }
    batches
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == b'\n').next().unwrap()).into_owned()
}

/// Everything is there, in order, and after each kill at most one batch again.
fn check(place: &Place, written: &[u8], kills: usize) {
    let out = place.read("out");
    let mut delivered = 0;
    let mut again = 0;
    for (start, bytes) in batches(&out) {
        assert!(start <= delivered, "lost: {delivered} to {start}; {}", place.text("a.err"));
        let expected = &written[start..start + bytes.len()];
        assert!(bytes == expected, "at {start} is {:?} and not {:?}", first_line(bytes), first_line(expected));
        assert!(bytes.iter().filter(|byte| **byte == b'\n').count() <= BATCH);
        // The batch in hand, of which there is one for a kill. On a busy machine it may come late: a command that outlived the
        // program that was killed takes over its batch while the next program is further already.
        again += usize::from(start < delivered);
        delivered = delivered.max(start + bytes.len());
    }
    assert_eq!(delivered, written.len());
    assert!(again <= kills, "{again} batches came again after {kills} kills");
    assert!(!place.text("a.err").contains("lost"), "{}", place.text("a.err"));
}

#[test]
fn killed_at_random_moments_it_loses_nothing() {
    let place = Place::new();
    let flights = numbered_flights(54); // as many lines as the whole of January has
    place.write("a.log", &flights);
    for moment in moments().take(kills()) {
        let running = start(&place, true);
        thread::sleep(moment);
        running.kill();
    }
    assert_eq!(start(&place, true).ends().code(), Some(0), "{}", place.text("a.err"));
    check(&place, &flights, kills());
}

/// To standard output: what comes again is what came after the last commit, and all of that.
#[test]
fn killed_without_a_command_it_goes_on_at_the_last_commit() {
    let place = Place::new();
    let flights = numbered_flights(10 * kills());
    place.write("a.log", &flights);
    let (mut committed, mut seen) = (0, 0);
    // later and later, so that there is an end also where a program takes long to start
    for (later, moment) in (0..).map(Duration::from_millis).zip(moments()) {
        let running = place.start("a", &["follow", "a.log", "--id", "a", "--every", "1ms"]);
        thread::sleep(moment + later);
        running.kill();
        let out = place.read("a.out");
        let delivered = committed + out.len() - seen;
        assert!(out[seen..] == flights[committed..delivered], "what came after offset {committed} is not it");
        let position = usize::try_from(place.position("a").unwrap_or(0)).unwrap();
        assert!((committed..=delivered).contains(&position), "{position} of {committed} to {delivered}");
        assert!(position == 0 || flights[position - 1] == b'\n', "{position}");
        (committed, seen) = (position, out.len());
        if committed == flights.len() {
            return;
        }
    }
}

/// Writes `lines` bit by bit, and rotates all the time: renames, or copies and truncates.
pub(crate) fn write_and_rotate(place: &Place, lines: &[&[u8]], done: &AtomicBool) {
    let mut rotations = 0;
    for (n, some) in lines.chunks(40).enumerate() {
        place.append("a.log", some.concat());
        if n % 5 == 4 {
            for number in (1..=rotations).rev() {
                let name = |number| place.path(&format!("a.log.{number}"));
                fs::rename(name(number), name(number + 1)).unwrap();
            }
            rotations += 1;
            if n % 2 == 0 {
                fs::rename(place.path("a.log"), place.path("a.log.1")).unwrap();
            } else {
                fs::copy(place.path("a.log"), place.path("a.log.1")).unwrap();
                fs::OpenOptions::new().write(true).open(place.path("a.log")).unwrap().set_len(0).unwrap();
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
    done.store(true, Ordering::Release);
}

#[test]
fn killed_while_the_file_is_rotated_under_load_it_loses_nothing() {
    let place = Place::new();
    let flights = numbered_flights(kills().div_ceil(3));
    let lines: Vec<&[u8]> = flights.split_inclusive(|byte| *byte == b'\n').collect();
    // the first start must come before the first rotation: what is older than that is not read
    place.write("a.log", "");
    let first = start(&place, false);
    until("it has begun", || place.position("a"));
    first.kill();
    let done = AtomicBool::new(false);
    let mut killed = 1;
    thread::scope(|scope| {
        scope.spawn(|| write_and_rotate(&place, &lines, &done));
        for moment in moments() {
            if done.load(Ordering::Acquire) {
                break;
            }
            let running = start(&place, false);
            thread::sleep(moment * 3);
            running.kill();
            killed += 1;
        }
    });
    assert_eq!(start(&place, true).ends().code(), Some(0), "{}", place.text("a.err"));
    check(&place, &flights, killed);
}

#[test]
fn rotated_under_load_it_delivers_everything_once() {
    let place = Place::new();
    let flights = numbered_flights(10);
    let lines: Vec<&[u8]> = flights.split_inclusive(|byte| *byte == b'\n').collect();
    place.write("a.log", "");
    let copying = place.start("a", &["follow", "a.log", "--id", "a", "--every", "10ms"]);
    until("it has begun", || place.position("a"));
    write_and_rotate(&place, &lines, &AtomicBool::new(false));
    until("all has arrived", || (place.read("a.out").len() >= flights.len()).then_some(()));
    copying.stop();
    assert!(place.read("a.out") == flights, "{}", place.text("a.err"));
    assert_eq!(place.position("a"), Some(flights.len().try_into().unwrap()));
}
