//! Random bytes, and snapshots with other bytes in them: nothing panics, and nothing takes more memory than it may.

use bytes::Bytes;
use checkpoint_snapshot::Bucket;
use checkpoint_snapshot::format::{Options, decode, encode};
use fastrand::Rng;
use serde::Deserialize;

use crate::changes::{Event, model};
use crate::memory::{MOST, allocated};
use crate::round_trip::header;
use crate::tampered::snapshot;

fn example(random: &mut Rng) -> Vec<u8> {
    let mut bucket = Bucket::new();
    bucket.put("a", random.bool()).put("b", random.u64(..)).put("c", random.i64(..)).put("d", random.f64());
    bucket.put("text", "x".repeat(random.usize(..40))).put_json("json", &[1, 2]).unwrap();
    bucket.part("part").part("part").put("bytes", vec![1; random.usize(..200)]);
    bucket.put_value("value", &model()).unwrap();
    let limit = if random.bool() { 0 } else { u64::MAX };
    encode(&header(), &bucket, &Options::default().compress_above(limit)).unwrap().into_bytes().to_vec()
}

/// Changes as a disk or an attacker makes them.
pub(crate) fn mutate(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=bytes.len());
        match random.u8(..6) {
            0 if at < bytes.len() => bytes[at] = random.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            2 => bytes.insert(at, random.u8(..)),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => {
                let other = random.usize(..=bytes.len());
                let copy = bytes[at.min(other)..at.max(other)].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
}

fn check(bytes: &Bytes) -> bool {
    let (decoded, most) = allocated(|| decode(bytes));
    assert!(most <= MOST * bytes.len(), "{most} for {}: {bytes:02x?}", bytes.len());
    if let Ok((header, bucket)) = &decoded {
        // What can be read can be written, and reads as the same.
        let again = encode(header, bucket, &Options::default()).unwrap().into_bytes();
        assert_eq!(decode(&again).as_ref(), Ok(&(header.clone(), bucket.clone())));
    }
    decoded.is_ok()
}

#[test]
fn random_bytes() {
    let mut random = Rng::with_seed(1);
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..random.u8(..60)).map(|_| random.u8(..)).collect();
        check(&Bytes::from(bytes.clone()));
        check(&snapshot(&bytes));
        let small: Vec<u8> = bytes.iter().map(|byte| byte % 11).collect();
        check(&snapshot(&[&[0, 0, 1], &small[..]].concat()));
    }
}

#[test]
fn changed_snapshots() {
    let mut random = Rng::with_seed(2);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut bytes = example(&mut random);
        bytes.truncate(bytes.len() - 4);
        bytes.drain(..5);
        mutate(&mut bytes, &mut random);
        accepted += u32::from(check(&snapshot(&bytes)));
    }
    // Some changes are only to what a value is, so the parser was gone through to its end.
    assert!(accepted > 500, "{accepted}");
}

/// A snapshot of one serde value with these bytes.
fn holding(value: &[u8]) -> Bucket {
    let mut content = vec![0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 8];
    let mut length = value.len();
    while length >= 0x80 {
        content.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    content.push(length.to_le_bytes()[0]);
    content.extend(value);
    decode(&snapshot(&content)).unwrap().1
}

fn read<'a, T: Deserialize<'a>>(bucket: &'a Bucket, length: usize) {
    let (_, most) = allocated(|| bucket.value::<T>("").is_ok());
    assert!(most <= 2_000 + 300 * length, "{most} for {length}");
}

#[test]
fn changed_serde_values() {
    let mut bucket = Bucket::new();
    bucket.put_value("", &model()).unwrap();
    let whole = encode(&header(), &bucket, &Options::default()).unwrap().into_bytes();
    let start = whole.windows(5).position(|window| window == b"Event").unwrap() - 2;
    let value = &whole[start..whole.len() - 4];
    assert_eq!(holding(value).value::<Vec<Event>>("").unwrap(), model());
    let mut random = Rng::with_seed(3);
    for round in 0..30_000 {
        let mut bytes = value.to_vec();
        if round % 3 == 0 {
            bytes = (0..random.u8(..60)).map(|_| random.u8(0x80..)).collect();
            bytes.splice(0..0, [0, 0]);
        } else {
            mutate(&mut bytes, &mut random);
        }
        let bucket = holding(&bytes);
        read::<Vec<Event>>(&bucket, bytes.len());
        read::<serde_json::Value>(&bucket, bytes.len());
        read::<serde::de::IgnoredAny>(&bucket, bytes.len());
    }
}

#[test]
fn cut_serde_values_are_errors() {
    let mut bucket = Bucket::new();
    bucket.put_value("", &model()).unwrap();
    let whole = encode(&header(), &bucket, &Options::default()).unwrap().into_bytes();
    let start = whole.windows(5).position(|window| window == b"Event").unwrap() - 2;
    for end in start..whole.len() - 4 {
        assert!(holding(&whole[start..end]).value::<Vec<Event>>("").is_err(), "{end}");
    }
}
