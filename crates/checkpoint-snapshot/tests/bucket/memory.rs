//! What encoding and decoding take.

use std::collections::BTreeMap;

use allocation_counter::measure;
use bytes::Bytes;
use checkpoint_snapshot::Bucket;
use checkpoint_snapshot::format::{Encoded, Options, decode, encode};

use crate::round_trip::header;
use crate::tampered::snapshot;

/// How many times its own bytes a snapshot may take in memory.
pub(crate) const MOST: usize = 80;

const MIB: usize = 1 << 20;

/// The most that was allocated at a time meanwhile, in bytes.
pub(crate) fn allocated<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let mut result = None;
    let info = measure(|| result = Some(run()));
    (result.unwrap(), usize::try_from(info.bytes_max).unwrap())
}

fn saved(model: &impl serde::Serialize, options: &Options) -> (Bucket, Encoded) {
    let mut bucket = Bucket::new();
    bucket.put_value("model", model).unwrap();
    let encoded = encode(&header(), &bucket, options).unwrap();
    (bucket, encoded)
}

#[test]
fn a_model_takes_twice_what_is_encoded() {
    let mut random = fastrand::Rng::with_seed(42);
    let model: BTreeMap<u32, [u64; 3]> =
        (0..200_000).map(|key| (key, std::array::from_fn(|_| random.u64(..)))).collect();
    for options in [Options::default(), Options::default().compress_above(u64::MAX)] {
        let (saved, bytes) = allocated(|| saved(&model, &options));
        let length = saved.0.length();
        assert!(length > 5 * MIB);
        assert!(bytes <= 2 * length + 512 * 1024, "{bytes} for {length}");
    }
}

/// How many bytes the encoded state has without compression.
trait Length {
    fn length(&self) -> usize;
}

impl Length for Bucket {
    fn length(&self) -> usize {
        encode(&header(), self, &Options::default().compress_above(u64::MAX)).unwrap().len()
    }
}

#[test]
fn many_values_of_4_kib_take_twice_what_is_encoded() {
    let filled = || {
        let mut random = fastrand::Rng::with_seed(42);
        let mut bucket = Bucket::new();
        for key in 0..2_000 {
            bucket.put(key.to_string(), std::iter::repeat_with(|| random.u8(..)).take(4_096).collect::<Vec<_>>());
        }
        bucket
    };
    for options in [Options::default(), Options::default().compress_above(u64::MAX)] {
        let ((_, encoded), bytes) = allocated(|| {
            let bucket = filled();
            let encoded = encode(&header(), &bucket, &options).unwrap();
            (bucket, encoded)
        });
        assert!(bytes <= 2 * encoded.len() + 512 * 1024, "{bytes} for {}", encoded.len());
    }
}

#[test]
fn large_values_are_not_copied() {
    let mut bucket = Bucket::new();
    bucket.put("large", vec![7; MIB]);
    let options = Options::default().compress_above(u64::MAX);
    let (encoded, bytes) = allocated(|| encode(&header(), &bucket, &options).unwrap());
    assert!(bytes < 1_000, "{bytes}");
    let snapshot = encoded.into_bytes();
    let (_, bytes) = allocated(|| decode(&snapshot).unwrap());
    assert!(bytes < 2_000, "{bytes}");
}

/// Buckets of which each byte takes as much memory as it can.
fn worst() -> Vec<Vec<u8>> {
    let entries = |count: u64| [&[0, 0, 1], &count.to_le_bytes()[..]].concat();
    let keys = || (0..128_u8).flat_map(|first| (0..128_u8).map(move |second| [2, first, second]));
    let flags = keys().flat_map(|key| [&key[..], &[1]].concat());
    let texts = keys().flat_map(|key| [&key[..], &[5, 0]].concat());
    let empty_parts = keys().flat_map(|key| [&key[..], &[9], &[0; 8]].concat());
    let parts = keys().flat_map(|key| [&key[..], &[9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]].concat());
    let few_flags: Vec<u8> = (0..100_u8).flat_map(|key| [1, key, 1]).collect();
    let nested = [0, 9, 1, 0, 0, 0, 0, 0, 0, 0].repeat(63).into_iter().chain([0, 1]);
    let mut all: Vec<Vec<u8>> = [flags.collect::<Vec<_>>(), texts.collect(), empty_parts.collect(), parts.collect()]
        .into_iter()
        .map(|content| [entries(128 * 128), content].concat())
        .collect();
    all.push([entries(100), few_flags].concat());
    all.push([entries(1), nested.collect()].concat());
    all.push([entries(1), vec![0, 1]].concat());
    all
}

#[test]
fn decoding_takes_at_most_80_times_the_bytes() {
    for (index, content) in worst().iter().enumerate() {
        let snapshot = snapshot(content);
        let ((_, bucket), bytes) = allocated(|| decode(&snapshot).unwrap());
        assert!(bytes <= MOST * snapshot.len(), "{index}: {bytes} for {}", snapshot.len());

        let compressed: Bytes = encode(&header(), &bucket, &Options::default().compress_above(0)).unwrap().into_bytes();
        let (_, bytes) = allocated(|| decode(&compressed).unwrap());
        assert!(bytes <= MOST * compressed.len(), "{index}: {bytes} for {} compressed", compressed.len());
    }
}
