//! Whether somebody wants all of this to end: Ctrl-C, or a polite kill.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// What a shell expects of a command that Ctrl-C has ended.
pub(crate) const EXIT_CODE: u8 = 130;

/// From now on a signal is a request to stop. The second one ends this process at once, and what it has started follows
/// (see [`supervisor`](super::supervisor)).
pub(crate) fn listen() -> Result<(), String> {
    let register = |signal| -> io::Result<()> {
        flag::register_conditional_default(signal, Arc::clone(&REQUESTED))?;
        flag::register(signal, Arc::clone(&REQUESTED))?;
        Ok(())
    };
    [SIGHUP, SIGINT, SIGTERM]
        .into_iter()
        .try_for_each(register)
        .map_err(|error| format!("cannot catch signals: {error}"))
}

/// Asked by everything that waits.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
