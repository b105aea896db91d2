use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::wake::Wake;

/// How often we look where nobody tells us.
const POLL: Duration = Duration::from_millis(50);

/// How often we look all the same where somebody does.
const BACKSTOP: Duration = Duration::from_secs(1);

/// So many changes in a row without an event, and we do not rely on events any more.
const DEAF: u32 = 2;

/// Wakes us when something changes beside the file. Where that does not work (no watch is to be had, or a network file
/// system tells nothing of others' writes), says that we must look ourselves, often.
#[derive(Debug)]
pub(crate) struct Watch {
    watcher: Option<RecommendedWatcher>,
    unannounced: u32,
}

impl Watch {
    /// Watches the directory that `file` is in, and the one of its target if it is a symbolic link.
    pub(crate) fn start(file: &Path, wake: &Arc<Wake>) -> Self {
        Self { watcher: watcher(file, Arc::clone(wake)).ok(), unannounced: 0 }
    }

    /// How long to wait at most before the next look.
    pub(crate) fn interval(&self) -> Duration {
        if self.watcher.is_some() { BACKSTOP } else { POLL }
    }

    /// There was something new; `announced` says whether an event had told.
    pub(crate) fn found(&mut self, announced: bool) {
        self.unannounced = if announced { 0 } else { self.unannounced + 1 };
        if self.unannounced >= DEAF {
            self.watcher = None;
        }
    }
}

fn watcher(file: &Path, wake: Arc<Wake>) -> notify::Result<RecommendedWatcher> {
    let handler = move |event: notify::Result<Event>| {
        // our own looking opens and closes files: that is no news
        let looking = matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_)));
        if !looking {
            wake.poke();
        }
    };
    let mut watcher = RecommendedWatcher::new(handler, Config::default())?;
    for directory in directories(file) {
        watcher.watch(&directory, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

fn directories(file: &Path) -> Vec<PathBuf> {
    let near = file.parent().unwrap_or(Path::new("/")).to_owned();
    let target = file.canonicalize().ok().and_then(|target| target.parent().map(Path::to_owned));
    let elsewhere = target.filter(|target| near.canonicalize().is_ok_and(|near| near != *target));
    std::iter::once(near).chain(elsewhere).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::wake::Woken;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_write_wakes_and_looking_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.log");
        std::fs::write(&file, "one\n").unwrap();
        let wake = Wake::new();
        let watch = Watch::start(&file, &wake);
        if watch.watcher.is_none() {
            eprintln!("skipped: this machine gives no watches");
            return;
        }
        std::fs::read(&file).unwrap();
        std::fs::rename(&file, directory.path().join("a.log.1")).unwrap();
        assert_eq!(wake.wait(LONG), Woken::Poked);
    }

    #[test]
    fn who_is_never_told_looks_often() {
        let directory = tempfile::tempdir().unwrap();
        let mut watch = Watch::start(&directory.path().join("a.log"), &Wake::new());
        for announced in [false, true, false, true] {
            let before = watch.interval();
            watch.found(announced);
            assert_eq!(watch.interval(), before);
        }
        watch.found(false);
        watch.found(false);
        assert_eq!(watch.interval(), POLL);
    }

    #[test]
    fn a_directory_that_is_not_there_is_polled() {
        let watch = Watch::start(Path::new("/nowhere/at/all/a.log"), &Wake::new());
        assert_eq!(watch.interval(), POLL);
    }
}
