//! The examples of `FORMAT.md`, in both directions.

use std::collections::BTreeMap;

use bytes::Bytes;
use checkpoint_snapshot::Bucket;
use checkpoint_snapshot::format::{Header, Options, decode, encode};
use serde::{Deserialize, Serialize};

const FORMAT: &str = include_str!("../../FORMAT.md");

/// The bytes of the example with this title: the first column of the block behind it.
pub(crate) fn example(title: &str) -> Vec<u8> {
    let (_, behind) = FORMAT.split_once(&format!("### {title}\n")).expect("FORMAT.md has the example");
    let block = behind.split("```").nth(1).expect("the example has a block");
    let bytes = block.lines().skip(1).flat_map(|line| {
        let end = line.find("  ").unwrap_or(line.len());
        line[..end].split_whitespace()
    });
    let bytes: Vec<_> = bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect();
    assert!(!bytes.is_empty(), "{title}");
    bytes
}

/// Compares what is easier to read than numbers.
pub(crate) fn assert_bytes(title: &str, encoded: &[u8], bytes: &[u8]) {
    assert_eq!(format!("{encoded:02x?}"), format!("{bytes:02x?}"), "{title}");
}

fn check(title: &str, header: &Header, bucket: &Bucket, options: &Options) {
    let bytes = example(title);
    let encoded = encode(header, bucket, options).unwrap().into_bytes();
    assert_bytes(title, &encoded, &bytes);
    assert_eq!(decode(&Bytes::from(bytes)).unwrap(), (header.clone(), bucket.clone()), "{title}");
}

#[test]
fn an_empty_bucket() {
    check("An empty bucket", &Header::new("m", 1, None), &Bucket::new(), &Options::default());
}

#[test]
fn all_kinds_of_values() {
    let mut bucket = Bucket::new();
    bucket.put("a", false).put("b", true).put("c", 300).put("d", -300).put("e", 1.5).put("f", "flight");
    bucket.put("g", &[1, 2, 3][..]).put_json("h", &[1, 2]).unwrap().put_value("i", &7).unwrap();
    bucket.part("j").put("k", u64::MAX).put("l", i64::MIN);
    check("All kinds of values", &Header::new("delays", 300, Some(1_000_000)), &bucket, &Options::default());
}

#[test]
fn a_compressed_bucket() {
    let mut bucket = Bucket::new();
    bucket.put("t", "a".repeat(2_000));
    check("A compressed bucket", &Header::new("m", 1, Some(0)), &bucket, &Options::default().compress_above(0));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct All {
    small: u8,
    natural: u16,
    negative: i32,
    wide: u128,
    below: i128,
    none: Option<u8>,
    some: Option<u8>,
    some_none: Option<Option<u8>>,
    flag: bool,
    single: f32,
    double: f64,
    long: String,
    list: Vec<Pair>,
    map: BTreeMap<u8, bool>,
    kinds: (Kind, Kind),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    x: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<char>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Empty,
    Full(u8),
}

#[test]
fn a_serde_value_of_all_kinds() {
    let all = All {
        small: 127,
        natural: 300,
        negative: -300,
        wide: 1 << 64,
        below: -1 - (1 << 64),
        none: None,
        some: Some(1),
        some_none: Some(None),
        flag: true,
        single: 1.5,
        double: 1.5,
        long: "x".repeat(32),
        list: vec![Pair { x: 1, y: None }, Pair { x: 2, y: Some('y') }, Pair { x: 3, y: None }],
        map: [(1, false)].into(),
        kinds: (Kind::Empty, Kind::Full(1)),
    };
    let title = "A serde value of all kinds";
    let bytes = example(title);
    // A bucket of that one value: its bytes stand between the beginning, which says how long they are, and the checksum.
    let mut bucket = Bucket::new();
    bucket.put_value("", &all).unwrap();

    let encoded = encode(&Header::new("", 1, None), &bucket, &Options::default()).unwrap().into_bytes();
    assert_bytes(title, &encoded[encoded.len() - 4 - bytes.len()..encoded.len() - 4], &bytes);
    assert_eq!(bucket.value::<All>("").unwrap(), all);
}
