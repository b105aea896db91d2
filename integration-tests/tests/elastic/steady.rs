//! How many requests a call costs.

use checkpoint::{CheckpointStore, Outcome, Write};
use integration_tests::proxy::Proxy;

use crate::place::{Place, advance, id};

const TURNS: u64 = 20;

#[tokio::test]
async fn a_steady_write_is_one_request() {
    let Some(place) = Place::new().await else { return };
    let proxy = Proxy::in_front_of(&place.server, 9200).await;
    let store = place.store(proxy.url());
    let cost = async |write: Write, outcome: Outcome| {
        let before = proxy.round_trips();
        assert_eq!(store.write(&write).await.unwrap(), outcome);
        proxy.round_trips() - before
    };
    assert_eq!(cost(advance("orders", 1), Outcome::Stored).await, 2); // is it there? and the write
    for position in 2..2 + TURNS {
        assert_eq!(cost(advance("orders", position), Outcome::Stored).await, 1);
    }
    assert_eq!(cost(advance("orders", 1), Outcome::Ahead(1 + TURNS)).await, 1); // what it lost against is read
    let epoch = store.claim(&id("orders"), "me").await.unwrap().epoch;
    for position in 100..100 + TURNS {
        assert_eq!(cost(advance("orders", position).with_epoch(epoch), Outcome::Stored).await, 1);
    }
    assert_eq!(store.read(&id("orders")).await.unwrap().unwrap().owner.as_deref(), Some("me"));
    assert_eq!(cost(advance("orders", 900), Outcome::Fenced(epoch)).await, 1);
    // somebody else wrote: what was seen is outdated, so the write is refused, the document read, and written
    assert!(place.open().write(&advance("orders", 200).with_epoch(epoch)).await.unwrap().is_stored());
    assert_eq!(cost(advance("orders", 300).with_epoch(epoch), Outcome::Stored).await, 3);
    assert_eq!(cost(advance("orders", 301).with_epoch(epoch), Outcome::Stored).await, 1);
}

#[tokio::test]
async fn what_was_read_needs_no_second_read_to_be_written() {
    let Some(place) = Place::new().await else { return };
    assert!(place.open().write(&advance("orders", 1)).await.unwrap().is_stored());
    let proxy = Proxy::in_front_of(&place.server, 9200).await;
    let store = place.store(proxy.url());
    store.read(&id("orders")).await.unwrap();
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
    assert_eq!(proxy.round_trips(), 2);
}

#[tokio::test]
async fn a_steady_batch_is_one_request() {
    let Some(place) = Place::new().await else { return };
    let proxy = Proxy::in_front_of(&place.server, 9200).await;
    let store = place.store(proxy.url());
    let batch = |position| (0..500).map(|number| advance(&format!("consumer-{number}"), position)).collect::<Vec<_>>();
    let cost = async |position| {
        let before = proxy.round_trips();
        assert!(store.write_many(&batch(position)).await.unwrap().into_iter().all(Outcome::is_stored));
        proxy.round_trips() - before
    };
    assert_eq!(cost(1).await, 2);
    assert_eq!(cost(2).await, 1);
    assert!(place.open().write(&advance("consumer-7", 3)).await.unwrap().is_stored());
    assert_eq!(cost(3).await, 3); // one of them: read and written again
    let before = proxy.round_trips();
    assert_eq!(store.list("", None, 10).await.unwrap().len(), 10);
    assert_eq!(proxy.round_trips() - before, 2); // a refresh and a search
}

/// A batch with more bytes than one request takes: the server's limit is 100 MB, ours is far below.
#[tokio::test]
async fn large_states_are_sent_in_several_requests() {
    let Some(place) = Place::new().await else { return };
    let proxy = Proxy::in_front_of(&place.server, 9200).await;
    let store = place.store(proxy.url());
    let state = vec![7; 2 << 20];
    let batch = |position| {
        (0..8)
            .map(|number| advance(&format!("consumer-{number}"), position).with_state(state.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(store.write_many(&batch(1)).await.unwrap(), [Outcome::Stored; 8]);
    let before = proxy.round_trips();
    assert_eq!(store.write_many(&batch(2)).await.unwrap(), [Outcome::Stored; 8]);
    assert!(proxy.round_trips() - before >= 3);
    let listed = store.list("", None, 8).await.unwrap();
    assert!(listed.len() == 8 && listed.iter().all(|record| record.state == state));
}
