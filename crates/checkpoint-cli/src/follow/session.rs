use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::console::Console;
use super::ledger::Ledger;
use super::source::Source;
use super::wake::{Wake, Woken};
use super::watch::Watch;
use crate::args::From;
use crate::error::{CliError, Result};

/// After the end was reached, so long for a writer to write some more: lines that come one by one are taken together.
const SETTLE: Duration = Duration::from_millis(5);

/// Longer than any wait is.
pub(crate) const LONG: Duration = Duration::from_secs(86_400);

/// Waits for news of the followed file.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) wake: Arc<Wake>,
    watch: Watch,
    /// What ended the last wait, until it is known whether there was news.
    woken: Option<Woken>,
}

impl Waiter {
    pub(crate) fn new(file: &Path, wake: Arc<Wake>) -> Self {
        Self { watch: Watch::start(file, &wake), wake, woken: None }
    }

    /// Waits until there may be news, but not longer than `timeout`. False if the program is to stop.
    pub(crate) fn wait(&mut self, timeout: Duration) -> bool {
        if self.wake.sleep(SETTLE.min(timeout)) {
            return false;
        }
        let woken = self.wake.wait(self.watch.interval().min(timeout));
        self.woken = Some(woken);
        woken != Woken::Stopped
    }

    /// There was something new.
    pub(crate) fn found(&mut self) {
        if let Some(woken) = self.woken.take() {
            self.watch.found(woken == Woken::Poked);
        }
    }
}

/// What is asked of a follow, apart from what happens with the lines.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) path: PathBuf,
    pub(crate) from: From,
    pub(crate) once: bool,
    pub(crate) console: Arc<Console>,
}

impl Task {
    /// Goes on where the ledger says, as soon as the file is there. `None` if the program is to stop before.
    pub(crate) fn start(&self, ledger: &mut Ledger, waiter: &mut Waiter) -> Result<Option<Source>> {
        let mut said = false;
        loop {
            // all that a file holds that was not there when we began came after that
            let from = if said && self.from == From::End { From::Start } else { self.from };
            if let Some(source) = Source::start(&self.path, from, self.once, ledger, &self.console)? {
                return Ok(Some(source));
            }
            let path = self.path.display();
            if self.once {
                return Err(CliError::failed(format!("{path} does not exist: there is nothing to follow")));
            }
            if !said {
                self.console.say(format_args!("waiting for {path}, which does not exist yet"));
                said = true;
            }
            if !waiter.wait(LONG) {
                return Ok(None);
            }
            ledger.look()?;
        }
    }
}
