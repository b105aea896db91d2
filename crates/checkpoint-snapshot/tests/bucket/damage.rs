//! Snapshots that are damaged, cut off, or something else.

use bytes::Bytes;
use checkpoint_snapshot::Bucket;
use checkpoint_snapshot::format::{CannotDecode, VERSION, decode};

use crate::round_trip::{compressed, encoded};

/// One that is not compressed, and one that is.
fn examples() -> [Bytes; 2] {
    let mut bucket = Bucket::new();
    bucket
        .put("flag", true)
        .put("text", "a text of which there is more: ".repeat(20))
        .put_value("value", &[1, 2])
        .unwrap();
    bucket.part("part").put("integer", -7).put("float", 0.5);
    [encoded(&bucket), compressed(&bucket)]
}

#[test]
fn any_flipped_bit_is_refused() {
    for snapshot in examples() {
        for bit in 0..8 * snapshot.len() {
            let mut damaged = snapshot.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&damaged.into()).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn any_cut_and_any_addition_is_refused() {
    for snapshot in examples() {
        for length in 0..snapshot.len() {
            assert!(decode(&snapshot.slice(..length)).is_err(), "{length} bytes");
        }
        for byte in 0..=255 {
            let longer = [&snapshot[..], &[byte]].concat();
            assert_eq!(decode(&longer.into()), Err(CannotDecode::Checksum));
        }
    }
}

#[test]
fn the_error_says_what_is_wrong_and_what_follows() {
    let [snapshot, _] = examples();
    let message = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = snapshot.to_vec();
        change(&mut bytes);
        decode(&bytes.into()).unwrap_err().to_string()
    };
    assert!(message(&|bytes| bytes[0] = b'{').contains("no snapshot"));
    assert!(message(&|bytes| bytes[4] = VERSION + 1).contains("version 2 and was written by a newer version"));
    assert!(message(&|bytes| bytes.truncate(4)).contains("cut off: restore it from a copy"));
    assert!(message(&Vec::clear).contains("cut off"));
    assert!(message(&|bytes| bytes[20] ^= 1).contains("damaged, cut off or added to: restore it from a copy"));
}
