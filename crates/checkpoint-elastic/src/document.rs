use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use checkpoint_core::{CheckpointId, Error, ErrorKind, MAX_EPOCH, MAX_POSITION, MAX_STATE_BYTES, Record, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;

/// The field that is left out where only the decision counts: it can be large.
pub(crate) const STATE: &str = "state";

/// Floating-point numbers below this are exact where they are whole.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A record as the `_source` of its document.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    id: &'a str,
    position: Option<u64>,
    epoch: u64,
    owner: Option<&'a str>,
    state: String,
    updated_at: Option<String>,
}

impl<'a> From<&'a Record> for Document<'a> {
    fn from(record: &'a Record) -> Self {
        let timestamp = record.updated_at.and_then(|time| Timestamp::try_from(time).ok());
        Self {
            id: record.checkpoint.id.as_str(),
            position: record.checkpoint.position,
            epoch: record.epoch,
            owner: record.owner.as_deref(),
            state: STANDARD.encode(&record.state),
            updated_at: timestamp.map(|timestamp| format!("{timestamp:.6}")),
        }
    }
}

/// This machine's time, to the microsecond: as a document keeps it.
pub(crate) fn now() -> SystemTime {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now).into()
}

/// What a document says of a record. Eventuous writes `id` and `position` alone.
#[derive(Deserialize)]
struct Source {
    position: Option<Number>,
    epoch: Option<Number>,
    owner: Option<String>,
    state: Option<String>,
    updated_at: Option<serde_json::Value>,
}

/// Reads the `_source` of the document of `id`.
pub(crate) fn parse(id: &CheckpointId, source: Option<&RawValue>) -> Result<Record> {
    let Some(source) = source else {
        return Err(corrupt(id, "its document has no _source"));
    };
    let source: Source = serde_json::from_str(source.get())
        .map_err(|_| corrupt(id, "a field of its document has another type than it should"))?;
    let position =
        number(source.position.as_ref(), MAX_POSITION).map_err(|wrong| corrupt(id, &format!("position {wrong}")))?;
    let epoch = number(source.epoch.as_ref(), MAX_EPOCH).map_err(|wrong| corrupt(id, &format!("epoch {wrong}")))?;
    let state =
        STANDARD.decode(source.state.unwrap_or_default()).map_err(|_| corrupt(id, "its state is not base64"))?;
    if state.len() > MAX_STATE_BYTES {
        return Err(corrupt(id, &format!("its state has {} bytes, the most is {MAX_STATE_BYTES}", state.len())));
    }
    let mut record = Record::new(checkpoint_core::Checkpoint::new(id.clone(), position));
    record.epoch = epoch.unwrap_or(0);
    record.owner = source.owner;
    record.state = state.into();
    record.updated_at = source.updated_at.as_ref().and_then(time);
    Ok(record)
}

/// A whole number from 0 to `max`, or none; or what is wrong with it. Never rounded.
fn number(number: Option<&Number>, max: u64) -> Result<Option<u64>, String> {
    let Some(number) = number else {
        return Ok(None);
    };
    let whole = number.as_u64().or_else(|| number.as_f64().and_then(whole));
    match whole {
        Some(value) if value <= max => Ok(Some(value)),
        _ => Err(format!("{number} is not a whole number from 0 to {max}")),
    }
}

/// The floating-point number as a whole one, where it surely was meant to be just that.
fn whole(value: f64) -> Option<u64> {
    let exact = (0.0..EXACT).contains(&value) && value.fract() == 0.0;
    exact.then(|| format!("{value:.0}").parse().ok()).flatten()
}

/// For people, never compared: a time in another form than ours counts as not known.
fn time(value: &serde_json::Value) -> Option<SystemTime> {
    value.as_str()?.parse::<Timestamp>().ok().map(SystemTime::from)
}

fn corrupt(id: &CheckpointId, wrong: &str) -> Error {
    let message = format!("checkpoint {id:?}: {wrong}; look at its document and mend or delete it");
    Error::new(ErrorKind::Corrupt, message)
}

#[cfg(test)]
mod tests {
    use checkpoint_core::Checkpoint;

    use super::*;

    fn id() -> CheckpointId {
        CheckpointId::new("größe/1").unwrap()
    }

    fn read(source: &str) -> Result<Record> {
        parse(&id(), Some(&RawValue::from_string(source.to_owned()).unwrap()))
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let mut record = Record::new(Checkpoint::new(id(), MAX_POSITION));
        record.epoch = MAX_EPOCH;
        record.owner = Some("host:1".to_owned());
        record.state = vec![0, 255, 7].into();
        record.updated_at = Some(now());
        let source = serde_json::to_string(&Document::from(&record)).unwrap();
        assert_eq!(read(&source).unwrap(), record);
    }

    #[test]
    fn the_layout_is_as_documented() {
        let mut record = Record::new(Checkpoint::new(id(), None));
        record.updated_at = Some(SystemTime::UNIX_EPOCH);
        let source = serde_json::to_string(&Document::from(&record)).unwrap();
        let expected = r#"{"id":"größe/1","position":null,"epoch":0,"owner":null,"state":"","updated_at":"1970-01-01T00:00:00.000000Z"}"#;
        assert_eq!(source, expected);
    }

    #[test]
    fn what_eventuous_writes_is_read() {
        for (source, position) in [
            (r#"{"id":"größe/1","position":9007199254740993}"#, Some(9_007_199_254_740_993)),
            (r#"{"id":"größe/1","position":9223372036854775807}"#, Some(MAX_POSITION)),
            (r#"{"id":"größe/1","position":0}"#, Some(0)),
            (r#"{"id":"größe/1","position":null}"#, None),
            (r#"{"id":"größe/1"}"#, None),
            (r#"{"id":"größe/1","position":1e3}"#, Some(1000)),
            (r#"{"id":"größe/1","position":1000.0}"#, Some(1000)),
        ] {
            let record = read(source).unwrap();
            assert_eq!(record.checkpoint.position, position, "{source}");
            assert_eq!((record.epoch, record.owner, record.updated_at), (0, None, None));
        }
    }

    #[test]
    fn what_breaks_the_contract_is_corrupt_and_names_the_id() {
        for source in [
            r#"{"position":-1}"#,
            r#"{"position":9223372036854775808}"#,
            r#"{"position":18446744073709551616}"#,
            r#"{"position":9007199254740993.0}"#,
            r#"{"position":9.007199254740993E15}"#,
            r#"{"position":1.5}"#,
            r#"{"position":"7"}"#,
            r#"{"epoch":-1}"#,
            r#"{"owner":7}"#,
            r#"{"state":"%"}"#,
            r#"[]"#,
        ] {
            let refused = read(source).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Corrupt, "{source}");
            assert!(refused.to_string().contains("größe/1"), "{refused}");
        }
        let large = STANDARD.encode(vec![0; MAX_STATE_BYTES + 1]);
        assert_eq!(read(&format!(r#"{{"state":"{large}"}}"#)).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(parse(&id(), None).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_time_in_another_form_is_not_known() {
        assert_eq!(read(r#"{"position":1,"updated_at":1700000000000}"#).unwrap().updated_at, None);
    }
}
