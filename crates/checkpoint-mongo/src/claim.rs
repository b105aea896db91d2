//! Taking a checkpoint over: one atomic step that adds one to the epoch.

use std::time::SystemTime;

use checkpoint_core::{Applied, CheckpointId, MAX_EPOCH, Record, Result};
use mongodb::bson::doc;
use mongodb::options::ReturnDocument;

use crate::MongoStore;
use crate::change::{contended, nothing_written};
use crate::document::{EPOCH, ID, OWNER, UPDATED_AT, record};
use crate::error::{code, from_driver, server_code};

/// How often it is tried again when two create the document at once.
const TRIES: usize = 16;

impl MongoStore {
    pub(crate) async fn take_over(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        for _ in 0..TRIES {
            if let Some(claimed) = self.add_one(id, owner).await? {
                return Ok(claimed);
            }
            // the last epoch, or somebody created the document in the same moment
            let held = self.find(id).await.map_err(nothing_written)?;
            Record::claimed(held.as_ref(), id, owner, SystemTime::now())?;
        }
        Err(contended(id))
    }

    /// `None` where the document is there and its epoch cannot grow.
    async fn add_one(&self, id: &CheckpointId, owner: &str) -> Result<Option<Record>> {
        let last = i64::try_from(MAX_EPOCH).expect("the largest epoch is the largest int64");
        let grows = doc! { "$or": [{ EPOCH: { "$exists": false } }, { EPOCH: { "$gte": 0_i64, "$lt": last } }] };
        let change = doc! {
            "$inc": { EPOCH: 1_i64 },
            "$set": { OWNER: owner },
            "$currentDate": { UPDATED_AT: true },
        };
        let claim = self
            .documents
            .find_one_and_update(doc! { ID: id.as_str(), "$and": [grows] }, change)
            .upsert(true)
            .return_document(ReturnDocument::After);
        match claim.await {
            Ok(Some(document)) => record(id, document).map(Some).map_err(|error| error.with_applied(Applied::Unknown)),
            Ok(None) => Ok(None),
            Err(error) if server_code(&error) == Some(code::DUPLICATE_KEY) => Ok(None),
            Err(error) => Err(from_driver(error)),
        }
    }
}
