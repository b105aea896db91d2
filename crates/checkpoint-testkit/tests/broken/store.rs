use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use checkpoint_core::{
    Applied, CheckpointId, CheckpointStore, Error, ErrorKind, MAX_EPOCH, Operation, Outcome, Record, Result, Write,
    async_trait,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::task::yield_now;

use crate::flaw::{Flaw, begins_like, decide, key, record};

type Records = BTreeMap<CheckpointId, Record>;

/// A store in memory with one flaw; without one it is sound.
#[derive(Debug, Default)]
pub(crate) struct BrokenStore {
    pub(crate) flaw: Option<Flaw>,
    /// Has `claim`, `delete` and `list`.
    pub(crate) complete: bool,
    pub(crate) shared: Arc<Shared>,
}

/// What the openings of a place share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    records: Mutex<Records>,
    busy: AtomicBool,
    locks: Mutex<HashMap<CheckpointId, Arc<AsyncMutex<()>>>>,
}

impl Shared {
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().expect("no panic holds the records")
    }

    async fn lock(&self, id: &CheckpointId) -> OwnedMutexGuard<()> {
        let lock = Arc::clone(self.locks.lock().expect("no panic holds the locks").entry(id.clone()).or_default());
        lock.lock_owned().await
    }
}

#[async_trait]
impl CheckpointStore for BrokenStore {
    fn name(&self) -> &'static str {
        "broken"
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let found = self.records().get(&self.key(id)).cloned();
        if found.is_none() && self.has(Flaw::ReadCreates) {
            let nothing = Write::advance(checkpoint_core::Checkpoint::new(id.clone(), None));
            self.insert(nothing.record(None, SystemTime::now()));
        }
        Ok(found)
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.validate(write)?;
        match self.flaw {
            Some(Flaw::ContendsInWrite | Flaw::StaysLocked) => self.write_when_free(write).await,
            Some(Flaw::FirstWritesCollide | Flaw::WriteDeletesFirst | Flaw::WriteIsNotAtomic | Flaw::WriteIsTorn) => {
                self.write_in_steps(write).await
            }
            _ => Ok(self.write_at_once(write)),
        }
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        self.validate_many(writes)?;
        let mut in_order = writes.to_vec();
        match self.flaw {
            Some(Flaw::BatchAnswersInIdOrder) => in_order.sort_by(|a, b| a.checkpoint.id.cmp(&b.checkpoint.id)),
            Some(Flaw::BatchForgetsTheRest) => in_order.truncate(500),
            _ => {}
        }
        let (mut outcomes, mut locked) = (Vec::new(), Vec::new());
        for write in &in_order {
            if self.has(Flaw::BatchDeadlocks) {
                locked.push(self.shared.lock(&write.checkpoint.id).await);
                yield_now().await;
            }
            outcomes.push(self.write(write).await?);
            if self.has(Flaw::BatchStopsAtLoser) && outcomes.last() != Some(&Outcome::Stored) {
                return Ok(outcomes);
            }
        }
        outcomes.resize(writes.len(), Outcome::Stored);
        Ok(outcomes)
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.needs(Operation::Claim)?;
        if let Some(Flaw::ClaimIsNotAtomic | Flaw::ClaimIsTorn) = self.flaw {
            return self.claim_in_steps(id, owner).await;
        }
        let mut records = self.records();
        let claimed = self.claimed(records.get(id), id, owner)?;
        let mut held = claimed.clone();
        if self.has(Flaw::ClaimFencesNobody) {
            held.epoch -= 1;
        }
        records.insert(id.clone(), held);
        Ok(claimed)
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        self.needs(Operation::Delete)?;
        let deleted = self.records().remove(&self.key(id));
        match deleted.clone() {
            Some(mut record) if self.has(Flaw::DeleteKeepsState) => {
                record.checkpoint.position = None;
                self.insert(record);
            }
            _ => {}
        }
        Ok(deleted.is_some() || self.has(Flaw::DeleteSaysNothing))
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.needs(Operation::List)?;
        let fits = |id: &CheckpointId| match self.has(Flaw::PrefixIsPattern) {
            true => begins_like(prefix, id.as_str()),
            false => id.as_str().starts_with(prefix),
        };
        let comes_after = |id: &CheckpointId| match after {
            Some(after) if self.has(Flaw::ListRepeatsBorder) => id >= after,
            Some(after) => id > after,
            None => true,
        };
        let mut found: Vec<_> = self.records().values().cloned().collect();
        found.retain(|record| fits(&record.checkpoint.id) && comes_after(&record.checkpoint.id));
        if prefix.is_empty() && !self.has(Flaw::ListShowsBeside) {
            found.retain(|record| !record.checkpoint.id.is_beside());
        }
        match self.flaw {
            Some(Flaw::ListIgnoresCase) => found.sort_by_key(|record| record.checkpoint.id.as_str().to_lowercase()),
            Some(Flaw::ListMissesBorder) if after.is_some() => drop(found.drain(..found.len().min(1))),
            Some(Flaw::ListWithoutState) => found.iter_mut().for_each(|record| record.state.clear()),
            _ => {}
        }
        if limit > 0 || !self.has(Flaw::ListShowsAllForZero) {
            found.truncate(limit);
        }
        Ok(found)
    }
}

impl BrokenStore {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn key(&self, id: &CheckpointId) -> CheckpointId {
        key(self.flaw, id)
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.shared.records()
    }

    fn get(&self, id: &CheckpointId) -> Option<Record> {
        self.records().get(&self.key(id)).cloned()
    }

    fn insert(&self, record: Record) -> Record {
        self.records().insert(self.key(&record.checkpoint.id), record.clone());
        record
    }

    fn insert_half(&self, whole: &Record) {
        let mut half = whole.clone();
        half.state = "half written".into();
        self.insert(half);
    }

    fn needs(&self, operation: Operation) -> Result<()> {
        let pretends = self.has(Flaw::CalledWhatItLacks);
        if self.complete || pretends { Ok(()) } else { Err(Error::unsupported(self.name(), operation)) }
    }

    fn validate(&self, write: &Write) -> Result<()> {
        match self.flaw {
            Some(Flaw::AcceptsAnyPosition | Flaw::AcceptsAnyState) => Ok(()),
            Some(Flaw::RefusalIsUnsure) => write.validate().map_err(|error| error.with_applied(Applied::Unknown)),
            _ => write.validate(),
        }
    }

    fn validate_many(&self, writes: &[Write]) -> Result<()> {
        match self.flaw {
            Some(Flaw::AcceptsAnyPosition | Flaw::AcceptsAnyState | Flaw::BatchChecksLate) => Ok(()),
            Some(Flaw::BatchRefusesNothing) if writes.is_empty() => {
                Err(Error::new(ErrorKind::Other, "a batch of nothing"))
            }
            Some(Flaw::BatchTakesDuplicates) => writes.iter().try_for_each(Write::validate),
            _ => Write::validate_many(writes),
        }
    }

    /// Decides and writes in one atomic step.
    fn write_at_once(&self, write: &Write) -> Outcome {
        let mut records = self.records();
        let key = self.key(&write.checkpoint.id);
        let outcome = decide(self.flaw, write, records.get(&key));
        let created = !records.contains_key(&key);
        if outcome.is_stored() && !(created && self.has(Flaw::NeverCreates)) {
            let record = record(self.flaw, write, records.get(&key));
            records.insert(key, record);
        } else if let (true, Some(held)) = (self.has(Flaw::TouchesWhenRefusing), records.get_mut(&key)) {
            held.updated_at = Some(SystemTime::now());
        }
        outcome
    }

    /// Decides, and writes later.
    async fn write_in_steps(&self, write: &Write) -> Result<Outcome> {
        let current = self.get(&write.checkpoint.id);
        let outcome = decide(self.flaw, write, current.as_ref());
        if !outcome.is_stored() {
            return Ok(outcome);
        }
        let record = record(self.flaw, write, current.as_ref());
        match self.flaw {
            Some(Flaw::WriteIsTorn) => self.insert_half(&record),
            Some(Flaw::WriteDeletesFirst) => drop(self.records().remove(&write.checkpoint.id)),
            _ => {}
        }
        yield_now().await;
        if self.has(Flaw::FirstWritesCollide) && current.is_none() && self.get(&write.checkpoint.id).is_some() {
            return Err(Error::new(ErrorKind::Other, "duplicate key"));
        }
        self.insert(record);
        Ok(outcome)
    }

    /// Writes while nobody else does.
    async fn write_when_free(&self, write: &Write) -> Result<Outcome> {
        while self.shared.busy.swap(true, Ordering::SeqCst) {
            if self.has(Flaw::ContendsInWrite) {
                return Ok(Outcome::Contended);
            }
            yield_now().await;
        }
        yield_now().await;
        let outcome = self.write_at_once(write);
        self.shared.busy.store(false, Ordering::SeqCst);
        Ok(outcome)
    }

    /// Adds one, and stores it later.
    async fn claim_in_steps(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let claimed = self.claimed(self.get(id).as_ref(), id, owner)?;
        if self.has(Flaw::ClaimIsTorn) {
            self.insert_half(&claimed);
        }
        yield_now().await;
        Ok(self.insert(claimed))
    }

    fn claimed(&self, current: Option<&Record>, id: &CheckpointId, owner: &str) -> Result<Record> {
        let now = SystemTime::now();
        let mut current = current.cloned();
        match &mut current {
            Some(record) if self.has(Flaw::ClaimWraps) && record.epoch == MAX_EPOCH => record.epoch = 0,
            Some(record) if self.has(Flaw::ClaimForgets) => record.checkpoint.position = None,
            _ => {}
        }
        let mut claimed = Record::claimed(current.as_ref(), id, owner, now)?;
        match self.flaw {
            Some(Flaw::ClaimAddsTwo) => claimed.epoch += 1,
            Some(Flaw::CutsOwners) => claimed.owner = Some(owner.chars().take(255).collect()),
            _ => {}
        }
        Ok(claimed)
    }
}
