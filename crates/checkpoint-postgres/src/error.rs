//! What the driver's errors mean.

use checkpoint_core::{Applied, Error, ErrorKind, Operation};

use crate::STORE;
use crate::names::Table;

const MIGRATE: &str = "call PostgresStore::migrate, or run the SQL that PostgresStore::verify names";
const POOLER: &str = "the pooler does not keep prepared statements: turn that on (pgbouncer: max_prepared_statements), or \
                      connect to the server itself";

/// SQLSTATE codes, and beginnings of codes, by what they mean; the first one that fits counts.
const CODES: &[(&str, ErrorKind, Applied, &str)] = &[
    ("08", ErrorKind::Unavailable, Applied::Unknown, "the connection failed; try again"),
    ("0A000", ErrorKind::Unsupported, Applied::No, "the server cannot do this"),
    (
        "21",
        ErrorKind::Invalid,
        Applied::No,
        "no store's statement does this: see whether a trigger or a rule is on the table",
    ),
    ("22021", ErrorKind::Invalid, Applied::No, "the database has to have the encoding UTF8"),
    ("22P05", ErrorKind::Invalid, Applied::No, "the database has to have the encoding UTF8"),
    (
        "22",
        ErrorKind::Invalid,
        Applied::No,
        "the value does not fit into its column: see whether PostgresStore::verify is content",
    ),
    (
        "23",
        ErrorKind::Invalid,
        Applied::No,
        "a constraint on the table forbids it: mend the write or drop the constraint",
    ),
    ("25006", ErrorKind::Denied, Applied::No, "the server or the session is read-only: connect to the primary server"),
    ("25P02", ErrorKind::Invalid, Applied::No, "roll the transaction back and begin anew"),
    ("25", ErrorKind::Invalid, Applied::No, "the transaction does not allow this"),
    ("26000", ErrorKind::Other, Applied::No, POOLER),
    ("28", ErrorKind::Denied, Applied::No, "the server refuses the user or the password"),
    ("3D000", ErrorKind::NotReady, Applied::No, "create the database"),
    ("3F000", ErrorKind::NotReady, Applied::No, MIGRATE),
    ("40003", ErrorKind::Unavailable, Applied::Unknown, "try again"),
    ("40", ErrorKind::Unavailable, Applied::No, "the transaction was rolled back; try again"),
    ("42501", ErrorKind::Denied, Applied::No, "grant it: PostgresStore::verify names the SQL"),
    ("42703", ErrorKind::NotReady, Applied::No, MIGRATE),
    ("42P01", ErrorKind::NotReady, Applied::No, MIGRATE),
    ("42P05", ErrorKind::Other, Applied::No, POOLER),
    (
        "42",
        ErrorKind::NotReady,
        Applied::No,
        "the table is not as it should be: PostgresStore::verify says what is wrong",
    ),
    (
        "53",
        ErrorKind::Unavailable,
        Applied::No,
        "the server is out of space, memory or connections; make room and try again",
    ),
    ("54", ErrorKind::Invalid, Applied::No, "it is too large for the server"),
    ("55P03", ErrorKind::Unavailable, Applied::No, "somebody else holds the record; try again"),
    ("57014", ErrorKind::Unavailable, Applied::No, "it took longer than the server allows; try again"),
    ("57P03", ErrorKind::Unavailable, Applied::No, "the server is starting or stopping; try again"),
    // it may come after the commit, while a standby is waited for
    ("57P", ErrorKind::Unavailable, Applied::Unknown, "the server is going down; try again"),
    (
        "58",
        ErrorKind::Unavailable,
        Applied::Unknown,
        "the server has trouble with its system: see its log, and try again",
    ),
    ("XX001", ErrorKind::Corrupt, Applied::No, "the server's files are damaged: see its log"),
    ("XX002", ErrorKind::Corrupt, Applied::No, "the server's files are damaged: see its log"),
];

/// Where in a call the driver failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before the statement was sent: while a connection was made or waited for.
    Connecting,
    /// While the statement was sent or the answer waited for.
    Executing,
}

/// The one place where the driver's errors get their kind.
pub(crate) fn from_driver(error: sqlx::Error, phase: Phase, operation: Operation, table: &Table) -> Error {
    let (kind, applied, message) = meaning(&error, phase, table);
    let changes_nothing = matches!(operation, Operation::Read | Operation::List | Operation::Verify);
    let applied = if phase == Phase::Connecting || changes_nothing { Applied::No } else { applied };
    let told = Error::new(kind, message).with_applied(applied).with_store(STORE).with_operation(operation);
    if names_somebody(&error) { told } else { told.with_source(error) }
}

fn meaning(error: &sqlx::Error, phase: Phase, table: &Table) -> (ErrorKind, Applied, String) {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            let (kind, applied, advice) = meaning_of_code(&code);
            let said = if names_somebody(error) { "it is refused" } else { database.message() };
            (kind, applied, format!("table {table}: {said} (SQLSTATE {code}); {advice}"))
        }
        sqlx::Error::Io(io) => {
            let what =
                if phase == Phase::Connecting { "cannot connect to the server" } else { "the connection failed" };
            (ErrorKind::Unavailable, Applied::Unknown, format!("{what}: {io}; try again"))
        }
        sqlx::Error::PoolTimedOut => {
            let message = "no connection in time: the server cannot be reached, or all connections of the pool are in use; \
                           try again";
            (ErrorKind::Unavailable, Applied::No, message.to_owned())
        }
        sqlx::Error::PoolClosed => {
            (ErrorKind::Other, Applied::No, "the pool is closed; open the store again".to_owned())
        }
        sqlx::Error::Tls(_) => {
            let message =
                "no TLS connection to the server: see sslmode and sslrootcert in the URL, and the certificate";
            (ErrorKind::Denied, Applied::No, message.to_owned())
        }
        sqlx::Error::Configuration(_) => {
            let message =
                "the URL or the options of the connection are wrong: see the documentation of PgConnectOptions";
            (ErrorKind::Invalid, Applied::No, message.to_owned())
        }
        sqlx::Error::Encode(_) => (ErrorKind::Invalid, Applied::No, format!("it cannot be sent: {error}")),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            let message = format!("table {table}: {error}; PostgresStore::verify says what is wrong with its columns");
            (ErrorKind::Corrupt, Applied::Unknown, message)
        }
        _ => (ErrorKind::Other, Applied::Unknown, error.to_string()),
    }
}

fn meaning_of_code(code: &str) -> (ErrorKind, Applied, &'static str) {
    let known = CODES.iter().find(|(beginning, ..)| code.starts_with(beginning));
    known.map_or((ErrorKind::Other, Applied::Unknown, "see the server's log"), |(_, kind, applied, advice)| {
        (*kind, *applied, *advice)
    })
}

/// Whether the driver's error may show a user, a host or a part of the URL, so that nobody gets to see it.
fn names_somebody(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(database) => database.code().is_some_and(|code| code.starts_with("28")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;

    use super::*;

    /// What a server says, with the name of a user in it.
    #[derive(Debug)]
    struct Said(&'static str);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("it failed for jane")
        }
    }

    impl StdError for Said {}

    impl sqlx::error::DatabaseError for Said {
        fn message(&self) -> &str {
            "it failed for jane"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> sqlx::error::ErrorKind {
            sqlx::error::ErrorKind::Other
        }
    }

    fn told(error: sqlx::Error) -> Error {
        from_driver(error, Phase::Executing, Operation::Write, &Table::default())
    }

    #[test]
    fn every_code_has_the_kind_that_says_what_to_do() {
        use Applied::{No, Unknown};
        for (code, kind, applied) in [
            ("08006", ErrorKind::Unavailable, Unknown),
            ("0A000", ErrorKind::Unsupported, No),
            ("21000", ErrorKind::Invalid, No),
            ("22001", ErrorKind::Invalid, No),
            ("22003", ErrorKind::Invalid, No),
            ("22021", ErrorKind::Invalid, No),
            ("22P05", ErrorKind::Invalid, No),
            ("23505", ErrorKind::Invalid, No),
            ("23514", ErrorKind::Invalid, No),
            ("25006", ErrorKind::Denied, No),
            ("25P02", ErrorKind::Invalid, No),
            ("26000", ErrorKind::Other, No),
            ("28000", ErrorKind::Denied, No),
            ("28P01", ErrorKind::Denied, No),
            ("3D000", ErrorKind::NotReady, No),
            ("3F000", ErrorKind::NotReady, No),
            ("40001", ErrorKind::Unavailable, No),
            ("40003", ErrorKind::Unavailable, Unknown),
            ("40P01", ErrorKind::Unavailable, No),
            ("42501", ErrorKind::Denied, No),
            ("42703", ErrorKind::NotReady, No),
            ("42804", ErrorKind::NotReady, No),
            ("42P01", ErrorKind::NotReady, No),
            ("42P05", ErrorKind::Other, No),
            ("42P10", ErrorKind::NotReady, No),
            ("53100", ErrorKind::Unavailable, No),
            ("53200", ErrorKind::Unavailable, No),
            ("53300", ErrorKind::Unavailable, No),
            ("54000", ErrorKind::Invalid, No),
            ("55P03", ErrorKind::Unavailable, No),
            ("57014", ErrorKind::Unavailable, No),
            ("57P01", ErrorKind::Unavailable, Unknown),
            ("57P02", ErrorKind::Unavailable, Unknown),
            ("57P03", ErrorKind::Unavailable, No),
            ("57P05", ErrorKind::Unavailable, Unknown),
            ("58030", ErrorKind::Unavailable, Unknown),
            ("XX000", ErrorKind::Other, Unknown),
            ("XX001", ErrorKind::Corrupt, No),
            ("XX002", ErrorKind::Corrupt, No),
        ] {
            let error = told(Said(code).into());
            assert_eq!((error.kind(), error.applied()), (kind, applied), "{code}");
            assert!(error.to_string().contains(code), "{error}");
            let is_about_a_user = code.starts_with("28");
            assert_eq!(format!("{error} {error:?}").contains("jane"), !is_about_a_user, "{code}: {error:?}");
            assert_eq!(error.driver().is_none(), is_about_a_user);
        }
    }

    #[test]
    fn every_error_of_the_driver_has_its_kind() {
        use Applied::{No, Unknown};
        for (error, kind, applied) in [
            (sqlx::Error::PoolTimedOut, ErrorKind::Unavailable, No),
            (sqlx::Error::PoolClosed, ErrorKind::Other, No),
            (sqlx::Error::Tls("jane".into()), ErrorKind::Denied, No),
            (sqlx::Error::Configuration("jane".into()), ErrorKind::Invalid, No),
            (sqlx::Error::Encode("too long".into()), ErrorKind::Invalid, No),
            (sqlx::Error::Decode("not a number".into()), ErrorKind::Corrupt, Unknown),
            (sqlx::Error::Protocol("unexpected".into()), ErrorKind::Other, Unknown),
            (sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()), ErrorKind::Unavailable, Unknown),
        ] {
            let error = told(error);
            assert_eq!((error.kind(), error.applied()), (kind, applied), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("jane"), "{error:?}");
        }
    }

    #[test]
    fn what_was_not_sent_and_what_only_looks_changed_nothing() {
        let lost = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        let table = Table::default();
        let connecting = from_driver(lost(), Phase::Connecting, Operation::Write, &table);
        assert_eq!(connecting.applied(), Applied::No);
        for operation in [Operation::Read, Operation::List, Operation::Verify] {
            assert_eq!(from_driver(lost(), Phase::Executing, operation, &table).applied(), Applied::No);
        }
        assert_eq!(from_driver(lost(), Phase::Executing, Operation::Claim, &table).applied(), Applied::Unknown);
    }
}
