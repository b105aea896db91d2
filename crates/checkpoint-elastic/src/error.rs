//! The driver's and the server's errors, as the kind that says what to do.

use std::error::Error as StdError;

use checkpoint_core::{Applied, Error, ErrorKind};

/// What Elasticsearch refused: the [`driver`](Error::driver) of an [`Error`] that it answered.
///
/// Of what a user may not do, the reason is left out, since it names the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server answered {status} {error_type}: {reason}")]
#[non_exhaustive]
pub struct ServerError {
    /// The HTTP status.
    pub status: u16,
    /// Elasticsearch's name of the error, such as `cluster_block_exception`; empty where the answer has none.
    pub error_type: String,
    /// Elasticsearch's own words.
    pub reason: String,
}

impl ServerError {
    pub(crate) fn new(status: u16, error_type: &str, reason: &str) -> Self {
        let secret = error_type == SECURITY || matches!(status, 401 | 403) && error_type != BLOCK;
        let reason = if secret { "not shown, as it may name the user" } else { reason };
        Self { status, error_type: error_type.to_owned(), reason: reason.to_owned() }
    }
}

const BLOCK: &str = "cluster_block_exception";
const SECURITY: &str = "security_exception";

/// A disk that is nearly full: Elasticsearch puts this block on its indices, and takes it away again.
const FLOOD_STAGE: &str = "/12/";
/// The cluster has no master, or is starting.
const NO_STATE: &str = "SERVICE_UNAVAILABLE/";
/// A search by a field that the mapping does not have.
const NO_FIELD: &str = "No mapping found for";

const NOT_SET_UP: &str = "call ElasticStore::migrate once, or ElasticStore::verify to see what is missing";
const CREDENTIALS: &str =
    "the server refuses the user, the password or the API key: mend them where the connection is made";
const PRIVILEGES: &str = "the user may not do this: grant the privileges that the README lists";
const BLOCKED: &str = "the index takes no changes: remove its block";
const DISK: &str = "the server's disk is nearly full: make room and try again";
const BUSY: &str = "the server is overloaded: try again, with a pause";
const AWAY: &str = "the shard or the cluster is not available now: try again";
const TOO_LARGE: &str =
    "the request is too large: raise http.max_content_length of the server, or of a proxy before it";
const MAPPING: &str = "the index's mapping does not take the document";
const REQUEST: &str = "the server does not take the request";
const STRANGE: &str = "the server failed";

/// What to do about an error of this type and status, and whether the write may have happened all the same.
fn classify(error: &ServerError) -> (ErrorKind, Applied, &'static str) {
    let contains = |text| error.reason.contains(text);
    match error.error_type.as_str() {
        BLOCK if contains(FLOOD_STAGE) => (ErrorKind::Unavailable, Applied::No, DISK),
        BLOCK if contains(NO_STATE) => (ErrorKind::Unavailable, Applied::No, AWAY),
        BLOCK => (ErrorKind::Denied, Applied::No, BLOCKED),
        SECURITY if error.status != 401 => (ErrorKind::Denied, Applied::No, PRIVILEGES),
        "index_not_found_exception" | "index_closed_exception" | "strict_dynamic_mapping_exception" => {
            (ErrorKind::NotReady, Applied::No, NOT_SET_UP)
        }
        "query_shard_exception" if contains(NO_FIELD) => (ErrorKind::NotReady, Applied::No, NOT_SET_UP),
        "es_rejected_execution_exception" | "circuit_breaking_exception" => (ErrorKind::Unavailable, Applied::No, BUSY),
        "document_parsing_exception" | "mapper_parsing_exception" => (ErrorKind::Invalid, Applied::No, MAPPING),
        "master_not_discovered_exception"
        | "no_shard_available_action_exception"
        | "node_closed_exception"
        | "node_not_connected_exception"
        | "process_cluster_event_timeout_exception"
        | "unavailable_shards_exception" => (ErrorKind::Unavailable, Applied::Unknown, AWAY),
        _ => by_status(error.status),
    }
}

fn by_status(status: u16) -> (ErrorKind, Applied, &'static str) {
    match status {
        401 => (ErrorKind::Denied, Applied::No, CREDENTIALS),
        403 => (ErrorKind::Denied, Applied::No, PRIVILEGES),
        400 => (ErrorKind::Invalid, Applied::No, REQUEST),
        413 => (ErrorKind::Invalid, Applied::No, TOO_LARGE),
        429 => (ErrorKind::Unavailable, Applied::No, BUSY),
        408 | 502..=504 => (ErrorKind::Unavailable, Applied::Unknown, AWAY),
        _ => (ErrorKind::Other, Applied::Unknown, STRANGE),
    }
}

/// The error of what the server refused.
pub(crate) fn refused(error: ServerError) -> Error {
    let (kind, applied, advice) = classify(&error);
    Error::new(kind, format!("{advice} ({error})")).with_applied(applied).with_source(error)
}

/// The error of a request that had no answer, or half of one. The driver's error shows the URL, so of it only the causes
/// below are told.
pub(crate) fn broken(error: &elasticsearch::Error) -> Error {
    let request = error.source().and_then(|source| source.downcast_ref::<reqwest::Error>());
    let cause = request.and_then(StdError::source).map_or_else(String::new, root_cause);
    let (applied, what) = if error.is_timeout() {
        (Applied::Unknown, "the server did not answer in time")
    } else if request.is_some_and(reqwest::Error::is_connect) {
        (Applied::No, "the server cannot be connected to: see whether it runs, and what the URL leads to")
    } else if request.is_some_and(reqwest::Error::is_builder) || request.is_none() {
        return Error::new(
            ErrorKind::Invalid,
            "the driver could not make the request: look at how its client was made",
        );
    } else {
        (Applied::Unknown, "the connection to the server was lost")
    };
    Error::new(ErrorKind::Unavailable, format!("{what}; try again{cause}")).with_applied(applied)
}

fn root_cause(mut error: &(dyn StdError + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    format!(" ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, error_type: &str, reason: &str) -> (ErrorKind, Applied) {
        let error = refused(ServerError::new(status, error_type, reason));
        assert!(error.driver().unwrap().downcast_ref::<ServerError>().is_some());
        (error.kind(), error.applied())
    }

    #[test]
    fn every_error_has_the_kind_that_says_what_to_do() {
        use Applied::{No, Unknown};
        use ErrorKind::{Denied, Invalid, NotReady, Other, Unavailable};
        for (status, error_type, reason, expected) in [
            (400, "illegal_argument_exception", "unknown parameter", (Invalid, No)),
            (400, "document_parsing_exception", "failed to parse field", (Invalid, No)),
            (400, "mapper_parsing_exception", "failed to parse", (Invalid, No)),
            (400, "strict_dynamic_mapping_exception", "dynamic introduction of [epoch]", (NotReady, No)),
            (400, "index_closed_exception", "closed", (NotReady, No)),
            (400, "query_shard_exception", "No mapping found for [id.whole] in order to sort on", (NotReady, No)),
            (400, "query_shard_exception", "failed to create query", (Invalid, No)),
            (401, "security_exception", "missing credentials", (Denied, No)),
            (401, "", "", (Denied, No)),
            (403, "security_exception", "is unauthorized", (Denied, No)),
            (403, BLOCK, "index [c] blocked by: [FORBIDDEN/8/index write (api)];", (Denied, No)),
            (403, BLOCK, "index [c] blocked by: [FORBIDDEN/5/index read-only (api)];", (Denied, No)),
            (
                403,
                BLOCK,
                "index [c] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];",
                (Unavailable, No),
            ),
            (
                429,
                BLOCK,
                "index [c] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage];",
                (Unavailable, No),
            ),
            (503, BLOCK, "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];", (Unavailable, No)),
            (404, "index_not_found_exception", "no such index [c]", (NotReady, No)),
            (404, "", "", (Other, Unknown)),
            (405, "", "", (Other, Unknown)),
            (408, "", "", (Unavailable, Unknown)),
            (413, "", "", (Invalid, No)),
            (429, "es_rejected_execution_exception", "rejected", (Unavailable, No)),
            (429, "circuit_breaking_exception", "[parent] Data too large", (Unavailable, No)),
            (429, "", "", (Unavailable, No)),
            (500, "illegal_state_exception", "", (Other, Unknown)),
            (502, "", "", (Unavailable, Unknown)),
            (503, "unavailable_shards_exception", "primary shard is not active", (Unavailable, Unknown)),
            (503, "no_shard_available_action_exception", "", (Unavailable, Unknown)),
            (503, "master_not_discovered_exception", "", (Unavailable, Unknown)),
            (500, "node_closed_exception", "", (Unavailable, Unknown)),
            (500, "node_not_connected_exception", "", (Unavailable, Unknown)),
            (503, "process_cluster_event_timeout_exception", "", (Unavailable, Unknown)),
            (504, "", "", (Unavailable, Unknown)),
        ] {
            assert_eq!(kind(status, error_type, reason), expected, "{status} {error_type} {reason}");
        }
    }

    #[test]
    fn no_user_is_named() {
        for (status, error_type) in [(401, SECURITY), (403, SECURITY), (401, ""), (403, "proxy")] {
            let error = refused(ServerError::new(status, error_type, "unable to authenticate user [anna]"));
            assert!(!format!("{error} {error:?}").contains("anna"), "{error:?}");
        }
    }
}
