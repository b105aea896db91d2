use checkpoint_core::{Applied, CheckpointId, Error, ErrorKind, Outcome, Record, Result, Write};
use elasticsearch::IndexParts;
use elasticsearch::http::StatusCode;
use elasticsearch::params::OpType;

use crate::answer::Answer;
use crate::bulk::Change;
use crate::document::{Document, now};
use crate::read::{Content, Found, fits_into_path};
use crate::seen::Revision;
use crate::store::ElasticStore;

/// How often a change is tried that somebody else gets ahead of. Each time somebody's change is made, so only a crowd that
/// never rests comes to the end.
const TRIES: usize = 1_000;

/// What became of a change that was to be made to one version of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The document has another version, is there already, or is there no more. Nothing was changed.
    Conflict,
    Done,
}

impl ElasticStore {
    /// Decides over what was last seen. Only the server knows whether the document is still so: where it is not, and
    /// where the write would lose, it is read first.
    pub(crate) async fn write_one(&self, write: &Write) -> Result<Outcome> {
        let id = &write.checkpoint.id;
        if let Some(seen) = self.recall(write)
            && self.put_over(write, Some(&seen)).await? == Put::Done
        {
            return Ok(Outcome::Stored);
        }
        for _ in 0..TRIES {
            let current = self.find(id, Content::WithoutState).await?;
            let outcome = write.decide(current.as_ref().map(|(record, _)| record));
            if !outcome.is_stored() || self.put_over(write, current.as_ref()).await? == Put::Done {
                return Ok(outcome);
            }
        }
        Err(crowded(id))
    }

    /// What was last seen, where the write would be stored over it.
    pub(crate) fn recall(&self, write: &Write) -> Option<Found> {
        let seen = self.seen().recall(&write.checkpoint.id);
        seen.filter(|(record, _)| write.decide(Some(record)).is_stored())
    }

    pub(crate) async fn claim_one(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        for _ in 0..TRIES {
            let current = self.find(id, Content::Everything).await?;
            let claimed = Record::claimed(current.as_ref().map(|(record, _)| record), id, owner, now())?;
            let over = current.map(|(_, revision)| revision);
            if self.put(Change { record: &claimed, over }).await? == Put::Done {
                return Ok(claimed);
            }
        }
        Err(crowded(id))
    }

    async fn put_over(&self, write: &Write, current: Option<&Found>) -> Result<Put> {
        let record = write.record(current.map(|(record, _)| record), now());
        self.put(Change { record: &record, over: current.map(|(_, revision)| *revision) }).await
    }

    /// Makes one change, if the document still has the version that it was decided over.
    async fn put(&self, change: Change<'_>) -> Result<Put> {
        let id = &change.record.checkpoint.id;
        if !fits_into_path(id) {
            return self.put_all(&[change]).await.map(|puts| puts[0]);
        }
        let request = self.client.index(IndexParts::IndexId(&self.names.alias, id.as_str())).require_alias(true);
        let request = match change.over {
            Some(over) => request.if_seq_no(over.seq_no).if_primary_term(over.primary_term),
            None => request.op_type(OpType::Create),
        };
        let sent = request.body(Document::from(change.record)).send().await;
        let answer = Answer::of(sent).await?;
        if answer.is(StatusCode::CONFLICT) {
            return Ok(Put::Conflict);
        }
        let revision: Revision = answer.content().map_err(|error| self.noticed(error))?;
        self.seen().remember(change.record, revision);
        Ok(Put::Done)
    }

    /// Where the index is gone, so are the documents: one of the same name would count their versions anew.
    pub(crate) fn noticed(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::NotReady {
            self.seen().forget_all();
        }
        error
    }
}

fn crowded(id: &CheckpointId) -> Error {
    let message =
        format!("others changed checkpoint {id:?} {TRIES} times before this call could; try again, with a pause");
    Error::new(ErrorKind::Unavailable, message).with_applied(Applied::No)
}
