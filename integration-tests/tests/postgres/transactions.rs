//! `write_in`: the checkpoint and what else is in the transaction, together or not at all.

use checkpoint::commit::ExactlyOnce;
use checkpoint::commit::strategy::every;
use checkpoint::postgres::sqlx::{AssertSqlSafe, Connection, raw_sql};
use checkpoint::{Applied, CheckpointStore, CheckpointStoreExt, ErrorKind, Outcome, Write};

use crate::place::{Place, advance, id, pool_of};

#[tokio::test]
async fn a_write_is_rolled_back_with_its_transaction() {
    let Some(place) = Place::new().await else { return };
    let (store, other) = (place.open().await, place.open().await);
    for position in [1, 2] {
        let mut transaction = store.pool().begin().await.unwrap();
        assert_eq!(store.write_in(&mut transaction, &advance("orders", position)).await.unwrap(), Outcome::Stored);
        transaction.rollback().await.unwrap();
        assert_eq!(other.load(&id("orders")).await.unwrap().position, None);
    }
    let mut transaction = store.pool().begin().await.unwrap();
    assert_eq!(store.write_in(&mut transaction, &advance("orders", 3)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.write_in(&mut transaction, &advance("orders", 2)).await.unwrap(), Outcome::Ahead(3));
    assert_eq!(other.load(&id("orders")).await.unwrap().position, None);
    transaction.commit().await.unwrap();
    assert_eq!(other.load(&id("orders")).await.unwrap().position, Some(3));
}

#[tokio::test]
async fn a_write_is_decided_on_what_was_committed_while_it_waited() {
    let Some(place) = Place::new().await else { return };
    let store = place.store(pool_of(3, &place.server));
    for name in ["there", "new"] {
        if name == "there" {
            assert!(store.write(&advance(name, 1)).await.unwrap().is_stored());
        }
        let mut first = store.pool().begin().await.unwrap();
        assert_eq!(store.write_in(&mut first, &advance(name, 9)).await.unwrap(), Outcome::Stored);
        let other = store.clone();
        let waiting = tokio::spawn(async move { other.write(&advance(name, 5)).await });
        while !is_waited_for(&place).await {}
        first.commit().await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), Outcome::Ahead(9), "{name}");
    }
}

/// Whether somebody waits for a lock of a transaction, in this test's schema.
pub(crate) async fn is_waited_for(place: &Place) -> bool {
    let sql = format!(
        "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%{}%' \
         and query not like '%pg_stat_activity%')",
        place.schema
    );
    let mut connection = place.connection().await;
    checkpoint::postgres::sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn after_an_error_the_transaction_says_what_to_do() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    let mut connection = place.connection().await;
    let mut transaction = connection.begin().await.unwrap();
    assert!(raw_sql("select 1 / 0").execute(&mut *transaction).await.is_err());
    let error = store.write_in(&mut transaction, &advance("orders", 1)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Invalid, Applied::No), "{error}");
    assert!(error.to_string().contains("roll the transaction back"), "{error}");
}

#[tokio::test]
async fn a_snapshot_that_is_too_old_is_unavailable_and_changes_nothing() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    let mut connection = place.connection().await;
    let mut old = connection.begin_with("begin isolation level repeatable read").await.unwrap();
    raw_sql("select 1").execute(&mut *old).await.unwrap();
    assert!(store.write(&advance("orders", 2)).await.unwrap().is_stored());
    let error = store.write_in(&mut old, &advance("orders", 3)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
    old.rollback().await.unwrap();
    assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(2));
}

#[tokio::test]
async fn exactly_once_commits_the_read_model_with_the_position() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    let total = format!("select total from \"{}\".totals", place.schema);
    let create =
        format!("create table \"{0}\".totals (total bigint); insert into \"{0}\".totals values (0)", place.schema);
    raw_sql(AssertSqlSafe(create)).execute(store.pool()).await.unwrap();
    let add = format!("update \"{}\".totals set total = total + 1", place.schema);
    for run in 1..=3_u64 {
        let mut consumer = ExactlyOnce::start(&store, id("totals"), "test", every(4)).await.unwrap();
        let first = consumer.resume_from().map_or(1, |position| position + 1);
        let mut transaction = Some(store.pool().begin().await.unwrap());
        for position in first..first + 10 {
            let open = transaction.as_mut().unwrap();
            raw_sql(AssertSqlSafe(add.clone())).execute(&mut **open).await.unwrap();
            consumer.handled(position, 0).unwrap();
            if consumer.is_due() {
                let mut whole = transaction.take().unwrap();
                let commit = async |write: Write| {
                    let outcome = store.write_in(&mut whole, &write).await?;
                    whole.commit().await.expect("it commits");
                    Ok::<_, checkpoint::Error>(outcome)
                };
                consumer.commit(commit).await.unwrap();
                transaction = Some(store.pool().begin().await.unwrap());
            }
        }
        // The last two of ten are handled and not committed, and so had no effect.
        assert_eq!((consumer.resume_from(), consumer.uncommitted()), (Some(8 * run), 2));
        transaction.unwrap().rollback().await.unwrap();
        let total: i64 = checkpoint::postgres::sqlx::query_scalar(AssertSqlSafe(total.clone()))
            .fetch_one(store.pool())
            .await
            .unwrap();
        assert_eq!(u64::try_from(total).unwrap(), 8 * run);
    }
}
