//! Types of serde, as they are and at random.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use checkpoint_snapshot::Bucket;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let mut bucket = Bucket::new();
    bucket.put_value("value", value).unwrap();
    assert_eq!(&bucket.value::<T>("value").unwrap(), value);
    assert!(bucket.value::<serde::de::IgnoredAny>("value").is_ok());
}

#[test]
fn numbers_at_their_edges() {
    for shift in 0..128 {
        for number in [1_u128 << shift, (1 << shift) - 1, u128::MAX >> shift] {
            check(&number);
            check(&number.cast_signed());
            check(&-(number >> 1).cast_signed());
        }
    }
    check(&(u64::MAX, i64::MIN, u32::MAX, i32::MIN, u16::MAX, i16::MIN, u8::MAX, i8::MIN));
    check(&(f32::MIN_POSITIVE, f64::MAX, f64::NEG_INFINITY, -0.0_f32));
}

#[test]
fn options_in_options_and_units() {
    for value in [None, Some(None), Some(Some(None)), Some(Some(Some(1)))] {
        check::<Option<Option<Option<u8>>>>(&value);
    }
    check(&[Some(()), None]);
    check(&(Some(vec![None, Some(1)]), Some(Some(vec![Some(()), None])), ()));
    check(&('ä', "ß".to_owned(), Duration::from_millis(1_500), "10.0.0.1".parse::<IpAddr>().unwrap()));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Internal {
    Empty,
    Fields { x: u8, y: Option<String> },
    Newtype(Inner),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    z: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Address(IpAddr),
    List(Vec<Option<External>>),
    Fields { external: External },
    Inner(Inner),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum External {
    Empty,
    Newtype(u64),
    Tuple(u8, String),
    Fields { a: bool },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Empty,
    Full(Inner),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    own: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, Internal>,
}

#[test]
fn enums_of_all_representations_and_flattened_structs() {
    let external =
        [External::Empty, External::Newtype(300), External::Tuple(1, "t".to_owned()), External::Fields { a: true }];
    check(&external);
    let internal = [Internal::Empty, Internal::Fields { x: 1, y: None }, Internal::Newtype(Inner { z: -1 })];
    check(&internal);
    check(&[Adjacent::Empty, Adjacent::Full(Inner { z: 1 })]);
    let list = Untagged::List(external.iter().cloned().map(Some).chain([None]).collect());
    let fields = external.iter().cloned().map(|external| Untagged::Fields { external });
    let others = [Untagged::Number(-1), Untagged::Text("t".to_owned()), list, Untagged::Inner(Inner { z: 2 })];
    check(&fields.chain(others).collect::<Vec<_>>());
    check(&Flat { own: 1, inner: Inner { z: 300 }, rest: [("a".to_owned(), internal[1].clone())].into() });
    check(&HashMap::from([(External::Empty.clone() == External::Empty, 1)]));
}

/// More shapes than have a byte of their own, also in structs that are larger than a page.
#[test]
fn many_shapes() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        c: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        d: Option<Box<Self>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        e: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        f: Option<Vec<Self>>,
    }
    let sparse = |bits: usize, inner: Vec<Sparse>, b: &str| Sparse {
        a: (bits & 1 > 0).then_some(1),
        b: (bits & 2 > 0).then(|| b.to_owned()),
        c: (bits & 4 > 0).then_some(2),
        d: (bits & 8 > 0).then(Box::default),
        e: (bits & 16 > 0).then_some(3),
        f: (bits & 32 > 0).then_some(inner),
    };
    for length in [1, 1_000, 70_000, 200_000] {
        let text = "x".repeat(length);
        let inner = || (0..32).map(|bits| sparse(bits, Vec::new(), &text)).collect();
        check(
            &(0..64).map(|bits| sparse(bits, Vec::new(), "b")).chain([sparse(63, inner(), &text)]).collect::<Vec<_>>(),
        );
    }
    let deep = (0..64).fold(Vec::new(), |inner, bits| vec![sparse(bits | 32, inner, &"x".repeat(10_000))]);
    assert!(Bucket::new().put_value("deep", &deep).is_err());
    let deep = (0..40).fold(Vec::new(), |inner, bits| vec![sparse(bits | 32, inner, &"x".repeat(10_000))]);
    check(&deep);
}

#[test]
fn a_million_small_structs_have_no_names() {
    #[derive(Serialize)]
    struct Point {
        longitude: u8,
        latitude: u8,
    }
    let points: Vec<_> = (0..100).map(|index| Point { longitude: index, latitude: 1 }).collect();
    let mut bucket = Bucket::new();
    bucket.put_value("points", &points).unwrap();
    let debug = format!("{bucket:?}");
    // A tag, two numbers; and once the table.
    assert_eq!(debug, format!("{{\"points\": a serde value ({} bytes)}}", 3 * 100 + 30));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 100, 10, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..10).prop_map(Into::into),
            btree_map(".{0,40}", inner, 0..10).prop_map(|map| map.into_iter().collect::<serde_json::Value>()),
        ]
    })
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Model {
    by_name: BTreeMap<String, Vec<(i32, Option<char>)>>,
    by_number: BTreeMap<i64, External>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    untagged: Vec<Untagged>,
    wide: (u128, i128),
    float: (f32, f64),
}

fn external() -> impl Strategy<Value = External> {
    prop_oneof![
        Just(External::Empty),
        any::<u64>().prop_map(External::Newtype),
        any::<(u8, String)>().prop_map(|(a, b)| External::Tuple(a, b)),
        any::<bool>().prop_map(|a| External::Fields { a }),
    ]
}

fn model() -> impl Strategy<Value = Model> {
    let untagged = prop_oneof![
        any::<i64>().prop_map(Untagged::Number),
        any::<String>().prop_map(Untagged::Text),
        vec(proptest::option::of(external()), 0..4).prop_map(Untagged::List),
        any::<i64>().prop_map(|z| Untagged::Inner(Inner { z })),
    ];
    let maps = (
        btree_map(any::<String>(), vec(any::<(i32, Option<char>)>(), 0..4), 0..4),
        btree_map(any::<i64>(), external(), 0..6),
    );
    (maps, vec(untagged, 0..4), any::<(u128, i128)>(), any::<(f32, f64)>())
        .prop_map(|((by_name, by_number), untagged, wide, float)| Model { by_name, by_number, untagged, wide, float })
}

proptest! {
    #[test]
    fn any_json(value in json()) {
        check(&value);
    }

    #[test]
    fn any_model(models in vec(model(), 0..4)) {
        check(&models);
    }
}
