use std::time::SystemTime;

use bytes::Bytes;

use crate::{Checkpoint, CheckpointId, Error, ErrorKind, Operation, Result};

/// The largest epoch that a store holds.
pub const MAX_EPOCH: u64 = i64::MAX.unsigned_abs();

/// The longest owner label, in bytes.
pub const MAX_OWNER_BYTES: usize = 512;

/// A checkpoint as a store holds it.
///
/// Stores make one with [`Record::new`] and set the fields; [`Write::record`](crate::Write::record) and
/// [`Record::claimed`] say what a record looks like after a write and after a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The id and the position.
    pub checkpoint: Checkpoint,
    /// The fencing token: how often the checkpoint was claimed, 0 if never. Writes with a smaller epoch are refused.
    pub epoch: u64,
    /// Who claimed last: a label for people, never compared.
    pub owner: Option<String>,
    /// Opaque bytes, written together with the position. Empty if there are none.
    pub state: Bytes,
    /// When the record was last changed, by the clock of whoever changed it; at least to the microsecond where the
    /// store has it, `None` where it is not known. For people and monitors, never compared.
    pub updated_at: Option<SystemTime>,
}

impl Record {
    /// A record that was never claimed, without state.
    pub fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, epoch: 0, owner: None, state: Bytes::new(), updated_at: None }
    }

    /// What a store holds after `owner` claimed `id`: the epoch goes up by one, the position and the state stay; a
    /// checkpoint that did not exist begins with no position at epoch 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the owner label is not allowed (see [`Record::check_owner`]), or if the epoch has
    /// reached [`MAX_EPOCH`].
    pub fn claimed(current: Option<&Self>, id: &CheckpointId, owner: &str, now: SystemTime) -> Result<Self> {
        Self::check_owner(owner)?;
        let mut record = current.cloned().unwrap_or_else(|| Self::new(Checkpoint::new(id.clone(), None)));
        if record.epoch >= MAX_EPOCH {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("the epoch of {id:?} has reached {MAX_EPOCH}: stop its consumers, delete it and set it again"),
            )
            .with_operation(Operation::Claim));
        }
        record.epoch += 1;
        record.owner = Some(owner.to_owned());
        record.updated_at = Some(now);
        Ok(record)
    }

    /// Checks an owner label: at most [`MAX_OWNER_BYTES`] bytes of UTF-8 without control characters. It may be empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] says what is wrong.
    pub fn check_owner(owner: &str) -> Result<()> {
        let wrong = if owner.len() > MAX_OWNER_BYTES {
            format!("an owner label has at most {MAX_OWNER_BYTES} bytes, this one has {}", owner.len())
        } else if let Some(character) = owner.chars().find(|c| c.is_control()) {
            format!("an owner label must not contain control characters, but this one has {character:?}")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Invalid, wrong).with_operation(Operation::Claim))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claiming_keeps_position_and_state_and_adds_one_to_the_epoch() {
        let id = CheckpointId::new("orders").unwrap();
        let now = SystemTime::UNIX_EPOCH;
        let first = Record::claimed(None, &id, "a:1", now).unwrap();
        assert_eq!((first.epoch, first.checkpoint.position, first.owner.as_deref()), (1, None, Some("a:1")));

        let mut held = first;
        held.checkpoint.position = Some(7);
        held.state = Bytes::from_static(b"gap");
        let second = Record::claimed(Some(&held), &id, "", now).unwrap();
        assert_eq!((second.epoch, second.owner.as_deref()), (2, Some("")));
        assert_eq!((second.checkpoint.position, &second.state[..]), (Some(7), &b"gap"[..]));
    }

    #[test]
    fn the_last_epoch_cannot_be_claimed() {
        let id = CheckpointId::new("orders").unwrap();
        let mut held = Record::new(Checkpoint::new(id.clone(), 1));
        held.epoch = MAX_EPOCH;
        let refused = Record::claimed(Some(&held), &id, "a", SystemTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }

    #[test]
    fn owner_labels_are_bounded_text() {
        assert!(Record::check_owner(&"x".repeat(MAX_OWNER_BYTES)).is_ok());
        assert!(Record::check_owner(&"x".repeat(MAX_OWNER_BYTES + 1)).is_err());
        assert!(Record::check_owner("host\n1").is_err());
    }
}
