//! Connecting to what a URL names.

use std::time::Duration;

use checkpoint_core::{Error, ErrorKind, Operation, Result};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionInfo, IntoConnectionInfo};

use crate::error::to_error;
use crate::store::{RedisStore, during};

/// How long a request may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one attempt to connect may take.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The parameters that the driver knows: those after the first one for Unix sockets only.
const OF_THE_DRIVER: [&str; 4] = ["protocol", "db", "pass", "user"];

impl RedisStore {
    /// Connects to the server at `url`: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=PREFIX&layout=eventuous]`.
    ///
    /// `prefix` and `layout` are this store's; percent-encode what a URL would take for its own. The rest is the driver's:
    /// also `rediss://` for TLS (with the feature `tls`), `redis+unix:///SOCKET?db=1&user=USER&pass=PASSWORD`, `protocol=resp3`, and
    /// `valkey` wherever there is `redis`. An unknown parameter is an error.
    ///
    /// A request may take 10 seconds and connecting 5. A lost connection is made again by the next call, once a call: it
    /// fails at once where that is not possible. Should other times be needed, make a `ConnectionManager` and use
    /// [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the URL is malformed, [`Unsupported`](ErrorKind::Unsupported) where it asks for TLS
    /// and the feature `tls` is off, [`Denied`](ErrorKind::Denied) for a wrong password, [`Unavailable`](ErrorKind::Unavailable)
    /// where the server cannot be reached. None shows a part of the URL.
    pub async fn connect(url: &str) -> Result<Self> {
        let connecting = async {
            let place = Place::parse(url)?;
            let client = Client::open(place.server).map_err(|_| malformed())?;
            let config = ConnectionManagerConfig::new()
                .set_response_timeout(Some(RESPONSE_TIMEOUT))
                .set_connection_timeout(Some(CONNECTION_TIMEOUT))
                .set_number_of_retries(0);
            let manager = ConnectionManager::new_with_config(client, config).await.map_err(|error| to_error(&error))?;
            let store = Self::new(manager);
            let store = if place.eventuous { store.with_eventuous_layout() } else { store };
            place.prefix.map_or(Ok(store.clone()), |prefix| store.with_prefix(&prefix))
        };
        connecting.await.map_err(during(Operation::Open))
    }
}

/// What a URL says.
#[derive(Debug)]
struct Place {
    server: ConnectionInfo,
    prefix: Option<String>,
    eventuous: bool,
}

impl Place {
    /// Takes our parameters out and leaves the rest to the driver. No message quotes anything: a password with a `?` or
    /// `@` in it ends up in any part.
    fn parse(url: &str) -> Result<Self> {
        let mut url = redis::parse_redis_url(url).ok_or_else(malformed)?;
        check_tls(url.scheme())?;
        let known = if url.scheme().ends_with("unix") { &OF_THE_DRIVER[..] } else { &OF_THE_DRIVER[..1] };
        let (mut prefix, mut eventuous, mut rest) = (None, false, Vec::new());
        for (name, value) in url.query_pairs().into_owned() {
            match name.as_str() {
                "prefix" => prefix = Some(value),
                "layout" if value == "eventuous" => eventuous = true,
                "layout" => return Err(invalid("the only layout to be asked for is layout=eventuous")),
                name if known.contains(&name) => rest.push((name.to_owned(), value)),
                _ => {
                    return Err(invalid(format!(
                        "the redis URL has an unknown parameter; known are layout, prefix, {}",
                        known.join(", ")
                    )));
                }
            }
        }
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
        let server = url.into_connection_info().map_err(|_| malformed())?;
        Ok(Self { server: server.set_tcp_settings(tcp_settings()), prefix, eventuous })
    }
}

/// Small requests are sent at once. A server that is gone without a word is noticed when requests time out: otherwise
/// the connection would be kept for a quarter of an hour.
fn tcp_settings() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(RESPONSE_TIMEOUT);
    settings
}

#[cfg(feature = "tls")]
fn check_tls(scheme: &str) -> Result<()> {
    use rustls::crypto::{CryptoProvider, ring};

    // the driver takes the process's default, and panics where several are compiled in and none was chosen
    if is_tls(scheme) && CryptoProvider::get_default().is_none() {
        let _ = ring::default_provider().install_default(); // fails where another thread was faster
    }
    Ok(())
}

#[cfg(not(feature = "tls"))]
fn check_tls(scheme: &str) -> Result<()> {
    match is_tls(scheme) {
        true => Err(Error::new(
            ErrorKind::Unsupported,
            "TLS is not compiled in: turn on the feature \"tls\" of the crate checkpoint-redis",
        )),
        false => Ok(()),
    }
}

fn is_tls(scheme: &str) -> bool {
    matches!(scheme, "rediss" | "valkeys")
}

fn malformed() -> Error {
    invalid(
        "the redis URL is malformed: write redis://USER:PASSWORD@HOST:PORT/DATABASE, and percent-encode what is special in it",
    )
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::ConnectionAddr;

    #[test]
    fn our_parameters_are_taken_out_and_the_rest_is_the_drivers() {
        let place = Place::parse("redis://carol:s%40cret@host:7000/3?prefix=a%2Fb%3A&protocol=resp3").unwrap();
        assert_eq!((place.prefix.as_deref(), place.eventuous), (Some("a/b:"), false));
        assert_eq!(place.server.addr(), &ConnectionAddr::Tcp("host".to_owned(), 7000));
        let settings = place.server.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("carol"), Some("s@cret"), 3));
        assert_eq!(settings.protocol(), redis::ProtocolVersion::RESP3);

        let place = Place::parse("valkey://host?layout=eventuous").unwrap();
        assert_eq!((place.prefix, place.eventuous), (None, true));
        let place = Place::parse("redis+unix:///run/redis.sock?db=2&pass=secret&prefix=").unwrap();
        assert_eq!(place.server.addr(), &ConnectionAddr::Unix("/run/redis.sock".into()));
        assert_eq!((place.server.redis_settings().password(), place.prefix.as_deref()), (Some("secret"), Some("")));
    }

    #[test]
    fn a_wrong_url_is_refused_without_quoting_it() {
        for url in [
            "",
            "secret",
            "postgres://carol:secret@host",
            "redis://",
            "redis://carol:secret@host:port",
            "redis://carol:secret@host/secret",
            "redis://carol:sec?ret=secret@host",
            "redis://carol:secret@host?protocol=secret",
            "redis://carol:secret@host?layout=secret",
            "redis://carol:secret@host?secret=1",
            "redis://carol:secret@host?db=1",
            "redis://carol:sec#ret@host",
            "redis://carol:secret@[host",
        ] {
            let error = Place::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("secret") && !shown.contains("carol"), "{shown}");
            assert!(error.driver().is_none());
        }
    }

    #[test]
    fn tls_is_a_feature() {
        let place = Place::parse("rediss://host");
        match cfg!(feature = "tls") {
            true => assert!(matches!(place.unwrap().server.addr(), ConnectionAddr::TcpTls { insecure: false, .. })),
            false => assert_eq!(place.unwrap_err().kind(), ErrorKind::Unsupported),
        }
    }
}
