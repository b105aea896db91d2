//! What others than a healthy Elasticsearch answer: a server with security, one in trouble, a proxy.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

use std::error::Error as _;
use std::sync::Arc;

use checkpoint_core::{Applied, Checkpoint, CheckpointId, CheckpointStore, Error, ErrorKind, Operation, Write};
use checkpoint_elastic::{ElasticStore, ServerError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Answers every request with the same status and body.
struct Server {
    address: String,
}

impl Server {
    async fn start(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let head =
            format!("HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        let answer: Arc<str> = (head + body).into();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&answer)));
            }
        });
        Self { address }
    }

    async fn store(&self) -> ElasticStore {
        let url = format!("elasticsearch+http://anna:hunter2@{}/orders", self.address);
        ElasticStore::connect(&url).await.unwrap()
    }
}

async fn serve(client: TcpStream, answer: Arc<str>) -> Option<()> {
    let mut client = BufReader::new(client);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if client.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        client.read_exact(&mut vec![0; length]).await.ok()?;
        client.write_all(answer.as_bytes()).await.ok()?;
    }
}

fn id() -> CheckpointId {
    CheckpointId::new("orders").unwrap()
}

fn write() -> Write {
    Write::advance(Checkpoint::new(id(), 1))
}

/// The error of every call.
async fn errors(store: &ElasticStore) -> Vec<Error> {
    vec![
        store.read(&id()).await.unwrap_err(),
        store.write(&write()).await.unwrap_err(),
        store.write_many(&[write()]).await.unwrap_err(),
        store.claim(&id(), "me").await.unwrap_err(),
        store.delete(&id()).await.unwrap_err(),
        store.list("", None, 1).await.unwrap_err(),
        store.migrate().await.unwrap_err(),
        store.verify().await.unwrap_err(),
    ]
}

const OPERATIONS: [Operation; 8] = [
    Operation::Read,
    Operation::Write,
    Operation::WriteMany,
    Operation::Claim,
    Operation::Delete,
    Operation::List,
    Operation::Migrate,
    Operation::Verify,
];

async fn every_call_answers(status: u16, body: &str, kind: ErrorKind) {
    let server = Server::start(status, body).await;
    let store = server.store().await;
    for (error, operation) in errors(&store).await.into_iter().zip(OPERATIONS) {
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert_eq!((error.store(), error.operation()), (Some("elastic"), Some(operation)));
        let source = error.source().map_or_else(String::new, |source| format!("{source} {source:?}"));
        let shown = format!("{error} {error:?} {source} {store:?}");
        assert!(!["anna", "hunter2", &server.address].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}

fn refusal(status: u16, error_type: &str, reason: &str) -> String {
    let cause = format!(r#""type":"{error_type}","reason":"{reason}""#);
    format!(r#"{{"error":{{"root_cause":[{{{cause}}}],{cause}}},"status":{status}}}"#)
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_not_shown() {
    let reason = "unable to authenticate user [anna] for REST request [/orders/_doc/orders]";
    every_call_answers(401, &refusal(401, "security_exception", reason), ErrorKind::Denied).await;
    every_call_answers(401, "", ErrorKind::Denied).await;
}

#[tokio::test]
async fn a_missing_privilege_is_denied() {
    let reason = "action [indices:data/write/index] is unauthorized for user [anna] with effective roles [reader]";
    every_call_answers(403, &refusal(403, "security_exception", reason), ErrorKind::Denied).await;
}

#[tokio::test]
async fn an_overloaded_server_is_unavailable() {
    every_call_answers(429, &refusal(429, "circuit_breaking_exception", "Data too large"), ErrorKind::Unavailable)
        .await;
    every_call_answers(429, &refusal(429, "es_rejected_execution_exception", "rejected"), ErrorKind::Unavailable).await;
    let block = "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];";
    every_call_answers(503, &refusal(503, "cluster_block_exception", block), ErrorKind::Unavailable).await;
    every_call_answers(502, "<html>bad gateway</html>", ErrorKind::Unavailable).await;
    every_call_answers(504, "", ErrorKind::Unavailable).await;
}

#[tokio::test]
async fn a_request_that_is_too_large_is_invalid() {
    every_call_answers(413, "<html>too large</html>", ErrorKind::Invalid).await;
}

/// Nothing that is not Elasticsearch's own word may count as "there is no such checkpoint": a consumer would begin anew.
#[tokio::test]
async fn somebody_elses_answer_is_never_an_absent_record() {
    for (status, body) in [
        (404, "<html>not found</html>"),
        (404, r#"{"message":"no route"}"#),
        (404, "{}"),
        (200, "<html>log in</html>"),
        (200, r#"{"docs":[],"items":[]}"#),
        (200, r#"{"found":true}"#),
        (500, r#"{"error":"an error occurred"}"#),
    ] {
        let store = Server::start(status, body).await.store().await;
        for error in [
            store.read(&id()).await.unwrap_err(),
            store.write(&write()).await.unwrap_err(),
            store.write_many(&[write()]).await.unwrap_err(),
            store.claim(&id(), "me").await.unwrap_err(),
            store.delete(&id()).await.unwrap_err(),
            store.list("", None, 1).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Other, "{status} {body}: {error}");
        }
    }
}

#[tokio::test]
async fn the_servers_own_error_can_be_downcast() {
    let body = refusal(400, "illegal_argument_exception", "no");
    let store = Server::start(400, &body).await.store().await;
    let error = store.read(&id()).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Invalid, Applied::No));
    let server = error.driver().unwrap().downcast_ref::<ServerError>().unwrap();
    assert_eq!(
        (server.status, server.error_type.as_str(), server.reason.as_str()),
        (400, "illegal_argument_exception", "no")
    );
}

#[tokio::test]
async fn a_host_that_is_not_there_is_unavailable_and_nothing_was_changed() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap(); // free again
    let store = ElasticStore::connect(&format!("elasticsearch+http://anna:hunter2@{address}/orders")).await.unwrap();
    for error in errors(&store).await {
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("anna") && !shown.contains("http"), "{shown}");
    }
    let store = ElasticStore::connect("elasticsearch+http://anna:hunter2@no-such-host.invalid/orders").await.unwrap();
    let error = store.write(&write()).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
}
