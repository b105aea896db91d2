//! What can go wrong with the log, in a form that can be told to every caller of one append.

use std::io;
use std::path::Path;

use checkpoint_core::{Applied, Error, ErrorKind, Operation};

use crate::STORE;

/// A [`checkpoint_core::Error`] that can be cloned.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    applied: Applied,
    message: String,
    source: Option<Cause>,
}

/// As much of an [`io::Error`] as can be cloned.
#[derive(Clone, Debug)]
struct Cause {
    code: Option<i32>,
    kind: io::ErrorKind,
    text: String,
}

impl Failure {
    /// Nothing was changed.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, applied: Applied::No, message: message.into(), source: None }
    }

    /// `path` could not be used as `doing` says, such as "cannot read".
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let (kind, advice) = classify(error);
        let source = Cause { code: error.raw_os_error(), kind: error.kind(), text: error.to_string() };
        let message = format!("{doing} {}: {error}{advice}", path.display());
        Self { kind, applied: Applied::No, message, source: Some(source) }
    }

    /// The log is damaged at `offset`, which is not the end that a crash may leave behind.
    pub(crate) fn corrupt(path: &Path, offset: u64, what: &str) -> Self {
        let message = format!(
            "{} is damaged at byte {offset}: {what}; nothing was changed, restore the directory from a backup, \
             or move it away and set the positions that its text still shows",
            path.display()
        );
        Self::new(ErrorKind::Corrupt, message)
    }

    /// The same failure, of a change that may have happened.
    pub(crate) fn maybe_applied(self) -> Self {
        Self { applied: Applied::Unknown, ..self }
    }

    pub(crate) fn to_error(&self, operation: Operation) -> Error {
        let error = Error::new(self.kind, self.message.clone())
            .with_applied(self.applied)
            .with_store(STORE)
            .with_operation(operation);
        match &self.source {
            Some(source) => error.with_source(source.to_io_error()),
            None => error,
        }
    }
}

impl Cause {
    fn to_io_error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}

/// The kind of an operating system's error, and what to do about it.
fn classify(error: &io::Error) -> (ErrorKind, &'static str) {
    match error.kind() {
        io::ErrorKind::NotFound => (ErrorKind::NotReady, "; open the store for writing once to create it"),
        io::ErrorKind::PermissionDenied => (ErrorKind::Denied, "; grant this user access to it"),
        io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::Denied, "; name another directory, or open the store for reading only")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorKind::Unavailable, "; make room and try again")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
            (ErrorKind::Invalid, "; name a directory for the store")
        }
        _ => (ErrorKind::Other, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_kind_that_says_what_to_do() {
        let kinds = [
            (io::ErrorKind::NotFound, ErrorKind::NotReady),
            (io::ErrorKind::PermissionDenied, ErrorKind::Denied),
            (io::ErrorKind::ReadOnlyFilesystem, ErrorKind::Denied),
            (io::ErrorKind::StorageFull, ErrorKind::Unavailable),
            (io::ErrorKind::QuotaExceeded, ErrorKind::Unavailable),
            (io::ErrorKind::FileTooLarge, ErrorKind::Unavailable),
            (io::ErrorKind::NotADirectory, ErrorKind::Invalid),
            (io::ErrorKind::Other, ErrorKind::Other),
        ];
        for (io_kind, kind) in kinds {
            let failure = Failure::io("cannot write to", Path::new("store/log"), &io_kind.into());
            assert_eq!(failure.kind, kind, "{io_kind:?}");
            let error = failure.to_error(Operation::Write);
            assert!(error.to_string().starts_with("file store, write: cannot write to store/log: "), "{error}");
            assert_eq!(error.applied(), Applied::No);
            assert_eq!(error.driver().unwrap().downcast_ref::<io::Error>().unwrap().kind(), io_kind);
        }
    }
}
