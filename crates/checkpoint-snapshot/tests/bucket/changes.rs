//! Types that have changed since they were saved, and values that are something else.

use std::collections::BTreeMap;
use std::error::Error;

use checkpoint_snapshot::Bucket;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    id: u64,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    kind: Kind,
    by_day: BTreeMap<u16, (f64, Option<bool>)>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Departure,
    Delay { minutes: i32 },
    Diversion(String),
}

pub(crate) fn model() -> Vec<Event> {
    let kinds = || [Kind::Departure, Kind::Delay { minutes: -5 }, Kind::Diversion("SFO".to_owned())];
    let event = |(id, kind): (u64, Kind)| Event {
        id: id * 1_000,
        name: format!("flight {id}"),
        note: (id % 2 == 0).then(|| "a note that is longer than 31 bytes".to_owned()),
        kind,
        by_day: [(1, (0.5, None)), (300, (1.5, Some(true)))].into(),
    };
    (0..).zip(kinds()).map(event).collect()
}

/// What was saved, as another type.
fn read<T: DeserializeOwned>(saved: &impl Serialize) -> Result<T, String> {
    let mut bucket = Bucket::new();
    bucket.put_value("value", saved).unwrap();
    bucket.value("value").map_err(|error| {
        assert_eq!(error.to_string(), "\"value\" cannot be converted, its type and what was saved differ");
        error.source().unwrap().to_string()
    })
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newer {
    #[serde(default)]
    gate: u8,
    name: Option<String>,
    id: i16,
}

#[test]
fn fields_may_come_go_move_widen_and_become_optional() {
    let newer: Vec<Newer> = read(&model()).unwrap();
    assert_eq!(newer[2], Newer { gate: 0, name: Some("flight 2".to_owned()), id: 2_000 });
    assert_eq!(read::<BTreeMap<String, f64>>(&[("a", 1)].into_iter().collect::<BTreeMap<_, _>>()).unwrap()["a"], 1.0);
    assert_eq!(
        read::<BTreeMap<String, u8>>(&Pair { x: 1, y: 2 }).unwrap(),
        [("x".to_owned(), 1), ("y".to_owned(), 2)].into()
    );
    assert_eq!(read::<Kind>(&"Departure").unwrap(), Kind::Departure);
    assert_eq!(read::<String>(&Kind::Departure).unwrap(), "Departure");
    assert_eq!(read::<Option<Vec<u8>>>(&[1, 2]).unwrap(), Some(vec![1, 2]));
    assert_eq!(read::<u64>(&1_i8).unwrap(), 1);
    assert_eq!(read::<i128>(&u64::MAX).unwrap(), u64::MAX.into());
}

#[derive(Serialize, Deserialize)]
struct Pair {
    x: u8,
    y: u8,
}

#[test]
fn errors_name_the_field_and_not_the_value() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Wrong {
        name: u64,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Narrow {
        by_day: BTreeMap<u8, (f64, Option<bool>)>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Absent {
        gate: u8,
    }
    assert_eq!(read::<Vec<Wrong>>(&model()).unwrap_err(), "[0].name: it is text, not u64");
    assert_eq!(read::<Vec<Narrow>>(&model()).unwrap_err(), "[0].by_day[entry 1]: an integer does not fit, expected u8");
    assert_eq!(read::<Vec<Absent>>(&model()).unwrap_err(), "[0]: missing field `gate`");
    assert_eq!(read::<u8>(&-1).unwrap_err(), "an integer does not fit, expected u8");
    assert_eq!(read::<Kind>(&1).unwrap_err(), "it is not a variant of an enum");
    assert_eq!(read::<(u8, u8)>(&[1, 2, 3]).unwrap_err(), "it has more elements than are asked for");
}

#[test]
fn the_depth_is_bounded() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct List(Option<Box<Self>>);
    let list = |length| (0..length).fold(List(None), |list, _| List(Some(Box::new(list))));
    assert_eq!(read::<List>(&list(128)).unwrap(), list(128));
    let error = Bucket::new().put_value("list", &list(129)).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "it is nested deeper than 128 values");
    // Neither does a type read something else for ever.
    assert_eq!(read::<List>(&5).unwrap_err(), "it is nested deeper than 128 values");
}

#[test]
fn a_serialize_that_miscounts_is_an_error() {
    struct Miscounts;
    impl Serialize for Miscounts {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut list = serializer.serialize_seq(Some(2))?;
            list.serialize_element(&1)?;
            list.end()
        }
    }
    assert!(Bucket::new().put_value("", &Miscounts).is_err());
}
