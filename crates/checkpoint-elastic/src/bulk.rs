use checkpoint_core::{Applied, CheckpointId, Error, Outcome, Record, Result, Write};
use elasticsearch::BulkParts;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Cause, not_elasticsearch};
use crate::document::{Document, now};
use crate::read::{Content, Found};
use crate::seen::Revision;
use crate::store::ElasticStore;
use crate::write::Put;

/// A request is sent when it has so many bytes: a larger one gains nothing, and the server takes 100 MB at the most. One
/// document alone may have more.
const MAX_BYTES: usize = 8 << 20;

const CONFLICT: u16 = 409;

/// A record to be written over this version of its document; over none, if there must not be a document.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) record: &'a Record,
    pub(crate) over: Option<Revision>,
}

/// What a bulk request does to one document.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action<'a> {
    Create {
        #[serde(rename = "_id")]
        id: &'a str,
    },
    Delete {
        #[serde(rename = "_id")]
        id: &'a str,
    },
    Index {
        #[serde(rename = "_id")]
        id: &'a str,
        if_seq_no: i64,
        if_primary_term: i64,
    },
}

impl<'a> Action<'a> {
    pub(crate) fn put(id: &'a str, over: Option<Revision>) -> Self {
        match over {
            Some(over) => Self::Index { id, if_seq_no: over.seq_no, if_primary_term: over.primary_term },
            None => Self::Create { id },
        }
    }
}

/// What became of one document, under the name of its action.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Item {
    Create(Done),
    Delete(Done),
    Index(Done),
}

#[derive(Deserialize)]
pub(crate) struct Done {
    status: u16,
    result: Option<String>,
    #[serde(rename = "_seq_no")]
    seq_no: Option<i64>,
    #[serde(rename = "_primary_term")]
    primary_term: Option<i64>,
    error: Option<Cause>,
}

impl Done {
    /// Whether there was a conflict; the error of an item that failed otherwise.
    pub(crate) fn put(&self) -> Result<Put> {
        match &self.error {
            Some(_) if self.status == CONFLICT => Ok(Put::Conflict),
            Some(cause) => Err(cause.to_error(self.status)),
            None => Ok(Put::Done),
        }
    }

    fn revision(&self) -> Option<Revision> {
        Some(Revision { seq_no: self.seq_no?, primary_term: self.primary_term? })
    }
}

/// The lines of a bulk request.
#[derive(Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    pub(crate) fn push(&mut self, action: Action<'_>, source: Option<&impl Serialize>) {
        self.line(&action);
        if let Some(source) = source {
            self.line(source);
        }
    }

    fn line(&mut self, line: &impl Serialize) {
        serde_json::to_writer(&mut self.0, line).expect("it has a JSON form, and memory takes it");
        self.0.push(b'\n');
    }
}

/// Many documents at once.
impl ElasticStore {
    /// Each write is tried twice, the second time over what was read; one that somebody gets ahead of twice is contended.
    pub(crate) async fn write_all(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        let mut outcomes = vec![Outcome::Contended; writes.len()];
        let all: Vec<_> = (0..writes.len()).collect();
        let seen = writes.iter().map(|write| self.recall(write)).collect();
        let lost = self.write_round(writes, &all, seen, &mut outcomes).await?;
        let seen = lost.iter().map(|_| None).collect();
        self.write_round(writes, &lost, seen, &mut outcomes).await.map_err(any_part_may_have_happened)?;
        Ok(outcomes)
    }

    /// Decides and makes those of the writes that have a number in `numbers`, over what was seen, else over what is read
    /// now. Returns the numbers of those that somebody got ahead of.
    async fn write_round(
        &self,
        writes: &[Write],
        numbers: &[usize],
        seen: Vec<Option<Found>>,
        outcomes: &mut [Outcome],
    ) -> Result<Vec<usize>> {
        let current = self.read_unseen(writes, numbers, seen).await?;
        let (mut stored, mut records) = (Vec::new(), Vec::new());
        for (&number, current) in numbers.iter().zip(&current) {
            let held = current.as_ref().map(|(record, _)| record);
            outcomes[number] = writes[number].decide(held);
            if outcomes[number].is_stored() {
                stored.push(number);
                records.push((writes[number].record(held, now()), current.as_ref().map(|(_, revision)| *revision)));
            }
        }
        let changes: Vec<_> = records.iter().map(|(record, over)| Change { record, over: *over }).collect();
        let puts = self.put_all(&changes).await?;
        let lost: Vec<_> = stored.into_iter().zip(puts).filter(|(_, put)| *put == Put::Conflict).collect();
        for (number, _) in &lost {
            outcomes[*number] = Outcome::Contended;
        }
        Ok(lost.into_iter().map(|(number, _)| number).collect())
    }

    async fn read_unseen(
        &self,
        writes: &[Write],
        numbers: &[usize],
        mut seen: Vec<Option<Found>>,
    ) -> Result<Vec<Option<Found>>> {
        let unseen: Vec<_> = (0..numbers.len()).filter(|place| seen[*place].is_none()).collect();
        let ids: Vec<_> = unseen.iter().map(|place| &writes[numbers[*place]].checkpoint.id).collect();
        let found = self.find_all(&ids, Content::WithoutState).await?;
        for (place, found) in unseen.into_iter().zip(found) {
            seen[place] = found;
        }
        Ok(seen)
    }

    /// Makes all changes whose documents still have the versions that they were decided over, in as few requests as their
    /// bytes allow.
    pub(crate) async fn put_all(&self, changes: &[Change<'_>]) -> Result<Vec<Put>> {
        let mut puts = Vec::with_capacity(changes.len());
        while puts.len() < changes.len() {
            let mut lines = Lines::default();
            let mut rest = changes[puts.len()..].iter();
            let mut sent = 0;
            while let Some(change) = rest.next().filter(|_| lines.0.len() < MAX_BYTES) {
                let action = Action::put(change.record.checkpoint.id.as_str(), change.over);
                lines.push(action, Some(&Document::from(change.record)));
                sent += 1;
            }
            let changes = &changes[puts.len()..][..sent];
            let done = self.bulk(&self.names.alias, lines, changes.len()).await;
            let done = done.and_then(|done| self.puts(changes, &done));
            match done {
                Ok(done) => puts.extend(done),
                Err(error) if puts.is_empty() => return Err(error),
                Err(error) => return Err(any_part_may_have_happened(error)),
            }
        }
        Ok(puts)
    }

    /// What became of the changes; the first error, if there is one, once the others are remembered.
    fn puts(&self, changes: &[Change<'_>], done: &[Done]) -> Result<Vec<Put>> {
        let puts: Vec<_> = done.iter().map(Done::put).collect();
        for (change, done) in changes.iter().zip(done) {
            if let (None, Some(revision)) = (&done.error, done.revision()) {
                self.seen().remember(change.record, revision);
            }
        }
        let some_done = puts.iter().any(|put| matches!(put, Ok(Put::Done)));
        puts.into_iter().collect::<Result<_>>().map_err(|error| match some_done {
            true => any_part_may_have_happened(error),
            false => self.noticed(error),
        })
    }

    /// By bulk, since some ids would stand for something else in a path.
    pub(crate) async fn delete_one(&self, id: &CheckpointId) -> Result<bool> {
        let mut lines = Lines::default();
        lines.push(Action::Delete { id: id.as_str() }, None::<&()>);
        let done = self.bulk(&self.names.alias, lines, 1).await?;
        self.seen().forget(id);
        done[0].put().map_err(|error| self.noticed(error))?;
        Ok(done[0].result.as_deref() == Some("deleted"))
    }

    /// Sends a bulk request of so many actions to what `name` stands for, and has an answer for each.
    pub(crate) async fn bulk(&self, name: &str, lines: Lines, actions: usize) -> Result<Vec<Done>> {
        #[derive(Deserialize)]
        struct Items {
            items: Vec<Item>,
        }
        let require_alias = name == self.names.alias;
        let request = self.client.bulk(BulkParts::Index(name)).require_alias(require_alias).body(vec![lines.0]);
        let answer = Answer::of(request.send().await).await?;
        let answer: Items = answer.content().map_err(|error| self.noticed(error))?;
        if answer.items.len() != actions {
            return Err(not_elasticsearch("it has too few items"));
        }
        let done = |item| match item {
            Item::Create(done) | Item::Delete(done) | Item::Index(done) => done,
        };
        Ok(answer.items.into_iter().map(done).collect())
    }
}

fn any_part_may_have_happened(error: Error) -> Error {
    error.with_applied(Applied::Unknown)
}
