//! What goes wrong on the way to the server, by way of a proxy.

use std::time::Duration;

use checkpoint::redis::redis::Client;
use checkpoint::redis::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, Error, ErrorKind, Outcome, RedisStore};
use integration_tests::proxy::{Fault, Proxy};
use tokio::time::timeout;

use crate::space::{Space, advance, id, with_parameters};

const MARKER: &[u8] = b"orders";

/// A store by way of a proxy, with `orders` at 1, and one that goes there directly.
async fn set_up() -> Option<(Space, Proxy, RedisStore, RedisStore)> {
    let space = Space::new()?;
    let proxy = Proxy::in_front_of(&space.server, 6379).await;
    let store = RedisStore::connect(&with_parameters(proxy.url(), &[("prefix", &space.prefix)])).await.unwrap();
    let direct = space.open().await;
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.claim(&id("claimed-orders"), "a").await.unwrap().epoch, 1);
    Some((space, proxy, store, direct))
}

fn unavailable(error: &Error, applied: Applied) {
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, applied), "{error} {error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_writing_again_is_harmless() {
    let Some((_space, mut proxy, store, direct)) = set_up().await else { return };
    let lost = Fault::AnswerLost { marker: MARKER.to_vec() };

    proxy.switch(lost.clone()).await;
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(2)); // it happened
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);

    proxy.switch(lost.clone()).await;
    unavailable(&store.write_many(&[advance("orders", 3)]).await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(3));
    proxy.switch(Fault::None).await;
    assert_eq!(store.write_many(&[advance("orders", 3)]).await.unwrap(), [Outcome::Stored]);

    proxy.switch(lost).await;
    unavailable(&store.claim(&id("claimed-orders"), "b").await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.read(&id("claimed-orders")).await.unwrap().unwrap().epoch, 2);
    proxy.switch(Fault::None).await;
    assert_eq!(store.claim(&id("claimed-orders"), "b").await.unwrap().epoch, 3);
}

#[tokio::test]
async fn what_never_arrived_has_changed_nothing() {
    let Some((_space, mut proxy, store, direct)) = set_up().await else { return };
    proxy.switch(Fault::CutBefore { marker: MARKER.to_vec() }).await;
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown);
    unavailable(&store.write_many(&[advance("orders", 2)]).await.unwrap_err(), Applied::Unknown);
    unavailable(&store.claim(&id("claimed-orders"), "b").await.unwrap_err(), Applied::Unknown);
    unavailable(&store.delete(&id("orders")).await.unwrap_err(), Applied::Unknown);
    unavailable(&store.read(&id("orders")).await.unwrap_err(), Applied::No);
    unavailable(&store.list("orders", None, 9).await.unwrap_err(), Applied::No);
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(1));
    assert_eq!(direct.read(&id("claimed-orders")).await.unwrap().unwrap().epoch, 1);
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn a_refused_connection_is_unavailable_until_it_comes_back() {
    let Some((space, mut proxy, store, _direct)) = set_up().await else { return };
    proxy.switch(Fault::Refuse).await;
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown); // the old connection breaks
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::No);
    unavailable(&store.write_many(&[advance("orders", 2)]).await.unwrap_err(), Applied::No);
    unavailable(&store.read(&id("orders")).await.unwrap_err(), Applied::No);
    unavailable(&store.list("", None, 9).await.unwrap_err(), Applied::No);
    unavailable(&store.migrate().await.unwrap_err(), Applied::No);
    unavailable(&store.verify().await.unwrap_err(), Applied::No);
    let url = with_parameters(proxy.url(), &[("prefix", &space.prefix)]);
    unavailable(&RedisStore::connect(&url).await.unwrap_err(), Applied::No);
    proxy.switch(Fault::None).await;
    while store.write(&advance("orders", 2)).await.is_err() {} // the attempt of the call before may still be under way
}

#[tokio::test]
async fn a_slow_answer_and_the_callers_timeout() {
    let Some((_space, mut proxy, store, direct)) = set_up().await else { return };
    proxy.switch(Fault::HoldAnswers).await;
    let write = advance("orders", 2);
    assert!(timeout(Duration::from_millis(50), store.write(&write)).await.is_err());
    while direct.load(&id("orders")).await.unwrap().position != Some(2) {} // it happened all the same
    proxy.switch(Fault::DelayAnswers(Duration::from_millis(1))).await;
    assert_eq!(store.write(&advance("orders", 3)).await.unwrap(), Outcome::Stored); // the answer is not that of the call before
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(3));
}

#[tokio::test]
async fn the_connections_own_timeout_is_unknown() {
    let Some((space, mut proxy, _store, direct)) = set_up().await else { return };
    let hasty = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_millis(50)));
    let manager = ConnectionManager::new_with_config(Client::open(proxy.url()).unwrap(), hasty).await.unwrap();
    let store = RedisStore::new(manager).with_prefix(&space.prefix).unwrap();
    proxy.switch(Fault::HoldAnswers).await;
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown);
    while direct.load(&id("orders")).await.unwrap().position != Some(2) {}
    proxy.switch(Fault::None).await;
    while store.write(&advance("orders", 3)).await.is_err() {} // 50 ms may be too short for a busy machine
}
