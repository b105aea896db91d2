//! `mongodb://…/DATABASE?collection=…&layout=…&timeoutMS=…`: our parameters are taken out, the rest is the driver's.

use std::time::Duration;

use checkpoint_core::{Error, ErrorKind, Operation, Result};
use mongodb::Client;
use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind};
use mongodb::options::ClientOptions;
use percent_encoding::percent_decode_str;

use crate::error::from_driver;
use crate::{MongoStore, STORE};

impl MongoStore {
    /// A store in the database that `url` names, with a client of its own:
    /// `mongodb://USER:PASSWORD@HOST:PORT/DATABASE?collection=NAME&layout=eventuous&timeoutMS=MILLISECONDS`, or
    /// `mongodb+srv://…`. The three parameters may be left out (see [`with_collection`](Self::with_collection),
    /// [`with_eventuous_layout`](Self::with_eventuous_layout), [`with_timeout`](Self::with_timeout)); all others are the
    /// driver's, such as `tls`, `authSource`, `replicaSet`, `w` or `serverSelectionTimeoutMS`.
    ///
    /// Nothing is sent but, for `mongodb+srv`, the question to the name server: a wrong password or a server that is not
    /// there is seen by the first call, or by [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the URL is not one that the driver takes, or names no database;
    /// [`Unavailable`](ErrorKind::Unavailable) where the name server does not answer. No message shows the user, the
    /// password or a parameter's value.
    pub async fn connect(url: &str) -> Result<Self> {
        open(url).await.map_err(|error| error.with_store(STORE).with_operation(Operation::Open))
    }
}

async fn open(url: &str) -> Result<MongoStore> {
    let url = Url::parse(url)?;
    let options = ClientOptions::parse(&url.of_driver).await.map_err(|error| without_secrets(&url.of_driver, error))?;
    let Some(database) = options.default_database.clone() else {
        return Err(invalid("the URL names no database: write mongodb://HOST/DATABASE"));
    };
    let client = Client::with_options(options).map_err(|error| without_secrets(&url.of_driver, error))?;
    let mut store = MongoStore::new(client.database(&database));
    if let Some(name) = url.collection {
        store = store.with_collection(&name)?;
    }
    if url.eventuous {
        store = store.with_eventuous_layout();
    }
    if let Some(timeout) = url.timeout {
        store = store.with_timeout(timeout);
    }
    Ok(store)
}

#[derive(Default)]
struct Url {
    of_driver: String,
    collection: Option<String>,
    eventuous: bool,
    timeout: Option<Duration>,
}

impl Url {
    fn parse(url: &str) -> Result<Self> {
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut parsed = Self { of_driver: place.to_owned(), ..Self::default() };
        let mut separator = '?';
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("collection", name)) => parsed.collection = Some(decoded(name)?),
                Some(("layout", "eventuous")) => parsed.eventuous = true,
                Some(("layout", _)) => return Err(invalid("the URL's parameter layout can only be \"eventuous\"")),
                Some((name, milliseconds)) if name.eq_ignore_ascii_case("timeoutMS") => {
                    let milliseconds = milliseconds.parse().ok().filter(|milliseconds| *milliseconds > 0);
                    let milliseconds =
                        milliseconds.ok_or_else(|| invalid("the URL's timeoutMS must be a number above 0"))?;
                    parsed.timeout = Some(Duration::from_millis(milliseconds));
                }
                _ => {
                    parsed.of_driver.push(separator);
                    parsed.of_driver.push_str(parameter);
                    separator = '&';
                }
            }
        }
        Ok(parsed)
    }
}

fn decoded(name: &str) -> Result<String> {
    let name = percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_| invalid("the URL's collection is not UTF-8 once its %XX are decoded"))?;
    Ok(name.into_owned())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// The driver's error about a URL, which may quote any part of it. Its words are passed on only where none of them is one
/// of the URL that could be secret.
fn without_secrets(url: &str, error: DriverError) -> Error {
    let reason = match &*error.kind {
        DriverErrorKind::InvalidArgument { message, .. } => message,
        DriverErrorKind::DnsResolve { .. } => {
            return Error::new(ErrorKind::Unavailable, "the servers' names cannot be looked up; try again");
        }
        _ if url.contains('@') => return invalid("the URL is not one that the driver takes"),
        _ => return from_driver(error),
    };
    match secrets(url).any(|secret| shows(&reason.to_lowercase(), &secret.to_lowercase())) {
        true => invalid(
            "the URL is not one that the driver takes; in user, password and parameters, each of :/?#[]@&= and % must be \
             written as % and two hexadecimal digits",
        ),
        false => invalid(format!("the URL is not one that the driver takes: {reason}")),
    }
}

/// A short piece is part of many words and must be one; a longer one may stand within another.
fn shows(reason: &str, secret: &str) -> bool {
    match secret.len() < 4 {
        true => reason.split(|c: char| !c.is_alphanumeric()).any(|word| word == secret),
        false => reason.contains(secret),
    }
}

/// The pieces of a URL that must not be shown: what is before the last `@`, and the parameters' values.
fn secrets(url: &str) -> impl Iterator<Item = String> {
    let (user, rest) = url.rsplit_once('@').unwrap_or(("", url));
    let user = user.split("://").last().unwrap_or_default();
    let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
    let values = parameters.split('&').filter_map(|parameter| parameter.split_once('=')).map(|(_, value)| value);
    let pieces = user.split([':', '@', '/', '?', '&', '=']).chain(values);
    let pieces: Vec<_> = pieces.filter(|piece| !piece.is_empty()).collect();
    let decoded: Vec<_> =
        pieces.iter().map(|piece| percent_decode_str(piece).decode_utf8_lossy().into_owned()).collect();
    let pieces: Vec<_> = pieces.into_iter().map(ToOwned::to_owned).chain(decoded).collect();
    pieces.into_iter()
}

#[cfg(test)]
mod tests {
    use std::error::Error as StdError;

    use checkpoint_core::CheckpointStore;

    use super::*;

    const URL: &str = "mongodb://user-x:secret-y@db.example:27018";

    async fn refused(url: &str) -> Error {
        MongoStore::connect(url).await.unwrap_err()
    }

    #[test]
    fn our_parameters_are_taken_out_and_nothing_else() {
        let url = Url::parse("mongodb://h/db?w=1&collection=a%20b&layout=eventuous&timeoutMS=1500&tls=true").unwrap();
        assert_eq!(url.of_driver, "mongodb://h/db?w=1&tls=true");
        assert_eq!((url.collection.as_deref(), url.eventuous), (Some("a b"), true));
        assert_eq!(url.timeout, Some(Duration::from_millis(1_500)));
        let url = Url::parse("mongodb://u:p@h1,h2:7/db?collection=c").unwrap();
        assert_eq!((url.of_driver.as_str(), url.eventuous), ("mongodb://u:p@h1,h2:7/db", false));
        assert_eq!(Url::parse("mongodb://h/").unwrap().of_driver, "mongodb://h/");
    }

    #[tokio::test]
    async fn database_and_collection_come_from_the_url() {
        let store = MongoStore::connect(&format!("{URL}/app?collection=progress")).await.unwrap();
        assert_eq!(store.name(), "mongo");
        assert_eq!((store.database.name(), store.documents.name()), ("app", "progress"));
        let store = MongoStore::connect(&format!("{URL}/app?w=1&layout=eventuous")).await.unwrap();
        assert_eq!(store.documents.name(), "checkpoint");
        let confirmed = store.write_concern();
        assert_eq!((confirmed.w.clone(), confirmed.journal), (Some(1.into()), Some(true)));
    }

    #[tokio::test]
    async fn a_wrong_url_says_what_is_wrong() {
        for (url, named) in [
            (URL.to_owned(), "names no database"),
            (format!("{URL}/?collection=c"), "names no database"),
            (format!("{URL}/app?collection=a$b"), "cannot be named"),
            (format!("{URL}/app?collection=%ff"), "UTF-8"),
            (format!("{URL}/app?layout=other"), "layout"),
            (format!("{URL}/app?timeoutMS=0"), "timeoutMS"),
            (format!("{URL}/app?timeoutMS=soon"), "timeoutMS"),
            (format!("{URL}/app?colection=c"), "colection"),
            ("mongodb://".to_owned(), "driver"),
            ("mongo://h/app".to_owned(), "driver"),
        ] {
            let error = refused(&url).await;
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Invalid, Some(Operation::Open)), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[tokio::test]
    async fn no_part_of_a_url_that_may_be_secret_is_shown() {
        for url in [
            "mongodb://user-x:secret-y@h:port/app",
            "mongodb://user-x:secret-y@/app",
            "mongodb://user-x:secret-y@h/app?readPreference=secret-y",
            "mongodb://user-x:secret-y@h/app?secret-y",
            "mongodb://user-x:secret-y@h/app?tls=secret-y",
            "mongodb://user-x:se?secret-y=b@h/app",
            "mongodb://user-x:s/secret-y@h/app",
            "mongodb://user-x:s@secret-y@h/app",
            "mongodb://user-x:s:secret-y@h/app",
            "mongodb://user-x:secret-y%@h/app",
            "mongodb://h/app?authMechanism=secret-y",
            "mongodb://h/app?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN=secret-y",
            "mongodb+srv://user-x:secret-y@/app",
            "secret-y",
        ] {
            shows_nothing(&refused(url).await);
        }
        let store = MongoStore::connect(&format!("{URL}/app")).await.unwrap();
        let shown = format!("{store:?}");
        assert!(!shown.contains("user-x") && !shown.contains("secret-y") && !shown.contains("db.example"), "{shown}");
    }

    fn shows_nothing(error: &Error) {
        let mut shown = format!("{error} {error:?}");
        let mut source: Option<&dyn StdError> = error.source();
        while let Some(error) = source {
            shown += &format!("{error} {error:?}");
            source = error.source();
        }
        assert!(!shown.contains("user-x") && !shown.contains("secret-y"), "{shown}");
    }
}
