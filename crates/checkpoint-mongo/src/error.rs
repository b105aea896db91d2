//! What the driver's errors mean to the caller.

use checkpoint_core::{Applied, Error, ErrorKind};
use mongodb::error::{
    Error as DriverError, ErrorKind as DriverErrorKind, NO_WRITES_PERFORMED, WriteConcernError, WriteFailure,
};

/// The server's error codes that are told apart, by the names that the server has for them.
pub(crate) mod code {
    pub(crate) const HOST_UNREACHABLE: i32 = 6;
    pub(crate) const HOST_NOT_FOUND: i32 = 7;
    pub(crate) const USER_NOT_FOUND: i32 = 11;
    pub(crate) const UNAUTHORIZED: i32 = 13;
    pub(crate) const TYPE_MISMATCH: i32 = 14;
    pub(crate) const AUTHENTICATION_FAILED: i32 = 18;
    pub(crate) const ILLEGAL_OPERATION: i32 = 20;
    pub(crate) const LOCK_TIMEOUT: i32 = 24;
    pub(crate) const NAMESPACE_NOT_FOUND: i32 = 26;
    pub(crate) const CURSOR_NOT_FOUND: i32 = 43;
    pub(crate) const NAMESPACE_EXISTS: i32 = 48;
    pub(crate) const MAX_TIME_MS_EXPIRED: i32 = 50;
    pub(crate) const INVALID_ID_FIELD: i32 = 53;
    pub(crate) const COMMAND_NOT_FOUND: i32 = 59;
    pub(crate) const WRITE_CONCERN_TIMEOUT: i32 = 64;
    pub(crate) const IMMUTABLE_FIELD: i32 = 66;
    pub(crate) const INVALID_NAMESPACE: i32 = 73;
    pub(crate) const NETWORK_TIMEOUT: i32 = 89;
    pub(crate) const SHUTDOWN_IN_PROGRESS: i32 = 91;
    pub(crate) const WRITE_CONFLICT: i32 = 112;
    pub(crate) const COMMAND_NOT_SUPPORTED: i32 = 115;
    pub(crate) const DOCUMENT_VALIDATION_FAILURE: i32 = 121;
    pub(crate) const READ_PREFERENCE_UNSATISFIED: i32 = 133;
    pub(crate) const READ_CONCERN_NOT_YET: i32 = 134;
    pub(crate) const EXCEEDED_MEMORY_LIMIT: i32 = 146;
    pub(crate) const COMMAND_ON_VIEW: i32 = 166;
    pub(crate) const QUERY_PLAN_KILLED: i32 = 175;
    pub(crate) const PRIMARY_STEPPED_DOWN: i32 = 189;
    pub(crate) const NOT_IMPLEMENTED: i32 = 238;
    pub(crate) const NO_SUCH_TRANSACTION: i32 = 251;
    pub(crate) const EXCEEDED_TIME_LIMIT: i32 = 262;
    pub(crate) const NOT_IN_TRANSACTION: i32 = 263;
    pub(crate) const TEMPORARILY_UNAVAILABLE: i32 = 365;
    pub(crate) const USER_WRITES_BLOCKED: i32 = 371;
    pub(crate) const REAUTHENTICATION_REQUIRED: i32 = 391;
    pub(crate) const RATE_LIMIT_EXCEEDED: i32 = 462;
    pub(crate) const ATLAS: i32 = 8000;
    pub(crate) const SOCKET_EXCEPTION: i32 = 9001;
    pub(crate) const NOT_WRITABLE_PRIMARY: i32 = 10107;
    pub(crate) const DOCUMENT_TOO_LARGE: i32 = 10334;
    pub(crate) const DUPLICATE_KEY: i32 = 11000;
    pub(crate) const INTERRUPTED_AT_SHUTDOWN: i32 = 11600;
    pub(crate) const INTERRUPTED_BY_STATE_CHANGE: i32 = 11602;
    pub(crate) const STALE_CONFIG: i32 = 13388;
    pub(crate) const NOT_PRIMARY_NO_SECONDARY_OK: i32 = 13435;
    pub(crate) const NOT_PRIMARY_OR_SECONDARY: i32 = 13436;
    pub(crate) const OUT_OF_DISK_SPACE: i32 = 14031;
}

/// A kind, whether a write may have happened, and a message that says what to do next.
type Meaning = (ErrorKind, Applied, &'static str);

/// The error of a driver's call. The driver's error is its source: it names hosts, and never the user or the password.
pub(crate) fn from_driver(error: DriverError) -> Error {
    let (kind, applied, message) = meaning(&error.kind);
    let applied = if error.contains_label(NO_WRITES_PERFORMED) { Applied::No } else { applied };
    Error::new(kind, message).with_applied(applied).with_source(error)
}

/// The code of a write that the server refused, or of a command that failed.
pub(crate) fn server_code(error: &DriverError) -> Option<i32> {
    match &*error.kind {
        DriverErrorKind::Command(command) => Some(command.code),
        DriverErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        _ => None,
    }
}

fn meaning(kind: &DriverErrorKind) -> Meaning {
    use Applied::{No, Unknown};
    use ErrorKind::{Denied, Invalid, Other, Unavailable, Unsupported};
    match kind {
        DriverErrorKind::Command(command) => of_code(command.code),
        DriverErrorKind::Write(WriteFailure::WriteError(write)) => of_code(write.code),
        DriverErrorKind::Write(WriteFailure::WriteConcernError(unsure)) => of_write_concern(unsure),
        DriverErrorKind::Authentication { .. } => {
            (Denied, No, "the server does not accept the user or the password; check both, and authSource")
        }
        DriverErrorKind::ServerSelection { .. } => {
            (Unavailable, No, "no server was found in time that takes writes; see that it runs and can be reached")
        }
        DriverErrorKind::DnsResolve { .. } => (Unavailable, No, "the servers' names cannot be looked up; try again"),
        DriverErrorKind::Io(_) | DriverErrorKind::ConnectionPoolCleared { .. } => {
            (Unavailable, Unknown, "the connection to the server was lost; try again")
        }
        DriverErrorKind::InvalidArgument { .. } | DriverErrorKind::InvalidTlsConfig { .. } => {
            (Invalid, No, "the driver refuses the options of the client; put them right")
        }
        DriverErrorKind::IncompatibleServer { .. } | DriverErrorKind::SessionsNotSupported => {
            (Unsupported, No, "the server is too old for the driver, or lacks what it needs; use a newer one")
        }
        DriverErrorKind::Shutdown => (Other, No, "the client was shut down; make a new one"),
        _ => (Other, Unknown, "the driver failed; its error says how"),
    }
}

/// The write was done on the primary, but not confirmed as it was asked for.
fn of_write_concern(_: &WriteConcernError) -> Meaning {
    let message = "the write is not confirmed by as many servers as the write concern wants; try again";
    (ErrorKind::Unavailable, Applied::Unknown, message)
}

fn of_code(code: i32) -> Meaning {
    use Applied::{No, Unknown};
    use ErrorKind::{Corrupt, Denied, Invalid, NotReady, Other, Unavailable, Unsupported};
    match code {
        code::UNAUTHORIZED => (Denied, No, "the user may not do this; grant it the role readWrite on the database"),
        code::USER_NOT_FOUND | code::AUTHENTICATION_FAILED | code::REAUTHENTICATION_REQUIRED | code::ATLAS => {
            (Denied, No, "the server does not accept the user or the password; check both, and authSource")
        }
        code::USER_WRITES_BLOCKED => (Denied, No, "an operator blocks writes; wait until they are allowed again"),
        code::DOCUMENT_VALIDATION_FAILURE => {
            (Denied, No, "the collection's validator refuses checkpoints; change it, or use a collection without one")
        }
        code::NAMESPACE_NOT_FOUND | code::NOT_IN_TRANSACTION => {
            (NotReady, No, "the collection is not there; call migrate() or create it with db.createCollection")
        }
        code::INVALID_NAMESPACE => (Invalid, No, "the server does not take the database's or the collection's name"),
        code::DOCUMENT_TOO_LARGE => (Invalid, No, "the document is too large for the server; keep less state"),
        code::TYPE_MISMATCH => (Corrupt, No, "a field of the checkpoint is not of its type; put it right"),
        code::ILLEGAL_OPERATION => {
            (Unsupported, No, "the server has no retryable writes or no transactions; add retryWrites=false to the URL")
        }
        code::COMMAND_NOT_FOUND | code::COMMAND_NOT_SUPPORTED | code::NOT_IMPLEMENTED | code::COMMAND_ON_VIEW => {
            (Unsupported, No, "the server cannot do this there; use MongoDB, and a collection that is no view")
        }
        code::NOT_WRITABLE_PRIMARY | code::NOT_PRIMARY_NO_SECONDARY_OK | code::NOT_PRIMARY_OR_SECONDARY => {
            (Unavailable, No, "the server takes no writes, as it is not the primary; try again, or connect to the set")
        }
        code::WRITE_CONFLICT | code::DUPLICATE_KEY => {
            (Unavailable, No, "somebody else writes this checkpoint at this moment; try again")
        }
        code::OUT_OF_DISK_SPACE => (Unavailable, No, "the server is out of disk space; make room, then try again"),
        code::RATE_LIMIT_EXCEEDED | code::LOCK_TIMEOUT | code::TEMPORARILY_UNAVAILABLE => {
            (Unavailable, No, "the server is overloaded; try again with a pause")
        }
        code::NO_SUCH_TRANSACTION => (Unavailable, No, "the transaction has ended; begin it again"),
        code::MAX_TIME_MS_EXPIRED | code::EXCEEDED_TIME_LIMIT | code::WRITE_CONCERN_TIMEOUT => {
            (Unavailable, Unknown, "the server did not finish in time; try again")
        }
        code::EXCEEDED_MEMORY_LIMIT => (Unavailable, Unknown, "the server is out of memory; try again with a pause"),
        code::HOST_UNREACHABLE
        | code::HOST_NOT_FOUND
        | code::NETWORK_TIMEOUT
        | code::SOCKET_EXCEPTION
        | code::SHUTDOWN_IN_PROGRESS
        | code::PRIMARY_STEPPED_DOWN
        | code::INTERRUPTED_AT_SHUTDOWN
        | code::INTERRUPTED_BY_STATE_CHANGE
        | code::READ_PREFERENCE_UNSATISFIED
        | code::READ_CONCERN_NOT_YET
        | code::QUERY_PLAN_KILLED
        | code::CURSOR_NOT_FOUND
        | code::STALE_CONFIG => (Unavailable, Unknown, "the servers change their roles or restart; try again"),
        _ => (Other, Unknown, "the server refused with a code that is not known here; its error says why"),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use mongodb::bson::{Document, deserialize_from_document, doc};

    use super::*;

    fn command(code: i32) -> DriverError {
        let answer = doc! { "code": code, "codeName": "Name", "errmsg": "why" };
        DriverErrorKind::Command(deserialize_from_document(answer).unwrap()).into()
    }

    fn write(failure: fn(Document) -> WriteFailure, code: i32) -> DriverError {
        DriverErrorKind::Write(failure(doc! { "code": code, "codeName": "Name", "errmsg": "why" })).into()
    }

    fn refused(document: Document) -> WriteFailure {
        WriteFailure::WriteError(deserialize_from_document(document).unwrap())
    }

    fn unconfirmed(document: Document) -> WriteFailure {
        WriteFailure::WriteConcernError(deserialize_from_document(document).unwrap())
    }

    #[test]
    fn every_code_says_what_to_do() {
        use Applied::{No, Unknown};
        use ErrorKind::{Corrupt, Denied, Invalid, NotReady, Other, Unavailable, Unsupported};
        for (codes, kind, applied) in [
            (&[11, 13, 18, 391, 8000, 371, 121][..], Denied, No),
            (&[26, 263], NotReady, No),
            (&[73, 10334], Invalid, No),
            (&[14], Corrupt, No),
            (&[20, 59, 115, 166, 238], Unsupported, No),
            (&[10107, 13435, 13436, 112, 11000, 14031, 462, 24, 365, 251], Unavailable, No),
            (&[50, 262, 64, 146], Unavailable, Unknown),
            (&[6, 7, 89, 9001, 91, 189, 11600, 11602, 133, 134, 175, 43, 13388], Unavailable, Unknown),
            (&[0, 1, 8, 999_999], Other, Unknown),
        ] {
            for code in codes {
                for error in [command(*code), write(refused, *code)] {
                    assert_eq!(server_code(&error), Some(*code));
                    let error = from_driver(error);
                    assert_eq!((error.kind(), error.applied()), (kind, applied), "{code}: {error}");
                }
            }
        }
    }

    #[test]
    fn an_unconfirmed_write_may_have_happened_whatever_the_code() {
        for code in [64, 91, 100, 11602] {
            let error = write(unconfirmed, code);
            assert_eq!(server_code(&error), None);
            let error = from_driver(error);
            assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::Unknown));
        }
    }

    #[test]
    fn a_lost_connection_leaves_the_write_unknown() {
        let error = from_driver(DriverError::from(io::Error::from(io::ErrorKind::ConnectionReset)));
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::Unknown));
        assert!(error.source().unwrap().downcast_ref::<DriverError>().is_some());
    }

    #[test]
    fn what_the_driver_refuses_by_itself_was_never_sent() {
        let error = from_driver(DriverErrorKind::SessionsNotSupported.into());
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Unsupported, Applied::No));
        let error = from_driver(DriverErrorKind::Shutdown.into());
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Other, Applied::No));
    }
}
