//! Taking a checkpoint over, and deleting one.

use std::time::SystemTime;

use checkpoint_core::{Applied, CheckpointId, ErrorKind, MAX_EPOCH, Record, Result};
use sqlx::PgConnection;

use crate::row;
use crate::store::Calls;
use crate::write::signed;

/// How often a claim begins anew, because others changed the record between its statements, before it gives up.
const ATTEMPTS: u32 = 100;

impl Calls<'_> {
    /// The owner was checked.
    pub(crate) async fn claim(&self, connection: &mut PgConnection, id: &CheckpointId, owner: &str) -> Result<Record> {
        for _ in 0..ATTEMPTS {
            let query =
                sqlx::query_as(self.statements.claim.clone()).bind(id.as_str()).bind(owner).bind(signed(MAX_EPOCH - 1));
            let claimed = query.fetch_optional(&mut *connection).await.map_err(|error| self.failed(error))?;
            if let Some(claimed) = claimed {
                return row::record(id, claimed).map_err(|error| self.named(error));
            }
            // It is at the last epoch, or breaks the contract; unless it was changed meanwhile.
            let held = self.held(connection, id).await?;
            Record::claimed(held.as_ref(), id, owner, SystemTime::UNIX_EPOCH).map_err(|error| self.named(error))?;
        }
        let message = format!("checkpoint {id:?} is changed too often by others; try again");
        Err(self.error(ErrorKind::Unavailable, message).with_applied(Applied::No))
    }

    pub(crate) async fn delete(&self, connection: &mut PgConnection, id: &CheckpointId) -> Result<bool> {
        let query = sqlx::query(self.statements.delete.clone()).bind(id.as_str());
        let done = query.execute(connection).await.map_err(|error| self.failed(error))?;
        Ok(done.rows_affected() > 0)
    }
}
