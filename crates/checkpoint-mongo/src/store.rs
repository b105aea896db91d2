use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use checkpoint_core::{
    Applied, CheckpointId, CheckpointStore, Error, ErrorKind, Mode, Operation, Outcome, Record, Result, Write,
    async_trait,
};
use mongodb::bson::Document;
use mongodb::options::{Acknowledgment, CollectionOptions, ReadPreference, SelectionCriteria, WriteConcern};
use mongodb::{Collection, Database};
use tokio::time::timeout;

use crate::STORE;
use crate::statement::{Layout, Spelling};

/// Where checkpoints are kept if nothing else is said; as with Eventuous.
const COLLECTION: &str = "checkpoint";

/// Longer than the driver looks for a server.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Checkpoints in a collection of a MongoDB database, a document each.
///
/// A clone is cheap and shares the client.
///
/// # Durability
///
/// What was answered is on the disks of a majority of the replica set's members: writes ask for `w: "majority"` and
/// `journal: true`, unless the client or the database says otherwise. Reads go to the primary, always.
///
/// # Cancel safety
///
/// A dropped call goes on in a task of its own and comes to its end, as the driver wants it, or to its
/// [timeout](Self::with_timeout): it has then changed either everything or nothing.
#[derive(Clone)]
pub struct MongoStore {
    pub(crate) database: Database,
    pub(crate) documents: Collection<Document>,
    eventuous: bool,
    timeout: Duration,
    /// The spelling of the positions that were met last: those of one application are all alike.
    dotnet: Arc<AtomicBool>,
}

impl MongoStore {
    /// A store in the collection `checkpoint` of `database`, with the client that `database` comes from. Nothing is sent.
    ///
    /// What the client or the database says of the write concern holds; what they leave open is `w: "majority"` and
    /// `journal: true`. Their read preference is not used.
    pub fn new(database: Database) -> Self {
        let documents = documents(&database, COLLECTION);
        Self { database, documents, eventuous: false, timeout: TIMEOUT, dotnet: Arc::default() }
    }

    /// The same store in another collection of the database.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where no collection can have that name: it is empty, has a `$` or a NUL, or begins
    /// with `system.` or a dot.
    pub fn with_collection(self, name: &str) -> Result<Self> {
        let wrong =
            name.is_empty() || name.contains(['$', '\0']) || name.starts_with("system.") || name.starts_with('.');
        if wrong {
            let message = format!("a collection cannot be named {name:?}; use letters, digits and underscores");
            return Err(Error::new(ErrorKind::Invalid, message).with_store(STORE).with_operation(Operation::Open));
        }
        Ok(Self { documents: documents(&self.database, name), ..self })
    }

    /// The same store, writing only what Eventuous can read: `_id` and the position, in the spelling that is found.
    ///
    /// So there is no claim, and no write with an epoch or a state: these are answered
    /// [`Unsupported`](ErrorKind::Unsupported). Records have no `updated_at`.
    #[must_use]
    pub fn with_eventuous_layout(self) -> Self {
        Self { eventuous: true, ..self }
    }

    /// The same store, whose calls take at most `timeout`, one minute if nothing is said; then they are answered
    /// [`Unavailable`](ErrorKind::Unavailable), with [`Applied::Unknown`].
    ///
    /// The driver itself waits for an answer as long as the connection stands. To look for a server it takes
    /// `serverSelectionTimeoutMS` (30 s), of which a longer `timeout` leaves the more telling error.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The database that the store is in.
    pub fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn layout(&self) -> Layout {
        match (self.eventuous, self.dotnet.load(Ordering::Relaxed)) {
            (false, _) => Layout::Full,
            (true, false) => Layout::Eventuous(Spelling::Lower),
            (true, true) => Layout::Eventuous(Spelling::Dotnet),
        }
    }

    pub(crate) fn has_met(&self, spelling: Spelling) {
        self.dotnet.store(spelling == Spelling::Dotnet, Ordering::Relaxed);
    }

    /// Checks what can be checked without the server.
    pub(crate) fn check(&self, write: &Write) -> Result<()> {
        if !matches!(write.mode, Mode::Advance | Mode::Expect(_) | Mode::Overwrite) {
            return Err(Error::new(ErrorKind::Unsupported, format!("this store has no mode {:?}", write.mode)));
        }
        if self.eventuous && (write.epoch > 0 || !write.state.is_empty()) {
            let id = &write.checkpoint.id;
            let message = format!(
                "checkpoint {id:?}: the Eventuous layout has neither epochs nor states; leave the layout option out"
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(())
    }
}

/// The collection as this store uses it: confirmed writes, reads from the primary.
fn documents(database: &Database, name: &str) -> Collection<Document> {
    let mut confirmed = database.write_concern().cloned().unwrap_or_default();
    confirmed.w.get_or_insert(Acknowledgment::Majority);
    confirmed.journal.get_or_insert(true);
    let options = CollectionOptions::builder()
        .write_concern(confirmed)
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    database.collection_with_options(name, options.build())
}

impl MongoStore {
    /// What the collection's writes ask for.
    pub(crate) fn write_concern(&self) -> &WriteConcern {
        self.documents.write_concern().expect("the collection was made with one")
    }

    /// Runs a call in a task of its own, since the driver's futures must not be dropped half-way: it then has to close the
    /// connection. That happens only when the time is over, as otherwise calls would pile up and hold all connections.
    async fn to_the_end<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let result = match tokio::spawn(timeout(self.timeout, call)).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::new(ErrorKind::Unavailable, "the server did not answer in time; try again")),
            Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
            Err(_) => Err(Error::new(ErrorKind::Unavailable, "the runtime was shut down during the call; try again")),
        };
        result.map_err(|error| {
            let error = match operation {
                Operation::Read | Operation::List | Operation::Verify => error.with_applied(Applied::No),
                _ => error,
            };
            error.with_store(STORE).with_operation(operation)
        })
    }

    /// Creates the collection where it is missing, then checks it as [`verify`](Self::verify) does. Any number of
    /// processes may call it at once. What Eventuous has written there needs no change.
    ///
    /// It can be left out: the first write creates the collection, too, where the user may create it.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where the user may not create collections; else as `verify`.
    pub async fn migrate(&self) -> Result<()> {
        self.to_the_end(Operation::Migrate, self.clone().create()).await
    }

    /// Checks the collection and the user's permissions, and changes nothing. Warns (with `tracing`) of a write concern
    /// that may lose what was answered.
    ///
    /// # Errors
    ///
    /// [`NotReady`](ErrorKind::NotReady) where the collection is missing, or is one that cannot hold checkpoints: the
    /// message has the command that creates it. [`Denied`](ErrorKind::Denied) names the permissions that the user lacks,
    /// with the command that grants them. [`Unavailable`](ErrorKind::Unavailable) where the server cannot be reached.
    pub async fn verify(&self) -> Result<()> {
        self.to_the_end(Operation::Verify, self.clone().inspect()).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for MongoStore {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let (store, id) = (self.clone(), id.clone());
        self.to_the_end(Operation::Read, async move { store.find(&id).await }).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let (store, write) = (self.clone(), write.clone());
        self.to_the_end(Operation::Write, async move {
            write.validate()?;
            store.check(&write)?;
            store.change(&write).await
        })
        .await
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        let (store, writes) = (self.clone(), writes.to_vec());
        self.to_the_end(Operation::WriteMany, async move {
            Write::validate_many(&writes)?;
            writes.iter().try_for_each(|write| store.check(write))?;
            store.change_many(&writes).await
        })
        .await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let (store, id, owner) = (self.clone(), id.clone(), owner.to_owned());
        self.to_the_end(Operation::Claim, async move {
            Record::check_owner(&owner)?;
            if store.eventuous {
                return Err(Error::new(ErrorKind::Unsupported, "the Eventuous layout has no claims; leave it out"));
            }
            store.take_over(&id, &owner).await
        })
        .await
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        let (store, id) = (self.clone(), id.clone());
        self.to_the_end(Operation::Delete, async move { store.remove(&id).await }).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let (store, prefix, after) = (self.clone(), prefix.to_owned(), after.cloned());
        self.to_the_end(Operation::List, async move { store.page(&prefix, after.as_ref(), limit).await }).await
    }
}

/// Shows no host and no user.
impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("database", &self.database.name())
            .field("collection", &self.documents.name())
            .field("eventuous", &self.eventuous)
            .finish_non_exhaustive()
    }
}
