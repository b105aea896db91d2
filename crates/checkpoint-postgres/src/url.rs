//! Stores by their URL.

use std::time::Duration;

use checkpoint_core::{Error, ErrorKind, Operation, Result};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use url::Url;

use crate::error::{Phase, from_driver};
use crate::names::{Name, Table};
use crate::{PostgresStore, STORE};

/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was used within this time is taken to be alive.
const FRESH: Duration = Duration::from_secs(1);

/// What the driver takes in a URL. It would log the value of another one, which may be a secret.
const DRIVER_PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

impl PostgresStore {
    /// Connects to the server that a URL names, with a pool of its own: `postgres://user:password@host:port/database`, or
    /// any other URL of [`PgConnectOptions`], and two parameters more, `schema` and `table`, for
    /// [`with_schema`](Self::with_schema) and [`with_table`](Self::with_table).
    ///
    /// The pool has at most 10 connections, and a call waits up to 10 seconds for one. A connection that was idle for a
    /// second or longer is tested before it is used. For other figures make a pool, and the store with [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the URL is wrong or has an unknown parameter; what the server answers,
    /// such as [`Denied`](ErrorKind::Denied) for a wrong password; [`Unavailable`](ErrorKind::Unavailable) where it cannot be
    /// reached. No message shows the user, the password or the host.
    pub async fn connect(url: &str) -> Result<Self> {
        let (options, table) = parse(url)?;
        let pool = PgPoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| {
                Box::pin(async move {
                    if metadata.idle_for < FRESH {
                        return Ok(true);
                    }
                    connection.ping().await.map(|()| true)
                })
            })
            .connect_with(options)
            .await
            .map_err(|error| from_driver(error, Phase::Connecting, Operation::Open, &table))?;
        Ok(Self::at(pool, table))
    }
}

fn parse(url: &str) -> Result<(PgConnectOptions, Table)> {
    let mut url = Url::parse(url).map_err(|error| invalid(format!("the URL is wrong: {error}")))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(invalid("the URL has another scheme than postgres or postgresql"));
    }
    let mut table = Table::default();
    let mut others = Vec::new();
    for (key, value) in url.query_pairs() {
        match &*key {
            "schema" => table.schema = Some(Name::new("schema", value)?),
            "table" => table.name = Name::new("table", value)?,
            key if is_of_the_driver(key) => others.push((key.to_owned(), value.into_owned())),
            key => return Err(invalid(format!("the postgres URL has the unknown parameter {key:?}"))),
        }
    }
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    let options = PgConnectOptions::from_url(&url)
        .map_err(|error| from_driver(error, Phase::Connecting, Operation::Open, &table))?;
    Ok((options, table))
}

fn is_of_the_driver(key: &str) -> bool {
    DRIVER_PARAMETERS.contains(&key) || (key.starts_with("options[") && key.ends_with(']'))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message).with_store(STORE).with_operation(Operation::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_parameters_are_taken_and_the_drivers_are_left() {
        let url = "postgres://jane:se%20cret@db:5433/read?schema=Even%20tuous&sslmode=require&table=a%26b\
                   &application_name=x%3Dy&options[statement_timeout]=1s";
        let (options, table) = parse(url).unwrap();
        assert_eq!(table.to_string(), r#""Even tuous"."a&b""#);
        assert_eq!((options.get_host(), options.get_port(), options.get_username()), ("db", 5433, "jane"));
        assert_eq!((options.get_database(), options.get_application_name()), (Some("read"), Some("x=y")));
        assert_eq!(options.get_options(), Some("-c statement_timeout=1s"));
        assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
    }

    #[test]
    fn a_socket_is_named_as_the_driver_has_it() {
        for url in ["postgresql:///read?host=/run/postgresql&table=t", "postgres://%2Frun%2Fpostgresql/read?table=t"] {
            let (options, table) = parse(url).unwrap();
            assert_eq!(options.get_socket().unwrap().to_str(), Some("/run/postgresql"));
            assert_eq!((options.get_database(), table.to_string().as_str()), (Some("read"), "\"t\""));
        }
    }

    #[test]
    fn a_wrong_url_is_invalid_and_shows_no_secret() {
        for url in [
            "",
            "secret",
            "mysql://jane:secret@db/read",
            "postgres://jane:secret@db:port/read",
            "postgres://jane:secret@db/read?sslpassword=secret",
            "postgres://jane:secret@db/read?port=secret",
            "postgres://jane:secret@db/read?sslmode=secret",
            "postgres://jane:secret@db/read?hostaddr=secret",
            "postgres://jane:secret@db/read?schema=",
            "postgres://jane:%ffsecret@db/read",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Invalid, Some(Operation::Open)), "{url}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("secret") && !shown.contains("jane"), "{url}: {shown}");
        }
        let unknown = parse("postgres://db/read?tables=t").unwrap_err();
        assert!(unknown.to_string().contains("\"tables\""), "{unknown}");
    }
}
