//! What the server refuses, each as the kind that says what to do.

use checkpoint::elastic::ServerError;
use checkpoint::elastic::elasticsearch::http::Method;
use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, ElasticStore, Error, ErrorKind, Outcome};
use serde_json::json;

use crate::place::{Place, advance, id};

async fn every_change_is_refused(store: &ElasticStore, kind: ErrorKind) {
    let refused = |error: Error| {
        assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{error}");
        assert!(error.driver().unwrap().downcast_ref::<ServerError>().is_some());
    };
    refused(store.write(&advance("orders", 2)).await.unwrap_err());
    refused(store.write(&advance("new", 2)).await.unwrap_err());
    refused(store.write_many(&[advance("orders", 2), advance("new", 2)]).await.unwrap_err());
    refused(store.claim(&id("orders"), "me").await.unwrap_err());
    refused(store.delete(&id("orders")).await.unwrap_err());
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
    assert_eq!(store.list("", None, 10).await.unwrap().len(), 1);
}

async fn while_blocked(block: &str, kind: ErrorKind) {
    let Some(place) = Place::new().await else { return };
    let store = place.open();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    place.set(json!({ block: true })).await;
    every_change_is_refused(&store, kind).await;
    let error = store.verify().await.unwrap_err();
    assert!(error.kind() == ErrorKind::NotReady && error.to_string().contains(block), "{error}");
    place.set(json!({ block: false })).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn an_index_that_takes_no_writes() {
    while_blocked("index.blocks.write", ErrorKind::Denied).await;
}

#[tokio::test]
async fn an_index_for_reading_only() {
    while_blocked("index.blocks.read_only", ErrorKind::Denied).await;
}

/// A delete is allowed then, as it makes room.
#[tokio::test]
async fn a_disk_that_is_nearly_full() {
    let Some(place) = Place::new().await else { return };
    let store = place.open();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    place.set(json!({ "index.blocks.read_only_allow_delete": true })).await;
    let error = store.write(&advance("orders", 2)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
    place.set(json!({ "index.blocks.read_only_allow_delete": null })).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn a_closed_index_is_not_ready() {
    let Some(place) = Place::new().await else { return };
    let store = place.open();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    place.ask(Method::Post, &format!("{}/_close", place.index), None).await;
    for error in [
        store.write(&advance("orders", 2)).await.unwrap_err(),
        store.read(&id("orders")).await.unwrap_err(),
        store.list("", None, 10).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    }
    place.ask(Method::Post, &format!("{}/_open", place.index), None).await;
    assert_eq!(store.write(&advance("orders", 2)).await.unwrap(), Outcome::Stored);
}

/// Some of the documents are refused: whoever asks knows that others may have been written.
#[tokio::test]
async fn a_batch_of_which_a_part_is_refused_may_have_happened() {
    let Some(place) = Place::unmade() else { return };
    let narrow = json!({ "mappings": { "properties": { "position": { "type": "integer" } } } });
    place.ask(Method::Put, &place.index, Some(narrow)).await;
    let store = place.open();
    store.migrate().await.unwrap();
    let error = store.write_many(&[advance("orders", 1), advance("bills", 1 << 40)]).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Invalid, Applied::Unknown), "{error}");
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
    let error = store.write(&advance("bills", 1 << 40)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Invalid, Applied::No), "{error}");
}
