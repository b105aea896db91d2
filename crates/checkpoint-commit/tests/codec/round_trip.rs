//! What was encoded is decoded again, exactly for every event.

use checkpoint_commit::Word;
use checkpoint_commit::codec::{OpenSet, Piece, Run, State, decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::events::{Event, Words, dense, event, stream};

pub(crate) fn set<'a>(low: Option<u64>, pieces: impl Iterator<Item = Piece<'a>> + Clone) -> Option<OpenSet> {
    decode(low, &encode(low, pieces, &[])).expect("it was encoded").open
}

fn check(set: &OpenSet, events: &[Event]) {
    assert_eq!(set.high(), events.last().expect("there is a set").position);
    for Event { position, open } in events.iter().copied() {
        assert_eq!((set.is_open(position), set.is_handled(position)), (open, !open), "{position}");
    }
    // Between two events, what the documentation says.
    for [a, b] in events.array_windows() {
        for between in [a.position + 1, b.position - 1].into_iter().filter(|p| a.position < *p && *p < b.position) {
            assert_eq!(set.is_open(between), a.open && b.open, "{between}");
        }
    }
    let ranges: Vec<_> = set.open_ranges().collect();
    assert!(ranges.array_windows().all(|[a, b]| a.end() + 1 < *b.start()), "{ranges:?}");
    let ends: Vec<_> = ranges.iter().flat_map(|range| [*range.start(), *range.end()]).collect();
    assert!(ends.iter().all(|end| events.binary_search_by_key(end, |event| event.position).is_ok()), "{ends:?}");
}

proptest! {
    #[test]
    fn every_event_is_judged_exactly((low, events) in stream(), lengths in vec(1..=64_usize, 1..5)) {
        let words = Words::of(&events, &lengths);
        match set(low, words.pieces()) {
            None => prop_assert!(events.is_empty()),
            Some(set) => {
                prop_assert_eq!(set.low(), low);
                check(&set, &events);
            }
        }
    }

    #[test]
    fn how_events_are_cut_into_words_does_not_matter((low, events) in stream(), lengths in vec(1..=64_usize, 1..5)) {
        let (one, other) = (Words::full(&events), Words::of(&events, &lengths));
        prop_assert_eq!(encode(low, one.pieces(), &[]), encode(low, other.pieces(), &[]));
    }
}

#[test]
fn nothing_above_the_low_watermark_is_no_bytes() {
    assert!(encode(Some(7), [], &[]).is_empty());
    assert!(encode(Some(7), [Word::new(&[], 0).into()], &[]).is_empty());
    assert_eq!(decode(Some(7), &[]), Ok(State::default()));
}

#[test]
fn the_borders_of_all_positions_are_encoded() {
    let largest = i64::MAX.unsigned_abs();
    for (low, positions) in [(None, vec![0]), (None, vec![0, largest]), (Some(largest - 1), vec![largest])] {
        for complete in 0..4 {
            let set = set(low, [Word::new(&positions, complete).into()].into_iter()).unwrap();
            let events: Vec<_> = (0..).zip(&positions).map(|(i, p)| event(*p, complete >> i & 1 == 0)).collect();
            check(&set, &events);
        }
    }
}

#[test]
fn above_the_high_watermark_nothing_is_known() {
    let set = set(None, [Word::new(&[0, 1], 0b10).into()].into_iter()).unwrap();
    assert!(!set.is_open(2) && !set.is_handled(2));
    assert!(!set.is_open(u64::MAX) && !set.is_handled(u64::MAX));
}

#[test]
fn up_to_the_low_watermark_everything_was_handled() {
    let set = set(Some(10), [Word::new(&[11], 0).into()].into_iter()).unwrap();
    assert!(set.is_handled(0) && set.is_handled(10) && set.is_open(11));
}

/// They would have to be handled again, which is safe; the pieces before them count.
#[test]
fn pieces_that_no_position_could_have_are_left_out() {
    const BEYOND: u64 = i64::MAX.unsigned_abs() + 1;
    let first = Piece::from(Word::new(&[5, 6], 0b10));
    let many: Vec<_> = (7..100).collect();
    let wrong: [Piece<'_>; 5] = [
        Word::new(&[7, BEYOND], 0).into(),
        Word::new(&[6, 7], 0).into(),
        Word::new(&many, 0).into(),
        Run { last: 6, open: true }.into(),
        Run { last: BEYOND, open: true }.into(),
    ];
    for wrong in wrong {
        let set = set(Some(4), [first, wrong, Word::new(&[200], 0).into()].into_iter()).unwrap();
        check(&set, &[event(5, true), event(6, false)]);
    }
}

/// A thread that completes events between the passes over them must not break the encoding.
#[test]
fn events_that_complete_meanwhile_are_in_one_state_or_the_other() {
    for limit in 0..40 {
        let before = Words::full(&dense(6_400, |position| position % 7 < 3));
        let after = Words::full(&dense(6_400, |position| position % 70 == 0));
        let passes = std::cell::Cell::new(0);
        let pieces = before.pieces().zip(after.pieces()).enumerate().map(|(index, (before, after))| {
            passes.set(passes.get() + u32::from(index == 50));
            if passes.get() * 10 > limit { after } else { before }
        });
        let set = set(None, pieces).unwrap();
        assert_eq!(set.high(), 6_399);
        assert!((0..6_400).all(|p| if p % 70 == 0 { set.is_open(p) } else { p % 7 < 3 || set.is_handled(p) }));
    }
}
