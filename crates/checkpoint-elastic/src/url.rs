use std::path::PathBuf;
use std::time::Duration;

use checkpoint_core::{Error, ErrorKind, Operation, Result};
use elasticsearch::Elasticsearch;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Url;
use elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use percent_encoding::percent_decode_str;

use crate::STORE;
use crate::names::DEFAULT_INDEX;
use crate::store::{ElasticStore, during};

/// Set before the scheme of the server's own URL.
const PREFIX: &str = "elasticsearch+";

/// How long a request may take if nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30);

impl ElasticStore {
    /// A store for `elasticsearch+http(s)://[user:password@]host[:port][/path]/index[?parameters]`. Asks nothing of the server
    /// yet.
    ///
    /// The last part of the path is the index, `checkpoint` if there is none; what stands before it is passed on to the
    /// server. The port is 80 or 443 if nothing is said. Parameters:
    ///
    /// | parameter | what |
    /// |---|---|
    /// | `api_key` | an API key, as Elasticsearch shows it under `encoded`, instead of user and password |
    /// | `ca` | a file with the certificate (PEM) of an authority to trust as well, such as Elasticsearch's own `http_ca.crt` |
    /// | `timeout` | how many seconds a request may take, from 1 to 3600; 30 if nothing is said |
    ///
    /// User, password, index and values are written as in every URL: `%` and two hex digits stand for a byte.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the URL is not such a one. No message shows any part of it.
    pub async fn connect(url: &str) -> Result<Self> {
        let target = Target::parse(url).map_err(during(Operation::Open))?;
        let index = target.index.clone();
        let client = target.client().map_err(during(Operation::Open))?;
        Self::new(client).with_index(&index)
    }
}

/// What a URL says.
struct Target {
    server: Url,
    index: String,
    credentials: Option<Credentials>,
    ca: Option<PathBuf>,
    timeout: Duration,
}

impl Target {
    fn parse(url: &str) -> Result<Self> {
        let server = url.strip_prefix(PREFIX).and_then(|url| Url::parse(url).ok());
        let mut server = server.filter(|url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none());
        let server = server.as_mut().ok_or_else(|| {
            invalid("it must be elasticsearch+http(s)://user:password@host:port/index, with special characters as %XX")
        })?;
        let user = take_user(server)?;
        let index = take_index(server)?;
        let parameters = server.query().unwrap_or_default().to_owned();
        server.set_query(None);
        let mut target = Self { server: server.clone(), index, credentials: user, ca: None, timeout: TIMEOUT };
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            target.set(parameter)?;
        }
        Ok(target)
    }

    fn set(&mut self, parameter: &str) -> Result<()> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = decode(value)?;
        match name {
            "api_key" if self.credentials.is_some() => {
                return Err(invalid("it has both a user and an api_key; keep one"));
            }
            "api_key" if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return Err(invalid("its api_key is none: take what Elasticsearch shows under encoded"));
            }
            "api_key" => self.credentials = Some(Credentials::EncodedApiKey(value)),
            "ca" => self.ca = Some(value.into()),
            "timeout" => {
                let seconds = value.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
                let seconds =
                    seconds.ok_or_else(|| invalid("its timeout must be a number of seconds from 1 to 3600"))?;
                self.timeout = Duration::from_secs(seconds);
            }
            // not quoted: a password with an unencoded ? would be seen as one
            _ => return Err(invalid("it has an unknown parameter; known are api_key, ca and timeout")),
        }
        Ok(())
    }

    fn client(self) -> Result<Elasticsearch> {
        let mut transport = TransportBuilder::new(SingleNodeConnectionPool::new(self.server)).timeout(self.timeout);
        if let Some(credentials) = self.credentials {
            transport = transport.auth(credentials);
        }
        if let Some(file) = self.ca {
            let pem = std::fs::read(&file)
                .map_err(|error| invalid(format!("the file of its parameter ca cannot be read: {error}")))?;
            let certificate = Certificate::from_pem(&pem)
                .map_err(|_| invalid("the file of its parameter ca holds no certificate in PEM format"))?;
            transport = transport.cert_validation(CertificateValidation::Full(certificate));
        }
        let transport =
            transport.build().map_err(|_| invalid("the driver takes no such server, or TLS cannot be had"))?;
        Ok(Elasticsearch::new(transport))
    }
}

/// User and password, which the driver wants apart from the URL and as they are.
fn take_user(url: &mut Url) -> Result<Option<Credentials>> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let (user, password) = (decode(url.username())?, decode(url.password().unwrap_or_default())?);
    let taken = url.set_username("").and_then(|()| url.set_password(None));
    taken.map_err(|()| invalid("it has no host"))?;
    Ok(Some(Credentials::Basic(user, password)))
}

/// The last part of the path.
fn take_index(url: &mut Url) -> Result<String> {
    let path = url.path().to_owned();
    let (rest, index) = path.rsplit_once('/').unwrap_or(("", &path));
    let index = decode(index)?;
    url.set_path(rest);
    Ok(if index.is_empty() { DEFAULT_INDEX.to_owned() } else { index })
}

fn decode(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| invalid("a part of it is not UTF-8 once its %XX are decoded"))?.into_owned())
}

fn invalid(wrong: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, format!("the URL of the store cannot be used: {wrong}")).with_store(STORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(url).unwrap()
    }

    fn basic(target: &Target) -> Option<(&str, &str)> {
        match &target.credentials {
            Some(Credentials::Basic(user, password)) => Some((user, password)),
            _ => None,
        }
    }

    #[test]
    fn the_last_part_of_the_path_is_the_index() {
        for (url, server, index) in [
            ("elasticsearch+http://es:9200/orders", "http://es:9200/", "orders"),
            ("elasticsearch+https://es/a/b/gr%C3%B6%C3%9Fe", "https://es/a/b", "größe"),
            ("elasticsearch+https://es/a/b/", "https://es/a/b", "checkpoint"),
            ("elasticsearch+http://[::1]:9200", "http://[::1]:9200/", "checkpoint"),
            ("elasticsearch+http://es/?timeout=5", "http://es/", "checkpoint"),
        ] {
            let target = parse(url);
            assert_eq!((target.server.as_str(), target.index.as_str()), (server, index));
        }
    }

    #[test]
    fn credentials_are_decoded_and_leave_the_url() {
        let target = parse("elasticsearch+https://an%40na:p%3A%2F%25+w@es/cp");
        assert_eq!(basic(&target), Some(("an@na", "p:/%+w")));
        assert_eq!(target.server.as_str(), "https://es/");
        let target = parse("elasticsearch+https://es/cp?api_key=aB+/9%3D%3D&timeout=7");
        assert!(matches!(&target.credentials, Some(Credentials::EncodedApiKey(key)) if key == "aB+/9=="));
        assert_eq!(target.timeout, Duration::from_secs(7));
    }

    #[tokio::test]
    async fn what_is_wrong_is_invalid_and_no_part_of_the_url_is_shown() {
        for url in [
            "elasticsearch+http://anna:hunter2@",
            "elasticsearch+http://anna:hunter2@es:port/cp",
            "elasticsearch+ftp://anna:hunter2@es/cp",
            "elasticsearch://anna:hunter2@es/cp",
            "http://anna:hunter2@es/cp",
            "elasticsearch+http://anna:hunter2@es/CP",
            "elasticsearch+http://anna:hunter2@es/cp?hunter2=1",
            "elasticsearch+http://anna:hun?ter2hunter2@es/cp",
            "elasticsearch+http://anna:hunter2@es/cp?timeout=hunter2",
            "elasticsearch+http://anna:hunter2@es/cp?timeout=0",
            "elasticsearch+http://anna:hunter2@es/cp?api_key=hunter2",
            "elasticsearch+http://es/cp?api_key=hunter2%0A",
            "elasticsearch+http://es/cp?api_key=",
            "elasticsearch+http://anna:hunter2%FF@es/cp",
            "elasticsearch+http://anna:hunter2@es/cp#hunter2",
            "elasticsearch+https://anna:hunter2@es/cp?ca=/nowhere/hunter2",
        ] {
            let refused = ElasticStore::connect(url).await.unwrap_err();
            assert_eq!((refused.kind(), refused.store()), (ErrorKind::Invalid, Some(STORE)), "{url}");
            let shown = format!("{refused} {refused:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("anna"), "{shown}");
        }
    }

    #[tokio::test]
    async fn the_store_shows_its_index_alone() {
        let store = ElasticStore::connect("elasticsearch+http://anna:hunter2@es/orders").await.unwrap();
        assert_eq!(format!("{store:?}"), "ElasticStore { index: \"orders\", .. }");
    }
}
