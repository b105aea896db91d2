use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;

use checkpoint_core::{
    CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};
use tokio::sync::oneshot;

use crate::STORE;
use crate::disk::Directory;
use crate::failure::Failure;
use crate::log::{Log, TornTail};
use crate::worker::{Call, Change, Look, Reply, run};

/// Checkpoints in one directory: a durable, readable log.
///
/// Any number of ids, tasks and processes may use one directory at once; it must be on a local file system. A clone is
/// cheap and uses the same thread, which ends with the last clone.
///
/// # Durability
///
/// What was answered survives a crash of the process and of the machine: a change is appended and synced
/// (`fdatasync`) before its answer. Changes that wait in the same moment share one append and one sync.
///
/// # Cancel safety
///
/// A dropped call has changed either everything or nothing. One that the thread has not begun is not begun any more.
#[derive(Clone)]
pub struct FileStore {
    shared: Arc<Shared>,
}

struct Shared {
    directory: PathBuf,
    read_only: bool,
    calls: mpsc::Sender<Call>,
}

impl FileStore {
    /// Opens the store in `directory`, after creating what is missing, and reads its index: about a second for a
    /// million ids, with about 200 bytes of memory for each.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where the directory may not be written to,
    /// [`Corrupt`](ErrorKind::Corrupt) where the log is damaged anywhere but at the end that a crash leaves behind,
    /// [`Unsupported`](ErrorKind::Unsupported) where a newer version of this crate has written it,
    /// [`Invalid`](ErrorKind::Invalid) where the path is no directory.
    pub async fn open(directory: impl Into<PathBuf>) -> Result<Self> {
        Self::start(directory.into(), false).await
    }

    /// Opens the store in `directory` for reading only: nothing is created or changed there, and it needs no permission
    /// to write. Changes are answered [`Denied`](ErrorKind::Denied).
    ///
    /// # Errors
    ///
    /// [`NotReady`](ErrorKind::NotReady) where there is no store; else as [`open`](Self::open).
    pub async fn open_read_only(directory: impl Into<PathBuf>) -> Result<Self> {
        Self::start(directory.into(), true).await
    }

    /// The directory that the store was opened with.
    pub fn directory(&self) -> &Path {
        &self.shared.directory
    }

    /// What this store has cut off the log's end, last: an append that a crash interrupted before it was durable.
    ///
    /// # Errors
    ///
    /// [`Other`](ErrorKind::Other) if the store's thread has ended.
    pub async fn torn_tail(&self) -> Result<Option<TornTail>> {
        self.ask(Operation::Open, |reply| Call::Look(Look::TornTail { reply })).await
    }

    async fn start(directory: PathBuf, read_only: bool) -> Result<Self> {
        let (calls, waiting) = mpsc::channel();
        let (opened, is_open) = oneshot::channel();
        let path = directory.clone();
        let work = move || match open_log(&path, read_only) {
            Ok(log) => {
                if opened.send(Ok(())).is_ok() {
                    run(log, &waiting);
                }
            }
            Err(failure) => drop(opened.send(Err(failure.to_error(Operation::Open)))),
        };
        thread::Builder::new().name("checkpoint-file".to_owned()).spawn(work).map_err(|error| {
            let message = format!("cannot start the store's thread: {error}");
            Error::new(ErrorKind::Unavailable, message).with_store(STORE).with_operation(Operation::Open)
        })?;
        is_open.await.map_err(|_| thread_has_ended(Operation::Open))??;
        Ok(Self { shared: Arc::new(Shared { directory, read_only, calls }) })
    }

    async fn ask<T>(&self, operation: Operation, call: impl FnOnce(Reply<T>) -> Call) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.shared.calls.send(call(reply)).map_err(|_| thread_has_ended(operation))?;
        answer.await.map_err(|_| thread_has_ended(operation))?
    }

    async fn change<T>(&self, operation: Operation, change: impl FnOnce(Reply<T>) -> Change) -> Result<T> {
        if self.shared.read_only {
            let message = format!("{} was opened for reading only; open it for writing", self.directory().display());
            return Err(Error::new(ErrorKind::Denied, message).with_store(STORE).with_operation(operation));
        }
        self.ask(operation, |reply| Call::Change(change(reply))).await
    }
}

fn open_log(path: &Path, read_only: bool) -> Result<Log<Directory>, Failure> {
    let directory = match read_only {
        true => Directory::open_read_only(path.to_owned()),
        false => Directory::create(path.to_owned()),
    };
    let directory = directory.map_err(|error| Failure::io("cannot open the store in", path, &error))?;
    if read_only { Log::open_read_only(directory) } else { Log::open(directory) }
}

fn thread_has_ended(operation: Operation) -> Error {
    Error::new(ErrorKind::Other, "the store's thread has ended; open the store again")
        .with_store(STORE)
        .with_operation(operation)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for FileStore {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.ask(Operation::Read, |reply| Call::Look(Look::Read { id: id.clone(), reply })).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate().map_err(|invalid| invalid.with_store(STORE).with_operation(Operation::Write))?;
        self.change(Operation::Write, |reply| Change::Write { write: write.clone(), reply }).await
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Write::validate_many(writes)
            .map_err(|invalid| invalid.with_store(STORE).with_operation(Operation::WriteMany))?;
        self.change(Operation::WriteMany, |reply| Change::WriteMany { writes: writes.to_vec(), reply }).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        Record::check_owner(owner).map_err(|invalid| invalid.with_store(STORE))?;
        self.change(Operation::Claim, |reply| Change::Claim { id: id.clone(), owner: owner.to_owned(), reply }).await
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        self.change(Operation::Delete, |reply| Change::Delete { id: id.clone(), reply }).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let look = |reply| Look::List { prefix: prefix.to_owned(), after: after.cloned(), limit, reply };
        self.ask(Operation::List, |reply| Call::Look(look(reply))).await
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.shared.directory)
            .field("read_only", &self.shared.read_only)
            .finish_non_exhaustive()
    }
}
