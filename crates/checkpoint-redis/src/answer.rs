//! What the scripts answer about a key.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use checkpoint_core::{
    Checkpoint, CheckpointId, Error, ErrorKind, MAX_EPOCH, MAX_POSITION, MAX_STATE_BYTES, Record, Result,
};
use redis::Value;

use crate::connection::Answer;
use crate::error::to_error;

/// What a key holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Held {
    /// It was just done.
    Done,
    /// Nothing.
    Nothing,
    /// Something of this type that is no checkpoint.
    Other(String),
    /// A record. After a write that was not stored: its position and epoch only.
    Record(Record),
}

impl Held {
    /// Understands an answer about the checkpoint `id`, which is kept at `key`.
    pub(crate) fn parse(id: &CheckpointId, key: &str, answer: Answer) -> Result<Self> {
        match answer.map_err(|error| to_error(&error))? {
            Value::Int(1) => Ok(Self::Done),
            Value::Nil => Ok(Self::Nothing),
            Value::SimpleString(kind) => Ok(Self::Other(kind)),
            Value::Array(fields) => parse_record(id, key, fields).map(Self::Record),
            Value::ServerError(error) => Err(to_error(&error.into())),
            _ => Err(Error::new(ErrorKind::Other, format!("the server answered something unexpected about {key:?}"))),
        }
    }

    /// The error of a call that cannot go on with a key that holds something else.
    pub(crate) fn not_a_checkpoint(key: &str, kind: &str) -> Error {
        corrupt(key, &format!("holds a {kind} that is no checkpoint in this layout"), "use another prefix or layout")
    }
}

/// The fields as `held.lua` has them: epoch, position, and perhaps owner, `updated_at` and state.
fn parse_record(id: &CheckpointId, key: &str, fields: Vec<Value>) -> Result<Record> {
    let mut fields = fields.into_iter().map(bytes_of);
    let mut next = || fields.next().flatten();
    let damaged = |field: &str| {
        let what = format!("holds a record whose {field} is not what a store writes");
        corrupt(key, &what, "restore it, or delete it and set it again")
    };

    let epoch = next().and_then(|text| number(&text, MAX_EPOCH)).ok_or_else(|| damaged("epoch"))?;
    let position = next().map(|text| number(&text, MAX_POSITION).ok_or_else(|| damaged("position"))).transpose()?;
    let owner = next().map(|text| label(text).ok_or_else(|| damaged("owner"))).transpose()?;
    let updated_at = next().map(|text| time(&text).ok_or_else(|| damaged("updated_at"))).transpose()?;
    let state = next().unwrap_or_default();
    if state.len() > MAX_STATE_BYTES {
        return Err(damaged("state"));
    }
    let mut record = Record::new(Checkpoint::new(id.clone(), position));
    (record.epoch, record.owner, record.updated_at, record.state) = (epoch, owner, updated_at, Bytes::from(state));
    Ok(record)
}

fn bytes_of(field: Value) -> Option<Vec<u8>> {
    match field {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

/// A number as it is written: no sign, no leading zeros, at most `max`.
fn number(text: &[u8], max: u64) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let number: u64 = text.parse().ok().filter(|number| *number <= max)?;
    (number.to_string() == text).then_some(number)
}

fn label(text: Vec<u8>) -> Option<String> {
    String::from_utf8(text).ok().filter(|owner| Record::check_owner(owner).is_ok())
}

/// Seconds and microseconds since 1970, as the server's clock tells them.
fn time(text: &[u8]) -> Option<SystemTime> {
    let (seconds, micros) = std::str::from_utf8(text).ok()?.split_once(' ')?;
    let seconds = number(seconds.as_bytes(), MAX_POSITION)?;
    let micros = number(micros.as_bytes(), 999_999)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + Duration::from_micros(micros))
}

fn corrupt(key: &str, what: &str, advice: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("the key {key:?} {what}: {advice}"))
        .with_applied(checkpoint_core::Applied::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: &str = "9223372036854775807";

    fn parse(value: Value) -> Result<Held> {
        Held::parse(&CheckpointId::new("orders").unwrap(), "checkpoint:orders", Ok(value))
    }

    fn record(fields: &[&str]) -> Result<Held> {
        let field = |text: &&str| match *text {
            "nil" => Value::Nil,
            text => Value::BulkString(text.into()),
        };
        parse(Value::Array(fields.iter().map(field).collect()))
    }

    #[test]
    fn a_record_is_understood() {
        let Held::Record(full) = record(&["3", MAX, "a:1", "1700000000 23456", "\u{1}state"]).unwrap() else {
            panic!("it is a record");
        };
        assert_eq!((full.epoch, full.checkpoint.position), (3, Some(MAX_POSITION)));
        assert_eq!((full.owner.as_deref(), &full.state[..]), (Some("a:1"), &b"\x01state"[..]));
        assert_eq!(
            full.updated_at.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros(),
            1_700_000_000_023_456
        );

        let Held::Record(bare) = record(&["0", "nil"]).unwrap() else { panic!("it is a record") };
        assert_eq!(bare, Record::new(Checkpoint::new(CheckpointId::new("orders").unwrap(), None)));
    }

    #[test]
    fn the_other_answers_are_understood() {
        assert_eq!(parse(Value::Int(1)).unwrap(), Held::Done);
        assert_eq!(parse(Value::Nil).unwrap(), Held::Nothing);
        assert_eq!(parse(Value::SimpleString("list".to_owned())).unwrap(), Held::Other("list".to_owned()));
        assert_eq!(parse(Value::Int(7)).unwrap_err().kind(), ErrorKind::Other);
    }

    #[test]
    fn what_no_store_writes_is_corrupt_and_named() {
        let too_large = "9223372036854775808";
        for fields in [
            ["nil", "1", "nil", "nil"],
            ["-1", "1", "nil", "nil"],
            [too_large, "1", "nil", "nil"],
            ["1", "", "nil", "nil"],
            ["1", "-5", "nil", "nil"],
            ["1", "+5", "nil", "nil"],
            ["1", "007", "nil", "nil"],
            ["1", "1.0", "nil", "nil"],
            ["1", too_large, "nil", "nil"],
            ["1", "18446744073709551616", "nil", "nil"],
            ["1", "1", "a\nb", "nil"],
            ["1", "1", "a", "yesterday"],
            ["1", "1", "a", "1700000000"],
            ["1", "1", "a", "1700000000 1000000"],
        ] {
            let error = record(&fields).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{fields:?}");
            assert!(error.to_string().contains("\"checkpoint:orders\""), "{error}");
        }
        let long = "x".repeat(MAX_STATE_BYTES + 1);
        assert_eq!(record(&["1", "1", "nil", "nil", &long]).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
