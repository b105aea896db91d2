//! A table that Eventuous has made and written, and goes on writing.

use checkpoint::{CheckpointStore, CheckpointStoreExt, ErrorKind, Outcome};

use crate::place::{Place, advance, id};

/// As Eventuous makes it.
const TABLE: &str = "create table if not exists checkpoints (id varchar not null primary key, position bigint null);";

/// Its statements: the first read of an id, and a commit.
const FIRST_READ: &str = "insert into checkpoints (id, position) values ('reader', null);";
const COMMIT: &str = "update checkpoints set position = 43 where id = 'orders';";

async fn adopted() -> Option<Place> {
    let place = Place::empty().await?;
    place.run(TABLE).await;
    place
        .run(
            "insert into checkpoints (id, position) values ('orders', 42), ('first', 0), ('unread', null), \
             ('last', 9223372036854775807), ('Größe %_', 7), ('bad', -1)",
        )
        .await;
    Some(place)
}

#[tokio::test]
async fn before_it_is_upgraded_the_store_is_not_ready() {
    let Some(place) = adopted().await else { return };
    let store = place.open().await;
    let error = store.read(&id("orders")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    let error = store.verify().await.unwrap_err();
    assert!(error.to_string().contains("add column if not exists epoch bigint not null default 0;"), "{error}");
}

#[tokio::test]
async fn it_is_upgraded_in_place_and_both_go_on() {
    let Some(place) = adopted().await else { return };
    let store = place.open().await;
    store.migrate().await.unwrap();
    store.verify().await.unwrap();
    for (name, position) in [
        ("orders", Some(42)),
        ("first", Some(0)),
        ("unread", None),
        ("last", Some(checkpoint::MAX_POSITION)),
        ("Größe %_", Some(7)),
    ] {
        let record = store.read(&id(name)).await.unwrap().unwrap();
        assert_eq!((record.checkpoint.position, record.epoch, record.owner), (position, 0, None));
        assert!(record.state.is_empty() && record.updated_at.is_none());
    }

    place.run(&format!("{FIRST_READ} {COMMIT}")).await;
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(43));
    assert_eq!(store.load(&id("reader")).await.unwrap().position, None);
    assert_eq!(store.write(&advance("orders", 42)).await.unwrap(), Outcome::Ahead(43));
    assert_eq!(store.write(&advance("unread", 0)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.write_many(&[advance("reader", 5), advance("new", 5)]).await.unwrap(), [Outcome::Stored; 2]);
    assert_eq!(store.claim(&id("orders"), "a").await.unwrap().epoch, 1);
    assert!(store.delete(&id("bad")).await.unwrap());
    let listed = store.list("", None, 100).await.unwrap();
    let names: Vec<_> = listed.iter().map(|record| record.checkpoint.id.as_str()).collect();
    assert_eq!(names, ["Größe %_", "first", "last", "new", "orders", "reader", "unread"]);
}

#[tokio::test]
async fn a_negative_position_is_refused_by_name_and_stays() {
    let Some(place) = adopted().await else { return };
    let store = place.open().await;
    store.migrate().await.unwrap();
    for error in [
        store.read(&id("bad")).await.unwrap_err(),
        store.write(&advance("bad", 1)).await.unwrap_err(),
        store.claim(&id("bad"), "a").await.unwrap_err(),
        store.list("", None, 100).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("\"bad\" has the negative position -1"), "{error}");
    }
}
