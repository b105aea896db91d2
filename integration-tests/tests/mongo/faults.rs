//! What goes wrong on the way to the server, by way of a proxy; and below a running consumer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, Error, ErrorKind, MongoStore, Outcome};
use integration_tests::proxy::{Fault, Proxy};
use tokio::time::timeout;

use crate::place::{Place, advance, id, url_of};

const MARKER: &[u8] = b"orders";

/// A store by way of a proxy, with `orders` at 1, and one that goes there directly.
async fn set_up() -> Option<(Place, Proxy, MongoStore, MongoStore)> {
    let place = Place::new()?;
    let proxy = Proxy::in_front_of(&place.server, 27017).await;
    let store = MongoStore::connect(&url_of(proxy.url(), &place.database, &[])).await.unwrap();
    let direct = place.open().await;
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    assert_eq!(store.claim(&id("claimed-orders"), "a").await.unwrap().epoch, 1);
    Some((place, proxy, store, direct))
}

fn unavailable(error: &Error, applied: Applied) {
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, applied), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_writing_again_is_harmless() {
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
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
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
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
    let Some(place) = Place::new() else { return };
    let mut proxy = Proxy::in_front_of(&place.server, 27017).await;
    proxy.switch(Fault::Refuse).await;
    let soon = ("serverSelectionTimeoutMS", "100");
    let store = MongoStore::connect(&url_of(proxy.url(), &place.database, &[soon])).await.unwrap();
    unavailable(&store.write(&advance("orders", 1)).await.unwrap_err(), Applied::No);
    unavailable(&store.write_many(&[advance("orders", 1)]).await.unwrap_err(), Applied::No);
    unavailable(&store.claim(&id("orders"), "a").await.unwrap_err(), Applied::No);
    unavailable(&store.read(&id("orders")).await.unwrap_err(), Applied::No);
    unavailable(&store.migrate().await.unwrap_err(), Applied::No);
    unavailable(&store.verify().await.unwrap_err(), Applied::No);
    proxy.switch(Fault::None).await;
    while store.write(&advance("orders", 1)).await.is_err() {} // 100 ms may be too short for a busy machine
}

#[tokio::test]
async fn a_slow_answer_and_the_callers_timeout() {
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
    proxy.switch(Fault::HoldAnswers).await;
    let write = advance("orders", 2);
    assert!(timeout(Duration::from_millis(50), store.write(&write)).await.is_err());
    while direct.load(&id("orders")).await.unwrap().position != Some(2) {} // it happened all the same
    proxy.switch(Fault::DelayAnswers(Duration::from_millis(1))).await;
    assert_eq!(store.write(&advance("orders", 3)).await.unwrap(), Outcome::Stored); // the answer is not that of the call before
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(3));
}

#[tokio::test]
async fn a_call_ends_though_no_answer_comes() {
    let Some((_place, mut proxy, store, _)) = set_up().await else { return };
    let hasty = store.clone().with_timeout(Duration::from_millis(50));
    proxy.switch(Fault::HoldAnswers).await;
    for _ in 0..20 {
        // more than the driver has connections
        unavailable(&hasty.write(&advance("orders", 2)).await.unwrap_err(), Applied::Unknown);
    }
    unavailable(&hasty.write_many(&[advance("orders", 2)]).await.unwrap_err(), Applied::Unknown);
    unavailable(&hasty.claim(&id("claimed-orders"), "b").await.unwrap_err(), Applied::Unknown);
    unavailable(&hasty.read(&id("orders")).await.unwrap_err(), Applied::No);
    proxy.switch(Fault::None).await;
    assert_eq!(store.write(&advance("orders", 3)).await.unwrap(), Outcome::Stored);
}

/// As a client sees a server that is killed and started again: every connection is cut, new ones are refused for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_the_server_goes_away_and_comes_back() {
    let Some(place) = Place::new() else { return };
    let mut proxy = Proxy::in_front_of(&place.server, 27017).await;
    let soon = ("serverSelectionTimeoutMS", "500");
    let store = MongoStore::connect(&url_of(proxy.url(), &place.database, &[soon])).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = ["orders", "parcels", "refunds"]
        .into_iter()
        .map(|name| tokio::spawn(load(name, store.clone(), Arc::clone(&stop))))
        .collect();
    let direct = place.open().await;
    for _ in 0..5 {
        let before = direct.load(&id("orders")).await.unwrap().position;
        while direct.load(&id("orders")).await.unwrap().position <= before {} // it goes on
        proxy.switch(Fault::Refuse).await;
        proxy.switch(Fault::None).await;
    }
    stop.store(true, Ordering::Relaxed);
    for (writer, name) in writers.into_iter().zip(["orders", "parcels", "refunds"]) {
        let last = writer.await.unwrap();
        assert_eq!(direct.load(&id(name)).await.unwrap().position, last);
    }
}

/// Writes one position after the other, each until it is stored; gives the last one.
async fn load(name: &'static str, store: MongoStore, stop: Arc<AtomicBool>) -> Option<u64> {
    let mut last = None;
    for position in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        loop {
            match store.write(&advance(name, position)).await {
                Ok(outcome) => break assert_eq!(outcome, Outcome::Stored),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
            }
        }
        last = Some(position);
    }
    last
}

#[tokio::test]
async fn a_dropped_collection_is_a_fresh_start_or_missing() {
    let Some((place, _proxy, store, _)) = set_up().await else { return };
    place.documents().await.drop().await.unwrap();
    assert_eq!(store.read(&id("orders")).await.unwrap(), None);
    assert_eq!(store.verify().await.unwrap_err().kind(), ErrorKind::NotReady);
    assert_eq!(store.write(&advance("claimed-orders", 9).with_epoch(1)).await.unwrap(), Outcome::Missing);
    assert_eq!(store.write_many(&[advance("claimed-orders", 9).with_epoch(1)]).await.unwrap(), [Outcome::Missing]);
    assert_eq!(store.write(&advance("orders", 0)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.claim(&id("claimed-orders"), "b").await.unwrap().epoch, 1);
}
