//! `rediss://`: the server's certificate is checked.

use std::fs;
use std::process::Command;

use checkpoint::redis::redis::aio::ConnectionManager;
use checkpoint::redis::redis::{Client, TlsCertificates};
use checkpoint::{CheckpointStore, ErrorKind, Outcome, RedisStore};
use tempfile::TempDir;

use crate::own_server::{OwnServer, free_port};
use crate::space::advance;

#[tokio::test]
async fn the_certificate_decides() {
    let Some(files) = certificate() else { return };
    let file = |name: &str| files.path().join(name).display().to_string();
    let (certificate, key, port) = (file("certificate"), file("key"), free_port().to_string());
    let settings = ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let more = ["--tls-ca-cert-file", &certificate, "--tls-auth-clients", "no", "--bind", "127.0.0.1"];
    let Some(_server) = OwnServer::start(&[&settings[..], &more].concat()).await else { return };

    let url = format!("rediss://localhost:{port}");
    let error = RedisStore::connect(&url).await.unwrap_err(); // nobody has signed it
    assert_eq!(error.kind(), ErrorKind::Other, "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");

    let trusted = TlsCertificates { client_tls: None, root_cert: Some(fs::read(certificate).unwrap()) };
    let client = Client::build_with_tls(&*url, trusted).unwrap();
    let store = RedisStore::new(ConnectionManager::new(client).await.unwrap());
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
}

/// A certificate for `localhost` that signs itself, and its key. None where there is no `openssl`.
fn certificate() -> Option<TempDir> {
    let directory = TempDir::new().unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key", "-out", "certificate"])
        .current_dir(&directory)
        .output();
    let Ok(made) = made else {
        eprintln!("skipped: openssl is not installed, and this test makes a certificate with it");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(directory)
}
