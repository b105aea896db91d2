use std::collections::HashSet;
use std::time::SystemTime;

use bytes::Bytes;

use crate::{Checkpoint, Error, ErrorKind, MAX_EPOCH, Record, Result};

/// The largest position that a store holds: what a signed 64-bit column can.
pub const MAX_POSITION: u64 = i64::MAX.unsigned_abs();

/// The largest state that a store holds, in bytes.
pub const MAX_STATE_BYTES: usize = 8 * 1024 * 1024;

/// One write of a checkpoint: position and state together, under a condition.
///
/// ```
/// use checkpoint_core::{Checkpoint, CheckpointId, Write};
///
/// let id = CheckpointId::new("orders")?;
/// let write = Write::advance(Checkpoint::new(id, 42)).with_epoch(3).with_state(&b"open: 17"[..]);
/// # assert!(write.validate().is_ok());
/// # Ok::<(), checkpoint_core::InvalidId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// The id and the new position.
    pub checkpoint: Checkpoint,
    /// The condition under which it is stored.
    pub mode: Mode,
    /// The epoch that the writer got when it claimed the checkpoint; 0 if it never did.
    pub epoch: u64,
    /// The new state: it replaces the old one, also when empty. At most [`MAX_STATE_BYTES`].
    pub state: Bytes,
}

/// The condition under which a [`Write`] is stored.
///
/// A store that does not know a mode answers [`ErrorKind::Unsupported`]; it never overwrites instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The position does not go back: equal or larger is stored, and a `None` never replaces a `Some`.
    Advance,
    /// Compare and set: stored only where the store holds just this position. A checkpoint that does not exist has
    /// the position `None`.
    Expect(Option<u64>),
    /// Any position is stored: for an operator's reset.
    Overwrite,
}

/// What became of a [`Write`]. Losing is an answer, not an error; only `Stored` changes anything.
#[expect(clippy::exhaustive_enums, reason = "a caller must have an answer to each")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a write that was not stored is not an error: look at the outcome"]
pub enum Outcome {
    /// The store holds a larger position, this one: [`Mode::Advance`] does not go back.
    Ahead(u64),
    /// Somebody else is writing this checkpoint at this moment: try again. Only from
    /// [`write_many`](crate::CheckpointStore::write_many).
    Contended,
    /// Somebody claimed the checkpoint with this larger epoch: stop, it is not yours any more.
    Fenced(u64),
    /// [`Mode::Expect`] expected another position than this one, which the store holds.
    Mismatch(Option<u64>),
    /// The write has an epoch, so the checkpoint was claimed, but it is gone: somebody deleted it. Claim again to go
    /// on.
    Missing,
    /// Written, as durably as the store promises.
    Stored,
}

impl Write {
    /// A write that does not let the position go back.
    pub fn advance(checkpoint: Checkpoint) -> Self {
        Self::new(checkpoint, Mode::Advance)
    }

    /// A write that is stored only where the position is `expected`.
    pub fn expect(checkpoint: Checkpoint, expected: Option<u64>) -> Self {
        Self::new(checkpoint, Mode::Expect(expected))
    }

    /// A write that is stored whatever the position is.
    pub fn overwrite(checkpoint: Checkpoint) -> Self {
        Self::new(checkpoint, Mode::Overwrite)
    }

    /// A write in a mode, at epoch 0 and without state.
    pub fn new(checkpoint: Checkpoint, mode: Mode) -> Self {
        Self { checkpoint, mode, epoch: 0, state: Bytes::new() }
    }

    /// The same write by the holder of `epoch`.
    #[must_use]
    pub fn with_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    /// The same write with `state`.
    #[must_use]
    pub fn with_state(self, state: impl Into<Bytes>) -> Self {
        Self { state: state.into(), ..self }
    }

    /// The contract: what a store must answer to this write, given the record it holds.
    ///
    /// On [`Outcome::Stored`] the store holds [`Write::record`] afterwards, on every other outcome what it held
    /// before. Deciding and writing must be one atomic step. Expects a write that [`validate`](Self::validate) lets
    /// pass; never answers [`Outcome::Contended`].
    pub fn decide(&self, current: Option<&Record>) -> Outcome {
        let Some(current) = current else {
            return match self.mode {
                _ if self.epoch > 0 => Outcome::Missing,
                Mode::Expect(Some(_)) => Outcome::Mismatch(None),
                Mode::Advance | Mode::Expect(None) | Mode::Overwrite => Outcome::Stored,
            };
        };
        if self.epoch < current.epoch {
            return Outcome::Fenced(current.epoch);
        }
        let held = current.checkpoint.position;
        match (self.mode, held) {
            (Mode::Advance, Some(position)) if self.checkpoint.position < held => Outcome::Ahead(position),
            (Mode::Expect(expected), _) if expected != held => Outcome::Mismatch(held),
            (Mode::Advance | Mode::Expect(_) | Mode::Overwrite, _) => Outcome::Stored,
        }
    }

    /// What a store holds after this write was stored over `current`: the write's position, state and epoch. The
    /// owner stays.
    pub fn record(&self, current: Option<&Record>, now: SystemTime) -> Record {
        Record {
            checkpoint: self.checkpoint.clone(),
            epoch: self.epoch,
            owner: current.and_then(|record| record.owner.clone()),
            state: self.state.clone(),
            updated_at: Some(now),
        }
    }

    /// Checks the ranges that hold in every store: positions (the new and the expected one) up to [`MAX_POSITION`],
    /// epochs up to [`MAX_EPOCH`], states up to [`MAX_STATE_BYTES`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] names the id and what is out of range.
    pub fn validate(&self) -> Result<()> {
        let expected = match self.mode {
            Mode::Expect(position) => position,
            Mode::Advance | Mode::Overwrite => None,
        };
        let wrong = if let Some(position) = self.checkpoint.position.max(expected).filter(|p| *p > MAX_POSITION) {
            format!("position {position} is above {MAX_POSITION}, the largest that every store holds")
        } else if self.epoch > MAX_EPOCH {
            format!("epoch {} is above {MAX_EPOCH}, the largest that every store holds", self.epoch)
        } else if self.state.len() > MAX_STATE_BYTES {
            format!("the state has {} bytes, the most is {MAX_STATE_BYTES}", self.state.len())
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Invalid, format!("checkpoint {:?}: {wrong}", self.checkpoint.id)))
    }

    /// Checks the writes of one [`write_many`](crate::CheckpointStore::write_many): each of them valid, no id twice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] names the first offender.
    pub fn validate_many(writes: &[Self]) -> Result<()> {
        writes.iter().try_for_each(Self::validate)?;
        if writes.is_sorted_by(|write, next| write.checkpoint.id < next.checkpoint.id) {
            return Ok(()); // in order, so each id is there once: which costs less to see than to hash them
        }
        let mut ids = HashSet::with_capacity(writes.len());
        for Checkpoint { id, .. } in writes.iter().map(|write| &write.checkpoint) {
            if !ids.insert(id) {
                let message = format!("checkpoint {id:?} is there twice in one write_many: send its newest write only");
                return Err(Error::new(ErrorKind::Invalid, message));
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// Whether the write was stored.
    pub fn is_stored(self) -> bool {
        self == Self::Stored
    }

    /// The outcome's name in lower case, without its number: for spans and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ahead(_) => "ahead",
            Self::Contended => "contended",
            Self::Fenced(_) => "fenced",
            Self::Mismatch(_) => "mismatch",
            Self::Missing => "missing",
            Self::Stored => "stored",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CheckpointId;

    fn at(position: impl Into<Option<u64>>) -> Checkpoint {
        Checkpoint::new(CheckpointId::new("orders").unwrap(), position)
    }

    fn held(position: impl Into<Option<u64>>, epoch: u64) -> Record {
        Record { epoch, ..Record::new(at(position)) }
    }

    #[test]
    fn an_absent_record_is_created_by_a_writer_without_epoch_only() {
        assert_eq!(Write::advance(at(None)).decide(None), Outcome::Stored);
        assert_eq!(Write::advance(at(0)).decide(None), Outcome::Stored);
        assert_eq!(Write::overwrite(at(5)).decide(None), Outcome::Stored);
        assert_eq!(Write::expect(at(5), None).decide(None), Outcome::Stored);
        assert_eq!(Write::expect(at(5), Some(4)).decide(None), Outcome::Mismatch(None));
        for write in [Write::advance(at(5)), Write::overwrite(at(5)), Write::expect(at(5), Some(4))] {
            assert_eq!(write.with_epoch(1).decide(None), Outcome::Missing);
        }
    }

    #[test]
    fn advance_never_goes_back() {
        let current = held(7, 0);
        assert_eq!(Write::advance(at(6)).decide(Some(&current)), Outcome::Ahead(7));
        assert_eq!(Write::advance(at(None)).decide(Some(&current)), Outcome::Ahead(7));
        assert_eq!(Write::advance(at(7)).decide(Some(&current)), Outcome::Stored);
        assert_eq!(Write::advance(at(8)).decide(Some(&current)), Outcome::Stored);
        assert_eq!(Write::advance(at(None)).decide(Some(&held(None, 0))), Outcome::Stored);
        assert_eq!(Write::advance(at(0)).decide(Some(&held(None, 0))), Outcome::Stored);
    }

    #[test]
    fn expect_compares_and_may_go_back() {
        let current = held(7, 0);
        assert_eq!(Write::expect(at(3), Some(7)).decide(Some(&current)), Outcome::Stored);
        assert_eq!(Write::expect(at(None), Some(7)).decide(Some(&current)), Outcome::Stored);
        assert_eq!(Write::expect(at(8), Some(6)).decide(Some(&current)), Outcome::Mismatch(Some(7)));
        assert_eq!(Write::expect(at(8), None).decide(Some(&current)), Outcome::Mismatch(Some(7)));
        assert_eq!(Write::expect(at(8), Some(0)).decide(Some(&held(None, 0))), Outcome::Mismatch(None));
        assert_eq!(Write::expect(at(8), None).decide(Some(&held(None, 0))), Outcome::Stored);
    }

    #[test]
    fn the_epoch_comes_before_the_mode() {
        let current = held(7, 3);
        for write in [Write::advance(at(9)), Write::overwrite(at(9)), Write::expect(at(9), Some(7))] {
            assert_eq!(write.clone().with_epoch(2).decide(Some(&current)), Outcome::Fenced(3));
            assert_eq!(write.clone().with_epoch(3).decide(Some(&current)), Outcome::Stored);
            assert_eq!(write.with_epoch(9).decide(Some(&current)), Outcome::Stored);
        }
        assert_eq!(Write::advance(at(1)).with_epoch(9).decide(Some(&current)), Outcome::Ahead(7));
    }

    #[test]
    fn a_stored_write_replaces_all_but_the_owner() {
        let mut current = held(7, 3);
        current.owner = Some("a:1".to_owned());
        current.state = Bytes::from_static(b"old");
        let after = Write::overwrite(at(1)).with_epoch(5).record(Some(&current), SystemTime::UNIX_EPOCH);
        assert_eq!((after.checkpoint.position, after.epoch, after.owner.as_deref()), (Some(1), 5, Some("a:1")));
        assert_eq!((after.state.len(), after.updated_at), (0, Some(SystemTime::UNIX_EPOCH)));
    }

    #[test]
    fn ranges_are_checked() {
        assert!(Write::advance(at(MAX_POSITION)).validate().is_ok());
        let too_far = MAX_POSITION + 1;
        let too_much = vec![0; MAX_STATE_BYTES + 1];
        for write in [
            Write::advance(at(too_far)),
            Write::expect(at(1), Some(too_far)),
            Write::advance(at(1)).with_epoch(MAX_EPOCH + 1),
            Write::advance(at(1)).with_state(too_much),
        ] {
            let refused = write.validate().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid);
            assert!(refused.to_string().contains("\"orders\""), "{refused}");
        }
    }

    #[test]
    fn an_id_goes_into_a_batch_once() {
        assert!(Write::validate_many(&[]).is_ok());
        assert!(Write::validate_many(&[Write::advance(at(1))]).is_ok());
        let twice = [Write::advance(at(1)), Write::advance(at(2))];
        assert_eq!(Write::validate_many(&twice).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
