//! Receipts of events that were skipped.

use std::time::{Duration, SystemTime};

use checkpoint_commit::codec::{MAX_REASON_BYTES, Receipt, decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::events::{Words, stream};

pub(crate) fn at(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
}

fn receipt() -> impl Strategy<Value = Receipt> {
    (0..=i64::MAX.unsigned_abs(), ".{0,200}", 0..1_u64 << 50, any::<u32>())
        .prop_map(|(position, reason, time, attempts)| Receipt::new(position, reason, at(time), attempts))
}

proptest! {
    #[test]
    fn they_come_back_as_they_were((low, events) in stream(), receipts in vec(receipt(), 0..10)) {
        let state = decode(low, &encode(low, Words::full(&events).pieces(), &receipts)).unwrap();
        prop_assert_eq!(state.receipts, receipts);
        prop_assert_eq!(state.open.is_some(), !events.is_empty());
    }
}

#[test]
fn a_reason_is_cut_at_a_character() {
    let cut = Receipt::new(1, "é".repeat(200), at(0), 1);
    assert_eq!(cut.reason, "é".repeat(128));
    let cut = Receipt::new(1, format!("x{}", "é".repeat(200)), at(0), 1);
    assert_eq!(cut.reason.len(), MAX_REASON_BYTES - 1);

    let mut receipt = Receipt::new(1, "", at(0), 1);
    receipt.reason = "é".repeat(200);
    let state = decode(None, &encode(None, [], &[receipt])).unwrap();
    assert_eq!(state.receipts[0].reason, "é".repeat(128));
}

#[test]
fn times_are_to_the_millisecond_and_not_before_1970() {
    let exact = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_234_567_890);
    assert_eq!(Receipt::new(1, "", exact, 1).at, at(1_234));
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(Receipt::new(1, "", before, 1).at, at(0));
}
