//! A model that is saved in one transaction with the documents that belong to it, where the server has transactions.

use std::sync::Arc;

use checkpoint::commit::{CommitError, Ended};
use checkpoint::mongo::mongodb::bson::{Document, doc};
use checkpoint::mongo::mongodb::{Client, ClientSession, Collection};
use checkpoint::snapshot::{Live, Plain, SaveError, Snapshots, Unsaved};
use checkpoint::{ErrorKind, MongoStore, Outcome, Write};
use serde::{Deserialize, Serialize};

use crate::place::{Place, id};
use crate::transactions::{session, set_up};

/// How many events there were; each has a document.
#[derive(Default, Serialize, Deserialize)]
struct Count(u64);

impl Plain for Count {
    const NAME: &'static str = "count";
}

/// Where rows and snapshots go. The last thing to be dropped is the place.
struct Database {
    snapshots: Snapshots,
    store: MongoStore,
    events: Collection<Document>,
    client: Client,
    _place: Place,
}

impl Database {
    async fn new() -> Option<Self> {
        let (place, client, store, events) = set_up().await?;
        // In chunks of a few bytes, so that there are several.
        let snapshots = Snapshots::new(Arc::new(store.clone()), id("count")).by_hand().record_bytes(64);
        Some(Self { snapshots, store, events, client, _place: place })
    }

    async fn load(&self) -> Live<Count> {
        self.snapshots.load(Count::default).await.unwrap()
    }

    /// A transaction in which the next event is handled.
    async fn handle(&self, live: &mut Live<Count>) -> ClientSession {
        let position = live.resume_from().map_or(1, |last| last + 1);
        let mut transaction = session(&self.client).await;
        let event = doc! { "_id": i64::try_from(position).unwrap() };
        self.events.insert_one(event).session(&mut transaction).await.unwrap();
        live.apply(position, |count| count.0 += 1).unwrap();
        transaction
    }

    /// Saves in the transaction, and commits that if it is to be.
    async fn save_in(
        &self,
        live: &mut Live<Count>,
        transaction: &mut ClientSession,
        commit: bool,
    ) -> Result<(), CommitError<SaveError>> {
        live.save_in(async |unsaved: Unsaved| {
            let write = async |write: Write| Ok::<_, SaveError>(self.store.write_in(transaction, &write).await?);
            let outcome = unsaved.write_with(write).await?;
            if outcome == Outcome::Stored && commit {
                transaction.commit_transaction().await.unwrap();
            } else {
                transaction.abort_transaction().await.unwrap();
            }
            Ok(outcome)
        })
        .await
    }

    async fn documents(&self) -> u64 {
        self.events.count_documents(doc! {}).await.unwrap()
    }
}

#[tokio::test]
async fn documents_and_model_are_saved_together_or_not_at_all() {
    let Some(database) = Database::new().await else { return };
    for committed in 0..4 {
        for commit in [false, true] {
            let mut live = database.load().await;
            assert_eq!((live.model().0, database.documents().await), (committed, committed));
            let mut transaction = database.handle(&mut live).await;
            database.save_in(&mut live, &mut transaction, commit).await.unwrap();
        }
    }
    let live = database.load().await;
    assert_eq!((live.model().0, database.documents().await), (4, 4));
    assert_eq!(database.snapshots.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn whoever_was_taken_over_commits_neither() {
    let Some(database) = Database::new().await else { return };
    let mut older = database.load().await;
    let newer = database.load().await;
    let mut transaction = database.handle(&mut older).await;
    let saved = database.save_in(&mut older, &mut transaction, true).await;
    assert!(matches!(saved, Err(CommitError::Ended(Ended::Fenced { epoch: 2 }))), "{saved:?}");
    assert_eq!((newer.model().0, database.documents().await), (0, 0));
}

#[tokio::test]
async fn whoever_is_taken_over_in_the_transaction_commits_neither() {
    let Some(database) = Database::new().await else { return };
    let mut older = database.load().await;
    let mut transaction = database.handle(&mut older).await; // now it has its view
    let newer = database.load().await;
    let saved = database.save_in(&mut older, &mut transaction, true).await;
    let conflict =
        |error: &SaveError| matches!(error, SaveError::Store(store) if store.kind() == ErrorKind::Unavailable);
    assert!(matches!(&saved, Err(CommitError::Failed(error)) if conflict(error)), "{saved:?}");
    drop(transaction);
    assert_eq!((newer.model().0, database.documents().await), (0, 0));
}
