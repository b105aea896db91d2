use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use checkpoint::commit::{Committer, process_owner, strategy};
use checkpoint::snapshot::Snapshots;
use checkpoint::{CheckpointId, CheckpointStore, CheckpointStoreExt, ErrorKind, Outcome, Record, Write};
use etcetera::BaseStrategy;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::runtime::{Builder, Runtime};

use crate::error::{CliError, Result};

/// The environment variable that names the store where `--store` does not.
pub(crate) const STORE_VARIABLE: &str = "CHECKPOINT_STORE";

/// A checkpoint store for threads that may block: files, pipes and child processes are waited for the same way.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    runtime: Arc<Runtime>,
    store: Arc<dyn CheckpointStore>,
}

/// What a store answers.
type Answer<T> = checkpoint::Result<T>;

impl Store {
    /// Opens `url`, or the default store, and creates it where it is missing.
    pub(crate) fn open(url: Option<&str>) -> Result<Self> {
        let runtime = runtime()?;
        let url = url_or_default(url)?;
        let store = runtime.block_on(checkpoint::open(&url)).map_err(|error| cannot_open(&error))?;
        Ok(Self { runtime, store })
    }

    /// Opens `url`, or the default store, for looking: creates nothing.
    pub(crate) fn open_read_only(url: Option<&str>) -> Result<Self> {
        let runtime = runtime()?;
        let url = url_or_default(url)?;
        let store = runtime.block_on(checkpoint::open_read_only(&url)).map_err(|error| match error.kind() {
            ErrorKind::NotReady => {
                CliError::because("there is no store yet: `checkpoint follow` and `checkpoint set` create it", &error)
            }
            _ => cannot_open(&error),
        })?;
        Ok(Self { runtime, store })
    }

    #[cfg(test)]
    pub(crate) fn of(store: impl CheckpointStore) -> Self {
        Self { runtime: Arc::new(Builder::new_current_thread().build().unwrap()), store: Arc::new(store) }
    }

    pub(crate) fn read(&self, id: &CheckpointId) -> Answer<Option<Record>> {
        self.runtime.block_on(self.store.read(id))
    }

    pub(crate) fn write(&self, write: &Write) -> Answer<Outcome> {
        self.runtime.block_on(self.store.write(write))
    }

    pub(crate) fn claim(&self, id: &CheckpointId, owner: &str) -> Answer<Record> {
        self.runtime.block_on(self.store.claim(id, owner))
    }

    /// A committer that goes on with this claim, and stores as soon as there is something to store.
    pub(crate) fn committer(&self, claimed: &Record) -> Committer {
        let _entered = self.runtime.enter();
        let builder = Committer::builder(Arc::clone(&self.store), claimed.checkpoint.id.clone());
        builder.strategy(strategy::always()).resume(claimed)
    }

    pub(crate) fn wait_for<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// None: it took longer.
    pub(crate) fn wait_at_most<T>(&self, time: Duration, future: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async { tokio::time::timeout(time, future).await.ok() })
    }

    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(future));
    }

    pub(crate) fn reset(&self, id: &CheckpointId, position: Option<u64>, owner: &str) -> Answer<Record> {
        self.runtime.block_on(self.store.reset(id, position, owner))
    }

    pub(crate) fn snapshots(&self, id: &CheckpointId, owner: &str) -> Snapshots {
        Snapshots::new(Arc::clone(&self.store), id.clone()).owner(owner)
    }

    pub(crate) fn delete(&self, id: &CheckpointId) -> Answer<bool> {
        self.runtime.block_on(self.store.delete(id))
    }

    /// All records whose ids begin with `prefix`, of which `page` are asked for at a time.
    pub(crate) fn for_each(
        &self,
        prefix: &str,
        page: usize,
        mut visit: impl FnMut(&Record) -> Result<()>,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let records = self.runtime.block_on(self.store.list(prefix, after.as_ref(), page))?;
            records.iter().try_for_each(&mut visit)?;
            if records.len() < page {
                return Ok(());
            }
            after = records.last().map(|record| record.checkpoint.id.clone());
        }
    }
}

/// One worker: the calls of this program come one at a time.
fn runtime() -> Result<Arc<Runtime>> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    Ok(Arc::new(runtime.map_err(|error| CliError::because("cannot start threads", &error))?))
}

fn cannot_open(error: &checkpoint::Error) -> CliError {
    let what = format!("cannot open the store that --store or ${STORE_VARIABLE} names");
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Unsupported if error.store().is_none() => {
            CliError::usage(format!("{what}: {error}; a directory is written file:DIR"))
        }
        _ => CliError::because("cannot open the store", error),
    }
}

fn url_or_default(url: Option<&str>) -> Result<String> {
    match url.filter(|url| !url.is_empty()) {
        Some(url) => Ok(url.to_owned()),
        None => default_url(&state_directory()?),
    }
}

/// The user's directory for what programs remember: `$XDG_STATE_HOME` or `~/.local/state`, and in it `checkpoint`.
fn state_directory() -> Result<PathBuf> {
    let unknown = || format!("there is no home directory to keep checkpoints in: use --store or set ${STORE_VARIABLE}");
    let base = etcetera::base_strategy::Xdg::new().map_err(|error| CliError::because(unknown(), &error))?;
    let state = base.state_dir().ok_or_else(|| CliError::failed(unknown()))?;
    Ok(state.join("checkpoint"))
}

/// What does not stand for itself in the path of a store URL.
const SPECIAL: &AsciiSet = &CONTROLS.add(b'%').add(b'?');

fn default_url(directory: &Path) -> Result<String> {
    let Some(path) = directory.to_str() else {
        let message =
            format!("the directory {} is not UTF-8: use --store or set ${STORE_VARIABLE}", directory.display());
        return Err(CliError::failed(message));
    };
    Ok(format!("file:{}", utf8_percent_encode(path, SPECIAL)))
}

/// The owner label of an operator at the command line: who it was, and that it was not a consumer.
pub(crate) fn operator() -> String {
    match env::var("USER") {
        Ok(user) if !user.is_empty() && user.len() < 200 && !user.contains(char::is_control) => {
            format!("{user}@{}", process_owner())
        }
        _ => process_owner(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_url_survives_special_characters() {
        let url = default_url(Path::new("/home/50%/is it?/checkpoint")).unwrap();
        assert_eq!(url, "file:/home/50%25/is it%3F/checkpoint");
    }

    #[test]
    fn an_owner_is_an_allowed_label() {
        assert!(Record::check_owner(&operator()).is_ok());
        assert!(operator().ends_with(&format!(":{}", std::process::id())));
    }
}
