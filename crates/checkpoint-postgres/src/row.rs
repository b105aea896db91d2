//! From rows to records. What breaks the contract is `Corrupt`, and named by its id.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use checkpoint_core::{Checkpoint, CheckpointId, Error, ErrorKind, MAX_STATE_BYTES, Record, Result};

/// Position and epoch.
pub(crate) type HeldRow = (Option<i64>, i64);

/// Position, epoch, owner, state, and microseconds since 1970.
pub(crate) type RecordRow = (Option<i64>, i64, Option<String>, Vec<u8>, Option<i64>);

/// An id, and as [`RecordRow`].
pub(crate) type ListedRow = (String, Option<i64>, i64, Option<String>, Vec<u8>, Option<i64>);

/// As much of a record as decides on a write.
pub(crate) fn held(id: &CheckpointId, (position, epoch): HeldRow) -> Result<Record> {
    let position = position.map(|position| unsigned(id, "position", position)).transpose()?;
    let mut record = Record::new(Checkpoint::new(id.clone(), position));
    record.epoch = unsigned(id, "epoch", epoch)?;
    Ok(record)
}

pub(crate) fn record(id: &CheckpointId, (position, epoch, owner, state, updated_at): RecordRow) -> Result<Record> {
    let mut record = held(id, (position, epoch))?;
    if state.len() > MAX_STATE_BYTES {
        return Err(corrupt(id, &format!("a state of {} bytes, the most is {MAX_STATE_BYTES}", state.len())));
    }
    record.owner = owner;
    record.state = Bytes::from(state);
    record.updated_at = updated_at.and_then(since_1970);
    Ok(record)
}

pub(crate) fn listed((id, position, epoch, owner, state, updated_at): ListedRow) -> Result<Record> {
    let id = CheckpointId::new(&*id).map_err(|invalid| {
        Error::new(ErrorKind::Corrupt, format!("the id {id:?} is in the table, but {invalid}; delete it there"))
    })?;
    record(&id, (position, epoch, owner, state, updated_at))
}

fn unsigned(id: &CheckpointId, what: &str, value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| corrupt(id, &format!("the negative {what} {value}")))
}

fn corrupt(id: &CheckpointId, what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("checkpoint {id:?} has {what}; correct it in the table, or delete it"))
}

/// Before 1970 it is no time that the database's clock has set.
fn since_1970(microseconds: i64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(microseconds.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> CheckpointId {
        CheckpointId::new("orders").unwrap()
    }

    #[test]
    fn a_row_becomes_a_record() {
        let read = record(&id(), (Some(7), 3, Some("a:1".to_owned()), b"gap".to_vec(), Some(1_500_000))).unwrap();
        assert_eq!((read.checkpoint.position, read.epoch, read.owner.as_deref()), (Some(7), 3, Some("a:1")));
        assert_eq!(
            (&read.state[..], read.updated_at),
            (&b"gap"[..], Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)))
        );
        assert_eq!(
            record(&id(), (None, 0, None, Vec::new(), Some(-1))).unwrap(),
            Record::new(Checkpoint::new(id(), None))
        );
    }

    #[test]
    fn what_breaks_the_contract_is_corrupt_and_named() {
        let too_much = vec![0; MAX_STATE_BYTES + 1];
        for row in [(Some(-5), 0, vec![]), (Some(5), -1, vec![]), (None, 0, too_much)] {
            let error = record(&id(), (row.0, row.1, None, row.2, None)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(error.to_string().starts_with("checkpoint \"orders\" has "), "{error}");
        }
        let error = listed(("a\nb".to_owned(), None, 0, None, Vec::new(), None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("\"a\\nb\""), "{error}");
    }
}
