//! One write: a guarded update, and a second look only where it stored nothing.

use checkpoint_core::{Applied, CheckpointId, Error, ErrorKind, Mode, Outcome, Record, Result, Write};
use sqlx::PgConnection;

use crate::row;
use crate::store::Calls;

/// How often a write begins anew, because others changed the record between its statements, before it gives up.
const ATTEMPTS: u32 = 100;

impl Calls<'_> {
    /// Writes on a connection, within its transaction if it has one. The write was validated.
    pub(crate) async fn write(&self, connection: &mut PgConnection, write: &Write) -> Result<Outcome> {
        for _ in 0..ATTEMPTS {
            if self.update(connection, write).await? {
                return Ok(Outcome::Stored);
            }
            let held = self.held(connection, &write.checkpoint.id).await?;
            let outcome = write.decide(held.as_ref());
            if !outcome.is_stored() {
                return Ok(outcome);
            }
            if held.is_none() && self.insert(connection, write).await? {
                return Ok(Outcome::Stored);
            }
        }
        let message = format!("checkpoint {:?} is changed too often by others; try again", write.checkpoint.id);
        Err(self.error(ErrorKind::Unavailable, message).with_applied(Applied::No))
    }

    async fn update(&self, connection: &mut PgConnection, write: &Write) -> Result<bool> {
        let (mode, expected) = mode(write);
        let query = sqlx::query(self.statements.update.clone())
            .bind(write.checkpoint.id.as_str())
            .bind(write.checkpoint.position.map(signed))
            .bind(signed(write.epoch))
            .bind(&*write.state)
            .bind(mode)
            .bind(expected);
        let done = query.execute(connection).await.map_err(|error| self.failed(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Whether it was inserted: somebody else may have been quicker.
    async fn insert(&self, connection: &mut PgConnection, write: &Write) -> Result<bool> {
        let query = sqlx::query(self.statements.insert.clone())
            .bind(write.checkpoint.id.as_str())
            .bind(write.checkpoint.position.map(signed))
            .bind(&*write.state);
        let done = query.execute(connection).await.map_err(|error| self.failed(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// As much of the record as decides, if there is one.
    pub(crate) async fn held(&self, connection: &mut PgConnection, id: &CheckpointId) -> Result<Option<Record>> {
        let query = sqlx::query_as(self.statements.held.clone()).bind(id.as_str());
        let held = query.fetch_optional(connection).await.map_err(|error| self.failed(error))?;
        held.map(|held| row::held(id, held)).transpose().map_err(|error| self.named(error))
    }
}

/// The mode's name in the statements, and the expected position.
pub(crate) fn mode(write: &Write) -> (&'static str, Option<i64>) {
    match write.mode {
        Mode::Advance => ("advance", None),
        Mode::Expect(position) => ("expect", position.map(signed)),
        Mode::Overwrite => ("overwrite", None),
        mode => unreachable!("unknown modes were refused: {mode:?}"),
    }
}

/// Refuses modes that this crate does not know.
pub(crate) fn check_mode(write: &Write) -> Result<()> {
    match write.mode {
        Mode::Advance | Mode::Expect(_) | Mode::Overwrite => Ok(()),
        mode => Err(Error::new(ErrorKind::Unsupported, format!("this store does not know the mode {mode:?}"))),
    }
}

/// Positions and epochs as the database has them.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).expect("it was validated")
}
