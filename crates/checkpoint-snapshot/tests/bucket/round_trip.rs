//! What is encoded is decoded as it was.

use bytes::Bytes;
use checkpoint_snapshot::Bucket;
use checkpoint_snapshot::format::{CannotEncode, Header, MAX_DEPTH, Options, decode, encode};
use proptest::prelude::*;

pub(crate) fn header() -> Header {
    Header::new("model", 3, Some(17))
}

pub(crate) fn encoded(bucket: &Bucket) -> Bytes {
    encode(&header(), bucket, &Options::default()).unwrap().into_bytes()
}

pub(crate) fn compressed(bucket: &Bucket) -> Bytes {
    encode(&header(), bucket, &Options::default().compress_above(0)).unwrap().into_bytes()
}

proptest! {
    #[test]
    fn buckets(bucket in crate::random::bucket(), model: String, version: u32, position: Option<u64>) {
        let header = Header::new(model, version, position.map(|position| position >> 1));
        for options in [Options::default(), Options::default().compress_above(0)] {
            let encoded = encode(&header, &bucket, &options).unwrap();
            prop_assert_eq!(encoded.len(), encoded.pieces().iter().map(Bytes::len).sum::<usize>());
            let bytes = encoded.into_bytes();
            let (read, decoded) = decode(&bytes).unwrap();
            prop_assert_eq!((&read, &decoded), (&header, &bucket));
            // Whoever wrote them, equal buckets have equal bytes.
            prop_assert_eq!(encode(&read, &decoded, &options).unwrap().into_bytes(), bytes);
        }
    }
}

#[test]
fn the_order_in_which_values_are_put_in_does_not_matter() {
    let (mut one, mut other) = (Bucket::new(), Bucket::new());
    one.put("a", 1).put("b", 2_u64).part("c").put("d", "d");
    other.part("c").put("d", "e").put("d", "d".to_owned());
    other.put("b", 2_i64).put("a", 1_u8);
    assert_eq!(encoded(&one), encoded(&other));
}

#[test]
fn what_is_regular_is_compressed_and_what_is_random_is_not() {
    let mut bucket = Bucket::new();
    bucket.put("text", "checkpoint ".repeat(100_000));
    let size = encoded(&bucket).len();
    assert!((1_100_000 / 32..1_100_000 / 30).contains(&size), "{size}");

    let mut random = fastrand::Rng::with_seed(42);
    bucket.put("text", std::iter::repeat_with(|| random.u8(..)).take(1_000_000).collect::<Vec<_>>());
    let encoded = encode(&header(), &bucket, &Options::default()).unwrap();
    assert!(encoded.len() < 1_000_100, "{}", encoded.len());
    // It is the very memory of the bucket.
    let value = bucket.bytes("text").unwrap();
    assert!(encoded.pieces().iter().any(|piece| piece.as_ptr() == value.as_ptr()));
}

#[test]
fn values_are_slices_of_what_was_decoded() {
    let mut bucket = Bucket::new();
    bucket.put("text", "a text").put("bytes", vec![1, 2, 3]);
    let snapshot = encoded(&bucket);
    let (_, decoded) = decode(&snapshot).unwrap();
    assert!(snapshot.as_ptr_range().contains(&decoded.bytes("bytes").unwrap().as_ptr()));
    assert!(snapshot.as_ptr_range().contains(&decoded.text("text").unwrap().as_ptr()));
}

fn nested(depth: usize) -> Bucket {
    let mut bucket = Bucket::new();
    for _ in 0..depth {
        let mut outer = Bucket::new();
        outer.put("part", bucket);
        bucket = outer;
    }
    bucket
}

#[test]
fn the_depth_of_parts_is_bounded() {
    let deepest = nested(MAX_DEPTH);
    assert_eq!(decode(&encoded(&deepest)).unwrap().1, deepest);
    let error = encode(&header(), &nested(MAX_DEPTH + 1), &Options::default()).unwrap_err();
    assert_eq!(error, CannotEncode::TooDeep);
}

#[test]
fn a_position_that_no_store_holds_is_refused() {
    let header = Header::new("model", 1, Some(1 << 63));
    let error = encode(&header, &Bucket::new(), &Options::default()).unwrap_err();
    assert_eq!(error, CannotEncode::Position { position: 1 << 63 });
}
