//! The checkpoint and the read model are committed or rolled back together, where the server has transactions.

use checkpoint::mongo::mongodb::bson::{Document, doc};
use checkpoint::mongo::mongodb::error::{Error as DriverError, TRANSIENT_TRANSACTION_ERROR};
use checkpoint::mongo::mongodb::{Client, ClientSession, Collection};
use checkpoint::{CheckpointStore, CheckpointStoreExt, ErrorKind, MongoStore, Outcome, Write};
use integration_tests::servers::mongo_has_transactions;

use crate::place::{Place, advance, at, id};

/// A store, the collection of a read model, and a session of the same client. None where there are no transactions.
pub(crate) async fn set_up() -> Option<(Place, Client, MongoStore, Collection<Document>)> {
    let place = Place::new()?;
    if !mongo_has_transactions() {
        eprintln!("skipped: CHECKPOINT_TEST_MONGO_TRANSACTIONS is not 1, so the server has no transactions");
        return None;
    }
    let client = place.client().await;
    let database = client.database(&place.database);
    let store = MongoStore::new(database.clone());
    store.migrate().await.unwrap();
    database.create_collection("totals").await.unwrap();
    Some((place, client, store, database.collection("totals")))
}

pub(crate) async fn session(client: &Client) -> ClientSession {
    let mut session = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    session
}

#[tokio::test]
async fn both_are_committed_or_rolled_back() {
    let Some((_place, client, store, totals)) = set_up().await else { return };
    let mut in_it = session(&client).await;
    totals.insert_one(doc! { "_id": 1 }).session(&mut in_it).await.unwrap();
    assert_eq!(store.write_in(&mut in_it, &advance("orders", 7)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.write_in(&mut in_it, &advance("orders", 8)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.read(&id("orders")).await.unwrap(), None);
    in_it.abort_transaction().await.unwrap();
    assert_eq!(store.read(&id("orders")).await.unwrap(), None);
    assert_eq!(totals.count_documents(doc! {}).await.unwrap(), 0);

    let mut in_it = session(&client).await;
    totals.insert_one(doc! { "_id": 1 }).session(&mut in_it).await.unwrap();
    assert_eq!(store.write_in(&mut in_it, &advance("orders", 7)).await.unwrap(), Outcome::Stored);
    in_it.commit_transaction().await.unwrap();
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(7));
    assert_eq!(totals.count_documents(doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn a_refused_write_does_not_end_the_transaction() {
    let Some((_place, client, store, totals)) = set_up().await else { return };
    assert_eq!(store.write(&advance("orders", 7)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.claim(&id("parcels"), "a").await.unwrap().epoch, 1);
    let mut in_it = session(&client).await;
    assert_eq!(store.write_in(&mut in_it, &advance("orders", 6)).await.unwrap(), Outcome::Ahead(7));
    assert_eq!(store.write_in(&mut in_it, &advance("parcels", 6)).await.unwrap(), Outcome::Fenced(1));
    assert_eq!(store.write_in(&mut in_it, &advance("gone", 6).with_epoch(1)).await.unwrap(), Outcome::Missing);
    let expect = Write::expect(at("orders", 9), Some(8));
    assert_eq!(store.write_in(&mut in_it, &expect).await.unwrap(), Outcome::Mismatch(Some(7)));
    totals.insert_one(doc! { "_id": 1 }).session(&mut in_it).await.unwrap();
    in_it.commit_transaction().await.unwrap();
    assert_eq!(totals.count_documents(doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn somebody_elses_change_meanwhile_ends_the_transaction() {
    let Some((_place, client, store, totals)) = set_up().await else { return };
    assert_eq!(store.write(&advance("orders", 7)).await.unwrap(), Outcome::Stored);
    let mut in_it = session(&client).await;
    totals.insert_one(doc! { "_id": 1 }).session(&mut in_it).await.unwrap(); // now it has its view
    assert_eq!(store.claim(&id("orders"), "b").await.unwrap().epoch, 1);
    let error = store.write_in(&mut in_it, &advance("orders", 8)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    let driver = error.driver().unwrap().downcast_ref::<DriverError>().unwrap();
    assert!(driver.contains_label(TRANSIENT_TRANSACTION_ERROR));
    let _ = in_it.abort_transaction().await;
    assert_eq!(totals.count_documents(doc! {}).await.unwrap(), 0);
}

/// A session without a transaction is no hindrance; it needs a server that has sessions.
#[tokio::test]
async fn a_session_without_a_transaction_writes_at_once() {
    let Some((_place, client, store, _)) = set_up().await else { return };
    let mut plain = client.start_session().await.unwrap();
    assert_eq!(store.write_in(&mut plain, &advance("orders", 7)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.write_in(&mut plain, &advance("orders", 6)).await.unwrap(), Outcome::Ahead(7));
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(7));
}
