//! Every getter, on every kind of value.

use checkpoint_snapshot::{Bucket, BucketError, Problem};

const KEYS: [&str; 8] = ["bool", "bytes", "float", "integer", "json", "part", "text", "value"];

fn bucket() -> Bucket {
    let mut bucket = Bucket::new();
    bucket.put("bool", true).put("bytes", vec![1, 2]).put("float", 0.5).put("integer", -1).put("text", "secret");
    bucket.put_json("json", "secret").unwrap().put_value("value", "secret").unwrap();
    bucket.part("part").put("x", 1);
    bucket
}

type Getter = fn(&mut Bucket, &str) -> Result<(), BucketError>;

/// Each with the keys of those values that it reads.
const GETTERS: [(&str, Getter); 9] = [
    ("bool", |bucket, key| bucket.bool(key).map(drop)),
    ("bytes", |bucket, key| bucket.bytes(key).map(drop)),
    ("float", |bucket, key| bucket.float(key).map(drop)),
    ("integer", |bucket, key| bucket.integer::<i64>(key).map(drop)),
    ("json", |bucket, key| bucket.json::<String>(key).map(drop)),
    ("part", |bucket, key| bucket.bucket(key).map(drop)),
    ("part", |bucket, key| bucket.bucket_mut(key).map(drop)),
    ("text", |bucket, key| bucket.text(key).map(drop)),
    ("value", |bucket, key| bucket.value::<String>(key).map(drop)),
];

#[test]
fn each_getter_reads_its_kind_and_no_other() {
    for (own, get) in GETTERS {
        for key in KEYS {
            match get(&mut bucket(), key) {
                Ok(()) => assert_eq!(key, own),
                Err(error) => {
                    assert_ne!(key, own, "{error}");
                    assert!(matches!(error.problem(), Problem::Kind { .. }), "{error}");
                    let message = error.to_string();
                    assert!(message.starts_with(&format!("{key:?} is ")) && message.contains(", not "), "{message}");
                    assert!(!message.contains("secret"), "{message}");
                }
            }
        }
        let error = get(&mut bucket(), "absent").unwrap_err();
        assert!(matches!(error.problem(), Problem::Missing));
        assert!(error.to_string().starts_with("\"absent\" is missing: "), "{error}");
    }
}

#[test]
fn an_integer_is_read_as_what_it_fits_into() {
    let mut bucket = Bucket::new();
    bucket.put("most", u64::MAX).put("least", i64::MIN).put("small", 200_u8);
    assert_eq!(bucket.integer::<u64>("most").unwrap(), u64::MAX);
    assert_eq!(bucket.integer::<i128>("most").unwrap(), u64::MAX.into());
    assert_eq!(bucket.integer::<i64>("least").unwrap(), i64::MIN);
    assert_eq!(bucket.integer::<i16>("small").unwrap(), 200);
    let errors = [
        bucket.integer::<i64>("most").unwrap_err(),
        bucket.integer::<u64>("least").unwrap_err(),
        bucket.integer::<i8>("small").unwrap_err(),
    ];
    assert!(errors.iter().all(|error| matches!(error.problem(), Problem::Range { .. })));
    assert_eq!(errors[2].to_string(), "\"small\" does not fit into i8: read it as a wider integer");
}

#[test]
fn errors_name_the_part_wherever_it_came_from() {
    let mut inner = Bucket::new();
    inner.part("AA").put("count", "three");
    let mut bucket = Bucket::new();
    bucket.put("carriers", inner);
    let snapshot = crate::round_trip::encoded(&bucket);
    let (_, decoded) = checkpoint_snapshot::format::decode(&snapshot).unwrap();
    for bucket in [bucket, decoded] {
        let error = bucket.bucket("carriers").unwrap().bucket("AA").unwrap().integer::<u8>("count").unwrap_err();
        assert_eq!(error.to_string(), "carriers/AA: \"count\" is text, not an integer");
        assert_eq!((error.path(), error.key()), ("carriers/AA", "count"));
    }
}

#[test]
fn keys_are_in_order_and_values_can_be_replaced_renamed_and_removed() {
    let mut bucket = bucket();
    assert!(bucket.keys().eq(KEYS));
    assert_eq!(bucket.len(), 8);
    assert_eq!(bucket.put("bool", 1).integer::<u8>("bool").unwrap(), 1);
    let text = bucket.remove("text").unwrap();
    bucket.put("name", text);
    assert_eq!(bucket.text("name").unwrap(), "secret");
    assert!(!bucket.contains("text") && bucket.remove("text").is_none());
    bucket.part("name").put("x", 1);
    assert_eq!(bucket.bucket("name").unwrap().len(), 1);
    bucket.bucket_mut("part").unwrap().remove("x");
    assert!(bucket.bucket("part").unwrap().is_empty());
}

#[test]
fn debug_shows_no_values() {
    let debug = format!("{:?}", bucket());
    assert!(!debug.contains("secret") && !debug.contains("true") && !debug.contains("0.5"), "{debug}");
    assert!(debug.contains("\"text\": text (6 bytes)") && debug.contains("\"part\": {\"x\": an integer}"), "{debug}");
}

#[test]
fn what_does_not_serialize_leaves_the_bucket_as_it_was() {
    let mut bucket = bucket();
    let before = bucket.clone();
    let by_list = std::collections::BTreeMap::from([(vec![1], 1)]);
    let error = bucket.put_json("json", &by_list).unwrap_err();
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(bucket, before);
    // Our own codec has maps by anything.
    bucket.put_value("value", &by_list).unwrap();
    assert_eq!(bucket.value::<std::collections::BTreeMap<Vec<u8>, u8>>("value").unwrap(), by_list);
}
