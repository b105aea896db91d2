use std::fmt;
use std::io::{self, IsTerminal, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use checkpoint::commit::Status;
use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::standing::Standing;
use crate::error::Result;

/// What people see on standard error: warnings always, progress or a summary unless they asked for quiet.
#[derive(Debug)]
pub(crate) struct Console {
    bar: Option<ProgressBar>,
    quiet: bool,
    started: Instant,
    progress: Arc<Progress>,
}

/// How far we are, for whoever draws it.
#[derive(Debug, Default)]
struct Progress {
    lines: AtomicU64,
    bytes: AtomicU64,
    /// Bytes from what was handed over to the end of the file, when that was last looked at.
    lag: AtomicU64,
    /// Bytes that were handed over and are not handled.
    in_hand: AtomicU64,
    standing: Mutex<Option<Standing>>,
    committed: Mutex<Option<Commit>>,
}

#[derive(Clone, Copy, Debug)]
struct Commit {
    position: u64,
    at: Instant,
}

impl Console {
    /// Draws progress where somebody looks at it and nothing else is written between.
    pub(crate) fn new(quiet: bool, stdout_is_ours: bool) -> Arc<Self> {
        let progress = Arc::<Progress>::default();
        let free = io::stderr().is_terminal() && !(stdout_is_ours && io::stdout().is_terminal());
        let bar = (!quiet && free).then(|| bar(&progress));
        Arc::new(Self { bar, quiet, started: Instant::now(), progress })
    }

    /// A line for people, on standard error.
    pub(crate) fn say(&self, line: impl fmt::Display) {
        // nobody is left to be told when standard error is closed
        let write = || drop(writeln!(io::stderr(), "checkpoint: {line}"));
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub(crate) fn handled(&self, lines: usize, bytes: usize) {
        self.handed_over(bytes);
        self.taken(lines, bytes);
    }

    pub(crate) fn handed_over(&self, bytes: usize) {
        let lag = self.progress.lag.load(Ordering::Relaxed);
        self.lag(lag.saturating_sub(count(bytes)));
        self.progress.in_hand.fetch_add(count(bytes), Ordering::Relaxed);
    }

    /// What was handed over is handled.
    pub(crate) fn taken(&self, lines: usize, bytes: usize) {
        self.progress.in_hand.fetch_sub(count(bytes), Ordering::Relaxed);
        self.progress.lines.fetch_add(count(lines), Ordering::Relaxed);
        let before = self.progress.bytes.fetch_add(count(bytes), Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_position(before + count(bytes));
        }
    }

    /// So many COMMANDs run at once.
    pub(crate) fn running(&self, open: usize) {
        let mut standing = self.progress.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.get_or_insert_with(Standing::default).open = open;
    }

    pub(crate) fn stands(&self, status: &Status) {
        let mut standing = self.progress.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let open = standing.as_ref().map_or(0, |standing| standing.open);
        *standing = Some(Standing::new(status, open, Instant::now()));
    }

    pub(crate) fn lag(&self, bytes: u64) {
        self.progress.lag.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn committed(&self, position: u64) {
        let commit = Commit { position, at: Instant::now() };
        *self.progress.committed.lock().unwrap_or_else(PoisonError::into_inner) = Some(commit);
    }

    /// Takes the progress away and leaves one line that says what was done; none where it has failed before anything
    /// was.
    pub(crate) fn finish(&self, followed: &Result<()>) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let something = followed.is_ok() || self.progress.bytes.load(Ordering::Relaxed) > 0;
        if something && !self.quiet {
            self.say(self.summary());
        }
    }

    fn summary(&self) -> String {
        let progress = &self.progress;
        let lines = progress.lines.load(Ordering::Relaxed);
        let mut summary = format!(
            "{} line{}, {} in {}",
            HumanCount(lines),
            if lines == 1 { "" } else { "s" },
            HumanBytes(progress.bytes.load(Ordering::Relaxed)),
            HumanDuration(self.started.elapsed())
        );
        match progress.last_commit() {
            Some(commit) => summary.push_str(&format!("; committed up to offset {}", commit.position)),
            None => summary.push_str("; nothing to commit"),
        }
        summary
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

impl Progress {
    fn behind(&self) -> u64 {
        self.lag.load(Ordering::Relaxed) + self.in_hand.load(Ordering::Relaxed)
    }

    fn last_commit(&self) -> Option<Commit> {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TEMPLATE: &str =
    "{spinner} {lines} lines  {binary_bytes}  {binary_bytes_per_sec}  {lag} behind  committed {commit}{jobs}";

fn bar(progress: &Arc<Progress>) -> ProgressBar {
    let [lines, lag, commit, jobs] = [(); 4].map(|()| Arc::clone(progress));
    let style = ProgressStyle::with_template(TEMPLATE)
        .expect("the template is well formed")
        .with_key("lines", move |_: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = write!(to, "{}", HumanCount(lines.lines.load(Ordering::Relaxed)));
        })
        .with_key("lag", move |_: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = write!(to, "{}", HumanBytes(lag.behind()));
        })
        .with_key("commit", move |_: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = match commit.last_commit() {
                Some(commit) => write!(to, "{} ago", elapsed(commit.at.elapsed())),
                None => write!(to, "nothing yet"),
            };
        })
        .with_key("jobs", move |_: &ProgressState, to: &mut dyn fmt::Write| {
            if let Some(standing) = &*jobs.standing.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = write!(to, "  {standing}");
            }
        });
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10)).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Tenths of a second while that is short.
pub(crate) fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        _ => HumanDuration(time).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_was_handled_and_names_the_position() {
        let console = Console::new(false, true);
        assert!(console.summary().ends_with("; nothing to commit"), "{}", console.summary());
        console.handled(1, 10);
        assert!(console.summary().starts_with("1 line, 10 B in "), "{}", console.summary());
        console.handled(1999, 2038);
        console.committed(4096);
        let summary = console.summary();
        assert!(summary.starts_with("2,000 lines, 2.00 KiB in "), "{summary}");
        assert!(summary.ends_with("; committed up to offset 4096"), "{summary}");
    }

    #[test]
    fn what_was_read_and_not_handled_is_behind() {
        let console = Console::new(false, true);
        console.lag(100);
        console.handled(2, 40);
        assert_eq!(console.progress.behind(), 60);
        console.handled(9, 90); // the file has grown since
        assert_eq!(console.progress.behind(), 0);
    }
}
