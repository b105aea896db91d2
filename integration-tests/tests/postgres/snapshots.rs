//! A model that is saved in one transaction with the rows that belong to it.

use std::sync::Arc;

use checkpoint::commit::{CommitError, Ended};
use checkpoint::postgres::sqlx::{AssertSqlSafe, Connection, Executor, PgTransaction, query_scalar};
use checkpoint::snapshot::{Live, Plain, SaveError, Snapshots, Unsaved};
use checkpoint::{Outcome, PostgresStore, Write};
use serde::{Deserialize, Serialize};

use crate::place::{Place, id};
use crate::transactions::is_waited_for;

/// How many events there were; each has a row.
#[derive(Default, Serialize, Deserialize)]
struct Count(i64);

impl Plain for Count {
    const NAME: &'static str = "count";
}

async fn place() -> Option<(Place, PostgresStore, Snapshots)> {
    let place = Place::new().await?;
    place.run("create table events (position bigint primary key)").await;
    let store = place.open().await;
    let shared = Arc::new(place.open().await);
    // In chunks of a few bytes, so that there are several.
    Some((place, store, Snapshots::new(shared, id("count")).by_hand().record_bytes(64)))
}

/// Handles the next event in a transaction.
async fn handle(live: &mut Live<Count>, transaction: &mut PgTransaction<'_>, schema: &str) {
    let position = live.resume_from().map_or(1, |last| last + 1);
    let row = format!("insert into {schema}.events values ({position})");
    transaction.execute(AssertSqlSafe(row)).await.unwrap();
    live.apply(position, |count| count.0 += 1).unwrap();
}

/// Saves in the transaction, and commits that if it is to be.
async fn save_in(
    live: &mut Live<Count>,
    store: &PostgresStore,
    mut transaction: PgTransaction<'_>,
    commit: bool,
) -> Result<(), CommitError<SaveError>> {
    live.save_in(async |unsaved: Unsaved| {
        let write = async |write: Write| Ok::<_, SaveError>(store.write_in(&mut transaction, &write).await?);
        let outcome = unsaved.write_with(write).await?;
        if outcome == Outcome::Stored && commit {
            transaction.commit().await.unwrap();
        }
        Ok(outcome)
    })
    .await
}

async fn rows(place: &Place) -> i64 {
    let count = format!("select count(*) from {}.events", place.schema);
    query_scalar(AssertSqlSafe(count)).fetch_one(&mut place.connection().await).await.unwrap()
}

#[tokio::test]
async fn rows_and_model_are_saved_together() {
    let Some((place, store, snapshots)) = place().await else { return };
    for expected in 1..=4 {
        let mut live = snapshots.load(Count::default).await.unwrap();
        assert_eq!((live.model().0, rows(&place).await), (expected - 1, expected - 1));
        let mut transaction = store.pool().begin().await.unwrap();
        handle(&mut live, &mut transaction, &place.schema).await;
        save_in(&mut live, &store, transaction, true).await.unwrap();
        assert_eq!(live.status().unsaved, 0);
    }
    assert_eq!(snapshots.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn neither_is_there_where_the_transaction_is_rolled_back() {
    let Some((place, store, snapshots)) = place().await else { return };
    for committed in 0..3 {
        let mut live = snapshots.load(Count::default).await.unwrap();
        let mut transaction = store.pool().begin().await.unwrap();
        handle(&mut live, &mut transaction, &place.schema).await;
        // As if the process were killed right before the commit.
        save_in(&mut live, &store, transaction, false).await.unwrap();
        drop(live);

        let mut live = snapshots.load(Count::default).await.unwrap();
        assert_eq!((live.model().0, rows(&place).await), (committed, committed));
        let mut transaction = store.pool().begin().await.unwrap();
        handle(&mut live, &mut transaction, &place.schema).await;
        save_in(&mut live, &store, transaction, true).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_was_taken_over_commits_neither() {
    let Some((place, store, snapshots)) = place().await else { return };
    let mut older = snapshots.load(Count::default).await.unwrap();
    let mut transaction = store.pool().begin().await.unwrap();
    handle(&mut older, &mut transaction, &place.schema).await;
    let newer = snapshots.load(Count::default).await.unwrap();
    let saved = save_in(&mut older, &store, transaction, true).await;
    assert!(matches!(saved, Err(CommitError::Ended(Ended::Fenced { epoch: 2 }))), "{saved:?}");
    assert_eq!((newer.model().0, rows(&place).await), (0, 0));
}

/// The records of chunks do not exist at first, and no epoch creates one.
#[tokio::test]
async fn records_of_chunks_are_made_and_unmade_by_the_transaction() {
    let Some((place, store, snapshots)) = place().await else { return };
    for (commit, missing) in [(false, true), (true, true), (true, true), (true, true), (true, false)] {
        let mut live = snapshots.load(Count::default).await.unwrap();
        let mut transaction = store.pool().begin().await.unwrap();
        handle(&mut live, &mut transaction, &place.schema).await;
        let mut outcomes = Vec::new();
        live.save_in(async |unsaved: Unsaved| {
            let write = async |write: Write| {
                let outcome = store.write_in(&mut transaction, &write).await?;
                outcomes.push(outcome);
                Ok::<_, SaveError>(outcome)
            };
            let outcome = unsaved.write_with(write).await?;
            let ended = if commit { transaction.commit().await } else { transaction.rollback().await };
            ended.unwrap();
            Ok::<_, SaveError>(outcome)
        })
        .await
        .unwrap();
        // Two snapshots are kept and a third is being written, so the fourth goes where the first was.
        assert_eq!(outcomes.contains(&Outcome::Missing), missing, "{outcomes:?}");
    }
    assert_eq!(snapshots.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_connection_that_ends_at_any_write_leaves_neither() {
    let Some((place, store, snapshots)) = place().await else { return };
    for writes in 0.. {
        let mut live = snapshots.load(Count::default).await.unwrap();
        assert_eq!((live.model().0, rows(&place).await), (0, 0), "after {writes} writes");
        let mut connection = place.connection().await;
        let process: i32 = query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        handle(&mut live, &mut transaction, &place.schema).await;
        let end = async || place.run(&format!("select pg_terminate_backend({process}, 60000)")).await;
        let mut written = 0;
        let saved = live
            .save_in(async |unsaved: Unsaved| {
                let write = async |write: Write| {
                    if written == writes {
                        end().await;
                    }
                    written += 1;
                    Ok::<_, SaveError>(store.write_in(&mut transaction, &write).await?)
                };
                unsaved.write_with(write).await
            })
            .await;
        if saved.is_ok() {
            assert!(writes > 3, "there are several chunks");
            end().await;
            assert!(transaction.commit().await.is_err());
            break;
        }
        assert!(matches!(saved, Err(CommitError::Failed(SaveError::Store(_)))), "{saved:?}");
    }
    assert_eq!((snapshots.list().await.unwrap(), rows(&place).await), (Vec::new(), 0));
}

#[tokio::test]
async fn whoever_takes_over_waits_for_the_transaction_and_then_saves() {
    let Some((place, store, snapshots)) = place().await else { return };
    let mut older = snapshots.load(Count::default).await.unwrap();
    let mut transaction = store.pool().begin().await.unwrap();
    handle(&mut older, &mut transaction, &place.schema).await;
    let mut newer = None;
    let saved = older
        .save_in(async |unsaved: Unsaved| {
            let write = async |write: Write| {
                if write.checkpoint.id == id("count") {
                    newer = Some(tokio::spawn(take_over(snapshots.clone())));
                    while !is_waited_for(&place).await {}
                }
                Ok::<_, SaveError>(store.write_in(&mut transaction, &write).await?)
            };
            let outcome = unsaved.write_with(write).await?;
            transaction.rollback().await.unwrap();
            Ok::<_, SaveError>(outcome)
        })
        .await;
    assert!(matches!(saved, Err(CommitError::Ended(Ended::Fenced { epoch: 2 }))), "{saved:?}");
    newer.unwrap().await.unwrap();
    let live = snapshots.load(Count::default).await.unwrap();
    assert_eq!((live.model().0, live.resume_from(), rows(&place).await), (100, Some(7), 0));
}

/// Saves another model, without a transaction.
async fn take_over(snapshots: Snapshots) {
    let mut live = snapshots.load(Count::default).await.unwrap();
    live.apply(7, |count| count.0 = 100).unwrap();
    live.save().await.unwrap();
}
