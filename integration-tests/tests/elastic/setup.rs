//! What is missing is named with the request that makes it, and never made by accident.

use checkpoint::elastic::elasticsearch::http::Method;
use checkpoint::{CheckpointStore, CheckpointStoreExt, ElasticStore, Error, ErrorKind, Outcome};
use serde_json::{Value, json};

use crate::place::{Place, advance, ask, id};

fn not_ready(error: &Error) {
    assert_eq!((error.kind(), error.store()), (ErrorKind::NotReady, Some("elastic")), "{error}");
    assert!(error.to_string().contains("migrate") || error.to_string().contains("PUT /"), "{error}");
}

async fn every_call_is_not_ready(store: &ElasticStore) {
    not_ready(&store.write(&advance("orders", 1)).await.unwrap_err());
    not_ready(&store.write(&advance("..", 1)).await.unwrap_err());
    not_ready(&store.write_many(&[advance("orders", 1), advance("bills", 1)]).await.unwrap_err());
    not_ready(&store.claim(&id("orders"), "me").await.unwrap_err());
    not_ready(&store.delete(&id("orders")).await.unwrap_err());
    not_ready(&store.list("", None, 10).await.unwrap_err());
    not_ready(&store.verify().await.unwrap_err());
}

async fn exists(place: &Place, name: &str) -> bool {
    ask(&place.server, Method::Get, name, None).await.0 == 200
}

#[tokio::test]
async fn before_it_is_set_up_every_call_says_so_and_creates_nothing() {
    let Some(place) = Place::unmade() else { return };
    let store = place.open();
    every_call_is_not_ready(&store).await;
    not_ready(&store.read(&id("orders")).await.unwrap_err());
    not_ready(&store.read(&id("..")).await.unwrap_err());
    assert!(!exists(&place, &place.index).await && !exists(&place, &place.alias()).await);
    store.migrate().await.unwrap();
    store.verify().await.unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn an_index_that_is_dropped_while_running_is_not_made_by_a_write() {
    let Some(place) = Place::new().await else { return };
    let store = place.open();
    assert!(store.write(&advance("orders", 5)).await.unwrap().is_stored());
    place.ask(Method::Delete, &place.index, None).await;
    every_call_is_not_ready(&store).await;
    assert!(!exists(&place, &place.index).await && !exists(&place, &place.alias()).await);
    store.migrate().await.unwrap();
    // what was seen before is gone with the index
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
}

#[tokio::test]
async fn ten_may_set_up_at_once() {
    let Some(place) = Place::unmade() else { return };
    let migrations = (0..10).map(|_| {
        let store = place.open();
        tokio::spawn(async move { store.migrate().await })
    });
    for migration in migrations.collect::<Vec<_>>() {
        migration.await.unwrap().unwrap();
    }
    place.open().verify().await.unwrap();
    assert_eq!(place.open().write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
}

/// The requests that a message gives, sent as a person would who copies them.
async fn follow_the_advice(place: &Place, error: &Error) {
    not_ready(error);
    for advice in error.to_string().split("; ") {
        let (_, request) = advice.rsplit_once(": PUT /").unwrap_or_else(|| panic!("no request in {advice}"));
        let (path, body) = request.split_once(' ').unwrap_or((request, ""));
        let body = (!body.is_empty()).then(|| serde_json::from_str::<Value>(body).unwrap());
        place.ask(Method::Put, path, body).await;
    }
}

#[tokio::test]
async fn the_advice_alone_sets_up_a_new_index() {
    let Some(place) = Place::unmade() else { return };
    let store = place.open();
    let before = store.verify().await.unwrap_err();
    assert_eq!(store.verify().await.unwrap_err().to_string(), before.to_string()); // it changes nothing
    follow_the_advice(&place, &before).await;
    store.verify().await.unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.list("ord", None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_advice_alone_mends_an_index() {
    let Some(place) = Place::unmade() else { return };
    let store = place.open();
    let mapping = json!({ "mappings": { "dynamic": "strict", "properties": { "id": { "type": "keyword" } } } });
    place.ask(Method::Put, &place.index, Some(mapping)).await;
    place.set(json!({ "index.blocks.write": true, "index.translog.durability": "async" })).await;
    let error = store.verify().await.unwrap_err();
    for missing in ["id.whole", "epoch", "position", "state", "alias", "index.blocks.write", "before they are durable"]
    {
        assert!(error.to_string().contains(missing), "{missing}: {error}");
    }
    follow_the_advice(&place, &error).await;
    store.verify().await.unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn settings_are_reported_and_left_as_they_are() {
    let Some(place) = Place::new().await else { return };
    let store = place.open();
    place.set(json!({ "index.translog.durability": "async" })).await;
    store.migrate().await.unwrap();
    let error = store.verify().await.unwrap_err();
    not_ready(&error);
    let request = format!("PUT /{}/_settings {{\"index.translog.durability\":\"request\"}}", place.index);
    assert!(error.to_string().contains(&request), "{error}");
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn the_name_may_be_an_alias() {
    let Some(mut place) = Place::unmade() else { return };
    let alias = format!("{}-name", place.index);
    place.ask(Method::Put, &place.index, Some(json!({ "aliases": { &alias: {} } }))).await;
    let index = std::mem::replace(&mut place.index, alias);
    let store = place.open();
    store.migrate().await.unwrap();
    store.verify().await.unwrap();
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.list("", None, 10).await.unwrap().len(), 1);
    place.index = index;
}

#[tokio::test]
async fn a_name_for_several_indices_is_invalid() {
    let Some(place) = Place::new().await else { return };
    let Some(other) = Place::new().await else { return };
    let both = format!("{}-both", place.index);
    for index in [&place.index, &other.index] {
        place.ask(Method::Put, &format!("{index}/_alias/{both}"), None).await;
    }
    let store = place.open().with_index(&both).unwrap();
    assert_eq!(store.migrate().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(store.verify().await.unwrap_err().kind(), ErrorKind::Invalid);
}
