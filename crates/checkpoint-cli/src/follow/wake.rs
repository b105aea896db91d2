use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where a thread waits for whatever may happen next: a change in the directory, a signal, time.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    poked: bool,
    stopped: bool,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    Poked,
    Stopped,
    Timeout,
}

impl Wake {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Something may have changed: ends one [`wait`](Self::wait), the next one if there is none now.
    pub(crate) fn poke(&self) {
        self.lock().poked = true;
        self.changed.notify_all();
    }

    /// The program is to stop: ends every wait from now on.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits for a poke, a stop, or this long.
    pub(crate) fn wait(&self, timeout: Duration) -> Woken {
        let waiting = self.changed.wait_timeout_while(self.lock(), timeout, |state| !state.poked && !state.stopped);
        let (mut state, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        match *state {
            State { stopped: true, .. } => Woken::Stopped,
            State { poked: true, .. } => {
                state.poked = false;
                Woken::Poked
            }
            State { .. } => Woken::Timeout,
        }
    }

    /// Waits this long, unless the program is to stop: then it returns true at once.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        let waiting = self.changed.wait_timeout_while(self.lock(), time, |state| !state.stopped);
        waiting.unwrap_or_else(PoisonError::into_inner).0.stopped
    }

    /// The state is two flags: a panic elsewhere cannot leave it half written.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says once in a while that it is time again.
#[derive(Debug)]
pub(crate) struct Interval {
    every: Duration,
    last: Instant,
}

impl Interval {
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, last: Instant::now() }
    }

    /// Whether the time is over; begins the next one if so.
    pub(crate) fn is_over(&mut self) -> bool {
        let over = self.last.elapsed() >= self.every;
        if over {
            self.restart();
        }
        over
    }

    pub(crate) fn restart(&mut self) {
        self.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_poke_before_the_wait_counts_once() {
        let wake = Wake::new();
        wake.poke();
        assert_eq!(wake.wait(LONG), Woken::Poked);
        assert_eq!(wake.wait(Duration::ZERO), Woken::Timeout);
    }

    #[test]
    fn a_stop_ends_every_wait() {
        let wake = Wake::new();
        assert!(!wake.sleep(Duration::ZERO));
        wake.stop();
        assert!(wake.sleep(LONG));
        assert_eq!(wake.wait(LONG), Woken::Stopped);
        assert_eq!(wake.wait(LONG), Woken::Stopped);
    }

    #[test]
    fn another_thread_wakes_us() {
        let wake = Wake::new();
        let other = Arc::clone(&wake);
        let thread = std::thread::spawn(move || other.poke());
        assert_eq!(wake.wait(LONG), Woken::Poked);
        thread.join().unwrap();
    }
}
