use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::wake::Wake;
use crate::error::{CliError, Result};

/// The COMMANDs that run at this moment: each in a process group of its own, so that Ctrl-C reaches us alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running(Arc<Mutex<Vec<Pid>>>);

impl Running {
    pub(crate) fn began(&self, process: Option<Pid>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(process);
    }

    pub(crate) fn ended(&self, process: Option<Pid>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|running| Some(*running) != process);
    }

    /// Kills them, with all that they started, and ends the program. To stop anywhere is safe: what is not committed is
    /// handed on again.
    fn abort(&self) -> ! {
        // held until the end: nobody goes on with a COMMAND that failed because we killed it
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let killed = running.iter().filter(|group| kill_process_group(**group, Signal::KILL).is_ok()).count();
        let what = if killed > 0 {
            "COMMAND was killed and nothing of its batch is committed"
        } else {
            "what was not committed yet will be handed on again"
        };
        let _ = writeln!(io::stderr(), "checkpoint: interrupted a second time: {what}");
        std::process::exit(1)
    }
}

/// From now on the first SIGINT or SIGTERM asks to stop; the second one ends the program at once.
pub(crate) fn listen(wake: Arc<Wake>, running: Running) -> Result<()> {
    let cannot = |error: io::Error| CliError::because("cannot listen for signals", &error);
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(cannot)?;
    let listening = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for (count, _) in signals.forever().enumerate() {
            if count == 0 {
                wake.stop();
            } else {
                running.abort();
            }
        }
    });
    listening.map(drop).map_err(cannot)
}
