use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use checkpoint::commit::codec::decode;
use checkpoint::commit::{Committer, Ended};
use checkpoint::{Bytes, Checkpoint, CheckpointId, Outcome, Record, Write};

use super::ahead::Ahead;
use super::console::Console;
use super::place::{HEAD_BYTES, Mark, Place, file_id};
use super::standing;
use super::wake::{Interval, Wake};
use crate::error::{CliError, Result};
use crate::show;
use crate::store::Store;

/// How often we look whether the checkpoint is still ours while there is nothing to commit.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// What is committed: the position in the user's record and, in a second one, in which file that is.
///
/// The epoch of the user's record says who owns both. Whoever claims it claims the second one after it, so whoever has
/// claimed the second one and *then* finds the first one still its own may write the second one.
#[derive(Debug)]
pub(crate) struct Ledger {
    store: Store,
    id: CheckpointId,
    file_id: CheckpointId,
    owner: String,
    epoch: u64,
    file_epoch: u64,
    committed: Option<u64>,
    /// What stands beside the position.
    state: Bytes,
    place: Option<Place>,
    /// The first bytes of the file that is being read, as far as they were seen.
    head: Vec<u8>,
    look: Interval,
    console: Arc<Console>,
    wake: Arc<Wake>,
}

/// The pauses between two tries, for ever: 100 ms to 10 s, with jitter.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times()
        .build()
}

impl Ledger {
    /// Takes `id` over from whoever had it.
    pub(crate) fn claim(
        store: Store,
        id: CheckpointId,
        owner: String,
        console: Arc<Console>,
        wake: Arc<Wake>,
    ) -> Result<Self> {
        let file_id = file_id(&id)?;
        let claimed = store.claim(&id, &owner).map_err(|error| about(&id, &error))?;
        let mut ledger = Self {
            store,
            id,
            file_id,
            owner,
            epoch: claimed.epoch,
            file_epoch: 0,
            committed: claimed.checkpoint.position,
            state: claimed.state,
            place: None,
            head: Vec::new(),
            look: Interval::new(LOOK),
            console,
            wake,
        };
        let file = ledger.claim_file()?;
        ledger.place = Place::from_state(&ledger.file_id, &file.state)?;
        Ok(ledger)
    }

    pub(crate) fn id(&self) -> &CheckpointId {
        &self.id
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The position that the store holds.
    pub(crate) fn committed(&self) -> Option<u64> {
        self.committed
    }

    /// The file that the store holds.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// These are the first bytes of the file that is being read, at least as many of them as will be committed.
    pub(crate) fn saw(&mut self, head: &[u8]) {
        head.clone_into(&mut self.head);
    }

    /// The next positions lie in this file, which begins with `head`. The position at its base is committed already,
    /// or no position was ever.
    pub(crate) fn enter(&mut self, place: Place, head: &[u8]) -> Result<()> {
        self.saw(head);
        self.write_place(place)
    }

    /// Commits that everything before `position` is handled. One that is committed already is left alone.
    pub(crate) fn commit(&mut self, position: u64) -> Result<()> {
        if self.committed >= Some(position) {
            return Ok(());
        }
        self.cover(position)?;
        let write = Write::advance(Checkpoint::new(self.id.clone(), position)).with_epoch(self.epoch);
        match self.write(&write)? {
            Outcome::Stored => {
                self.committed = Some(position);
                self.state.clear();
                self.look.restart();
                self.console.committed(position);
                Ok(())
            }
            refused => Err(self.refused(&refused, Some(position))),
        }
    }

    fn refused(&self, refused: &Outcome, position: Option<u64>) -> CliError {
        let position = position.map_or_else(|| "none".to_owned(), |position| position.to_string());
        match refused {
            Outcome::Fenced(_) => self.taken_over(),
            Outcome::Missing => deleted(&self.id),
            Outcome::Ahead(ahead) => CliError::failed(format!(
                "checkpoint {:?} is at {ahead}, ahead of {position} which was to be committed: somebody else wrote it",
                self.id
            )),
            Outcome::Stored | Outcome::Contended | Outcome::Mismatch(_) => CliError::failed(format!(
                "checkpoint {:?}: the store answered {} to position {position}",
                self.id,
                refused.as_str()
            )),
        }
    }

    /// What an earlier run has handled beyond the position, in a file that ends at the offset `end`.
    pub(crate) fn ahead(&mut self, end: u64) -> Result<Ahead> {
        let unknown = match decode(self.committed, &self.state).map(|state| state.open) {
            Ok(None) => return Ok(Ahead::default()),
            Ok(Some(open)) if open.high() <= end => return Ok(Ahead::of(&open)),
            Ok(Some(open)) => format!("the file ends at offset {end}, before {}", open.high()),
            Err(error) => error.to_string(),
        };
        let id = &self.id;
        self.console
            .say(format_args!("checkpoint {id:?}: what was handled beyond its position is handed on again: {unknown}"));
        let forget = Write::advance(Checkpoint::new(id.clone(), self.committed)).with_epoch(self.epoch);
        match self.write(&forget)? {
            Outcome::Stored => {
                self.state.clear();
                Ok(Ahead::default())
            }
            refused => Err(self.refused(&refused, self.committed)),
        }
    }

    /// A committer that commits the positions from now on. What it does is shown.
    pub(crate) fn committer(&self) -> Committer {
        let mut claimed = Record::new(Checkpoint::new(self.id.clone(), self.committed));
        (claimed.epoch, claimed.state) = (self.epoch, self.state.clone());
        let committer = self.store.committer(&claimed);
        self.store.spawn(standing::show(committer.watch(), self.id.clone(), Arc::clone(&self.console)));
        committer
    }

    /// Why a committer has ended.
    pub(crate) fn ended(&self, ended: Ended) -> CliError {
        match ended {
            Ended::Fenced { .. } => self.taken_over(),
            Ended::Missing => deleted(&self.id),
            other => CliError::because(format!("checkpoint {:?}", self.id), &other),
        }
    }

    /// Looks, once in a while, whether the checkpoint is still ours.
    pub(crate) fn look(&mut self) -> Result<()> {
        if !self.look.is_over() {
            return Ok(());
        }
        match self.store.read(&self.id) {
            Ok(Some(record)) if record.epoch != self.epoch => Err(taken_over(&self.id, &record)),
            // a store that cannot be reached is said when there is something to commit
            Err(error) if !error.is_retryable() => Err(about(&self.id, &error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// A position is committed only when the fingerprint covers the file as far as it can.
    pub(crate) fn cover(&mut self, position: u64) -> Result<()> {
        let place = self.place.as_ref().expect("a file is entered before anything of it is committed");
        let offset = usize::try_from(position - place.base).unwrap_or(usize::MAX);
        if place.file.fingerprint.bytes >= offset.min(HEAD_BYTES) {
            return Ok(());
        }
        let file = Mark::new(place.file.inode, &self.head);
        self.write_place(Place::new(place.base, file, place.older.clone()))
    }

    fn write_place(&mut self, place: Place) -> Result<()> {
        loop {
            let write = Write::overwrite(Checkpoint::new(self.file_id.clone(), place.base))
                .with_epoch(self.file_epoch)
                .with_state(place.to_state());
            match self.write(&write)? {
                Outcome::Stored => break,
                // by a claim of an earlier owner that came late, or by the next owner: claiming again tells
                Outcome::Fenced(_) => drop(self.claim_file()?),
                Outcome::Missing => return Err(deleted(&self.id)),
                refused @ (Outcome::Ahead(_) | Outcome::Contended | Outcome::Mismatch(_)) => {
                    let answer = refused.as_str();
                    return Err(CliError::failed(format!(
                        "checkpoint {:?}: the store answered {answer}",
                        self.file_id
                    )));
                }
            }
        }
        self.place = Some(place);
        Ok(())
    }

    /// Claims the second record, and only then looks whether the first one is ours: whoever claims that one later also
    /// claims this one later, and what we write is either seen by it or fenced.
    fn claim_file(&mut self) -> Result<Record> {
        let file = self.persist(|store| store.claim(&self.file_id, &self.owner))?;
        self.file_epoch = file.epoch;
        match self.persist(|store| store.read(&self.id))? {
            Some(record) if record.epoch != self.epoch => Err(taken_over(&self.id, &record)),
            // deleted, or a store that remembers nothing: the next commit tells
            Some(_) | None => Ok(file),
        }
    }

    fn write(&self, write: &Write) -> Result<Outcome> {
        self.persist(|store| store.write(write))
    }

    /// Calls the store until it answers: a database that restarts stops nobody. A signal ends it.
    fn persist<T>(&self, call: impl Fn(&Store) -> checkpoint::Result<T>) -> Result<T> {
        let id = &self.id;
        let mut failing = false;
        for pause in pauses() {
            match call(&self.store) {
                Ok(answer) => {
                    if failing {
                        self.console.say(format_args!("checkpoint {id:?}: the store works again"));
                    }
                    return Ok(answer);
                }
                Err(error) if !error.is_retryable() => return Err(about(id, &error)),
                Err(error) if self.wake.stopped() => return Err(about(id, &error)),
                Err(error) if !failing => {
                    failing = true;
                    let error = about(id, &error);
                    self.console.say(format_args!("{error}; trying again until it works (Ctrl-C stops)"));
                }
                Err(_) => {}
            }
            self.wake.sleep(pause);
        }
        unreachable!("the pauses never end")
    }

    fn taken_over(&self) -> CliError {
        match self.store.read(&self.id) {
            Ok(Some(record)) => taken_over(&self.id, &record),
            Ok(None) | Err(_) => CliError::fenced(format!("checkpoint {:?} was taken over by another", self.id)),
        }
    }
}

fn about(id: &CheckpointId, error: &checkpoint::Error) -> CliError {
    CliError::because(format!("checkpoint {id:?}"), error)
}

fn deleted(id: &CheckpointId) -> CliError {
    CliError::failed(format!(
        "checkpoint {id:?} was deleted while it was followed: nothing more is committed; start follow again to begin anew"
    ))
}

fn taken_over(id: &CheckpointId, record: &Record) -> CliError {
    let by = record.owner.as_deref().map_or_else(|| "another".to_owned(), show::printable);
    CliError::fenced(format!(
        "checkpoint {id:?} was taken over by {by} (epoch {}): this follow stops, and what it had not committed is handed \
         on by the new owner",
        record.epoch
    ))
}
