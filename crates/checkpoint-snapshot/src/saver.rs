//! When to save: one save at a time, beside the handling of events.

use checkpoint_commit::strategy::{Due, Strategy};
use checkpoint_commit::{Ended, Pace, TrackError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::Model;
use crate::error::SaveError;
use crate::generation::Generation;
use crate::live::Status;
use crate::restored::Restored;
use crate::save::Target;
use crate::unsaved::{Known, Taken, Unsaved};

/// What was handled, or is not saved.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    events: u64,
    bytes: u64,
}

pub(crate) struct Saver {
    target: Target,
    strategy: Strategy,
    /// The last event handled.
    pub(crate) handled: Option<u64>,
    known: Known,
    /// As it was when it was known last.
    saved: Option<Generation>,
    /// That of the last snapshot that was begun. None has the number of another, so that a write which arrives late is told apart.
    number: u64,
    unsaved: Counts,
    /// When the first event was handled that is not saved.
    oldest: Option<Instant>,
    pace: Pace,
    running: Option<Running>,
    pub(crate) ended: Option<Ended>,
}

/// A save that was begun.
struct Running {
    task: JoinHandle<()>,
    result: oneshot::Receiver<Result<Known, SaveError>>,
    began: Instant,
    /// What it saves.
    counts: Counts,
}

/// Gives up: each of its writes is whole or not there.
impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Saver {
    pub(crate) fn new(target: Target, strategy: Strategy, known: Known, restored: &Restored) -> Self {
        let used = restored.generation.clone();
        let number = known.number;
        Self {
            target,
            strategy,
            handled: used.as_ref().and_then(|used| used.position),
            known,
            saved: used,
            number,
            unsaved: Counts::default(),
            oldest: None,
            pace: Pace::new(),
            running: None,
            ended: None,
        }
    }

    /// One more event of so many bytes is in the model.
    pub(crate) fn handle(&mut self, position: u64, bytes: u64) -> Result<(), TrackError> {
        self.poll();
        if let Some(ended) = self.ended {
            return Err(ended.into());
        }
        TrackError::check(position, self.handled)?;
        self.handled = Some(position);
        self.unsaved.events += 1;
        self.unsaved.bytes = self.unsaved.bytes.saturating_add(bytes);
        self.oldest.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// From when on a save is wanted and permitted; `None`: that depends on more than time.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if self.running.is_some() {
            return None;
        }
        let Counts { events, bytes } = self.unsaved;
        let at = match self.strategy.due(&self.pace.progress(events, bytes, self.oldest, now)) {
            Due::Now => now,
            Due::When(wake) => now + wake.after?,
        };
        Some(self.pace.retry_at().map_or(at, |retry| at.max(retry)))
    }

    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        self.due_at(now).is_some_and(|at| at <= now)
    }

    /// Takes the model as it is now, and saves it beside. A save that is running goes on instead.
    pub(crate) fn begin<M: Model>(&mut self, model: &M) -> Result<(), SaveError> {
        if self.running.is_some() || self.ended.is_some() {
            return Ok(());
        }
        let began = Instant::now();
        let taken = Taken::of(model, self.handled).inspect_err(|error| self.failed(began, error))?;
        let (answer, result) = oneshot::channel();
        self.number = self.number.saturating_add(1);
        let save = self.target.clone().save(taken, self.number, self.known.clone());
        let task = tokio::spawn(async move {
            let _nobody = answer.send(save.await);
        });
        self.running = Some(Running { task, result, began, counts: self.unsaved });
        Ok(())
    }

    /// The model as it is now, for somebody else to write.
    pub(crate) async fn encode<M: Model>(&mut self, model: &M) -> Result<Unsaved, SaveError> {
        let taken = Taken::of(model, self.handled)?;
        self.number = self.number.saturating_add(1);
        self.target.encode(taken, self.number, self.known.clone()).await
    }

    /// Learns the result of a save that has ended meanwhile.
    pub(crate) fn poll(&mut self) {
        let Some(running) = &mut self.running else { return };
        match running.result.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => {}
            Err(oneshot::error::TryRecvError::Closed) => drop(self.finish(Err(SaveError::Stopped))),
            Ok(result) => drop(self.finish(result)),
        }
    }

    /// Waits for the save that is running. A call that is dropped has changed nothing.
    pub(crate) async fn settle(&mut self) -> Result<(), SaveError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let result = (&mut running.result).await.unwrap_or(Err(SaveError::Stopped));
        self.finish(result)
    }

    fn finish(&mut self, result: Result<Known, SaveError>) -> Result<(), SaveError> {
        let Some(running) = self.running.take() else { return Ok(()) };
        match result {
            Ok(known) => self.stored(known, running.counts, running.began),
            Err(error) => {
                self.known.doubts += u32::from(error.is_in_doubt());
                self.failed(running.began, &error);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Somebody else has written all that was handled.
    pub(crate) fn stored_all(&mut self, known: Known, began: Instant) {
        self.stored(known, self.unsaved, began);
    }

    fn stored(&mut self, known: Known, counts: Counts, began: Instant) {
        let now = Instant::now();
        self.pace.stored(began, now, counts.events);
        self.saved = known.generations.first().cloned();
        self.known = known;
        self.unsaved.events -= counts.events;
        self.unsaved.bytes = self.unsaved.bytes.saturating_sub(counts.bytes);
        self.oldest = self.oldest.filter(|_| self.unsaved.events > 0).map(|_| began);
        debug!(id = %self.target.settings.id, generation = ?self.saved, took = ?(now - began), "saved");
    }

    /// How many events are not saved.
    pub(crate) fn unsaved(&self) -> u64 {
        self.unsaved.events
    }

    /// Until when to wait after a save that has failed.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.pace.retry_at()
    }

    pub(crate) fn status(&self) -> Status {
        Status {
            handled: self.handled,
            saved: self.saved.clone(),
            unsaved: self.unsaved.events,
            is_saving: self.running.is_some(),
            last_save: self.pace.last_store().cloned(),
            ended: self.ended,
        }
    }

    fn failed(&mut self, began: Instant, error: &SaveError) {
        let id = &self.target.settings.id;
        if let SaveError::Ended(ended) = error {
            warn!(%id, "{ended}");
            self.ended = Some(*ended);
            return;
        }
        warn!(%id, %error, "the model could not be saved: trying again");
        self.pace.failed(began, Instant::now(), error);
    }
}
