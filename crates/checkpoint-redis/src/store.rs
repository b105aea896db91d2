use std::sync::Arc;

use checkpoint_core::{
    Applied, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};
use redis::{Cmd, Value};

use crate::STORE;
use crate::answer::Held;
use crate::connection::Connection;
use crate::list::list;
use crate::script::{CLAIM, DELETE, READ, Script};

/// The longest prefix, in bytes.
const MAX_PREFIX_BYTES: usize = 512;

/// Checkpoints in Redis: a key for each, `checkpoint:` and its id.
///
/// A clone is cheap and uses the same connection.
///
/// # Durability
///
/// What was answered survives as much as the server's own settings promise: see [`verify`](Self::verify) and the
/// [crate's page](crate#durability).
///
/// # Cancel safety
///
/// A dropped call has changed either everything or nothing: each is one script on the server, which runs as a whole if it
/// was sent. Of `write_many`, any part of the writes may have been stored, each of them whole.
#[derive(Clone, Debug)]
pub struct RedisStore {
    pub(crate) connection: Connection,
    pub(crate) prefix: Arc<str>,
    pub(crate) layout: Layout,
}

/// How a checkpoint is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A plain string, as Eventuous has it.
    Eventuous,
    /// A hash.
    Own,
}

impl Layout {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Eventuous => "eventuous",
            Self::Own => "own",
        }
    }
}

impl RedisStore {
    /// The keys' prefix, if nothing else is said.
    pub const DEFAULT_PREFIX: &str = "checkpoint:";

    /// A store that uses `connection`: a `ConnectionManager`, a `MultiplexedConnection`, or a `ClusterConnection` with the
    /// feature `cluster`. Asks the server nothing yet.
    ///
    /// The driver's own connections wait 500 ms for an answer unless their settings say otherwise. That is short where
    /// the server syncs to a slow disk, or for large states.
    pub fn new(connection: impl Into<Connection>) -> Self {
        Self { connection: connection.into(), prefix: Self::DEFAULT_PREFIX.into(), layout: Layout::Own }
    }

    /// The same store with other keys: `prefix` and the id. It may be empty.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if it has more than 512 bytes or a control character.
    pub fn with_prefix(self, prefix: &str) -> Result<Self> {
        if prefix.len() > MAX_PREFIX_BYTES || prefix.chars().any(char::is_control) {
            let message =
                format!("a prefix has at most {MAX_PREFIX_BYTES} bytes and no control characters: choose another");
            return Err(Error::new(ErrorKind::Invalid, message).with_store(STORE).with_operation(Operation::Open));
        }
        Ok(Self { prefix: prefix.into(), ..self })
    }

    /// The same store in the layout of Eventuous, so that both can be used: the key is the id alone (until
    /// [`with_prefix`](Self::with_prefix) says otherwise), the value is the position as text.
    ///
    /// It has no place for more. So `claim`, and writes with an epoch, with a state or without a position, are answered
    /// [`Unsupported`](ErrorKind::Unsupported); records have no `updated_at`.
    #[must_use]
    pub fn with_eventuous_layout(self) -> Self {
        Self { prefix: "".into(), layout: Layout::Eventuous, ..self }
    }

    /// Where the checkpoint is kept.
    pub(crate) fn key(&self, id: &CheckpointId) -> String {
        [&self.prefix, id.as_str()].concat()
    }

    /// A script's call for one checkpoint; further arguments may follow.
    pub(crate) fn call_for(&self, script: &Script, key: &str) -> Cmd {
        let mut call = script.call([key].into_iter(), key.len());
        call.arg(self.layout.as_str());
        call
    }

    async fn read_one(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let key = self.key(id);
        match self.ask(&READ, id, &key, self.call_for(&READ, &key)).await? {
            Held::Record(record) => Ok(Some(record)),
            Held::Nothing => Ok(None),
            Held::Other(kind) => Err(Held::not_a_checkpoint(&key, &kind)),
            Held::Done => Err(unexpected(&key)),
        }
    }

    async fn claim_one(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let key = self.key(id);
        let mut call = self.call_for(&CLAIM, &key);
        call.arg(owner);
        match self.ask(&CLAIM, id, &key, call).await? {
            Held::Record(record) => Ok(record),
            Held::Other(kind) => Err(Held::not_a_checkpoint(&key, &kind)),
            Held::Done | Held::Nothing => Err(unexpected(&key)),
        }
    }

    async fn delete_one(&self, id: &CheckpointId) -> Result<bool> {
        let key = self.key(id);
        match self.ask(&DELETE, id, &key, self.call_for(&DELETE, &key)).await? {
            Held::Done => Ok(true),
            Held::Nothing => Ok(false),
            Held::Other(kind) => Err(Held::not_a_checkpoint(&key, &kind)),
            Held::Record(_) => Err(unexpected(&key)),
        }
    }

    async fn ask(&self, script: &Script, id: &CheckpointId, key: &str, call: Cmd) -> Result<Held> {
        let answer = script.run(&self.connection, [call]).await.pop().unwrap_or(Ok(Value::Okay));
        Held::parse(id, key, answer)
    }
}

fn unexpected(key: &str) -> Error {
    Error::new(ErrorKind::Other, format!("the script answered something unexpected about {key:?}"))
}

/// Says which call failed; one that only looks has changed nothing.
pub(crate) fn during(operation: Operation) -> impl Fn(Error) -> Error {
    move |error| {
        let error = error.with_store(STORE).with_operation(operation);
        match operation {
            Operation::List | Operation::Migrate | Operation::Open | Operation::Read | Operation::Verify => {
                error.with_applied(Applied::No)
            }
            _ => error,
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for RedisStore {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.read_one(id).await.map_err(during(Operation::Read))
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        write.validate().map_err(during(Operation::Write))?;
        self.write_one(write).await.map_err(during(Operation::Write))
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Write::validate_many(writes).map_err(during(Operation::WriteMany))?;
        match writes {
            [] => Ok(Vec::new()),
            writes => self.write_all(writes).await.map_err(during(Operation::WriteMany)),
        }
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        Record::check_owner(owner).map_err(during(Operation::Claim))?;
        match self.layout {
            Layout::Eventuous => Err(Error::unsupported(STORE, Operation::Claim)),
            Layout::Own => self.claim_one(id, owner).await.map_err(during(Operation::Claim)),
        }
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        self.delete_one(id).await.map_err(during(Operation::Delete))
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        list(self, prefix, after, limit).await.map_err(during(Operation::List))
    }
}
