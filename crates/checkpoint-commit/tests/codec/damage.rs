//! States that are damaged, cut off, or were made by something else.

use checkpoint_commit::codec::{CannotDecode, Receipt, VERSION, decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::events::{Words, dense, stream};
use crate::receipts::at;

/// The right checksum at the end of wrong bytes.
fn with_checksum(low: Option<u64>, content: &[u8]) -> Vec<u8> {
    let position = [&[u8::from(low.is_some())][..], &low.unwrap_or(0).to_le_bytes()].concat();
    let checksum = crc32fast::hash(&[content, &position].concat());
    [content, &checksum.to_le_bytes()].concat()
}

fn example() -> Vec<u8> {
    let words = Words::full(&dense(1_000, |position| position % 10 == 0 || position == 55));
    let receipts = [Receipt::new(7, "no such customer", at(1_700_000_000_000), 3)];
    encode(None, words.pieces(), &receipts).to_vec()
}

#[test]
fn any_flipped_bit_is_refused() {
    let state = example();
    for bit in 0..8 * state.len() {
        let mut damaged = state.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(None, &damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn any_cut_is_refused() {
    let state = example();
    for length in 1..state.len() {
        assert!(decode(None, &state[..length]).is_err(), "{length} bytes");
    }
    // With a checksum of its own, what is missing is missed too.
    for length in 1..state.len() - 4 {
        assert!(decode(None, &with_checksum(None, &state[..length])).is_err(), "{length} bytes");
    }
}

#[test]
fn a_state_beside_another_position_is_refused() {
    let words = Words::full(&dense(10, |position| position == 1));
    let state = encode(None, words.pieces(), &[]);
    for position in [0, 1, 1 << 40] {
        let error = decode(Some(position), &state).unwrap_err();
        assert_eq!(error, CannotDecode::Checksum { position: Some(position) });
    }
}

proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic(low in any::<Option<u64>>(), bytes in vec(any::<u8>(), 0..100)) {
        prop_assert!(bytes.is_empty() || decode(low, &bytes).is_err());
        let versioned = [&[VERSION][..], &bytes].concat();
        // These may be right by chance.
        let _ = decode(low, &with_checksum(low, &versioned));
    }

    #[test]
    fn a_state_with_other_bytes_never_panics(
        (low, events) in stream(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut state = encode(low, Words::full(&events).pieces(), &[]).to_vec();
        if state.is_empty() {
            return Ok(());
        }
        state.truncate(state.len() - 4);
        for (index, byte) in changes {
            let index = index.index(state.len());
            state[index] = byte;
        }
        if let Ok(state) = decode(low, &with_checksum(low, &state)) {
            let ends = state.open.iter().flat_map(|set| set.open_ranges().map(|range| *range.end() <= set.high()));
            prop_assert!(ends.into_iter().all(|inside| inside));
        }
    }
}

#[test]
fn the_error_says_what_is_wrong_and_what_to_do() {
    let message = |low, content: &[u8]| decode(low, &with_checksum(low, content)).unwrap_err().to_string();
    let state = decode(Some(5), &[1, 1, 0, 0, 0, 0, 0]).unwrap_err().to_string();
    assert!(state.contains("checksum") && state.contains("position 5:") && state.contains("reset"), "{state}");
    assert!(decode(None, &[1, 1, 0, 0, 0, 0, 0]).unwrap_err().to_string().contains("position none:"));
    for (low, content, expected) in [
        (None, &[2, 1][..], "version 2 and was written by a newer version"),
        (None, &[0, 1], "not written by this library"),
        (None, &[1], "cut off"),
        (None, &[1, 4], "its parts are unknown"),
        (None, &[1, 0], "its parts are unknown"),
        (None, &[1, 1, 0], "its open set is empty"),
        (None, &[1, 1, 1, 9], "the form of its open set is unknown"),
        (None, &[1, 1, 1, 0, 0, 7], "something follows behind its end"),
        // One block of which the second position is open, of one position.
        (None, &[1, 1, 1, 0, 1, 6, 2, 0, 0, 0, 0, 0, 0, 0], "an open event is above the high watermark"),
        (Some(i64::MAX.unsigned_abs()), &[1, 1, 1, 0, 0], "a position is beyond 2^63 - 1"),
        (Some(u64::MAX), &[1, 1, 1, 0, 0], "a position is beyond 2^63 - 1"),
        (None, &[1, 1, 9, 2, 2, 1, 1, 1, 0, 1, 1], "a run of events is empty"),
        (None, &[1, 1, 9, 1, 1, 64, 0, 0], "a parameter is above 63"),
        (None, &[1, 1, 9, 1, 1, 0, 0, 7], "there are bits behind the last number"),
        (None, &[1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2], "a number has more than 64 bits"),
        (None, &[1, 2, 1, 0, 0, 0, 1, 0xFF], "the reason of a receipt is not UTF-8"),
        (None, &[1, 2, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0], "more than 2^32 - 1 attempts"),
    ] {
        let message = message(low, content);
        assert!(message.contains(expected), "{message} for {content:?}");
    }
}
