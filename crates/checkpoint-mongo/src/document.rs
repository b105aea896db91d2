//! The document of a checkpoint and what may stand in it.

use std::time::SystemTime;

use checkpoint_core::{
    Bytes, Checkpoint, CheckpointId, Error, ErrorKind, MAX_EPOCH, MAX_POSITION, MAX_STATE_BYTES, Record, Result,
};
use mongodb::bson::{Binary, Bson, Document};

pub(crate) const ID: &str = "_id";
pub(crate) const EPOCH: &str = "epoch";
pub(crate) const OWNER: &str = "owner";
pub(crate) const POSITION: &str = "position";
pub(crate) const STATE: &str = "state";
pub(crate) const UPDATED_AT: &str = "updated_at";

/// The other spelling of [`POSITION`]: Eventuous writes it where the application keeps .NET's names.
pub(crate) const POSITION_OF_DOTNET: &str = "Position";

/// The record in `document`, whose `_id` is `id`. A document without a state, such as one read without it, has an empty
/// one.
///
/// # Errors
///
/// [`Corrupt`](ErrorKind::Corrupt) names the id and the field that is not as any checkpoint has it.
pub(crate) fn record(id: &CheckpointId, mut document: Document) -> Result<Record> {
    let wrong = |what: String| Error::new(ErrorKind::Corrupt, format!("checkpoint {id:?}: {what}"));
    let position = position(&document).map_err(wrong)?;
    let mut record = Record::new(Checkpoint::new(id.clone(), position));
    record.epoch = whole_number(&document, EPOCH, MAX_EPOCH).map_err(wrong)?.unwrap_or(0);
    record.owner = owner(&document).map_err(wrong)?;
    record.updated_at = updated_at(&document);
    record.state = state(document.remove(STATE)).map_err(wrong)?;
    Ok(record)
}

/// The position, in whichever spelling: where both are there, they must agree.
fn position(document: &Document) -> Result<Option<u64>, String> {
    let ours = whole_number(document, POSITION, MAX_POSITION)?;
    let dotnet = whole_number(document, POSITION_OF_DOTNET, MAX_POSITION)?;
    match (ours, dotnet) {
        (Some(ours), Some(dotnet)) if ours != dotnet => Err(format!(
            "{POSITION:?} is {ours} and {POSITION_OF_DOTNET:?} is {dotnet}; find out which is right and $unset the other"
        )),
        (ours, dotnet) => Ok(ours.or(dotnet)),
    }
}

/// A number from 0 to `largest` in any of BSON's number types that holds it exactly; null and absent are `None`.
fn whole_number(document: &Document, field: &str, largest: u64) -> Result<Option<u64>, String> {
    let number = match document.get(field) {
        None | Some(Bson::Null) => return Ok(None),
        Some(Bson::Int32(number)) => u64::try_from(*number).ok(),
        Some(Bson::Int64(number)) => u64::try_from(*number).ok(),
        Some(Bson::Double(number)) => exact(*number),
        Some(other) => return Err(format!("{field:?} is a {:?}, but must be a number", other.element_type())),
    };
    let number = number.filter(|number| *number <= largest).map(Some);
    number.ok_or_else(|| format!("{field:?} is not a whole number from 0 to {largest}; put it right"))
}

/// The integer that a double is. Above 2^53 it may have been another one before it became a double.
fn exact(number: f64) -> Option<u64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0; // 2^53
    let whole = (0.0..=LARGEST).contains(&number) && number.fract() == 0.0;
    whole.then(|| format!("{number:.0}").parse().ok()).flatten()
}

fn owner(document: &Document) -> Result<Option<String>, String> {
    match document.get(OWNER) {
        None | Some(Bson::Null) => Ok(None),
        Some(Bson::String(owner)) if Record::check_owner(owner).is_ok() => Ok(Some(owner.clone())),
        Some(_) => Err(format!("{OWNER:?} is not a label of a few characters; $unset it")),
    }
}

fn state(state: Option<Bson>) -> Result<Bytes, String> {
    match state {
        None | Some(Bson::Null) => Ok(Bytes::new()),
        Some(Bson::Binary(Binary { bytes, .. })) if bytes.len() <= MAX_STATE_BYTES => Ok(bytes.into()),
        Some(Bson::Binary(Binary { bytes, .. })) => {
            Err(format!("{STATE:?} has {} bytes, the most is {MAX_STATE_BYTES}", bytes.len()))
        }
        Some(other) => Err(format!("{STATE:?} is a {:?}, but must be binary", other.element_type())),
    }
}

/// For people: what is no date tells nothing, and hinders nothing.
fn updated_at(document: &Document) -> Option<SystemTime> {
    document.get_datetime(UPDATED_AT).ok().map(|date| date.to_system_time())
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{DateTime, doc, spec::BinarySubtype};

    use super::*;

    fn read(document: Document) -> Result<Record> {
        record(&CheckpointId::new("orders").unwrap(), document)
    }

    fn position_of(document: Document) -> Option<u64> {
        read(document).unwrap().checkpoint.position
    }

    fn corrupt(document: Document) -> String {
        let error = read(document).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().starts_with("checkpoint \"orders\": "), "{error}");
        error.to_string()
    }

    #[test]
    fn both_spellings_are_read() {
        assert_eq!(position_of(doc! {}), None);
        assert_eq!(position_of(doc! { POSITION: null }), None);
        assert_eq!(position_of(doc! { POSITION_OF_DOTNET: null }), None);
        assert_eq!(position_of(doc! { POSITION: 7_i64 }), Some(7));
        assert_eq!(position_of(doc! { POSITION_OF_DOTNET: 7_i64 }), Some(7));
        assert_eq!(position_of(doc! { POSITION: null, POSITION_OF_DOTNET: 7_i64 }), Some(7));
        assert_eq!(position_of(doc! { POSITION: 7_i64, POSITION_OF_DOTNET: 7_i32 }), Some(7));
        assert!(corrupt(doc! { POSITION: 7_i64, POSITION_OF_DOTNET: 8_i64 }).contains("\"Position\" is 8"));
    }

    #[test]
    fn every_number_that_is_exact_is_read() {
        assert_eq!(position_of(doc! { POSITION: 0_i32 }), Some(0));
        assert_eq!(position_of(doc! { POSITION: i64::MAX }), Some(MAX_POSITION));
        assert_eq!(position_of(doc! { POSITION: 0.0 }), Some(0));
        assert_eq!(position_of(doc! { POSITION: 9_007_199_254_740_992.0 }), Some(1 << 53));
        for number in [-1.0, 0.5, 9_007_199_254_740_994.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            corrupt(doc! { POSITION: number });
        }
    }

    #[test]
    fn what_no_checkpoint_has_is_corrupt() {
        for document in [
            doc! { POSITION: -1_i64 },
            doc! { POSITION_OF_DOTNET: -1_i32 },
            doc! { POSITION: "7" },
            doc! { POSITION: [7_i64] },
            doc! { EPOCH: -1_i64 },
            doc! { EPOCH: true },
            doc! { OWNER: 7 },
            doc! { OWNER: "x".repeat(513) },
            doc! { STATE: "text" },
            doc! { STATE: Binary { subtype: BinarySubtype::Generic, bytes: vec![0; MAX_STATE_BYTES + 1] } },
        ] {
            corrupt(document);
        }
    }

    #[test]
    fn all_fields_are_read() {
        let state = Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 255] };
        let date = DateTime::from_millis(1_500);
        let record =
            read(doc! { POSITION: 7_i64, EPOCH: 3_i64, OWNER: "a:1", STATE: state, UPDATED_AT: date }).unwrap();
        assert_eq!((record.epoch, record.owner.as_deref(), &record.state[..]), (3, Some("a:1"), &[0, 255][..]));
        let since = record.updated_at.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since.as_millis(), 1_500);
        assert_eq!(read(doc! { UPDATED_AT: "yesterday" }).unwrap().updated_at, None);
    }
}
