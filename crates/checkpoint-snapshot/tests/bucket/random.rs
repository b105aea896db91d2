//! Random buckets.

use checkpoint_snapshot::Bucket;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Put {
    Bool(bool),
    Bytes(Vec<u8>),
    Float(f64),
    Json(Vec<i32>),
    Large(u8, usize),
    Natural(u64),
    Negative(i64),
    Part(Vec<(String, Self)>),
    Serde(Vec<Option<(String, i64)>>),
    Text(String),
}

pub(crate) fn bucket() -> impl Strategy<Value = Bucket> {
    entries(value().prop_recursive(4, 60, 8, |inner| entries(inner).prop_map(Put::Part)).boxed())
        .prop_map(|entries| made(&entries))
}

fn entries(value: impl Strategy<Value = Put>) -> impl Strategy<Value = Vec<(String, Put)>> {
    vec((".{0,4}", value), 0..8)
}

fn value() -> impl Strategy<Value = Put> {
    prop_oneof![
        any::<bool>().prop_map(Put::Bool),
        vec(any::<u8>(), 0..20).prop_map(Put::Bytes),
        any::<f64>().prop_map(Put::Float),
        vec(any::<i32>(), 0..5).prop_map(Put::Json),
        (any::<u8>(), 4_000..5_000_usize).prop_map(|(byte, length)| Put::Large(byte, length)),
        any::<u64>().prop_map(Put::Natural),
        any::<i64>().prop_map(Put::Negative),
        vec(any::<Option<(String, i64)>>(), 0..5).prop_map(Put::Serde),
        any::<String>().prop_map(Put::Text),
    ]
}

fn made(entries: &[(String, Put)]) -> Bucket {
    let mut bucket = Bucket::new();
    for (key, value) in entries {
        let key = &**key;
        match value {
            Put::Bool(value) => bucket.put(key, *value),
            Put::Bytes(value) => bucket.put(key, value.clone()),
            Put::Float(value) => bucket.put(key, *value),
            Put::Json(value) => bucket.put_json(key, value).unwrap(),
            Put::Large(byte, length) => bucket.put(key, vec![*byte; *length]),
            Put::Natural(value) => bucket.put(key, *value),
            Put::Negative(value) => bucket.put(key, *value),
            Put::Part(entries) => bucket.put(key, made(entries)),
            Put::Serde(value) => bucket.put_value(key, value).unwrap(),
            Put::Text(value) => bucket.put(key, &**value),
        };
    }
    bucket
}
