//! Saves one snapshot to a store.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::Ended;
use checkpoint_core::{CheckpointStore, Outcome, Result as StoreResult, Write};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::error::SaveError;
use crate::generation::generations;
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
    /// Encodes and writes. `None`: what the record holds is in doubt, and looked up first.
    pub(crate) async fn save(self, taken: Taken, number: u64, known: Option<Known>) -> Result<Known, SaveError> {
        let mut unsaved = self.encode(taken, number, known).await?;
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
    pub(crate) async fn encode(&self, taken: Taken, number: u64, known: Option<Known>) -> Result<Unsaved, SaveError> {
        let known = match known {
            Some(known) => known,
            None => self.look().await?,
        };
        let settings = self.settings.clone();
        spawn_blocking(move || Unsaved::new(taken, number, &settings, &known)).await.unwrap_or(Err(SaveError::Stopped))
    }

    async fn write(&self, write: &Write) -> Result<Outcome, SaveError> {
        self.in_time(self.store.write(write)).await
    }

    async fn look(&self) -> Result<Known, SaveError> {
        let record = self.in_time(self.store.read(&self.settings.id)).await?.ok_or(Ended::Missing)?;
        if record.epoch != self.settings.epoch {
            return Err(Ended::Fenced { epoch: record.epoch }.into());
        }
        // Where there is no list that can be read, it was so when the model was loaded, and is overwritten.
        let generations = generations(&record).unwrap_or_default();
        Ok(Known { position: record.checkpoint.position, generations })
    }

    async fn in_time<T>(&self, call: impl Future<Output = StoreResult<T>>) -> Result<T, SaveError> {
        match timeout(self.timeout, call).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(SaveError::Timeout(self.timeout)),
        }
    }
}
