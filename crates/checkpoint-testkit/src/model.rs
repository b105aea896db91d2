use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use checkpoint_core::{CheckpointId, CheckpointStore, Error, ErrorKind, Outcome, Record, Result, Write};

use crate::brief::{Brief, BriefList};

/// One call of a store.
#[derive(Clone)]
pub(crate) enum Step {
    Claim(CheckpointId, String),
    Delete(CheckpointId),
    List { prefix: String, after: Option<CheckpointId>, limit: usize },
    Read(CheckpointId),
    Write(Write),
    WriteMany(Vec<Write>),
}

/// What it answered. Of errors only the kind is compared.
#[derive(PartialEq)]
pub(crate) enum Answer {
    Claimed(Record),
    Deleted(bool),
    Failed(ErrorKind),
    Outcome(Outcome),
    Outcomes(Vec<Outcome>),
    Page(Vec<Record>),
    Record(Option<Record>),
}

/// The contract as a plain map, which changes as `Write::decide`, `Write::record` and `Record::claimed` say. Its
/// records have no `updated_at`.
#[derive(Default)]
pub(crate) struct Model {
    records: BTreeMap<CheckpointId, Record>,
}

impl Model {
    pub(crate) fn get(&self, id: &CheckpointId) -> Option<&Record> {
        self.records.get(id)
    }

    /// What a store must answer.
    pub(crate) fn answer(&mut self, step: &Step) -> Answer {
        self.apply(step).unwrap_or_else(|error| Answer::Failed(error.kind()))
    }

    fn apply(&mut self, step: &Step) -> Result<Answer> {
        Ok(match step {
            Step::Claim(id, owner) => Answer::Claimed(self.claim(id, owner)?),
            Step::Delete(id) => Answer::Deleted(self.records.remove(id).is_some()),
            Step::List { prefix, after, limit } => Answer::Page(self.list(prefix, after.as_ref(), *limit)),
            Step::Read(id) => Answer::Record(self.get(id).cloned()),
            Step::Write(write) => {
                write.validate()?;
                Answer::Outcome(self.write(write))
            }
            Step::WriteMany(writes) => {
                Write::validate_many(writes)?;
                Answer::Outcomes(writes.iter().map(|write| self.write(write)).collect())
            }
        })
    }

    fn write(&mut self, write: &Write) -> Outcome {
        let id = &write.checkpoint.id;
        let current = self.records.get(id);
        let outcome = write.decide(current);
        if outcome.is_stored() {
            let record = write.record(current, SystemTime::UNIX_EPOCH);
            self.insert(record);
        }
        outcome
    }

    fn claim(&mut self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let record = Record::claimed(self.records.get(id), id, owner, SystemTime::UNIX_EPOCH)?;
        Ok(self.insert(record))
    }

    fn insert(&mut self, mut record: Record) -> Record {
        record.updated_at = None;
        self.records.insert(record.checkpoint.id.clone(), record.clone());
        record
    }

    fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Vec<Record> {
        let comes_after = |id: &CheckpointId| after.is_none_or(|after| id > after);
        let is_meant = |id: &CheckpointId| id.as_str().starts_with(prefix) && (!prefix.is_empty() || !id.is_beside());
        let found = self.records.iter().filter(|(id, _)| is_meant(id) && comes_after(id));
        found.take(limit).map(|(_, record)| record.clone()).collect()
    }
}

impl Step {
    /// Makes the call.
    pub(crate) async fn call(&self, store: &dyn CheckpointStore) -> Result<Answer, Error> {
        Ok(match self {
            Self::Claim(id, owner) => Answer::Claimed(store.claim(id, owner).await?),
            Self::Delete(id) => Answer::Deleted(store.delete(id).await?),
            Self::List { prefix, after, limit } => Answer::Page(store.list(prefix, after.as_ref(), *limit).await?),
            Self::Read(id) => Answer::Record(store.read(id).await?),
            Self::Write(write) => Answer::Outcome(store.write(write).await?),
            Self::WriteMany(writes) => Answer::Outcomes(store.write_many(writes).await?),
        })
    }

    /// The ids that the call may change.
    pub(crate) fn changes(&self) -> Vec<&CheckpointId> {
        match self {
            Self::Claim(id, _) | Self::Delete(id) => vec![id],
            Self::List { .. } | Self::Read(_) => Vec::new(),
            Self::Write(write) => vec![&write.checkpoint.id],
            Self::WriteMany(writes) => writes.iter().map(|write| &write.checkpoint.id).collect(),
        }
    }
}

impl Answer {
    /// The records that the store has shown.
    pub(crate) fn records_mut(&mut self) -> &mut [Record] {
        match self {
            Self::Claimed(record) | Self::Record(Some(record)) => std::slice::from_mut(record),
            Self::Page(records) => records,
            Self::Deleted(_) | Self::Failed(_) | Self::Outcome(_) | Self::Outcomes(_) | Self::Record(None) => &mut [],
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim(id, owner) => write!(f, "claim {id:?} for {owner:?}"),
            Self::Delete(id) => write!(f, "delete {id:?}"),
            Self::List { prefix, after, limit } => write!(f, "list {prefix:?} after {after:?}, at most {limit}"),
            Self::Read(id) => write!(f, "read {id:?}"),
            Self::Write(write) => write!(f, "write {}", Brief(write)),
            Self::WriteMany(writes) => write!(f, "write_many {}", BriefList(writes)),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed(record) | Self::Record(Some(record)) => write!(f, "{}", Brief(record)),
            Self::Deleted(deleted) => write!(f, "{deleted}"),
            Self::Failed(kind) => write!(f, "an error of kind {kind:?}"),
            Self::Outcome(outcome) => write!(f, "{outcome:?}"),
            Self::Outcomes(outcomes) => write!(f, "{outcomes:?}"),
            Self::Page(records) => write!(f, "{}", BriefList(records)),
            Self::Record(None) => write!(f, "no record"),
        }
    }
}
