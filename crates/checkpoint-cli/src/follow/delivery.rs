use std::path::PathBuf;
use std::sync::Arc;

use super::command::{Batch, Handler};
use super::console::Console;
use super::ledger::pauses;
use super::skipped::SkippedFile;
use super::wake::Wake;
use crate::error::{CliError, Result};

/// How a batch goes to COMMAND.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) handler: Handler,
    pub(crate) retries: u32,
    /// Where batches go that COMMAND fails on; `None` is the end.
    pub(crate) skipped: Option<SkippedFile>,
    /// The followed file.
    pub(crate) path: PathBuf,
    pub(crate) console: Arc<Console>,
}

impl Delivery {
    /// Runs COMMAND until it takes the batch, or skips it.
    pub(crate) fn deliver(&self, batch: Batch<'_>, wake: &Wake) -> Result<()> {
        let mut pauses = pauses();
        let mut attempt = 1;
        loop {
            let Err(reason) = self.handler.run(batch)? else {
                return Ok(());
            };
            if attempt > self.retries {
                return self.give_up(batch, attempt, &reason);
            }
            let pause = pauses.next().expect("the pauses never end");
            let failed = self.failed(batch, attempt, &reason);
            self.console.say(format_args!("{failed}; trying again in {} ms", pause.as_millis()));
            if wake.sleep(pause) {
                return Err(CliError::gave_up(format!("{failed}; stopped by a signal, nothing of it is committed")));
            }
            attempt += 1;
        }
    }

    fn give_up(&self, batch: Batch<'_>, attempts: u32, reason: &str) -> Result<()> {
        let failed = self.failed(batch, attempts, reason);
        let Some(skipped) = &self.skipped else {
            return Err(CliError::gave_up(format!("{failed}; nothing of it is committed")));
        };
        skipped.append(batch, attempts, reason)?;
        self.console.say(format_args!("{failed}; skipped {} lines", batch.lines));
        Ok(())
    }

    fn failed(&self, batch: Batch<'_>, attempt: u32, reason: &str) -> String {
        let Batch { id, start, end, .. } = batch;
        let (command, path) = (self.handler.name(), self.path.display());
        format!(
            "{command} failed on offsets {start} to {end} of {path} (checkpoint {id:?}), attempt {attempt}: {reason}"
        )
    }
}
