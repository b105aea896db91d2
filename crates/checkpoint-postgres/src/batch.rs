//! Many writes with one statement.

use checkpoint_core::{Applied, Outcome, Result, Write};
use sqlx::PgConnection;

use crate::row;
use crate::store::Calls;
use crate::write::{mode, signed};

/// One statement takes so many writes at most; more are divided.
const MAX_WRITES: usize = 10_000;

/// One statement takes so many bytes of states at most, unless it is a single one; the protocol's limit is 1 GiB.
const MAX_BYTES: usize = 64 << 20;

/// A row that `write_many` answers: the write's number from 1, whether it was stored, whether there was no record, and
/// position and epoch of the record that decided.
type Answer = (i64, bool, bool, Option<i64>, Option<i64>);

impl Calls<'_> {
    /// The writes were validated.
    pub(crate) async fn write_many(&self, connection: &mut PgConnection, writes: &[Write]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for part in parts(writes) {
            let part = self.write_part(connection, part).await.map_err(|error| match outcomes.is_empty() {
                true => error,
                false => error.with_applied(Applied::Unknown),
            })?;
            outcomes.extend(part);
        }
        Ok(outcomes)
    }

    async fn write_part(&self, connection: &mut PgConnection, writes: &[Write]) -> Result<Vec<Outcome>> {
        let ids: Vec<_> = writes.iter().map(|write| write.checkpoint.id.as_str()).collect();
        let positions: Vec<_> = writes.iter().map(|write| write.checkpoint.position.map(signed)).collect();
        let epochs: Vec<_> = writes.iter().map(|write| signed(write.epoch)).collect();
        let states: Vec<_> = writes.iter().map(|write| &*write.state).collect();
        let (modes, expected): (Vec<_>, Vec<_>) = writes.iter().map(mode).unzip();
        let query = sqlx::query_as::<_, Answer>(self.statements.write_many.clone())
            .bind(ids)
            .bind(positions)
            .bind(epochs)
            .bind(states)
            .bind(modes)
            .bind(expected);
        let mut answers = query.fetch_all(connection).await.map_err(|error| self.failed(error))?;
        answers.sort_unstable_by_key(|(number, ..)| *number);
        let outcomes = writes.iter().zip(answers).map(|(write, answer)| outcome(write, answer));
        outcomes.collect::<Result<_>>().map_err(|error| self.named(error).with_applied(Applied::Unknown))
    }
}

fn outcome(write: &Write, (_, stored, absent, position, epoch): Answer) -> Result<Outcome> {
    if stored {
        return Ok(Outcome::Stored);
    }
    let held = epoch.map(|epoch| row::held(&write.checkpoint.id, (position, epoch))).transpose()?;
    if held.is_none() && !absent {
        return Ok(Outcome::Contended); // somebody else holds it
    }
    Ok(match write.decide(held.as_ref()) {
        Outcome::Stored => Outcome::Contended, // somebody else creates checkpoints, maybe this one
        lost => lost,
    })
}

/// The writes, divided where they are too many or too large for one statement.
fn parts(writes: &[Write]) -> impl Iterator<Item = &[Write]> {
    let mut rest = writes;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(MAX_WRITES).take_while(|write| {
            bytes += write.state.len();
            bytes <= MAX_BYTES
        });
        let (part, after) = rest.split_at(fits.count().max(1).min(rest.len()));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use checkpoint_core::{Checkpoint, CheckpointId};

    use super::*;

    fn writes(states: impl IntoIterator<Item = usize>) -> Vec<Write> {
        let write = |(number, bytes)| {
            let id = CheckpointId::new(format!("{number}")).unwrap();
            Write::advance(Checkpoint::new(id, 1)).with_state(vec![0; bytes])
        };
        states.into_iter().enumerate().map(write).collect()
    }

    fn lengths(writes: &[Write]) -> Vec<usize> {
        parts(writes).map(<[_]>::len).collect()
    }

    #[test]
    fn large_batches_are_divided() {
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&writes([0; 10_000])), [10_000]);
        assert_eq!(lengths(&writes([0; 20_001])), [10_000, 10_000, 1]);
        let half = MAX_BYTES / 2;
        assert_eq!(lengths(&writes([half, half, 1, half])), [2, 2]);
        assert_eq!(lengths(&writes([1, MAX_BYTES + 1, 1])), [1, 1, 1]);
    }

    #[test]
    fn what_was_not_stored_is_decided_on_the_locked_record() {
        let write = Write::advance(Checkpoint::new(CheckpointId::new("orders").unwrap(), 5));
        assert_eq!(outcome(&write, (1, true, false, None, None)).unwrap(), Outcome::Stored);
        assert_eq!(outcome(&write, (1, false, false, Some(7), Some(0))).unwrap(), Outcome::Ahead(7));
        assert_eq!(outcome(&write, (1, false, false, None, None)).unwrap(), Outcome::Contended);
        assert_eq!(outcome(&write, (1, false, true, None, None)).unwrap(), Outcome::Contended);
        assert_eq!(outcome(&write.clone().with_epoch(2), (1, false, true, None, None)).unwrap(), Outcome::Missing);
        assert!(outcome(&write, (1, false, false, Some(-7), Some(0))).is_err());
    }
}
