//! Saves one snapshot to a store.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointStore, Outcome, Result as StoreResult, Write};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::error::SaveError;
use crate::generation::{Generation, generations};
use crate::unsaved::{Known, Settings, Taken, Unsaved};

/// Where snapshots go.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) store: Arc<dyn CheckpointStore>,
    pub(crate) settings: Settings,
    /// How long a call of the store may take.
    pub(crate) timeout: Duration,
}

impl Target {
    /// Encodes and writes. Looks up first what the record holds, where that is in doubt.
    pub(crate) async fn save(self, taken: Taken, known: Known) -> Result<Known, SaveError> {
        let mut unsaved = self.encode(taken, known).await?;
        let mut before = None;
        loop {
            match unsaved.next(before) {
                ControlFlow::Continue(next) => before = Some(self.write(&next).await?),
                ControlFlow::Break(outcome) => {
                    return Ended::by(outcome).map_or(Ok(unsaved.into_after()), |ended| Err(ended.into()));
                }
            }
        }
    }

    /// The snapshot, ready to be written.
    pub(crate) async fn encode(&self, taken: Taken, known: Known) -> Result<Unsaved, SaveError> {
        let known = if known.doubts > 0 { self.look(known).await? } else { known };
        let settings = self.settings.clone();
        spawn_blocking(move || Unsaved::new(taken, &settings, &known)).await.unwrap_or(Err(SaveError::Stopped))
    }

    async fn write(&self, write: &Write) -> Result<Outcome, SaveError> {
        self.in_time(self.store.write(write)).await
    }

    /// What the record holds after a write whose result is not known: what it held before, or the snapshot that came next. Anything
    /// else is not this process's.
    async fn look(&self, known: Known) -> Result<Known, SaveError> {
        let record = self.in_time(self.store.read(&self.settings.id)).await?.ok_or(Ended::Missing)?;
        if record.epoch != self.settings.epoch {
            return Err(Ended::Fenced { epoch: record.epoch }.into());
        }
        let position = record.checkpoint.position;
        if position == known.position {
            return Ok(known);
        }
        let generations = generations(&record)?;
        let arrived = |newest: &Generation| newest.number == known.next && newest.position == position;
        if !generations.first().is_some_and(arrived) {
            return Err(Ended::Moved { position }.into());
        }
        Ok(Known::new(position, generations))
    }

    async fn in_time<T>(&self, call: impl Future<Output = StoreResult<T>>) -> Result<T, SaveError> {
        match timeout(self.timeout, call).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(SaveError::Timeout(self.timeout)),
        }
    }
}
