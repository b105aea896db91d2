use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::sync::{Mutex, PoisonError};

use checkpoint_core::{
    Applied, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Outcome, Record, Result, Write, async_trait,
};

/// What becomes of one call of a [`FaultyStore`].
///
/// A read has no effect to be done or not, but may fail and hang as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "done or not, and then an answer, an error or none: these are all")]
pub enum Fault {
    /// Not done, and no answer ever comes: the call ends when it is dropped.
    HangBefore,
    /// Done, and no answer ever comes.
    HangAfter,
    /// Done, but the answer is lost: `Unavailable`, [`Applied::Unknown`].
    LoseAnswer,
    /// Not done, and nobody knows: `Unavailable`, [`Applied::Unknown`].
    LoseCall,
    /// No fault: done and answered.
    None,
    /// Not done, and that is known: `Unavailable`, [`Applied::No`].
    Refuse,
}

/// A store that fails as told: for tests of what uses stores.
///
/// Each operation has a script, one [`Fault`] a call; where the script is over, calls go through. `None` in between
/// lets one through.
///
/// ```
/// use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStoreExt, Operation, Outcome};
/// use checkpoint_testkit::{Fault, FaultyStore};
/// # use checkpoint_core::{CheckpointStore, Record, Result, Write, async_trait};
/// # use std::{collections::HashMap, time::SystemTime};
/// # use tokio::sync::Mutex;
/// # #[derive(Debug, Default)]
/// # struct MapStore(Mutex<HashMap<CheckpointId, Record>>);
/// #
/// # #[async_trait]
/// # impl CheckpointStore for MapStore {
/// #     async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
/// #         Ok(self.0.lock().await.get(id).cloned())
/// #     }
/// #
/// #     async fn write(&self, write: &Write) -> Result<Outcome> {
/// #         let mut records = self.0.lock().await;
/// #         let current = records.get(&write.checkpoint.id);
/// #         let outcome = write.decide(current);
/// #         if outcome.is_stored() {
/// #             let record = write.record(current, SystemTime::now());
/// #             records.insert(write.checkpoint.id.clone(), record);
/// #         }
/// #         Ok(outcome)
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> checkpoint_core::Result<()> {
/// let store = FaultyStore::new(MapStore::default()); // any store
/// store.script(Operation::Write, [Fault::Refuse, Fault::LoseAnswer]);
///
/// let at_42 = Checkpoint::new(CheckpointId::new("orders")?, 42);
/// assert!(store.store(&at_42).await.is_err()); // refused
/// assert!(store.store(&at_42).await.is_err()); // written, but the answer is lost
/// assert_eq!(store.load(&at_42.id).await?.position, Some(42));
/// assert_eq!(store.store(&at_42).await?, Outcome::Stored); // the script is over
/// # Ok(())
/// # }
/// ```
pub struct FaultyStore<S> {
    store: S,
    scripts: Mutex<HashMap<Operation, Script>>,
}

type Script = Box<dyn Iterator<Item = Fault> + Send>;

impl<S: CheckpointStore> FaultyStore<S> {
    /// A store that does not fail yet.
    pub fn new(store: S) -> Self {
        Self { store, scripts: Mutex::default() }
    }

    /// What becomes of the next calls of `operation`, in place of what was said before. An endless script, such as
    /// [`std::iter::repeat`], fails until it is replaced; `[]` ends all faults.
    pub fn script<I>(&self, operation: Operation, faults: I)
    where
        I: IntoIterator<Item = Fault>,
        I::IntoIter: Send + 'static,
    {
        self.scripts().insert(operation, Box::new(faults.into_iter()));
    }

    /// The store inside, which does not fail.
    pub fn inner(&self) -> &S {
        &self.store
    }

    fn scripts(&self) -> std::sync::MutexGuard<'_, HashMap<Operation, Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, operation: Operation) -> Fault {
        self.scripts().get_mut(&operation).and_then(Iterator::next).unwrap_or(Fault::None)
    }

    async fn call<T>(&self, operation: Operation, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let lost = |applied| {
            let message = format!("the script of the faulty store says so (applied: {applied:?})");
            let error = Error::new(ErrorKind::Unavailable, message);
            Err(error.with_store(self.store.name()).with_operation(operation).with_applied(applied))
        };
        match self.next(operation) {
            Fault::None => call.await,
            Fault::Refuse => lost(Applied::No),
            Fault::LoseCall => lost(Applied::Unknown),
            Fault::LoseAnswer => {
                call.await?;
                lost(Applied::Unknown)
            }
            Fault::HangBefore => pending().await,
            Fault::HangAfter => {
                call.await?;
                pending().await
            }
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: CheckpointStore> CheckpointStore for FaultyStore<S> {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.call(Operation::Read, self.store.read(id)).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.call(Operation::Write, self.store.write(write)).await
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        self.call(Operation::WriteMany, self.store.write_many(writes)).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.call(Operation::Claim, self.store.claim(id, owner)).await
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        self.call(Operation::Delete, self.store.delete(id)).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.call(Operation::List, self.store.list(prefix, after, limit)).await
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("store", &self.store).finish_non_exhaustive()
    }
}
