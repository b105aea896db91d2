//! One read, one write, one delete.

use checkpoint_core::{Applied, CheckpointId, Error, ErrorKind, Outcome, Record, Result, Write};
use mongodb::bson::{Document, doc};

use crate::MongoStore;
use crate::document::{ID, POSITION_OF_DOTNET, STATE, record};
use crate::error::{code, from_driver, server_code};
use crate::statement::{Spelling, Statement};

/// How often a write is tried again when the guard said no, but what is there then would let it pass.
const TRIES: usize = 16;

impl MongoStore {
    pub(crate) async fn find(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let found = self.documents.find_one(doc! { ID: id.as_str() }).await.map_err(from_driver)?;
        found.map(|document| self.met(id, document)).transpose()
    }

    /// One guarded update. Only where it changed nothing, a read says why.
    pub(crate) async fn change(&self, write: &Write) -> Result<Outcome> {
        for _ in 0..TRIES {
            if self.update(write).await? {
                return Ok(Outcome::Stored);
            }
            let held = self.find_without_state(&write.checkpoint.id).await;
            let outcome = write.decide(held.map_err(nothing_written)?.as_ref());
            if !outcome.is_stored() {
                return Ok(outcome);
            }
        }
        Err(contended(&write.checkpoint.id))
    }

    pub(crate) async fn remove(&self, id: &CheckpointId) -> Result<bool> {
        let deleted = self.documents.delete_one(doc! { ID: id.as_str() }).await.map_err(from_driver)?;
        Ok(deleted.deleted_count > 0)
    }

    /// Whether the guard let the write pass.
    async fn update(&self, write: &Write) -> Result<bool> {
        let Statement { filter, update, creates } = Statement::new(write, self.layout());
        match self.documents.update_one(filter, update).upsert(creates).await {
            Ok(updated) => Ok(updated.matched_count > 0 || updated.upserted_id.is_some()),
            Err(error) if server_code(&error) == Some(code::DUPLICATE_KEY) => Ok(false),
            Err(error) => Err(from_driver(error)),
        }
    }

    async fn find_without_state(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let found = self.documents.find_one(doc! { ID: id.as_str() }).projection(doc! { STATE: 0 });
        let found = found.await.map_err(from_driver)?;
        found.map(|document| self.met(id, document)).transpose()
    }

    /// The record in a document that was read, whose spelling the next writes have.
    pub(crate) fn met(&self, id: &CheckpointId, document: Document) -> Result<Record> {
        self.has_met(match document.contains_key(POSITION_OF_DOTNET) {
            true => Spelling::Dotnet,
            false => Spelling::Lower,
        });
        record(id, document)
    }
}

/// The error of a look at why nothing was written.
pub(crate) fn nothing_written(error: Error) -> Error {
    error.with_applied(Applied::No)
}

/// Somebody else changes the checkpoint all the time.
pub(crate) fn contended(id: &CheckpointId) -> Error {
    let message = format!("checkpoint {id:?} was changed by somebody else at every try; try again with a pause");
    Error::new(ErrorKind::Unavailable, message).with_applied(Applied::No)
}
