//! Creating the collection, and checking it.

use checkpoint::mongo::mongodb::bson::doc;
use checkpoint::{CheckpointStore, CheckpointStoreExt, ErrorKind, MongoStore, Operation, Outcome};
use integration_tests::servers::{self, Server};
use url::Url;

use crate::place::{Place, advance, id, url_of};

#[tokio::test]
async fn verify_says_how_to_create_what_is_missing_and_creates_nothing() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    for _ in 0..2 {
        let error = store.verify().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::NotReady, Some(Operation::Verify)));
        let message = error.to_string();
        assert!(message.contains("migrate()") && message.contains("db.createCollection(\"checkpoint\")"), "{message}");
    }
    assert!(checkpoint::open_read_only(&place.url()).await.unwrap().list("", None, 1).await.unwrap().is_empty());
    let names = place.client().await.database(&place.database).list_collection_names().await.unwrap();
    assert!(names.is_empty(), "{names:?}");
}

#[tokio::test]
async fn ten_may_migrate_at_once() {
    let Some(place) = Place::new() else { return };
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let store = place.open().await;
        tasks.push(tokio::spawn(async move { store.migrate().await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let store = place.open().await;
    store.verify().await.unwrap();
    assert_eq!(store.write(&advance("orders", 7)).await.unwrap(), Outcome::Stored);
    store.migrate().await.unwrap();
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(7));
}

/// The first write creates the collection, and reading what is not there is no error.
#[tokio::test]
async fn nothing_has_to_be_set_up() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await.with_collection("progress").unwrap();
    assert_eq!(store.read(&id("orders")).await.unwrap(), None);
    assert!(store.list("", None, 10).await.unwrap().is_empty());
    assert!(!store.delete(&id("orders")).await.unwrap());
    assert_eq!(store.write(&advance("orders", 7).with_epoch(1)).await.unwrap(), Outcome::Missing);
    assert_eq!(store.write(&advance("orders", 7)).await.unwrap(), Outcome::Stored);
    let other = place.open().await;
    assert_eq!(other.read(&id("orders")).await.unwrap(), None); // another collection
}

#[tokio::test]
async fn a_capped_collection_is_refused() {
    let Some(place) = Place::new() else { return };
    let database = place.client().await.database(&place.database);
    database.run_command(doc! { "create": "checkpoint", "capped": true, "size": 1 << 20 }).await.unwrap();
    let store = place.open().await;
    for error in [store.verify().await.unwrap_err(), store.migrate().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotReady);
        assert!(error.to_string().contains("a capped collection"), "{error}");
    }
}

/// The server may have no users at all: it then refuses everybody who has a password.
#[tokio::test]
async fn a_wrong_password_is_denied_and_not_shown() {
    let Some(place) = Place::new() else { return };
    let mut url = Url::parse(&url_of(&place.server, &place.database, &[])).unwrap();
    url.set_username("user-x").unwrap();
    url.set_password(Some("secret-y")).unwrap();
    let store = MongoStore::connect(url.as_str()).await.unwrap();
    for error in [
        store.read(&id("orders")).await.unwrap_err(),
        store.write(&advance("orders", 7)).await.unwrap_err(),
        store.write_many(&[advance("orders", 7)]).await.unwrap_err(),
        store.migrate().await.unwrap_err(),
        store.verify().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
        hides_secrets(&error);
    }
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable_and_no_secret_is_shown() {
    let Some(_server) = servers::url(Server::Mongo) else { return };
    let url = "mongodb://user-x:secret-y@127.0.0.1:1/app?serverSelectionTimeoutMS=50";
    let store = MongoStore::connect(url).await.unwrap();
    let error = store.write(&advance("orders", 7)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    hides_secrets(&error);
}

fn hides_secrets(error: &checkpoint::Error) {
    let mut shown = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        shown += &format!(" {error} {error:?}");
        source = error.source();
    }
    assert!(!shown.contains("user-x") && !shown.contains("secret-y"), "{shown}");
}
