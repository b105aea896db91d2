//! States that keep to a size.

use checkpoint_commit::codec::{Piece, Receipt, Run, decode, encode, encode_within};

use crate::events::{Words, dense};
use crate::receipts::at;

#[test]
fn what_does_not_fit_is_left_out_from_the_end() {
    let mut random = fastrand::Rng::with_seed(1);
    let events = dense(100_000, |_| random.bool());
    let words = Words::full(&events);
    let whole = encode_within(None, words.pieces(), &[], 20_000);
    assert!(whole.whole && whole.bytes == encode(None, words.pieces(), &[]));

    let part = encode_within(None, words.pieces(), &[], 4_096);
    assert!(!part.whole && part.bytes.len() <= 4_096 && part.bytes.len() > 4_000, "{}", part.bytes.len());
    let set = decode(None, &part.bytes).unwrap().open.unwrap();
    assert!(events.iter().take_while(|event| event.position <= set.high()).all(|e| set.is_open(e.position) == e.open));
}

#[test]
fn receipts_are_kept_whatever_their_size() {
    let receipts = [Receipt::new(1, "x".repeat(200), at(0), 1)];
    let words = Words::full(&dense(64, |position| position == 0));
    let state = encode_within(None, words.pieces(), &receipts, 100);
    assert!(!state.whole && state.bytes.len() > 100);
    let state = decode(None, &state.bytes).unwrap();
    assert_eq!((state.open, state.receipts), (None, receipts.to_vec()));
}

/// More ranges than a state may have: the lower ones are kept, and can be decoded.
#[test]
fn a_set_never_has_more_ranges_than_can_be_decoded() {
    let run = |index: u64| Piece::Run(Run { last: index, open: index % 2 == 1 });
    let state = encode_within(None, (0..6_000_000).map(run), &[], usize::MAX);
    assert!(!state.whole);
    let set = decode(None, &state.bytes).unwrap().open.unwrap();
    assert_eq!(set.open_ranges().count(), 2_097_152);
}
