//! What Eventuous has written is read in place; and what is written for it, it can read.

use checkpoint::mongo::mongodb::bson::{Bson, Document, doc};
use checkpoint::{CheckpointStore, CheckpointStoreExt, ErrorKind, MongoStore, Outcome, Write};

use crate::place::{Place, advance, at, id};

/// Documents as Eventuous writes them, by the names that the application has chosen, and with the position that they mean.
fn fixtures() -> Vec<(&'static str, Document, Option<u64>)> {
    vec![
        ("dotnet", doc! { "_id": "dotnet", "Position": 42_i64 }, Some(42)),
        ("dotnet-null", doc! { "_id": "dotnet-null", "Position": null }, None),
        ("lower", doc! { "_id": "lower", "position": 42_i64 }, Some(42)),
        ("lower-null", doc! { "_id": "lower-null", "position": null }, None),
        ("only-the-id", doc! { "_id": "only-the-id" }, None),
        ("zero", doc! { "_id": "zero", "Position": 0_i64 }, Some(0)),
        ("largest", doc! { "_id": "largest", "Position": i64::MAX }, Some(i64::MAX.unsigned_abs())),
        ("by-hand", doc! { "_id": "by-hand", "position": 42.0 }, Some(42)),
        ("int32", doc! { "_id": "int32", "Position": 42 }, Some(42)),
    ]
}

async fn adopted() -> Option<(Place, MongoStore)> {
    let place = Place::new()?;
    for (_, document, _) in fixtures() {
        place.insert(document).await;
    }
    let store = place.open().await;
    store.migrate().await.unwrap(); // nothing is changed
    Some((place, store))
}

#[tokio::test]
async fn every_layout_is_read_in_place() {
    let Some((place, store)) = adopted().await else { return };
    let other = place.open_eventuous().await;
    for (name, document, position) in fixtures() {
        assert_eq!(place.document(name).await, document);
        for store in [&store, &other] {
            let record = store.read(&id(name)).await.unwrap().unwrap();
            assert_eq!(record.checkpoint, at(name, position));
            assert_eq!((record.epoch, record.owner, record.state.len(), record.updated_at), (0, None, 0, None));
        }
    }
    let listed = store.list("", None, 100).await.unwrap();
    assert_eq!(listed.len(), fixtures().len());
}

#[tokio::test]
async fn a_negative_position_is_refused_by_name() {
    let Some(place) = Place::new() else { return };
    place.insert(doc! { "_id": "orders", "Position": -7_i64 }).await;
    let store = place.open().await;
    for error in [
        store.read(&id("orders")).await.unwrap_err(),
        store.write(&Write::expect(at("orders", 1), None)).await.unwrap_err(),
        store.write(&advance("orders", 1)).await.unwrap_err(),
        store.write_many(&[advance("orders", 1)]).await.unwrap_err(),
        store.list("", None, 9).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("\"orders\""), "{error}");
    }
    assert_eq!(place.document("orders").await, doc! { "_id": "orders", "Position": -7_i64 });
}

#[tokio::test]
async fn both_spellings_guard_and_one_remains() {
    let Some((place, store)) = adopted().await else { return };
    for name in ["dotnet", "lower", "by-hand", "int32"] {
        assert_eq!(store.write(&advance(name, 41)).await.unwrap(), Outcome::Ahead(42));
        assert_eq!(store.write_many(&[advance(name, 41)]).await.unwrap(), [Outcome::Ahead(42)]);
        let expect = |held| Write::expect(at(name, 43), held);
        assert_eq!(store.write(&expect(Some(41))).await.unwrap(), Outcome::Mismatch(Some(42)));
        assert_eq!(store.write(&expect(None)).await.unwrap(), Outcome::Mismatch(Some(42)));
        assert_eq!(store.write(&expect(Some(42))).await.unwrap(), Outcome::Stored);
        let written = place.document(name).await;
        assert_eq!(written.get("position"), Some(&Bson::Int64(43)));
        assert!(!written.contains_key("Position"), "{written}");
    }
    for name in ["dotnet-null", "lower-null", "only-the-id"] {
        assert_eq!(store.write(&Write::expect(at(name, 1), Some(0))).await.unwrap(), Outcome::Mismatch(None));
        assert_eq!(store.write(&Write::advance(at(name, None))).await.unwrap(), Outcome::Stored);
        assert_eq!(store.write(&Write::expect(at(name, 0), None)).await.unwrap(), Outcome::Stored);
        assert_eq!(store.load(&id(name)).await.unwrap().position, Some(0));
    }
    let claimed = store.claim(&id("zero"), "a").await.unwrap();
    assert_eq!((claimed.epoch, claimed.checkpoint.position), (1, Some(0)));
    assert_eq!(store.write(&advance("zero", 9)).await.unwrap(), Outcome::Fenced(1));
}

#[tokio::test]
async fn spellings_that_disagree_are_corrupt_until_one_is_taken_away() {
    let Some(place) = Place::new() else { return };
    place.insert(doc! { "_id": "orders", "position": 5_i64, "Position": 7_i64 }).await;
    let store = place.open().await;
    for error in [
        store.read(&id("orders")).await.unwrap_err(),
        store.write(&advance("orders", 6)).await.unwrap_err(),
        store.write(&Write::expect(at("orders", 9), Some(5))).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("$unset"), "{error}");
    }
    assert_eq!(store.write(&advance("orders", 8)).await.unwrap(), Outcome::Stored); // further than both
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(8));
}

#[tokio::test]
async fn the_eventuous_layout_writes_nothing_else() {
    let Some((place, _)) = adopted().await else { return };
    let store = place.open_eventuous().await;
    for (name, spelling) in [("dotnet", "Position"), ("lower", "position"), ("int32", "Position")] {
        assert_eq!(store.write(&advance(name, 41)).await.unwrap(), Outcome::Ahead(42));
        assert_eq!(store.write(&advance(name, 43)).await.unwrap(), Outcome::Stored);
        assert_eq!(place.document(name).await, doc! { "_id": name, spelling: 43_i64 });
        assert_eq!(store.write(&Write::expect(at(name, 1), Some(43))).await.unwrap(), Outcome::Stored);
        assert_eq!(place.document(name).await, doc! { "_id": name, spelling: 1_i64 });
        assert_eq!(store.write(&Write::overwrite(at(name, None))).await.unwrap(), Outcome::Stored);
        assert_eq!(place.document(name).await, doc! { "_id": name, spelling: null });
    }
    let batch = [advance("lower", 50), advance("dotnet", 50), advance("largest", 50), advance("only-the-id", 50)];
    let largest = Outcome::Ahead(i64::MAX.unsigned_abs());
    assert_eq!(store.write_many(&batch).await.unwrap(), [Outcome::Stored, Outcome::Stored, largest, Outcome::Stored]);
    assert_eq!(place.document("dotnet").await, doc! { "_id": "dotnet", "Position": 50_i64 });
    assert_eq!(place.document("lower").await, doc! { "_id": "lower", "position": 50_i64 });
    assert!(store.delete(&id("lower")).await.unwrap());
}

#[tokio::test]
async fn a_new_checkpoint_is_spelled_in_lower_case() {
    let Some(place) = Place::new() else { return };
    let store = place.open_eventuous().await;
    assert_eq!(store.write(&advance("orders", 7)).await.unwrap(), Outcome::Stored);
    assert_eq!(place.document("orders").await, doc! { "_id": "orders", "position": 7_i64 });
}

#[tokio::test]
async fn what_eventuous_would_choke_on_is_unsupported() {
    let Some((place, full)) = adopted().await else { return };
    let store = place.open_eventuous().await;
    let with_state = advance("lower", 50).with_state(&b"gap"[..]);
    for error in [
        store.claim(&id("lower"), "a").await.unwrap_err(),
        store.write(&advance("lower", 50).with_epoch(1)).await.unwrap_err(),
        store.write(&with_state).await.unwrap_err(),
        store.write_many(&[advance("dotnet", 50), with_state]).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
    assert_eq!(place.document("dotnet").await, doc! { "_id": "dotnet", "Position": 42_i64 });

    full.claim(&id("lower"), "a").await.unwrap(); // somebody uses the other layout
    assert_eq!(store.write(&advance("lower", 50)).await.unwrap(), Outcome::Fenced(1));
    let stored = full.write(&advance("dotnet", 50).with_state(&b"gap"[..])).await.unwrap();
    assert_eq!(stored, Outcome::Stored);
    assert_eq!(store.write(&advance("dotnet", 51)).await.unwrap(), Outcome::Stored); // takes the other fields away
    assert_eq!(place.document("dotnet").await, doc! { "_id": "dotnet", "position": 51_i64 });
}

/// The command in the README of the crate.
#[tokio::test]
async fn the_way_back_takes_our_fields_away() {
    let Some((place, store)) = adopted().await else { return };
    store.claim(&id("dotnet"), "a").await.unwrap();
    let write = advance("dotnet", 43).with_epoch(1).with_state(&b"gap"[..]);
    assert_eq!(store.write(&write).await.unwrap(), Outcome::Stored);
    let ours = doc! { "epoch": "", "owner": "", "state": "", "updated_at": "" };
    place.documents().await.update_many(doc! {}, doc! { "$unset": ours }).await.unwrap();
    assert_eq!(place.document("dotnet").await, doc! { "_id": "dotnet", "position": 43_i64 });
    let rename = doc! { "$rename": { "position": "Position" } };
    place.documents().await.update_many(doc! { "position": { "$exists": true } }, rename).await.unwrap();
    assert_eq!(place.document("dotnet").await, doc! { "_id": "dotnet", "Position": 43_i64 });
}
