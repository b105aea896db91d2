//! The driver's errors, as the kind that says what to do.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use checkpoint_core::{Applied, Error, ErrorKind};
use redis::RedisError;

/// The claim script's own code: the epoch has reached the largest number.
const LAST_EPOCH: &str = "LASTEPOCH";

/// What an error of the driver means. Where the server refused a command, nothing was changed; where the connection
/// failed, it may have been.
pub(crate) fn to_error(error: &RedisError) -> Error {
    use redis::ErrorKind as Driver;
    match error.kind() {
        Driver::Server(_) | Driver::Extension => refused(error),
        Driver::AuthenticationFailed => Error::new(ErrorKind::Denied, WRONG_PASSWORD),
        Driver::InvalidClientConfig | Driver::RESP3NotSupported => with_source(error, ErrorKind::Invalid, SETTINGS),
        Driver::Io => broken(error),
        Driver::ClusterConnectionNotFound => with_source(error, ErrorKind::Unavailable, NO_NODE),
        Driver::Client => with_source(error, ErrorKind::Unavailable, CLIENT).with_applied(Applied::Unknown),
        _ => with_source(error, ErrorKind::Other, "the driver does not understand what the server answered"),
    }
}

const WRONG_PASSWORD: &str = "the server refuses the user or the password: mend them where the connection is made";
const SETTINGS: &str = "the connection's settings do not suit the server: mend them where the connection is made";
const NO_NODE: &str = "no node of the cluster is responsible or reachable: try again, and look at `CLUSTER INFO`";
const CLIENT: &str = "the driver could not make the request: try again";

/// The code of an answer says what the server refused, and what is to be done about it.
fn classify(code: &str) -> (ErrorKind, &'static str) {
    match code {
        "NOAUTH" | "WRONGPASS" => (ErrorKind::Denied, WRONG_PASSWORD),
        "NOPERM" => (ErrorKind::Denied, "the user may not run a command or use a key: grant what the README lists"),
        "READONLY" => (ErrorKind::Denied, "the server is a replica, which takes no writes: connect to the primary"),
        "OOM" => (ErrorKind::Unavailable, "the server is out of memory: raise its maxmemory or make room"),
        "MISCONF" => (ErrorKind::Unavailable, "the server cannot save to its disk: see its log, then try again"),
        "NOREPLICAS" => (ErrorKind::Unavailable, "the server has too few replicas to take writes: try again"),
        "BUSY" | "LOADING" => (ErrorKind::Unavailable, "the server is busy: try again"),
        "MASTERDOWN" => (ErrorKind::Unavailable, "the replica has lost its primary: try again"),
        "ASK" | "CLUSTERDOWN" | "TRYAGAIN" => (ErrorKind::Unavailable, "the cluster is changing: try again"),
        "CROSSSLOT" | "MOVED" => {
            (ErrorKind::Invalid, "the server is part of a cluster: give the store a `ClusterConnection`")
        }
        "NOSCRIPT" => (ErrorKind::Unavailable, "the server forgot a script while it was called: try again"),
        "WRONGTYPE" => {
            (ErrorKind::Corrupt, "a key holds something else than it did a moment ago: see who writes to it")
        }
        LAST_EPOCH => (
            ErrorKind::Invalid,
            "the epoch is the last one: stop the consumers, delete the checkpoint and set it again",
        ),
        _ => (ErrorKind::Other, "the server refused a command"),
    }
}

fn refused(error: &RedisError) -> Error {
    let code = error.code().unwrap_or_default();
    let (kind, advice) = match error.detail() {
        // the permission for a command is missing within a script
        Some(detail) if detail.contains("user executing the script") => classify("NOPERM"),
        // a long request of somebody who has not given a password
        Some(detail) if detail.contains("unauthenticated") => (ErrorKind::Denied, WRONG_PASSWORD),
        Some(detail) if detail.contains("max number of clients") => {
            (ErrorKind::Unavailable, "the server has too many clients: raise its maxclients or try again")
        }
        _ => classify(code),
    };
    let message = format!("{advice} ({code})");
    let refused = match code {
        "NOAUTH" | "NOPERM" | "WRONGPASS" => Error::new(kind, message), // the driver's text may name the user
        _ => with_source(error, kind, &message),
    };
    refused.with_applied(Applied::No)
}

/// The connection could not be made, or was lost.
fn broken(error: &RedisError) -> Error {
    let (kind, applied, what) = match io_kind(error) {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => (
            ErrorKind::Unavailable,
            Applied::No,
            "the server cannot be connected to: see whether it runs, and try again",
        ),
        Some(io::ErrorKind::PermissionDenied) => {
            (ErrorKind::Denied, Applied::No, "this user may not connect to the server's socket: grant it access")
        }
        Some(io::ErrorKind::InvalidData) => {
            (ErrorKind::Other, Applied::Unknown, "the connection was given up, as TLS failed: see the certificates")
        }
        Some(io::ErrorKind::TimedOut) => {
            (ErrorKind::Unavailable, Applied::Unknown, "the server did not answer in time: try again")
        }
        _ => (ErrorKind::Unavailable, Applied::Unknown, "the connection to the server was lost: try again"),
    };
    with_source(error, kind, what).with_applied(applied)
}

/// The driver shares the system's error between its clones.
fn io_kind(error: &RedisError) -> Option<io::ErrorKind> {
    let shared = error.source()?.downcast_ref::<Arc<dyn StdError + Send + Sync>>()?;
    shared.downcast_ref().map(io::Error::kind)
}

fn with_source(error: &RedisError, kind: ErrorKind, message: &str) -> Error {
    Error::new(kind, message).with_source(error.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(code: &str, detail: &str) -> Error {
        let reply = format!("-{code} {detail}\r\n");
        let value = redis::parse_redis_value(reply.as_bytes()).unwrap();
        to_error(&value.extract_error().unwrap_err())
    }

    #[test]
    fn every_code_of_the_server_has_the_kind_that_says_what_to_do() {
        for (code, kind) in [
            ("ASK", ErrorKind::Unavailable),
            ("BUSY", ErrorKind::Unavailable),
            ("CLUSTERDOWN", ErrorKind::Unavailable),
            ("CROSSSLOT", ErrorKind::Invalid),
            ("ERR", ErrorKind::Other),
            (LAST_EPOCH, ErrorKind::Invalid),
            ("LOADING", ErrorKind::Unavailable),
            ("MASTERDOWN", ErrorKind::Unavailable),
            ("MISCONF", ErrorKind::Unavailable),
            ("MOVED", ErrorKind::Invalid),
            ("NOAUTH", ErrorKind::Denied),
            ("NOPERM", ErrorKind::Denied),
            ("NOREPLICAS", ErrorKind::Unavailable),
            ("NOSCRIPT", ErrorKind::Unavailable),
            ("OOM", ErrorKind::Unavailable),
            ("READONLY", ErrorKind::Denied),
            ("TRYAGAIN", ErrorKind::Unavailable),
            ("WRONGPASS", ErrorKind::Denied),
            ("WRONGTYPE", ErrorKind::Corrupt),
        ] {
            let error = from_server(code, "1 127.0.0.1:6379 said so");
            assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{code}");
            assert!(error.to_string().contains(code), "{error}");
        }
        let in_a_script = from_server("ERR", "The user executing the script can't run this command or subcommand");
        assert_eq!(in_a_script.kind(), ErrorKind::Denied);
        let unauthenticated = from_server("ERR", "Protocol error: unauthenticated multibulk length");
        assert_eq!(unauthenticated.kind(), ErrorKind::Denied);
        assert_eq!(from_server("ERR", "max number of clients reached").kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn what_names_the_user_is_not_shown() {
        for code in ["NOAUTH", "NOPERM", "WRONGPASS"] {
            let error = from_server(code, "User carol may not");
            assert!(!format!("{error} {error:?}").contains("carol"), "{error:?}");
        }
    }

    #[test]
    fn a_lost_connection_leaves_open_what_happened() {
        for (io_kind, kind, applied) in [
            (io::ErrorKind::BrokenPipe, ErrorKind::Unavailable, Applied::Unknown),
            (io::ErrorKind::ConnectionRefused, ErrorKind::Unavailable, Applied::No),
            (io::ErrorKind::ConnectionReset, ErrorKind::Unavailable, Applied::Unknown),
            (io::ErrorKind::InvalidData, ErrorKind::Other, Applied::Unknown),
            (io::ErrorKind::NotFound, ErrorKind::Unavailable, Applied::No),
            (io::ErrorKind::PermissionDenied, ErrorKind::Denied, Applied::No),
            (io::ErrorKind::TimedOut, ErrorKind::Unavailable, Applied::Unknown),
            (io::ErrorKind::UnexpectedEof, ErrorKind::Unavailable, Applied::Unknown),
        ] {
            let error = to_error(&io::Error::from(io_kind).into());
            assert_eq!((error.kind(), error.applied()), (kind, applied), "{io_kind:?}");
            assert!(error.driver().unwrap().downcast_ref::<RedisError>().is_some());
        }
    }

    #[test]
    fn errors_of_the_driver_itself() {
        use redis::ErrorKind as Driver;
        for (driver, kind) in [
            (Driver::AuthenticationFailed, ErrorKind::Denied),
            (Driver::Client, ErrorKind::Unavailable),
            (Driver::ClusterConnectionNotFound, ErrorKind::Unavailable),
            (Driver::InvalidClientConfig, ErrorKind::Invalid),
            (Driver::Parse, ErrorKind::Other),
            (Driver::UnexpectedReturnType, ErrorKind::Other),
        ] {
            assert_eq!(to_error(&(driver, "it failed").into()).kind(), kind, "{driver:?}");
        }
    }
}
