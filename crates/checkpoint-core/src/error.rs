use std::error::Error as StdError;
use std::fmt;

use crate::InvalidId;

/// What the calls of a store return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed: what to do about it ([`kind`](Self::kind)), whether a write may have happened all the same
/// ([`applied`](Self::applied)), and the driver's own error as [`source`](StdError::source).
///
/// The message says what to do next. Neither it nor the `Debug` form ever shows a URL or a password.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{}{message}", Prefix(*store, *operation))]
struct Inner {
    kind: ErrorKind,
    applied: Applied,
    store: Option<&'static str>,
    operation: Option<Operation>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What the store holds is damaged. Do not go on: the message names the place.
    Corrupt,
    /// The store refuses: wrong password, missing permission, opened for reading only. Grant it, then try again.
    Denied,
    /// The arguments break the contract, and every store would refuse them. Mend the caller.
    Invalid,
    /// The store's place is not set up: the schema or the directory is missing. Create it, then try again.
    NotReady,
    /// None of the others; the source tells more.
    Other,
    /// The store cannot be reached, is overloaded or out of space. Try again, with a pause.
    Unavailable,
    /// This store cannot do this. Use another call or another store.
    Unsupported,
}

/// Whether a call that failed has changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum Applied {
    /// Nothing was changed.
    No,
    /// The change may have happened, whole or not at all (a batch: any part of it). Try the same write or a newer one
    /// again, never an older one.
    Unknown,
}

/// The call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`CheckpointStore::claim`](crate::CheckpointStore::claim).
    Claim,
    /// [`CheckpointStore::delete`](crate::CheckpointStore::delete).
    Delete,
    /// [`CheckpointStore::list`](crate::CheckpointStore::list).
    List,
    /// Creating what a store needs in its database: `migrate()` of the stores that have it.
    Migrate,
    /// Making the store.
    Open,
    /// [`CheckpointStore::read`](crate::CheckpointStore::read).
    Read,
    /// Checking what a store needs in its database: `verify()` of the stores that have it.
    Verify,
    /// [`CheckpointStore::write`](crate::CheckpointStore::write).
    Write,
    /// [`CheckpointStore::write_many`](crate::CheckpointStore::write_many).
    WriteMany,
}

impl Error {
    /// An error of a kind, with a message in lower case that names the thing and says what to do next.
    ///
    /// `applied` is [`Applied::No`] for the kinds that are noticed before anything is sent (`Denied`, `Invalid`,
    /// `NotReady`, `Unsupported`) and [`Applied::Unknown`] for the others, until [`with_applied`](Self::with_applied)
    /// says what the store knows.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let applied = match kind {
            ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::NotReady | ErrorKind::Unsupported => Applied::No,
            ErrorKind::Corrupt | ErrorKind::Other | ErrorKind::Unavailable => Applied::Unknown,
        };
        Self(Box::new(Inner { kind, applied, store: None, operation: None, message: message.into(), source: None }))
    }

    /// The error of a store that does not have `operation`.
    pub fn unsupported(store: &'static str, operation: Operation) -> Self {
        Self::new(ErrorKind::Unsupported, format!("this store has no {operation}; use another store for it"))
            .with_store(store)
            .with_operation(operation)
    }

    /// The same error, of this store (such as `"postgres"`).
    #[must_use]
    pub fn with_store(mut self, store: &'static str) -> Self {
        self.0.store = Some(store);
        self
    }

    /// The same error, of this call.
    #[must_use]
    pub fn with_operation(mut self, operation: Operation) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// The same error, knowing whether anything was changed.
    #[must_use]
    pub fn with_applied(mut self, applied: Applied) -> Self {
        self.0.applied = applied;
        self
    }

    /// The same error, with the driver's own below it. It must not show a URL or a password.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether anything was changed.
    pub fn applied(&self) -> Applied {
        self.0.applied
    }

    /// The store's name, if it is known.
    pub fn store(&self) -> Option<&'static str> {
        self.0.store
    }

    /// The call that failed, if it is known.
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// Whether the same call may succeed later without anybody mending anything: [`ErrorKind::Unavailable`].
    pub fn is_retryable(&self) -> bool {
        self.0.kind == ErrorKind::Unavailable
    }

    /// The driver's error, to be downcast.
    pub fn driver(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }
}

/// `file store, write: `; what is not known is left out.
struct Prefix(Option<&'static str>, Option<Operation>);

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(store), Some(operation)) => write!(f, "{store} store, {operation}: "),
            (Some(store), None) => write!(f, "{store} store: "),
            (None, Some(operation)) => write!(f, "{operation}: "),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<InvalidId> for Error {
    fn from(invalid: InvalidId) -> Self {
        Self::new(ErrorKind::Invalid, invalid.to_string())
    }
}

impl ErrorKind {
    /// The kind's name in lower case: for spans and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::NotReady => "not_ready",
            Self::Other => "other",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
        }
    }
}

impl Operation {
    /// The operation's name, spelled as the method: for messages, spans and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Migrate => "migrate",
            Self::Open => "open",
            Self::Read => "read",
            Self::Verify => "verify",
            Self::Write => "write",
            Self::WriteMany => "write_many",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_store_and_operation() {
        let error = Error::new(ErrorKind::Unavailable, "no space left").with_store("file");
        assert_eq!(error.to_string(), "file store: no space left");
        let error = error.with_operation(Operation::WriteMany);
        assert_eq!(error.to_string(), "file store, write_many: no space left");
        assert_eq!(error.applied(), Applied::Unknown);
        assert!(error.is_retryable());
    }

    #[test]
    fn the_drivers_error_can_be_downcast() {
        let error = Error::new(ErrorKind::Other, "it failed").with_source(std::io::Error::other("driver"));
        assert!(error.driver().unwrap().downcast_ref::<std::io::Error>().is_some());
        assert_eq!(StdError::source(&error).unwrap().to_string(), "driver");
        assert_eq!(error.to_string(), "it failed");
    }

    #[test]
    fn a_result_is_small() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
