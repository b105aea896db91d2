//! What goes wrong on the way to the server, by way of a proxy.

use std::time::Duration;

use checkpoint::postgres::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, Error, ErrorKind, Outcome, PostgresStore};
use integration_tests::proxy::{Fault, Proxy};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::place::{Place, advance, id, pool};

const MARKER: &[u8] = b"orders";

/// A store by way of a proxy, with its statements prepared and `orders` at 1, and one that goes there directly.
async fn set_up() -> Option<(Place, Proxy, PostgresStore, PostgresStore)> {
    let place = Place::new().await?;
    let proxy = Proxy::in_front_of(&place.server, 5432).await;
    let (store, direct) = (place.store(pool(proxy.url())), place.open().await);
    warm_up(&store).await;
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
    Some((place, proxy, store, direct))
}

async fn warm_up(store: &PostgresStore) {
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    assert_eq!(store.write_many(&[advance("orders", 1)]).await.unwrap(), [Outcome::Stored]);
    store.claim(&id("claimed-orders"), "a").await.unwrap();
}

fn unavailable(error: &Error, applied: Applied) {
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, applied), "{error}");
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
    warm_up_again(&store).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);

    proxy.switch(lost.clone()).await;
    unavailable(&store.write_many(&[advance("orders", 3)]).await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.load(&id("orders")).await.unwrap().position, Some(3));
    proxy.switch(Fault::None).await;
    warm_up_again(&store).await;
    assert_eq!(store.write_many(&[advance("orders", 3)]).await.unwrap(), [Outcome::Stored]);

    proxy.switch(lost).await;
    unavailable(&store.claim(&id("claimed-orders"), "b").await.unwrap_err(), Applied::Unknown);
    assert_eq!(direct.read(&id("claimed-orders")).await.unwrap().unwrap().epoch, 2);
    proxy.switch(Fault::None).await;
    assert_eq!(store.claim(&id("claimed-orders"), "b").await.unwrap().epoch, 3);
}

/// The connection is a new one, on which nothing is prepared: the answer that is lost has to be that of the call.
async fn warm_up_again(store: &PostgresStore) {
    assert!(matches!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Ahead(_)));
    assert!(matches!(store.write_many(&[advance("orders", 1)]).await.unwrap()[0], Outcome::Ahead(_)));
    assert_eq!(store.claim(&id("warm-claim"), "a").await.unwrap().owner.as_deref(), Some("a"));
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
    let Some(place) = Place::new().await else { return };
    let mut proxy = Proxy::in_front_of(&place.server, 5432).await;
    let options: PgConnectOptions = proxy.url().parse().unwrap();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(200)).connect_lazy_with(options);
    let store = place.store(pool);
    proxy.switch(Fault::Refuse).await;
    unavailable(&store.write(&advance("orders", 1)).await.unwrap_err(), Applied::No);
    unavailable(&store.write_many(&[advance("orders", 1)]).await.unwrap_err(), Applied::No);
    unavailable(&store.read(&id("orders")).await.unwrap_err(), Applied::No);
    unavailable(&store.migrate().await.unwrap_err(), Applied::No);
    unavailable(&store.verify().await.unwrap_err(), Applied::No);
    proxy.switch(Fault::None).await;
    while store.write(&advance("orders", 1)).await.is_err() {} // 200 ms may be too short for a busy machine
}

#[tokio::test]
async fn a_slow_answer_and_the_callers_timeout() {
    let Some((_place, mut proxy, store, direct)) = set_up().await else { return };
    while store.pool().num_idle() == 0 {
        yield_now().await; // the pool tests a connection that was given back
    }
    proxy.switch(Fault::HoldAnswers).await;
    let write = advance("orders", 2);
    assert!(timeout(Duration::from_millis(50), store.write(&write)).await.is_err());
    while direct.load(&id("orders")).await.unwrap().position != Some(2) {} // it happened all the same
    proxy.switch(Fault::DelayAnswers(Duration::from_millis(1))).await;
    assert_eq!(store.write(&advance("orders", 3)).await.unwrap(), Outcome::Stored); // the answer is not that of the call before
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(3));
}
