//! What a call costs in round trips, and how much fits into one.

use checkpoint::{CheckpointStore, MAX_STATE_BYTES, MongoStore, Outcome, Write};
use integration_tests::proxy::Proxy;

use crate::place::{Place, advance, at, id, url_of};

/// A store by way of a proxy, connected; only its own calls go there from now on.
async fn set_up() -> Option<(Place, Proxy, MongoStore)> {
    let place = Place::new()?;
    let proxy = Proxy::in_front_of(&place.server, 27017).await;
    let rarely = ("heartbeatFrequencyMS", "600000");
    let url = url_of(proxy.url(), &place.database, &[rarely, ("maxPoolSize", "1"), ("minPoolSize", "1")]);
    let store = MongoStore::connect(&url).await.unwrap();
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    let mut before = 0;
    while before != proxy.round_trips() {
        before = proxy.round_trips(); // the driver is done with its greetings
        store.read(&id("orders")).await.unwrap();
        before += 1;
    }
    Some((place, proxy, store))
}

#[tokio::test]
async fn a_steady_call_is_one_round_trip() {
    let Some((_place, proxy, store)) = set_up().await else { return };
    let mut before = proxy.round_trips();
    let mut took = || {
        let now = proxy.round_trips();
        now - std::mem::replace(&mut before, now)
    };

    for position in 2..12 {
        assert_eq!(store.write(&advance("orders", position)).await.unwrap(), Outcome::Stored);
    }
    assert_eq!(took(), 10, "a write each");
    assert_eq!(store.write(&advance("new", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(took(), 1, "a write that creates");
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Ahead(11));
    assert_eq!(took(), 2, "a refused write, and a look at why");
    let claimed = store.claim(&id("orders"), "a").await.unwrap();
    assert_eq!(took(), 1, "a claim");
    assert_eq!(store.write(&advance("orders", 12).with_epoch(claimed.epoch)).await.unwrap(), Outcome::Stored);
    assert_eq!(took(), 1, "a write with an epoch");
    store.read(&id("orders")).await.unwrap();
    assert_eq!(took(), 1, "a read");
    store.list("", None, 2).await.unwrap();
    assert_eq!(took(), 1, "a page");
    assert!(store.delete(&id("new")).await.unwrap());
    assert_eq!(took(), 1, "a delete");
}

#[tokio::test]
async fn a_batch_is_one_round_trip() {
    let Some((_place, proxy, store)) = set_up().await else { return };
    let batch: Vec<_> = (0..100).map(|number| advance(&format!("c{number}"), 7)).collect();
    let before = proxy.round_trips();
    assert_eq!(store.write_many(&batch).await.unwrap(), [Outcome::Stored; 100]);
    assert_eq!(proxy.round_trips() - before, 1);

    let owned = store.claim(&id("c5"), "a").await.unwrap();
    assert_eq!(owned.epoch, 1);
    let before = proxy.round_trips();
    let outcomes = store.write_many(&batch).await.unwrap();
    assert_eq!(proxy.round_trips() - before, 2, "the batch, and one look at why");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_stored()).count(), 99);
    assert_eq!(outcomes[5], Outcome::Fenced(1));
}

/// More than a server takes in one request.
#[tokio::test]
async fn large_states_are_sent_in_several_requests() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let large = |name: &str| Write::advance(at(name, 7)).with_state(vec![7; MAX_STATE_BYTES]);
    let batch = [large("a"), large("b"), advance("c", 7), large("d")];
    assert_eq!(store.write_many(&batch).await.unwrap(), [Outcome::Stored; 4]);
    let page = store.list("", None, 10).await.unwrap();
    assert_eq!(page.iter().map(|record| record.state.len()).collect::<Vec<_>>(), [8 << 20, 8 << 20, 0, 8 << 20]);
}
