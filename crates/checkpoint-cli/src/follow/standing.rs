use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use checkpoint::CheckpointId;
use checkpoint::commit::{Status, Verdict};
use indicatif::HumanCount;
use tokio::sync::watch;

use super::console::{Console, elapsed};

/// A batch that is the first one open for less than this blocks nothing that anybody would notice.
const NOTICED: Duration = Duration::from_secs(1);

/// How it stands with several COMMANDs at once, for the progress line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Batches at a COMMAND.
    pub(crate) open: usize,
    /// The offset of the first open batch, and since when it is that.
    pub(crate) blocked_by: Option<(u64, Instant)>,
    /// Batches that are handled, and would be handed on again after a crash now.
    pub(crate) would_repeat: u64,
}

impl Standing {
    pub(crate) fn new(status: &Status, open: usize, now: Instant) -> Self {
        let blocked_by = status.blocker.as_ref().map(|blocker| {
            // what is tracked is one position behind the first byte of the batch
            (blocker.position.saturating_sub(1), now.checked_sub(blocker.age).unwrap_or(now))
        });
        // two positions for a batch
        Self { open, blocked_by, would_repeat: status.redelivered.div_ceil(2) }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} open", self.open)?;
        if let Some((offset, since)) = self.blocked_by.filter(|(_, since)| since.elapsed() >= NOTICED) {
            write!(f, ", blocked by offset {offset} for {}", elapsed(since.elapsed()))?;
        }
        write!(f, ", would repeat {}", HumanCount(self.would_repeat))
    }
}

/// Shows what a committer does until it is closed, and says when the store fails and when it works again.
pub(crate) async fn show(mut status: watch::Receiver<Status>, id: CheckpointId, console: Arc<Console>) {
    let mut failing = false;
    let mut stored = status.borrow().stored;
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        if let Some(position) = now.stored.filter(|_| now.stored != stored) {
            stored = now.stored;
            console.committed(position);
        }
        console.stands(&now);
        let fails = now.verdict == Verdict::StoreFailing;
        if fails && !failing {
            let error = now.last_store.and_then(|last| last.error).unwrap_or_default();
            console.say(format_args!("checkpoint {id:?}: {error}; trying again until it works (Ctrl-C stops)"));
        } else if failing && !fails && now.verdict != Verdict::Closed {
            console.say(format_args!("checkpoint {id:?}: the store works again"));
        }
        failing = fails;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blocks_for_long_is_named() {
        let minutes_ago = Instant::now().checked_sub(Duration::from_secs(120)).unwrap();
        let standing = Standing { open: 3, blocked_by: Some((4096, minutes_ago)), would_repeat: 2 };
        assert_eq!(standing.to_string(), "3 open, blocked by offset 4096 for 2 minutes, would repeat 2");
        let moving = Standing { blocked_by: Some((4096, Instant::now())), would_repeat: 0, ..standing };
        assert_eq!(moving.to_string(), "3 open, would repeat 0");
    }
}
