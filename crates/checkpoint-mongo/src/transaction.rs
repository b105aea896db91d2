//! Writing within the caller's session.

use checkpoint_core::{Error, Operation, Outcome, Result, Write};
use mongodb::ClientSession;
use mongodb::bson::doc;

use crate::change::contended;
use crate::document::{ID, STATE};
use crate::error::from_driver;
use crate::statement::Statement;
use crate::{MongoStore, STORE};

/// How often it is tried again where the session has no transaction, so that somebody else may come between.
const TRIES: usize = 16;

impl MongoStore {
    /// Writes within `session`, which must come from the same client: in its transaction, the checkpoint and whatever else
    /// it writes are committed or rolled back together. Answers as
    /// [`write`](checkpoint_core::CheckpointStore::write) does, given what the transaction sees; `Stored` holds once
    /// the transaction is committed.
    ///
    /// Transactions need a replica set or a sharded cluster. The write concern is the transaction's own.
    ///
    /// # Errors
    ///
    /// As `write`; [`Unavailable`](checkpoint_core::ErrorKind::Unavailable) where somebody else has changed the checkpoint
    /// since the transaction began. The server has then ended the transaction: run it again. The driver's error with its
    /// labels, such as `TransientTransactionError`, is [`Error::driver`].
    ///
    /// # Cancel safety
    ///
    /// None: the driver wants its futures to be run to their ends. Where this one was dropped, end the transaction.
    pub async fn write_in(&self, session: &mut ClientSession, write: &Write) -> Result<Outcome> {
        let outcome = self.change_in(session, write).await;
        outcome.map_err(|error| error.with_store(STORE).with_operation(Operation::Write))
    }

    /// A duplicate key ends a transaction, so a refused write must not end in one: it creates only what is not there.
    async fn change_in(&self, session: &mut ClientSession, write: &Write) -> Result<Outcome> {
        write.validate()?;
        self.check(write)?;
        for _ in 0..TRIES {
            if self.update_in(session, write, false).await? {
                return Ok(Outcome::Stored);
            }
            let id = &write.checkpoint.id;
            let found = self.documents.find_one(doc! { ID: id.as_str() }).projection(doc! { STATE: 0 });
            let found = found.session(&mut *session).await.map_err(from_driver)?;
            let held = found.map(|document| self.met(id, document)).transpose()?;
            let outcome = write.decide(held.as_ref());
            if !outcome.is_stored() {
                return Ok(outcome);
            }
            if held.is_none() && self.update_in(session, write, true).await? {
                return Ok(Outcome::Stored);
            }
        }
        Err(contended(&write.checkpoint.id))
    }

    async fn update_in(&self, session: &mut ClientSession, write: &Write, create: bool) -> Result<bool, Error> {
        let Statement { filter, update, .. } = Statement::new(write, self.layout());
        let updated = self.documents.update_one(filter, update).upsert(create).session(&mut *session);
        let updated = updated.await.map_err(from_driver)?;
        Ok(updated.matched_count > 0 || updated.upserted_id.is_some())
    }
}
