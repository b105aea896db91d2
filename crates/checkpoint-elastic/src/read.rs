use checkpoint_core::{Applied, CheckpointId, Error, Record, Result};
use elasticsearch::{GetParts, MgetParts};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::answer::{Answer, Cause, not_elasticsearch};
use crate::document::{STATE, parse};
use crate::seen::Revision;
use crate::store::ElasticStore;

/// How much of a record is read.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    Everything,
    /// What a decision needs: the state is left empty.
    WithoutState,
}

impl Content {
    fn left_out(self) -> &'static [&'static str] {
        match self {
            Self::Everything => &[],
            Self::WithoutState => &[STATE],
        }
    }
}

/// A record, and the version of its document.
pub(crate) type Found = (Record, Revision);

/// How many documents are asked for at once.
const IDS: usize = 5_000;

/// The status of what has none of its own: the kind comes from the error's type.
const NO_STATUS: u16 = 500;

/// A document, or that there is none, or why it cannot be had.
#[derive(Deserialize)]
struct Document {
    found: Option<bool>,
    #[serde(rename = "_seq_no")]
    seq_no: Option<i64>,
    #[serde(rename = "_primary_term")]
    primary_term: Option<i64>,
    #[serde(rename = "_source")]
    source: Option<Box<RawValue>>,
    error: Option<Cause>,
}

/// Whether the id can stand in the path of a URL: these two mean something else there, however they are written. As the id
/// of a document to delete, the second would stand for its index.
pub(crate) fn fits_into_path(id: &CheckpointId) -> bool {
    !matches!(id.as_str(), "." | "..")
}

/// By id, and so in real time: a search sees a write only after a refresh.
impl ElasticStore {
    /// The record of `id` as it is now; it is remembered for the next write.
    pub(crate) async fn find(&self, id: &CheckpointId, content: Content) -> Result<Option<Found>> {
        if !fits_into_path(id) {
            return Ok(self.find_all(&[id], content).await?.pop().flatten());
        }
        let index = &self.names.index;
        let request = self.client.get(GetParts::IndexId(index, id.as_str()))._source_excludes(content.left_out());
        let answer = Answer::of(request.send().await).await.map_err(nothing_changed)?;
        self.found(id, answer.content_or_absence().map_err(nothing_changed)?)
    }

    /// The records of `ids`, in their order.
    pub(crate) async fn find_all(&self, ids: &[&CheckpointId], content: Content) -> Result<Vec<Option<Found>>> {
        #[derive(Deserialize)]
        struct Documents {
            docs: Vec<Document>,
        }
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let names: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
            let request = self.client.mget(MgetParts::Index(&self.names.index));
            let request = request._source_excludes(content.left_out()).body(json!({ "ids": names }));
            let answer = Answer::of(request.send().await).await.map_err(nothing_changed)?;
            let documents: Documents = answer.content().map_err(nothing_changed)?;
            if documents.docs.len() != ids.len() {
                return Err(nothing_changed(not_elasticsearch("it has too few documents")));
            }
            for (id, document) in ids.iter().zip(documents.docs) {
                found.push(self.found(id, document)?);
            }
        }
        Ok(found)
    }

    fn found(&self, id: &CheckpointId, document: Document) -> Result<Option<Found>> {
        if let Some(cause) = document.error {
            return Err(nothing_changed(self.noticed(cause.to_error(NO_STATUS))));
        }
        let revision = match (document.found, document.seq_no, document.primary_term) {
            (Some(true), Some(seq_no), Some(primary_term)) => Revision { seq_no, primary_term },
            (Some(false), ..) => return Ok(None),
            _ => return Err(nothing_changed(not_elasticsearch("it is no document"))),
        };
        let record = parse(id, document.source.as_deref()).map_err(nothing_changed)?;
        self.seen().remember(&record, revision);
        Ok(Some((record, revision)))
    }
}

/// Says so of the error of a request that only reads.
pub(crate) fn nothing_changed(error: Error) -> Error {
    error.with_applied(Applied::No)
}
