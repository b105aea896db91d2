//! What goes wrong on the way to the server, by way of a proxy.

use std::time::Duration;

use checkpoint::elastic::elasticsearch::Elasticsearch;
use checkpoint::elastic::elasticsearch::http::Url;
use checkpoint::elastic::elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, ElasticStore, Error, ErrorKind, Outcome};
use integration_tests::proxy::{Fault, Proxy};
use tokio::time::timeout;

use crate::place::{Place, advance, id};

const HTTP: u16 = 9200;

/// What the requests have that change something.
const WRITES: &[u8] = b"require_alias=true";

/// A store by way of a proxy, which has seen `orders` at 1, and one that goes there directly.
async fn set_up() -> Option<(Place, Proxy, ElasticStore, ElasticStore)> {
    let place = Place::new().await?;
    let proxy = Proxy::in_front_of(&place.server, HTTP).await;
    let (store, direct) = (place.store(proxy.url()), place.open());
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.claim(&id("claimed"), "a").await.unwrap().epoch, 1);
    Some((place, proxy, store, direct))
}

fn unavailable(error: &Error, applied: Applied) {
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, applied), "{error}");
    assert!(!format!("{error} {error:?}").contains("127.0.0.1"), "{error:?}");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_writing_again_is_harmless() {
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
    let lost = |marker: &[u8]| Fault::AnswerLost { marker: marker.to_vec() };

    proxy.switch(lost(WRITES)).await;
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(2)); // it happened
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);

    proxy.switch(lost(WRITES)).await;
    unavailable(&store.write_many(&[advance("orders", 3), advance("new", 3)]).await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.load(&id("new")).await.unwrap().position, Some(3));
    proxy.switch(Fault::None).await;
    assert_eq!(store.write_many(&[advance("orders", 3), advance("new", 3)]).await.unwrap(), [Outcome::Stored; 2]);

    proxy.switch(lost(WRITES)).await;
    unavailable(&store.claim(&id("claimed"), "b").await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.read(&id("claimed")).await.unwrap().unwrap().epoch, 2);
    proxy.switch(Fault::None).await;
    assert_eq!(store.claim(&id("claimed"), "b").await.unwrap().epoch, 3);

    proxy.switch(lost(WRITES)).await;
    unavailable(&store.delete(&id("orders")).await.unwrap_err(), Applied::Unknown);
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored); // it was deleted, and not brought back
}

#[tokio::test]
async fn what_never_arrived_has_changed_nothing() {
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
    let cut = |marker: &[u8]| Fault::CutBefore { marker: marker.to_vec() };
    proxy.switch(cut(WRITES)).await;
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown);
    unavailable(&store.claim(&id("claimed"), "b").await.unwrap_err(), Applied::Unknown);
    proxy.switch(cut(WRITES)).await;
    unavailable(&store.write_many(&[advance("orders", 2)]).await.unwrap_err(), Applied::Unknown);
    unavailable(&store.delete(&id("orders")).await.unwrap_err(), Applied::Unknown);
    proxy.switch(cut(b"")).await;
    unavailable(&store.read(&id("orders")).await.unwrap_err(), Applied::No);
    unavailable(&store.write(&advance("new", 2)).await.unwrap_err(), Applied::No); // the read before it
    unavailable(&store.list("orders", None, 9).await.unwrap_err(), Applied::No);
    unavailable(&store.verify().await.unwrap_err(), Applied::No);
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(1));
    assert_eq!(direct.read(&id("claimed")).await.unwrap().unwrap().epoch, 1);
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn a_refused_connection_is_unavailable_until_it_comes_back() {
    let Some((_place, mut proxy, store, _)) = set_up().await else { return };
    proxy.switch(Fault::Refuse).await;
    for _ in 0..2 {
        // the first calls may still meet the connections that were cut
        let _ = (store.read(&id("orders")).await.unwrap_err(), store.verify().await.unwrap_err());
    }
    unavailable(&store.write(&advance("orders", 2)).await.unwrap_err(), Applied::No);
    unavailable(&store.write_many(&[advance("orders", 2)]).await.unwrap_err(), Applied::No);
    unavailable(&store.claim(&id("orders"), "me").await.unwrap_err(), Applied::No);
    unavailable(&store.delete(&id("orders")).await.unwrap_err(), Applied::No);
    unavailable(&store.migrate().await.unwrap_err(), Applied::No);
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn a_slow_answer_and_the_callers_timeout() {
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
    proxy.switch(Fault::HoldAnswers).await;
    let write = advance("orders", 2);
    assert!(timeout(Duration::from_millis(50), store.write(&write)).await.is_err());
    while direct.load(&id("orders")).await.unwrap().position != Some(2) {} // it happened all the same
    proxy.switch(Fault::DelayAnswers(Duration::from_millis(1))).await;
    assert_eq!(store.write(&advance("orders", 3)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(3));
}

#[tokio::test]
async fn the_clients_own_timeout_is_unknown() {
    let Some((place, mut proxy, _, direct)) = set_up().await else { return };
    let pool = SingleNodeConnectionPool::new(Url::parse(proxy.url()).unwrap());
    let transport = TransportBuilder::new(pool).timeout(Duration::from_millis(200)).disable_proxy().build().unwrap();
    let store = ElasticStore::new(Elasticsearch::new(transport)).with_index(&place.index).unwrap();
    while store.read(&id("orders")).await.is_err() {} // 200 ms may be too short for a busy machine
    proxy.switch(Fault::HoldAnswers).await;
    let error = store.write(&advance("orders", 2)).await.unwrap_err();
    unavailable(&error, Applied::Unknown);
    assert!(error.to_string().contains("in time"), "{error}");
    proxy.switch(Fault::None).await;
    while store.write(&advance("orders", 2)).await.is_err() {}
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(2));
}
