//! What a server refuses, and that no secret is shown when it does.

use std::error::Error as StdError;

use checkpoint::redis::redis::{Commands, cmd};
use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, Error, ErrorKind, Outcome, RedisStore};

use crate::own_server::OwnServer;
use crate::space::{advance, id, with_parameters};

/// Of every call that changes something.
async fn errors_of_changes(store: &RedisStore) -> Vec<Error> {
    let many = [advance("orders", 2), advance("more", 2)];
    vec![
        store.write(&advance("orders", 2)).await.unwrap_err(),
        store.write_many(&many).await.unwrap_err(),
        store.claim(&id("orders"), "a").await.unwrap_err(),
        store.delete(&id("orders")).await.unwrap_err(),
    ]
}

fn refused(error: &Error, kind: ErrorKind) {
    assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{error} {error:?}");
    not_shown(error, &["carol", "secret"]);
}

fn not_shown(error: &Error, secrets: &[&str]) {
    let mut shown = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        shown += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[tokio::test]
async fn a_wrong_password_is_denied() {
    let Some(server) = OwnServer::start(&["--requirepass", "right"]).await else { return };
    let wrong = with_parameters(&server.url(), &[("user", "carol"), ("pass", "secret")]);
    refused(&RedisStore::connect(&wrong).await.unwrap_err(), ErrorKind::Denied);
    let wrong = with_parameters(&server.url(), &[("pass", "secret")]);
    refused(&RedisStore::connect(&wrong).await.unwrap_err(), ErrorKind::Denied);
    refused(&checkpoint::open(&wrong).await.unwrap_err(), ErrorKind::Denied);

    let without = server.open().await;
    refused(&without.read(&id("orders")).await.unwrap_err(), ErrorKind::Denied);
    refused(&without.write(&advance("orders", 1)).await.unwrap_err(), ErrorKind::Denied);
    refused(&without.claim(&id("orders"), "a").await.unwrap_err(), ErrorKind::Denied);
    refused(&without.list("", None, 9).await.unwrap_err(), ErrorKind::Denied);
    refused(&without.verify().await.unwrap_err(), ErrorKind::Denied);
    let many = [advance("orders", 1), advance("more", 1)];
    refused(&without.write_many(&many).await.unwrap_err(), ErrorKind::Denied); // the server hangs up
    let store = RedisStore::connect(&with_parameters(&server.url(), &[("pass", "right")])).await.unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert!(!format!("{store:?}").contains("right"), "{store:?}");
}

#[tokio::test]
async fn an_unreachable_host_is_unavailable_and_shows_no_secret() {
    for host in ["127.0.0.1:1", "no-such-host.invalid"] {
        let error = RedisStore::connect(&format!("redis://carol:secret@{host}")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        not_shown(&error, &["carol", "secret"]);
    }
}

#[tokio::test]
async fn a_missing_permission_is_denied() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let user = |rules: &[&str]| {
        cmd("ACL")
            .arg(&["SETUSER", "carol", "reset", "on", ">secret"])
            .arg(rules)
            .exec(&mut server.connection())
            .unwrap();
    };
    let url = with_parameters(&server.url(), &[("user", "carol"), ("pass", "secret")]);
    // as the README lists them
    let commands =
        "+evalsha +eval +hmget +hset +hdel +hincrby +type +getrange +set +del +time +scan +ping +info +config|get";
    let allowed: Vec<_> = ["~checkpoint:*"].into_iter().chain(commands.split(' ')).collect();
    user(&allowed);
    let store = RedisStore::connect(&url).await.unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.claim(&id("claimed"), "a").await.unwrap().epoch, 1);
    assert_eq!(store.list("", None, 9).await.unwrap().len(), 2);
    assert!(store.delete(&id("claimed")).await.unwrap());
    store.migrate().await.unwrap();
    assert_eq!(store.verify().await.unwrap(), []);

    let elsewhere = store.clone().with_prefix("other:").unwrap();
    for error in errors_of_changes(&elsewhere).await {
        refused(&error, ErrorKind::Denied);
    }
    refused(&elsewhere.verify().await.unwrap_err(), ErrorKind::Denied);

    user(&["~*", "+@read", "+evalsha", "+eval"]);
    let store = RedisStore::connect(&url).await.unwrap();
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
    for error in errors_of_changes(&store).await {
        refused(&error, ErrorKind::Denied);
    }
    assert_eq!(server.open().await.load(&id("orders")).await.unwrap().position, Some(1));
}

#[tokio::test]
async fn a_replica_takes_no_writes() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let store = server.open().await;
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec(&mut server.connection()).unwrap();
    for error in errors_of_changes(&store).await {
        refused(&error, ErrorKind::Denied);
        assert!(error.to_string().contains("primary"), "{error}");
    }
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
    cmd("CONFIG").arg(&["SET", "replica-serve-stale-data", "no"]).exec(&mut server.connection()).unwrap();
    assert_eq!(store.read(&id("orders")).await.unwrap_err().kind(), ErrorKind::Unavailable);
    cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut server.connection()).unwrap();
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn out_of_memory_is_unavailable_and_changes_nothing() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let (store, mut connection) = (server.open().await, server.connection());
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut connection).unwrap();
    refused(&store.write(&advance("orders", 2)).await.unwrap_err(), ErrorKind::Unavailable);
    refused(&store.claim(&id("orders"), "a").await.unwrap_err(), ErrorKind::Unavailable);
    refused(&store.write_many(&[advance("orders", 2), advance("more", 2)]).await.unwrap_err(), ErrorKind::Unavailable);
    let record = store.read(&id("orders")).await.unwrap().unwrap();
    assert_eq!((record.checkpoint.position, record.epoch, record.owner), (Some(1), 0, None));
    assert_eq!(store.read(&id("more")).await.unwrap(), None);
    cmd("CONFIG").arg(&["SET", "maxmemory", "0"]).exec(&mut connection).unwrap();
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn too_few_replicas_are_unavailable() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let (store, mut connection) = (server.open().await, server.connection());
    let mut replicas =
        |least| cmd("CONFIG").arg(&["SET", "min-replicas-to-write", least]).exec(&mut connection).unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    replicas("1");
    for error in errors_of_changes(&store).await {
        refused(&error, ErrorKind::Unavailable);
    }
    replicas("0");
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn a_busy_server_is_unavailable() {
    let Some(server) = OwnServer::start(&["--busy-reply-threshold", "1"]).await else { return };
    let store = server.open().await;
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    let mut busy = server.connection();
    let endless = tokio::task::spawn_blocking(move || cmd("EVAL").arg("while true do end").arg(0).exec(&mut busy));
    loop {
        match store.write(&advance("orders", 2)).await {
            Ok(outcome) => assert_eq!(outcome, Outcome::Stored), // it has not begun
            Err(error) => break refused(&error, ErrorKind::Unavailable),
        }
    }
    cmd("SCRIPT").arg("KILL").exec(&mut server.connection()).unwrap();
    assert!(endless.await.unwrap().is_err());
    assert_eq!(store.write(&advance("orders", 3)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn the_last_epoch_cannot_be_claimed() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let (store, mut connection) = (server.open().await, server.connection());
    assert_eq!(store.claim(&id("orders"), "a").await.unwrap().epoch, 1);
    let _: () = connection.hset("checkpoint:orders", "epoch", i64::MAX).unwrap();
    let before = store.read(&id("orders")).await.unwrap();
    refused(&store.claim(&id("orders"), "b").await.unwrap_err(), ErrorKind::Invalid);
    assert_eq!(store.read(&id("orders")).await.unwrap(), before);
}

#[tokio::test]
async fn keys_that_vanish_are_a_missing_record() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let store = server.open().await;
    let epoch = store.claim(&id("orders"), "a").await.unwrap().epoch;
    cmd("FLUSHALL").exec(&mut server.connection()).unwrap();
    assert_eq!(store.write(&advance("orders", 1).with_epoch(epoch)).await.unwrap(), Outcome::Missing);
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
}
