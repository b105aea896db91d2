//! The examples of `FORMAT.md`, in both directions.

use checkpoint_commit::codec::{Receipt, decode, encode};

use crate::events::{Event, Words, dense, event};
use crate::receipts::at;

const FORMAT: &str = include_str!("../../FORMAT.md");

/// The bytes of the example with this title: the first column of the block behind it.
fn example(title: &str) -> Vec<u8> {
    let (_, behind) = FORMAT.split_once(&format!("### {title}\n")).expect("FORMAT.md has the example");
    let block = behind.split("```").nth(1).expect("the example has a block");
    let bytes = block.lines().skip(1).flat_map(|line| {
        let end = line.find("  ").unwrap_or(line.len());
        line[..end].split_whitespace()
    });
    bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect()
}

fn check(title: &str, low: Option<u64>, events: &[Event], receipts: &[Receipt]) {
    let bytes = example(title);
    let encoded = encode(low, Words::full(events).pieces(), receipts);
    assert_eq!(format!("{:02x?}", encoded.to_vec()), format!("{bytes:02x?}"), "{title}");
    let state = decode(low, &bytes).expect("it is a state");
    assert_eq!(state.receipts, receipts);
    assert_eq!(state.open.as_ref().map(|set| set.high()), events.last().map(|event| event.position));
    for Event { position, open } in events {
        assert_eq!(state.open.as_ref().expect("it has events").is_open(*position), *open, "{title}: {position}");
    }
}

#[test]
fn two_events_open_of_three() {
    check("Two events open of three", Some(41), &[event(42, true), event(43, false), event(44, true)], &[]);
}

#[test]
fn all_kinds_of_words() {
    let bit = |bits: u64, position: u64| bits >> (position % 64) & 1 == 1;
    let events = dense(640, |position| match position / 64 {
        1 | 2 => true,
        3..=6 => bit(0x0123_4567_89AB_CDEF, position),
        8 => bit(0xFEDC_BA98_7654_3210, position),
        _ => false,
    });
    check("All kinds of words", None, &events, &[]);
}

#[test]
fn runs_of_which_one_is_far_longer_than_the_others() {
    let lengths = [13, 1, 20, 1, 17, 2, 25, 1, 11, 1, 19, 3, 30, 1, 16, 1, 1 << 40, 1];
    let mut events = Vec::new();
    let mut next = 100;
    for (index, length) in lengths.into_iter().enumerate() {
        let open = index % 2 == 1;
        events.extend([event(next, open), event(next + length - 1, open)]);
        next += length;
    }
    events.dedup_by_key(|event| event.position);
    check("Runs, one of them far longer than the others", Some(99), &events, &[]);
}

#[test]
fn every_third_open() {
    check("Every third event open", None, &dense(9_000, |position| position % 3 == 0), &[]);
}

#[test]
fn a_receipt() {
    let receipts = [Receipt::new(300, "no such account", at(1_700_000_000_123), 5)];
    check("A receipt and no open event", Some(300), &[], &receipts);
}
