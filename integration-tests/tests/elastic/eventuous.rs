//! Indices as Eventuous (.NET) writes them, which are taken over in place.

use checkpoint::elastic::elasticsearch::http::Method;
use checkpoint::{CheckpointId, CheckpointStore, CheckpointStoreExt, ElasticStore, ErrorKind, Outcome};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::place::{Place, advance, id};

const LARGE: u64 = 9_007_199_254_740_993; // not a double

/// An index that Eventuous made, with the mapping that Elasticsearch guesses from the first document, or the given one.
async fn made_by_eventuous(mapping: Option<Value>) -> Option<Place> {
    let place = Place::unmade()?;
    if let Some(properties) = mapping {
        place.ask(Method::Put, &place.index, Some(json!({ "mappings": { "properties": properties } }))).await;
    }
    put(&place, "orders", &format!(r#"{{"id":"orders","position":{LARGE}}}"#)).await;
    put(&place, "bills", r#"{"id":"bills","position":null}"#).await;
    put(&place, "returns", r#"{"id":"returns"}"#).await;
    put(&place, "customs", r#"{"id":"customs","position":0}"#).await;
    Some(place)
}

fn doubles() -> Value {
    json!({
        "id": { "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 256 } } },
        "position": { "type": "double" },
    })
}

async fn put(place: &Place, name: &str, source: &str) {
    let source = RawValue::from_string(source.to_owned()).unwrap();
    let body = serde_json::value::to_value(&source).unwrap();
    place.ask(Method::Put, &format!("{}/_doc/{name}", place.index), Some(body)).await;
}

async fn source(place: &Place, name: &str) -> Value {
    place.ask(Method::Get, &format!("{}/_doc/{name}", place.index), None).await["_source"].clone()
}

async fn position(store: &ElasticStore, name: &str) -> Option<u64> {
    store.load(&id(name)).await.unwrap().position
}

async fn listed(store: &ElasticStore) -> Vec<String> {
    let records = store.list("", None, 100).await.unwrap();
    records.into_iter().map(|record| record.checkpoint.id.to_string()).collect()
}

async fn is_taken_over(mapping: Option<Value>) {
    let Some(place) = made_by_eventuous(mapping).await else { return };
    let store = place.open();

    // read in place, before anything was changed
    assert_eq!(position(&store, "orders").await, Some(LARGE));
    assert_eq!(position(&store, "bills").await, None);
    assert_eq!(position(&store, "returns").await, None);
    assert_eq!(position(&store, "customs").await, Some(0));
    assert_eq!(store.write(&advance("orders", LARGE)).await.unwrap_err().kind(), ErrorKind::NotReady);
    let error = store.verify().await.unwrap_err().to_string();
    assert!(error.contains("id.whole") && error.contains("alias"), "{error}");

    store.migrate().await.unwrap();
    store.verify().await.unwrap();
    assert_eq!(source(&place, "orders").await, json!({ "id": "orders", "position": LARGE }));
    assert_eq!(source(&place, "returns").await, json!({ "id": "returns" }));
    assert_eq!(listed(&store).await, ["bills", "customs", "orders", "returns"]);

    assert_eq!(store.write(&advance("orders", LARGE - 1)).await.unwrap(), Outcome::Ahead(LARGE));
    assert_eq!(store.write(&advance("orders", LARGE + 1)).await.unwrap(), Outcome::Stored);
    assert_eq!(position(&place.open(), "orders").await, Some(LARGE + 1));
    assert_eq!(store.claim(&id("bills"), "me").await.unwrap().epoch, 1);
    let many = [advance("returns", 7), advance("customs", 8), advance("new", 9)];
    assert_eq!(store.write_many(&many).await.unwrap(), [Outcome::Stored; 3]);

    // what Eventuous writes from now on is listed as well
    put(&place, "late", r#"{"id":"late","position":3}"#).await;
    assert_eq!(listed(&store).await, ["bills", "customs", "late", "new", "orders", "returns"]);
    store.migrate().await.unwrap();
}

#[tokio::test]
async fn positions_that_are_mapped_as_double() {
    is_taken_over(Some(doubles())).await;
}

#[tokio::test]
async fn the_mapping_that_elasticsearch_guesses() {
    is_taken_over(None).await;
}

#[tokio::test]
async fn keywords_and_a_strict_mapping() {
    let Some(place) = Place::unmade() else { return };
    let properties = json!({ "id": { "type": "keyword" }, "position": { "type": "long" } });
    let mapping = json!({ "mappings": { "dynamic": "strict", "properties": properties } });
    place.ask(Method::Put, &place.index, Some(mapping)).await;
    put(&place, "orders", r#"{"id":"orders","position":5}"#).await;
    let store = place.open();
    store.migrate().await.unwrap();
    assert_eq!(store.claim(&id("orders"), "me").await.unwrap().checkpoint.position, Some(5));
    assert_eq!(listed(&store).await, ["orders"]);
}

/// More than one page of them, with ids that the guessed keyword would not hold, while others set up and write.
#[tokio::test]
async fn many_documents_are_listed_once_each() {
    let Some(place) = made_by_eventuous(Some(doubles())).await else { return };
    let names: Vec<_> = (0..1_200).map(|number| format!("{number:04}-{}", "x".repeat(300))).collect();
    let mut lines = String::new();
    for name in &names {
        lines += &format!("{}\n{}\n", json!({ "index": { "_id": name } }), json!({ "id": name, "position": LARGE }));
    }
    let client = crate::place::client(&place.server);
    let parts = checkpoint::elastic::elasticsearch::BulkParts::Index(&place.index);
    let answer = client.bulk(parts).body(vec![lines]).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["errors"], json!(false));
    let migrations: Vec<_> = (0..5)
        .map(|_| {
            let store = place.open();
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
    let store = place.open();
    store.verify().await.unwrap();
    let (mut seen, mut after): (Vec<String>, Option<CheckpointId>) = (Vec::new(), None);
    loop {
        let page = store.list("", after.as_ref(), 500).await.unwrap();
        assert!(page.iter().all(|record| !record.checkpoint.id.as_str().contains('x') || record.checkpoint.position == Some(LARGE)));
        after = page.last().map(|record| record.checkpoint.id.clone());
        seen.extend(page.iter().map(|record| record.checkpoint.id.to_string()));
        if page.len() < 500 {
            break;
        }
    }
    let mut expected: Vec<_> =
        names.into_iter().chain(["bills", "customs", "orders", "returns"].map(str::to_owned)).collect();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_cannot_be_a_position_is_corrupt_and_stays_as_it_is() {
    let Some(place) = made_by_eventuous(Some(doubles())).await else { return };
    let store = place.open();
    store.migrate().await.unwrap();
    for (name, position) in
        [("negative", "-1"), ("large", "9223372036854775808"), ("half", "1.5"), ("rounded", "9.007199254740993E15")]
    {
        let body: Value = json!({ "id": name, "position": serde_json::from_str::<Value>(position).unwrap() });
        place.ask(Method::Put, &format!("{}/_doc/{name}", place.index), Some(body.clone())).await;
        let many = [advance(name, 1)];
        for error in [
            store.read(&id(name)).await.unwrap_err(),
            store.write(&advance(name, 1)).await.unwrap_err(),
            store.claim(&id(name), "me").await.unwrap_err(),
            store.write_many(&many).await.unwrap_err(),
            store.list(name, None, 10).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
        assert_eq!(source(&place, name).await, body);
        assert!(store.delete(&id(name)).await.unwrap());
    }
}
