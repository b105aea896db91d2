use std::fmt;
use std::sync::Arc;

use checkpoint_core::{
    CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

use crate::STORE;
use crate::error::{Phase, from_driver};
use crate::names::{Name, Table};
use crate::statements::Statements;
use crate::write::check_mode;

/// Checkpoints in a table of a PostgreSQL database. A clone is the same store.
///
/// What is promised, and what the table looks like, is on [this crate's page](crate).
///
/// # Durability
///
/// A write that was answered [`Stored`](Outcome::Stored) is committed. It survives a crash of the server where
/// `synchronous_commit` is not `off` and `fsync` is `on`, which is how PostgreSQL is delivered, and the loss of the
/// server where a standby is waited for (`synchronous_standby_names`).
///
/// # Cancel safety
///
/// A dropped call has either done all or nothing, of [`write_many`](CheckpointStore::write_many) any part of the writes,
/// each of them whole. What was sent runs to its end on the server.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) pool: PgPool,
    pub(crate) table: Table,
    statements: Arc<Statements>,
}

/// One call: what its steps need.
#[derive(Clone, Copy)]
pub(crate) struct Calls<'a> {
    pub(crate) statements: &'a Statements,
    pub(crate) table: &'a Table,
    pub(crate) operation: Operation,
}

impl PostgresStore {
    /// A store in the table `checkpoints`, in the first schema of the connection's search path that has it. Sends
    /// nothing.
    ///
    /// Unless the pool says `test_before_acquire(false)`, it pings a connection before each use, which is a round trip more.
    pub fn new(pool: PgPool) -> Self {
        Self::at(pool, Table::default())
    }

    /// The same store in a table of this schema, whatever the search path is. The name is taken as it is: `Orders` is not
    /// `orders`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the name is empty, longer than 63 bytes or has control characters.
    pub fn with_schema(self, schema: impl Into<String>) -> Result<Self> {
        let table = Table { schema: Some(Name::new("schema", schema)?), ..self.table };
        Ok(Self::at(self.pool, table))
    }

    /// The same store in the table of this name. The name is taken as it is: `Orders` is not `orders`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the name is empty, longer than 63 bytes or has control characters.
    pub fn with_table(self, table: impl Into<String>) -> Result<Self> {
        let table = Table { name: Name::new("table", table)?, ..self.table };
        Ok(Self::at(self.pool, table))
    }

    /// The pool that the store was made with.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Writes as [`write`](CheckpointStore::write) does, but on this connection: within the caller's transaction, the
    /// checkpoint and the read model in the same database are committed together or not at all, so every event counts just
    /// once.
    ///
    /// Until the end of the transaction the record stays locked: other writers of this id wait, and
    /// [`write_many`](CheckpointStore::write_many) answers [`Contended`](Outcome::Contended) for it (and for new ids, where
    /// this write has created one). So write the checkpoint last and commit. Where the outcome is not
    /// [`Stored`](Outcome::Stored), roll back: somebody else has handled these events, or does so now.
    ///
    /// # Errors
    ///
    /// As [`write`](CheckpointStore::write). After an error of the server the transaction can only be rolled back.
    /// With the isolation levels `repeatable read` and `serializable` it is [`Unavailable`](ErrorKind::Unavailable)
    /// where somebody else has written the record since the transaction began.
    pub async fn write_in(&self, connection: &mut PgConnection, write: &Write) -> Result<Outcome> {
        self.check_write(write)?;
        self.calls(Operation::Write).write(connection, write).await
    }

    pub(crate) fn at(pool: PgPool, table: Table) -> Self {
        let statements = Arc::new(Statements::new(&table));
        Self { pool, table, statements }
    }

    pub(crate) fn calls(&self, operation: Operation) -> Calls<'_> {
        Calls { statements: &self.statements, table: &self.table, operation }
    }

    pub(crate) async fn connection(&self, operation: Operation) -> Result<PoolConnection<Postgres>> {
        let failed = |error| from_driver(error, Phase::Connecting, operation, &self.table);
        self.pool.acquire().await.map_err(failed)
    }

    fn check_write(&self, write: &Write) -> Result<()> {
        let calls = self.calls(Operation::Write);
        write.validate().and_then(|()| check_mode(write)).map_err(|error| calls.named(error))
    }
}

impl Calls<'_> {
    /// An error of the driver, after a connection was there.
    pub(crate) fn failed(&self, error: sqlx::Error) -> Error {
        from_driver(error, Phase::Executing, self.operation, self.table)
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: String) -> Error {
        self.named(Error::new(kind, message))
    }

    /// The same error, of this call.
    pub(crate) fn named(&self, error: Error) -> Error {
        error.with_store(STORE).with_operation(self.operation)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for PostgresStore {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let mut connection = self.connection(Operation::Read).await?;
        self.calls(Operation::Read).read(&mut connection, id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.check_write(write)?;
        let mut connection = self.connection(Operation::Write).await?;
        self.calls(Operation::Write).write(&mut connection, write).await
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        let calls = self.calls(Operation::WriteMany);
        Write::validate_many(writes)
            .and_then(|()| writes.iter().try_for_each(check_mode))
            .map_err(|error| calls.named(error))?;
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.connection(Operation::WriteMany).await?;
        calls.write_many(&mut connection, writes).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let calls = self.calls(Operation::Claim);
        Record::check_owner(owner).map_err(|error| calls.named(error))?;
        let mut connection = self.connection(Operation::Claim).await?;
        calls.claim(&mut connection, id, owner).await
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        let mut connection = self.connection(Operation::Delete).await?;
        self.calls(Operation::Delete).delete(&mut connection, id).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let mut connection = self.connection(Operation::List).await?;
        self.calls(Operation::List).list(&mut connection, prefix, after, limit).await
    }
}

/// Nothing of the pool: its options may hold a password.
impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("table", &self.table.to_string()).finish_non_exhaustive()
    }
}
