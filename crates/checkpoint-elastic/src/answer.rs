use checkpoint_core::{Applied, Error, ErrorKind, Result};
use elasticsearch::http::StatusCode;
use elasticsearch::http::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{self, ServerError};

/// What the server answered to a request.
pub(crate) struct Answer {
    status: u16,
    body: Box<[u8]>,
}

/// The error within an answer. Elasticsearch has one in the whole answer, or one an item; what a shard refused stands in
/// `root_cause`.
#[derive(Debug, Deserialize)]
pub(crate) struct Cause {
    #[serde(rename = "type")]
    error_type: String,
    reason: Option<String>,
    #[serde(default)]
    root_cause: Vec<Self>,
}

impl Answer {
    /// The whole answer to what was sent.
    pub(crate) async fn of(sent: Result<Response, elasticsearch::Error>) -> Result<Self> {
        let response = sent.map_err(|error| error::broken(&error))?;
        let status = response.status_code().as_u16();
        let body = response.bytes().await.map_err(|error| error::broken(&error))?;
        Ok(Self { status, body: body.to_vec().into_boxed_slice() })
    }

    pub(crate) fn is(&self, status: StatusCode) -> bool {
        self.status == status.as_u16()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The answer's content, where the server did what it was asked to.
    pub(crate) fn content<T: DeserializeOwned>(&self) -> Result<T> {
        if self.status >= 400 {
            return Err(self.refusal());
        }
        serde_json::from_slice(&self.body).map_err(|error| not_elasticsearch(&error.to_string()))
    }

    /// The content also of an answer that says that something is not there.
    pub(crate) fn content_or_absence<T: DeserializeOwned>(&self) -> Result<T> {
        match self.is(StatusCode::NOT_FOUND) {
            true => serde_json::from_slice(&self.body).map_err(|_| self.refusal()),
            false => self.content(),
        }
    }

    /// Whether the server refused, with an error of this type.
    pub(crate) fn refused_as(&self, error_type: &str) -> bool {
        self.cause().is_some_and(|cause| cause.error_type == error_type)
    }

    fn refusal(&self) -> Error {
        match self.cause() {
            Some(cause) => cause.to_error(self.status),
            None => error::refused(ServerError::new(self.status, "", "")), // such as a proxy's own page
        }
    }

    fn cause(&self) -> Option<Cause> {
        #[derive(Deserialize)]
        struct Body {
            error: Cause,
        }
        serde_json::from_slice::<Body>(&self.body).ok().map(|body| body.error)
    }
}

impl Cause {
    pub(crate) fn to_error(&self, status: u16) -> Error {
        let cause = self.root_cause.first().unwrap_or(self);
        error::refused(ServerError::new(status, &cause.error_type, cause.reason.as_deref().unwrap_or_default()))
    }
}

/// Something else listens there, or stands in between.
pub(crate) fn not_elasticsearch(seen: &str) -> Error {
    let message = format!("the answer is not one of Elasticsearch: {seen}; look at what the URL leads to");
    Error::new(ErrorKind::Other, message).with_applied(Applied::Unknown)
}
