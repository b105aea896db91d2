//! Those that are compared. Each has a directory of its own and writes positions that rise.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::Write as _;
use std::sync::LazyLock;

use benchmarks::Contestant;
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, Outcome, Write};
use checkpoint_file::FileStore;
use redb::{Database, ReadableDatabase, TableDefinition};
use rusqlite::Connection;
use tempfile::TempDir;

use super::RUNTIME;

/// Where the disk is: not the system's directory for temporary files, which may be in memory.
pub(crate) fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory")
}

pub(crate) fn id(number: u32) -> CheckpointId {
    CheckpointId::new(format!("orders-{number:06}")).expect("a valid id")
}

/// Ids cost nobody anything: they are made before.
static IDS: LazyLock<Vec<CheckpointId>> = LazyLock::new(|| (0..1_000).map(id).collect());

fn checkpoint(number: u32, position: u64) -> Checkpoint {
    let number = usize::try_from(number).expect("it fits");
    Checkpoint::new(IDS[number].clone(), position)
}

/// The least that a durable write can be: an append to a file, and fdatasync.
pub(crate) struct Bare {
    _directory: TempDir,
    file: fs::File,
    bytes: Vec<u8>,
    items: u32,
}

impl Bare {
    /// Appends as many bytes as the file store does for `items` records.
    pub(crate) fn new(items: u32) -> Self {
        let directory = directory();
        let file = fs::File::create(directory.path().join("file")).expect("a file");
        let model = File::new();
        let before = model.log_bytes();
        model.write_many(items);
        let bytes = vec![b'x'; usize::try_from(model.log_bytes() - before).expect("it fits")];
        Self { _directory: directory, file, bytes, items }
    }

    pub(crate) fn contestant(&self) -> Contestant<'_> {
        Contestant::new("append and fdatasync", self.items, || {
            (&self.file).write_all(&self.bytes).expect("the disk has room");
            self.file.sync_data().expect("the disk works");
        })
    }
}

pub(crate) struct File {
    directory: TempDir,
    store: FileStore,
    position: Cell<u64>,
}

impl File {
    pub(crate) fn new() -> Self {
        let directory = directory();
        let store = RUNTIME.block_on(FileStore::open(directory.path())).expect("a store");
        Self { directory, store, position: Cell::new(1) }
    }

    fn next_position(&self) -> u64 {
        self.position.replace(self.position.get() + 1)
    }

    fn log_bytes(&self) -> u64 {
        fs::metadata(self.directory.path().join("log")).expect("a log").len()
    }

    pub(crate) fn single(&self, name: &str) -> Contestant<'_> {
        Contestant::new(name, 1, || {
            let checkpoint = checkpoint(0, self.next_position());
            let stored = RUNTIME.block_on(self.store.store(&checkpoint)).expect("the disk works");
            assert_eq!(stored, Outcome::Stored);
        })
    }

    pub(crate) fn batch(&self, items: u32) -> Contestant<'_> {
        Contestant::new("file store", items, move || self.write_many(items))
    }

    fn write_many(&self, items: u32) {
        let position = self.next_position();
        let writes: Vec<_> = (0..items).map(|number| Write::advance(checkpoint(number, position))).collect();
        let outcomes = RUNTIME.block_on(self.store.write_many(&writes)).expect("the disk works");
        assert!(outcomes.into_iter().all(Outcome::is_stored));
    }

    /// `count` tasks, each with an id of its own.
    pub(crate) fn tasks(&self, count: u32) -> Contestant<'_> {
        const EACH: u64 = 20;
        let items = count * u32::try_from(EACH).expect("it fits");
        Contestant::new(format!("file store, {count} tasks"), items, move || {
            let first = self.next_position() * EACH;
            let write = |number| {
                let store = self.store.clone();
                RUNTIME.spawn(async move {
                    for position in first..first + EACH {
                        let stored = store.store(&checkpoint(number, position)).await.expect("the disk works");
                        assert_eq!(stored, Outcome::Stored);
                    }
                })
            };
            let tasks: Vec<_> = (0..count).map(write).collect();
            RUNTIME.block_on(async {
                for task in tasks {
                    task.await.expect("no panic");
                }
            });
        })
    }
}

/// SQLite in WAL mode, synchronous = FULL: each commit is synced.
pub(crate) struct Sqlite {
    _directory: TempDir,
    connection: RefCell<Connection>,
    position: Cell<i64>,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        let directory = directory();
        let connection = Connection::open(directory.path().join("checkpoints.db")).expect("a database");
        connection.pragma_update(None, "journal_mode", "wal").expect("WAL mode");
        connection.pragma_update(None, "synchronous", "full").expect("synced commits");
        connection
            .execute(
                "create table checkpoints (id text primary key, position integer, epoch integer) without rowid",
                [],
            )
            .expect("a table");
        Self { _directory: directory, connection: RefCell::new(connection), position: Cell::new(1) }
    }

    pub(crate) fn contestant(&self, items: u32) -> Contestant<'_> {
        Contestant::new("SQLite, WAL, FULL", items, move || {
            let position = self.position.replace(self.position.get() + 1);
            let mut connection = self.connection.borrow_mut();
            let transaction = connection.transaction().expect("a transaction");
            {
                let mut upsert = transaction
                    .prepare_cached(
                        "insert into checkpoints (id, position, epoch) values (?1, ?2, 0) \
                         on conflict (id) do update set position = excluded.position \
                         where checkpoints.position <= excluded.position and checkpoints.epoch <= excluded.epoch",
                    )
                    .expect("a statement");
                for id in IDS.iter().take(usize::try_from(items).expect("it fits")) {
                    upsert.execute((id.as_str(), position)).expect("a write");
                }
            }
            transaction.commit().expect("a commit");
        })
    }
}

/// redb with its default durability: each commit is synced.
pub(crate) struct Redb {
    _directory: TempDir,
    database: Database,
    position: Cell<u64>,
}

const TABLE: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("checkpoints");

impl Redb {
    pub(crate) fn new() -> Self {
        let directory = directory();
        let database = Database::create(directory.path().join("checkpoints.redb")).expect("a database");
        Self { _directory: directory, database, position: Cell::new(1) }
    }

    pub(crate) fn contestant(&self, items: u32) -> Contestant<'_> {
        Contestant::new("redb", items, move || {
            let position = self.position.replace(self.position.get() + 1);
            let transaction = self.database.begin_write().expect("a transaction");
            {
                let mut table = transaction.open_table(TABLE).expect("a table");
                for id in IDS.iter().take(usize::try_from(items).expect("it fits")) {
                    table.insert(id.as_str(), (position, 0)).expect("a write");
                }
            }
            transaction.commit().expect("a commit");
            assert!(self.database.begin_read().is_ok());
        })
    }
}
